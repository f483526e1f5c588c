# SPDX-License-Identifier: GPL-2.0-only
"""A SIP phone worked by hand: it registers with digest, and each further message goes out when the test says so.

For rules and races that a finished stack would not let a test set up. Nothing of the product's SIP is in it. It sends
nothing twice (loopback loses nothing) and answers a repeated request with its last answer.
"""

import asyncio
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Self

from appliance.config import Endpoint

REFUSALS = {1: 404, 16: 480, 17: 486, 18: 480, 21: 603, 41: 503}
PATIENCE_S = 8.0
SOUND = "v=0\r\no=hand 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"


@dataclass(frozen=True)
class Message:
    """A SIP message: first line, headers in order, body."""

    start: str
    headers: list[tuple[str, str]]
    body: str

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """From the wire."""
        head, _, body = octets.decode().partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(start, [(name.strip(), value.strip()) for name, _, value in pairs], body)

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for known, value in self.headers if known.lower() == name.lower()]

    def __getitem__(self, name: str) -> str:
        """The first value of a header; IndexError without one."""
        return self.all(name)[0]

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/") else 0

    @property
    def method(self) -> str:
        """Of the request, or of the request that was answered."""
        return self["CSeq"].split()[1]

    @property
    def cause(self) -> int | None:
        """Q.850 in the Reason header."""
        found = [re.search(r"Q\.850\s*;.*cause=(\d+)", value) for value in self.all("Reason")]
        return next((int(match[1]) for match in found if match), None)


