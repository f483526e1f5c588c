# SPDX-License-Identifier: GPL-2.0-only
"""A media server for chats, mails and tasks, written from docs/peripheral.md alone: NATS, JSON, and nothing of ours.

    async with MediaServer("127.0.0.1:4222", "MD-0001", password, Disk()) as media:
        chat = await media.arrive("chat", "1", "visitor-4711")
        chat.offered_to                       # "1001", or None: it waits
        await media.take(chat)                # by that agent
        await media.end(chat)

`Disk` is what survives its death: contacts, legs, last requests. `kill` ends it without a word; a new MediaServer with
the same Disk is the next life.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import os
import time
from types import TracebackType
from typing import Any, Self

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

PROCESS = "media"
DIGITS = "0123456789abcdefghijklmnopqrstuv"
ANSWER_S = 2.0
WITNESS = ("reason", "script", "version", "call_type", "path", "values", "queues")
"""What an answer and the record's RouteDecided have in common."""


class SentenceError(Exception):
    """A refusal: its code, and its sentence."""


@dataclasses.dataclass
class Contact:
    """One chat, mail or task, as it stands on the disk."""

    name: str
    kind: str
    dnis: str
    customer: str
    leg: str = ""
    agent: str = ""
    """Who has taken it."""
    offered_to: str | None = None
    offer: dict[str, Any] = dataclasses.field(default_factory=dict)
    request: str = ""
    cursor: str = ""
    refused: tuple[str, ...] = ()
    reason: str = ""
    began_s: float = 0.0
    taken_s: float = 0.0
    interrupted: bool = False


@dataclasses.dataclass
class Disk:
    """All contacts that are not over, and who has said what they are in which channel."""

    contacts: dict[str, Contact] = dataclasses.field(default_factory=dict)
    agents: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)


def _incarnation() -> str:
    """base32hex of 48 bits of UTC milliseconds and 32 random bits."""
    number = time.time_ns() // 1_000_000 << 32 | int.from_bytes(os.urandom(4))
    return "".join(DIGITS[number >> 5 * place & 31] for place in reversed(range(16)))


