# SPDX-License-Identifier: GPL-2.0-only
"""Whom the message server lets in: it asks here for each connection that shows a certificate and no user of its own.

The server has verified the certificate, dates included; here it has to be one that headquarters knows and has not
revoked. The box may then say and hear what concerns itself, and nothing else: names of other boxes are in no subject of
its. Who is revoked or has expired is thrown out within seconds, and refused when it comes back.
"""

import asyncio
import time
from collections.abc import Sequence

import msgspec
import nats.errors
import structlog
from cryptography import x509
from nats.aio.client import Client
from nats.aio.msg import Msg

from appliance.headquarters.duplex.stream import NoQuorumError
from appliance.headquarters.fleet.callout_tokens import Signer, TokenError, claims_of
from appliance.headquarters.fleet.enrolment import Enrolment, RefusedError
from appliance.headquarters.fleet.identities import Identities, IdentitiesError

ACCOUNT = "$G"
"""Where all of ours is, on a server without accounts of its own."""
SAYS = (
    "heartbeat.{}",
    "route.request.{}",
    "call.{}.record",
    "recording.{}.chunk",
    "crash.{}.report",
    "line.{}.status",
    "line.{}.performance",
    "agent.command.{}",
    "alarm.{}",
    "router.{}.rules",
    "config.{}.report",
)
HEARS = (
    "_INBOX.{}.>",
    "route.assign.{}",
    "agent.order.{}",
    "agent.commanded.{}",
    "cli.{}",
    "config.{}",
)
"""All that docs/wire.md has of a branch."""
ANSWER_NS = 125_000_000_000
"""A question that headquarters asked may be answered once, for so long: a command line's takes two minutes."""
LOOK_S = 1.0
LOOKED_BACK_S = 5
"""A connection that was let in just before a revocation is found by a later look."""
ASK_S = 2.0

log = structlog.get_logger()


class _Client(msgspec.Struct, frozen=True):
    host: str = ""


class _Tls(msgspec.Struct, frozen=True):
    verified_chains: Sequence[Sequence[str]] = ()


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Asked(msgspec.Struct, frozen=True):
    server_id: _Server
    user_nkey: str
    client_info: _Client = _Client()
    client_tls: _Tls = _Tls()


class _Question(msgspec.Struct, frozen=True):
    nats: _Asked


class _Connection(msgspec.Struct, frozen=True):
    cid: int
    authorized_user: str = ""


class _Connections(msgspec.Struct, frozen=True):
    connections: Sequence[_Connection] = ()


class _Told(msgspec.Struct, frozen=True):
    server: _Server
    data: _Connections = _Connections()


class Callout:
    """Answers on `client`; `system` is a client of the servers' system account, by which connections are ended."""

    def __init__(
        self, client: Client, system: Client, signer: Signer, enrolment: Enrolment, *, servers: int = 1
    ) -> None:
        self._client, self._system, self._signer, self._enrolment = client, system, signer, enrolment
        self._servers = servers

    async def start(self) -> None:
        """From now on boxes are let in."""
        await self._client.subscribe("$SYS.REQ.USER.AUTH", cb=self._asked)
        await self._client.flush()

    async def _asked(self, message: Msg) -> None:
        try:
            asked = msgspec.json.decode(claims_of(message.data), type=_Question).nats
        except (TokenError, msgspec.DecodeError) as error:
            log.error("callout.question.unknown", error=str(error))
            return
        answer: dict[str, str] = {"type": "authorization_response"}
        try:
            box = (await asyncio.to_thread(self._enrolment.current, _leaf(asked.client_tls))).box
            answer["jwt"] = self._signer.sign(asked.user_nkey, ACCOUNT, rights(box), box).decode()
            log.info("callout.box.admitted", box=box, peer=asked.client_info.host)
        except RefusedError as refusal:
            answer["error"] = str(refusal)
            log.warning("callout.box.refused", peer=asked.client_info.host, why=str(refusal))
        await message.respond(self._signer.sign(asked.user_nkey, asked.server_id.id, answer))

    async def throw_out(self, box: str) -> int:
        """Its connections end, at every message server that answers; returns how many there were.

        Raises nats.errors.Error.
        """
        count = 0
        for told in await self._told(msgspec.json.encode({"auth": True, "user": box, "acc": ACCOUNT})):
            for one in told.data.connections:
                subject = f"$SYS.REQ.SERVER.{told.server.id}.KICK"
                await self._system.request(subject, msgspec.json.encode({"cid": one.cid}), timeout=ASK_S)
                log.warning("callout.box.thrown_out", box=box, connection=one.cid)
                count += 1
        return count

    async def _told(self, wanted: bytes) -> list[_Told]:
        """What the servers say of their connections; who of several is silent for ASK_S is not there."""
        inbox = self._system.new_inbox()
        answers = await self._system.subscribe(inbox)
        found: list[_Told] = []
        try:
            await self._system.publish("$SYS.REQ.SERVER.PING.CONNZ", wanted, reply=inbox)
            while len(found) < self._servers:
                message = await answers.next_msg(ASK_S)
                found.append(msgspec.json.decode(message.data, type=_Told))
        except nats.errors.TimeoutError:
            if not found:
                raise
        finally:
            await answers.unsubscribe()
        return found


class Watch:
    """Looks for boxes that may be in no more."""

    def __init__(self, identities: Identities, callout: Callout) -> None:
        self._identities, self._callout = identities, callout
        self._since_s = 0.0
        self._out: set[str] = set()

    async def look(self) -> None:
        """Once; a box that could not be thrown out is tried again."""
        now_s = time.time()
        try:
            changed = await asyncio.to_thread(self._identities.follow)
        except (NoQuorumError, IdentitiesError) as error:
            log.info("callout.list.unfollowed", error=str(error))
            changed = frozenset()
        self._out |= {*self._identities.gone(self._since_s), *self._identities.revoked(changed)}
        try:
            for box in sorted(self._out):
                await self._callout.throw_out(box)
                self._out.discard(box)
        except (nats.errors.Error, msgspec.DecodeError) as error:
            log.error("callout.box.stays", error=str(error))
        else:
            self._since_s = now_s - LOOKED_BACK_S


def rights(box: str) -> dict[str, object]:
    """What a box may say and hear, as the claims of a user (NATS)."""
    return {
        "type": "user",
        "pub": {"allow": [subject.format(box) for subject in SAYS]},
        "sub": {"allow": [subject.format(box) for subject in HEARS]},
        "resp": {"max": 1, "ttl": ANSWER_NS},
        "subs": -1,
        "data": -1,
        "payload": -1,
    }


def _leaf(tls: _Tls) -> x509.Certificate | None:
    """The certificate of the other end itself, whose chain the server has verified."""
    chain = next(iter(tls.verified_chains), ())
    return x509.load_pem_x509_certificate(chain[0].encode()) if chain else None