class HandPhone(asyncio.DatagramProtocol):
    """One account on one UDP port."""

    def __init__(self, number: str, password: str, proxy: Endpoint, domain: str, port: int = 0) -> None:
        """`port`: ours; 0 is any."""
        self.number, self.domain, self._password, self._proxy, self._port = number, domain, password, proxy, port
        self.seen: list[Message] = []
        self.last: bytes = b""
        self._calls: dict[str, HandCall] = {}
        self._answers: dict[str, asyncio.Queue[Message]] = {}
        self._offered: asyncio.Queue[HandCall] = asyncio.Queue()
        self._sent: dict[tuple[str, str], bytes] = {}
        self._wire: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._wire, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self._port))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._wire is not None
        self._wire.close()

    @property
    def port(self) -> int:
        """Our UDP port."""
        assert self._wire is not None
        return int(self._wire.get_extra_info("sockname")[1])

    @property
    def contact(self) -> str:
        """Where requests reach us."""
        return f"<sip:{self.number}@127.0.0.1:{self.port}>"

    async def register(self, expires_s: int = 300) -> Message:
        """REGISTER, with the digest when it is asked for; returns the last response."""
        call_id = secrets.token_hex(8)
        fields = {"To": f"<sip:{self.number}@{self.domain}>", "Contact": self.contact, "Expires": str(expires_s)}
        return await self.ask("REGISTER", f"sip:{self.domain}", call_id, 1, fields)

    async def ask(self, method: str, uri: str, call_id: str, cseq: int, fields: dict[str, str]) -> Message:
        """A request outside any call and its final response, with one repetition for a challenge."""
        self._answers.setdefault(call_id, asyncio.Queue())
        answer = Message("", [], "")
        for number in (cseq, cseq + 1):
            self.request(method, uri, call_id, number, fields)
            repeating = asyncio.create_task(self._repeat(self.last))
            try:
                answer = await self.answered(call_id)
            finally:
                repeating.cancel()
            if answer.status not in {401, 407}:
                return answer
            fields = fields | self.credentials(answer, method, uri)
        return answer

    async def _repeat(self, octets: bytes) -> None:
        """Timer E (RFC 3261 17.1.2.2): a datagram may be lost where many come at once."""
        assert self._wire is not None
        for wait_s in (0.5, 1.0, 2.0):
            await asyncio.sleep(wait_s)
            self._wire.sendto(octets, self._proxy)

    async def answered(self, call_id: str) -> Message:
        """The next final response outside any call."""
        async with asyncio.timeout(PATIENCE_S):
            while (answer := await self._answers[call_id].get()).status < 200:
                pass
            return answer

    async def call(self, number: str, *, body: str | None = None) -> "HandCall":
        """INVITE through the proxy, authenticated; returns when the proxy has taken it."""
        call = HandCall(self, secrets.token_hex(8), uri=f"sip:{number}@{self.domain}", incoming=False)
        self._calls[call.call_id] = call
        call.invite(SOUND.format(port=4000) if body is None else body)
        async with asyncio.timeout(PATIENCE_S):
            await call.taken.wait()
        return call

    async def called(self) -> "HandCall":
        """Wait for an INVITE."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._offered.get()

    def credentials(self, challenge: Message, method: str, uri: str) -> dict[str, str]:
        """The header that answers a challenge (RFC 2617, qop=auth)."""
        header = "WWW-Authenticate" if challenge.status == 401 else "Proxy-Authenticate"
        asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge[header]))
        ours = secrets.token_hex(4)
        first = _md5(f"{self.number}:{asked['realm']}:{self._password}")
        digest = _md5(f"{first}:{asked['nonce']}:00000001:{ours}:auth:{_md5(f'{method}:{uri}')}")
        fields = (
            f'username="{self.number}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
            f'response="{digest}", algorithm=MD5, qop=auth, nc=00000001, cnonce="{ours}"'
        )
        return {"Authorization" if challenge.status == 401 else "Proxy-Authorization": f"Digest {fields}"}

    def request(self, method: str, uri: str, call_id: str, cseq: int, fields: dict[str, str], body: str = "") -> str:
        """Send a request; returns its branch."""
        branch = fields.pop("branch", f"z9hG4bK{secrets.token_hex(8)}")
        headers = {
            "Via": f"SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch}",
            "From": f"<sip:{self.number}@{self.domain}>;tag={call_id}",
            "Call-ID": call_id,
            "CSeq": f"{cseq} {method}",
            "Max-Forwards": "70",
        } | fields
        self.send(f"{method} {uri} SIP/2.0", list(headers.items()), body)
        return branch

    def respond(self, request: Message, status: int, fields: dict[str, str] | None = None, body: str = "") -> None:
        """Answer a request."""
        copied = [(name, value) for name in ("Via", "From", "Call-ID", "CSeq") for value in request.all(name)]
        tag = "" if ";tag=" in request["To"] or status == 100 else f";tag={self.number}"
        copied += [("To", request["To"] + tag), ("Contact", self.contact)]
        copied += [("Record-Route", value) for value in request.all("Record-Route")]
        octets = self.send(f"SIP/2.0 {status} By hand", copied + list((fields or {}).items()), body)
        self._sent[request["Via"], request.method] = octets

    def send(self, start: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
        """Put a message on the wire."""
        if body and "Content-Type" not in dict(headers):
            headers = [*headers, ("Content-Type", "application/sdp")]
        lines = [start, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}", "", body]
        self.last = octets = "\r\n".join(lines).encode()
        assert self._wire is not None
        self._wire.sendto(octets, self._proxy)
        return octets

    def repeat(self) -> None:
        """Send the last message once more."""
        assert self._wire is not None
        self._wire.sendto(self.last, self._proxy)

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        """Everything that comes."""
        message = Message.parse(data)
        if not message.status and (message["Via"], message.method) in self._sent and message.method != "ACK":
            assert self._wire is not None
            self._wire.sendto(self._sent[message["Via"], message.method], self._proxy)
            return
        self.seen.append(message)
        call = self._calls.get(message["Call-ID"])
        if call is not None:
            call.take(message)
        elif message.status:
            self._answers[message["Call-ID"]].put_nowait(message)
            if message.method == "INVITE" and message.status >= 300:
                fields = {"To": message["To"], "From": message["From"], "Via": message["Via"]}
                self.request("ACK", f"sip:{self.domain}", message["Call-ID"], int(message["CSeq"].split()[0]), fields)
        elif message.method == "INVITE":
            call = HandCall(self, message["Call-ID"], uri="", incoming=True)
            self._calls[call.call_id] = call
            call.offer(message)
            self._offered.put_nowait(call)
        elif message.method != "ACK":
            self.respond(message, 481)


class HandCall:
    """One call, either way. The conformance kit's FarCall."""

    def __init__(self, phone: HandPhone, call_id: str, uri: str, *, incoming: bool) -> None:
        self.phone, self.call_id, self.incoming, self._uri = phone, call_id, incoming, uri
        self.taken = asyncio.Event()
        self.happened = {name: asyncio.Event() for name in ("alerting", "answered", "released", "acknowledged")}
        self.final: Message | None = None
        self.answers: asyncio.Queue[Message] = asyncio.Queue()
        """Final responses to what was sent within the dialog."""
        self.cause: int | None = None
        self.asked: Message | None = None
        self._body = ""
        self._branch = ""
        self._cseq = 0
        self._routes: list[str] = []
        self._remote = f"<{uri}>"
        self._sent_invite: dict[str, str] = {}
        self.acknowledgement = SOUND.format(port=4000)
        """Our answer, where the other side's 200 has the offer."""
        self.stubborn = False
        """Answers when it is cancelled: its 200 crosses the CANCEL."""

    # As a caller.

    def invite(self, body: str, fields: dict[str, str] | None = None) -> None:
        """INVITE, the first or again."""
        self._cseq += 1
        self._body = body
        self._sent_invite = {"To": self._remote, "Contact": self.phone.contact, **self._route(), **(fields or {})}
        self._branch = self.phone.request("INVITE", self._uri, self.call_id, self._cseq, dict(self._sent_invite), body)

    def cancel(self) -> None:
        """CANCEL of the INVITE under way."""
        fields = {"To": self._remote, "branch": self._branch}
        self.phone.request("CANCEL", self._uri, self.call_id, self._cseq, fields)

    # FarCall.

    async def proceed(self) -> None:
        """183 without sound."""
        self._answer(183)

    async def alert(self) -> None:
        """180."""
        self._answer(180)

    async def answer(self, body: str | None = None) -> None:
        """200 with sound."""
        self._answer(200, SOUND.format(port=4000) if body is None else body)
        self.happened["answered"].set()

    async def release(self, cause: int) -> None:
        """CANCEL, a refusal, or BYE, whichever it is time for; with the cause in Reason."""
        reason = {"Reason": f"Q.850;cause={cause}"}
        if self.happened["answered"].is_set():
            self.within("BYE", reason)
        elif self.incoming:
            self.refuse(REFUSALS[cause], reason)
        else:
            self.cancel()

    async def hears(self, what: str) -> int | None:
        """Wait for `alerting`, `answered` or `released`."""
        async with asyncio.timeout(PATIENCE_S):
            await self.happened[what].wait()
        return self.cause if what == "released" else None

    # By hand.

    def refuse(self, status: int, fields: dict[str, str] | None = None) -> None:
        """A final response to the INVITE."""
        assert self.asked is not None
        self.phone.respond(self.asked, status, fields)

    def within(self, method: str, fields: dict[str, str] | None = None, body: str = "") -> None:
        """A request inside the dialog."""
        self._cseq += method != "ACK"
        self._body = body if method == "INVITE" else self._body
        headers = {"To": self._remote, "Contact": self.phone.contact, **self._route(), **(fields or {})}
        if self.incoming:
            assert self.asked is not None
            headers |= {"From": self.asked["To"] + f";tag={self.phone.number}", "To": self.asked["From"]}
        self.phone.request(method, self._uri, self.call_id, self._cseq, headers, body)

    def offer(self, invite: Message) -> None:
        """Take note of an INVITE to us."""
        self.asked = invite
        self._routes = invite.all("Record-Route")
        self._uri = _uri(invite["Contact"])

    def take(self, message: Message) -> None:
        """Whatever belongs to this call."""
        if message.status:
            self._response(message)
        elif message.method == "BYE":
            self.phone.respond(message, 200)
            self._released(message)
        elif message.method == "CANCEL":
            self._cancelled(message)
        elif message.method == "ACK":
            self.happened["acknowledged"].set()
        else:
            self.phone.respond(message, 200)

    def _cancelled(self, message: Message) -> None:
        self.phone.respond(message, 200)
        if self.stubborn:
            self._answer(200, SOUND.format(port=4000))
            return
        if not self.happened["answered"].is_set():
            self.refuse(487)
        self._released(message)

    def _answer(self, status: int, body: str = "") -> None:
        assert self.asked is not None
        self.phone.respond(self.asked, status, body=body)

    def _response(self, message: Message) -> None:
        if message.method != "INVITE" or self.happened["answered"].is_set():
            if message.status >= 200:
                self.answers.put_nowait(message)
            if message.method == "INVITE" and message.status >= 200:
                self.within("ACK", body="" if self._body or message.status >= 300 else self.acknowledgement)
            return
        if message.status == 407 and "Proxy-Authorization" not in self._sent_invite:
            self._acknowledge(message)
            self.invite(self._body, self.phone.credentials(message, "INVITE", self._uri))
            return
        self.taken.set()
        if message.status in {180, 183}:
            self.happened["alerting"].set()
        elif 200 <= message.status < 300:
            self._routes = message.all("Record-Route")[::-1]
            self._uri = _uri(message["Contact"])
            self._remote = message["To"]
            self.final = message
            self._acknowledge(message)
            self.happened["answered"].set()
        elif message.status >= 300:
            self.final = message
            self._acknowledge(message)
            self._released(message)

    def _acknowledge(self, message: Message) -> None:
        fields = {"To": message["To"], **self._route()}
        if message.status >= 300:
            fields["branch"] = self._branch
        body = "" if message.status >= 300 or self._body else self.acknowledgement
        self.phone.request("ACK", self._uri, self.call_id, self._cseq, fields, body)

    def _released(self, message: Message) -> None:
        self.cause = message.cause
        self.happened["released"].set()

    def _route(self) -> dict[str, str]:
        return {"Route": ", ".join(self._routes)} if self._routes else {}


def _uri(contact: str) -> str:
    found = re.search(r"<([^>]*)>", contact)
    return found[1] if found else contact


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