class MediaServer:
    """One life of it. `happened` is set whenever headquarters has said something by itself."""

    def __init__(self, server: str, box: str, password: str, disk: Disk) -> None:
        self.box, self.disk = box, disk
        self.incarnation = _incarnation()
        self.happened = asyncio.Event()
        self.errors: list[str] = []
        self._server, self._password = server, password
        self._client: Client | None = None
        self._beating: asyncio.Task[None] | None = None
        self._seq = itertools.count(1)
        self._number = itertools.count(1)

    async def __aenter__(self) -> Self:
        self._client = await nats.connect(
            f"nats://{self._server}",
            user=self.box,
            password=self._password,
            inbox_prefix=f"_INBOX.{self.box}",
            error_cb=self._complained,
            allow_reconnect=False,
        )
        await self._client.subscribe(f"route.assign.{self.box}", cb=self._assigned)
        await self._client.subscribe(f"route.interrupt.{self.box}", cb=self._interrupted)
        await self._beat()
        self.begin()
        return self

    def begin(self) -> None:
        """Heartbeats, each second."""
        self._beating = asyncio.create_task(self._beat_on())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def kill(self) -> None:
        """Nothing more is said; what is on the disk stays."""
        while self._beating is not None and not self._beating.done():
            self._beating.cancel()  # which is lost where the answer comes in the same moment (bpo-37658)
            await asyncio.wait((self._beating,), timeout=0.1)
        if self._client is not None:
            await self._client.close()
        self._beating = self._client = None

    # What its customers and agents do.

    async def arrive(self, kind: str, dnis: str, customer: str) -> Contact:
        """A new contact, which is offered to an agent or waits."""
        contact = Contact(f"{self.box}.{self.incarnation}.{next(self._number)}", kind, dnis, customer)
        contact.began_s = time.monotonic()
        self.disk.contacts[contact.name] = contact
        known = {"dnis": dnis, "clid": customer, "kind": kind}
        await self.tell({"type": "ContactBegan", **self._of(contact), **known, "leg": self._leg(), "channel": "web"})
        await self.ask(contact, "offered")
        return contact

    async def ask(self, contact: Contact, outcome: str, **known: object) -> dict[str, Any]:
        """What is to be done with it now; done, and returned."""
        contact.request = f"{contact.name}/{next(self._number)}"
        body = {
            "type": "RouteRequest",
            "request": contact.request,
            **self._of(contact),
            "dnis": contact.dnis,
            "clid": contact.customer,
            "kind": contact.kind,
            "outcome": outcome,
            "cursor": contact.cursor,
            "refused_agents": contact.refused,
            **known,
        }
        answer: dict[str, Any] = await self.request(f"route.request.{self.box}", self.sealed(body))
        await self._do(contact, answer, outcome)
        return answer

    async def take(self, contact: Contact) -> None:
        """The agent to whom it is offered takes it, and works on it."""
        assert contact.offered_to is not None
        contact.agent, contact.offered_to, contact.refused = contact.offered_to, None, ()
        contact.taken_s = time.monotonic()
        leg = {**self._of(contact), "leg": contact.leg, "sample": self._sample(contact)}
        await self.tell({"type": "LegConnected", **leg}, {"type": "TalkBegan", **leg})

    async def decline(self, contact: Contact, outcome: str = "busy") -> dict[str, Any]:
        """Or does not, or (`no-answer`) does nothing."""
        assert contact.offered_to is not None
        cause = {"busy": 21, "no-answer": 19}[outcome]
        contact.refused, contact.offered_to = (*contact.refused, contact.offered_to), None
        await self.tell(self._leg_ended(contact, cause))
        return await self.ask(contact, outcome)

    async def end(self, contact: Contact, by: str = "agent") -> None:
        """It is over."""
        self.disk.contacts.pop(contact.name)
        events = [{"type": "TalkEnded", **self._of(contact), **self._talked(contact)}] if contact.agent else []
        if contact.agent or contact.offered_to:
            events.append(self._leg_ended(contact, 16))
        await self.tell(*events, {"type": "ContactEnded", **self._of(contact), "cause": 16, "by": by})

    async def hand_on(self, contact: Contact, number: str) -> dict[str, Any]:
        """The agent gives it to another one, or to a call type; where there is no way they keep it."""
        before, leg, talked = contact.agent, contact.leg, self._talked(contact)
        answer = await self.ask(contact, "transferred", transfer_to=number, transferred_by=before)
        if answer["action"]["do"] == "release":
            return answer
        of, whom = self._of(contact), {"by": before, "to": number}
        contact.agent = "" if contact.offered_to is None else contact.agent
        await self.tell(
            {"type": "TalkEnded", **of, **talked},
            {"type": "TransferBegan", **of, **whom, "leg": leg, "blind": True},
            {"type": "LegEnded", **of, "leg": leg, "cause": 16, "by": "us", "sample": self._sample(contact)},
            {"type": "TransferEnded", **of, **whom, "outcome": "completed"},
        )
        return answer

    async def agent_is(self, agent: str, state: str, reason: str = "") -> None:
        """Of a channel of theirs, such as 1001/chat."""
        one = {"agent": agent, "state": state, "reason": reason}
        self.disk.agents[agent] = one
        await self.request(f"peripheral.{self.box}.agents", self.sealed({"type": "AgentsChanged", "agents": [one]}))

    # What is said.

    async def tell(self, *events: dict[str, Any]) -> None:
        """Call events, until they are stored. Raises SentenceError."""
        batch = [self.sealed(event) for event in events]
        stored = await self.request(f"call.{self.box}.record", batch)
        if stored != {"stored": len(batch)}:
            raise SentenceError(str(stored.get("error")))

    def sealed(self, body: dict[str, Any], **other: object) -> dict[str, Any]:
        """In its envelope; `other` is said otherwise than it should be."""
        seq = next(self._seq)
        head = {"v": 1, "id": f"{PROCESS}.{self.incarnation}.e{seq}", "box": self.box, "process": PROCESS}
        order = {"incarnation": self.incarnation, "seq": seq, "mono_ns": time.monotonic_ns(), "at_ns": time.time_ns()}
        return {**head, **order, "body": body, **other}

    async def request(self, subject: str, said: object) -> Any:
        """Answered; again while nobody is there. Raises SentenceError, nats.errors.TimeoutError."""
        octets = said if isinstance(said, bytes) else json.dumps(said).encode()
        answer = json.loads(await self._answered(subject, octets, time.monotonic() + ANSWER_S))
        body = answer.get("body", answer)
        if body.get("type") == "Refused":
            raise SentenceError(f"{body['code']}: {body['sentence']}")
        return body

    async def _answered(self, subject: str, octets: bytes, until_s: float) -> bytes:
        while True:
            assert self._client is not None, "it was killed"
            try:
                return (await self._client.request(subject, octets, timeout=ANSWER_S)).data
            except nats.errors.NoRespondersError:
                if time.monotonic() > until_s:
                    raise
                await asyncio.sleep(0.05)

    async def publish(self, subject: str, octets: bytes) -> None:
        """Anything, anywhere."""
        assert self._client is not None, "it was killed"
        await self._client.publish(subject, octets)
        await self._client.flush()

    async def heard(self, so: Any, within_s: float = 3.0) -> None:
        """Wait until what headquarters says by itself has made it so."""
        async with asyncio.timeout(within_s):
            while not so():
                self.happened.clear()
                await self.happened.wait()

    async def _do(self, contact: Contact, answer: dict[str, Any], outcome: str) -> None:
        action = contact.offer = answer["action"]
        contact.cursor, contact.reason = answer.get("cursor", ""), answer["reason"]
        head = {"type": "RouteDecided", **self._of(contact), "by": "headquarters", "latency_ms": 1.0}
        decided = {name: answer[name] for name in WITNESS if name in answer}
        events: list[dict[str, Any]] = [{**head, "action": action, "outcome": outcome, **decided}]
        if action["do"] == "ring-agent":
            contact.leg, contact.offered_to = self._leg(), action["agent"]
            whom = {"agent": action["agent"], "token": action["token"], "to": action["agent"]}
            leg = {"leg": contact.leg, "direction": "outgoing", "channel": "desktop", "kind": contact.kind}
            events.append({"type": "LegBegan", **self._of(contact), **leg, **whom})
        await self.tell(*events)

    async def _assigned(self, message: Msg) -> None:
        answer = json.loads(message.data)["body"]
        for contact in tuple(self.disk.contacts.values()):
            if contact.request == answer["request"]:
                await self._do(contact, answer, "offered")
                self.happened.set()

    async def _interrupted(self, message: Msg) -> None:
        told = json.loads(message.data)["body"]
        contact = self.disk.contacts.get(told["contact"])
        if contact is not None and contact.leg == told["leg"]:
            contact.interrupted = not told.get("over", False)
            self.happened.set()

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(1)
            with contextlib.suppress(nats.errors.Error, SentenceError):
                await self._beat()

    async def _beat(self) -> None:
        beat = {"box": self.box, "incarnation": self.incarnation, "at_ns": time.time_ns(), "name": "Web and mail"}
        answer = await self.request(f"heartbeat.{self.box}", {**beat, "contacts": sorted(self.disk.contacts)})
        if answer["snapshot"]:
            await self._snapshot()

    async def _snapshot(self) -> None:
        legs = []
        for one in self.disk.contacts.values():
            one.interrupted = False
            if holder := one.agent or one.offered_to:
                legs.append({"agent": holder, "leg": one.leg, "contact": one.name, "kind": one.kind})
        body = {"type": "PeripheralSnapshot", "agents": list(self.disk.agents.values()), "legs": legs}
        await self.request(f"peripheral.{self.box}.snapshot", self.sealed(body))

    async def _complained(self, error: Exception) -> None:
        self.errors.append(str(error))

    def _of(self, contact: Contact) -> dict[str, Any]:
        return {"contact": contact.name}

    def _leg(self) -> str:
        return f"{self.box}.{PROCESS}.{self.incarnation}.{next(self._number)}"

    def _sample(self, contact: Contact) -> int:
        return round((time.monotonic() - contact.began_s) * 8000)

    def _talked(self, contact: Contact) -> dict[str, int]:
        return {"sample": self._sample(contact), "samples": round((time.monotonic() - contact.taken_s) * 8000)}

    def _leg_ended(self, contact: Contact, cause: int) -> dict[str, Any]:
        of = {**self._of(contact), "leg": contact.leg, "sample": self._sample(contact)}
        return {"type": "LegEnded", **of, "cause": cause, "by": "us" if cause == 19 else "peer"}
