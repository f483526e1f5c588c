# SPDX-License-Identifier: GPL-2.0-only
"""One question to headquarters' process on this box, by its message server, and the answer."""

import asyncio
from pathlib import Path
from typing import NoReturn, overload

import msgspec
import nats
import nats.errors

from appliance.headquarters import server
from appliance.headquarters.live import State
from appliance.router.floor import Command, Told
from appliance.uplink.connection import USER, Access, proof
from appliance.uplink.enrolling.credentials import Credentials
from appliance.wire.agents import AgentAsked, AgentNoted, AgentTold, CallAsked, ContactAsked, ContactTold
from appliance.wire.callbacks import AddCallback, CallbackTold, CancelCallback
from appliance.wire.envelope import Body, Sealer, UnknownMessageError, decode, encode
from appliance.wire.fleet import (
    AuditAsked,
    AuditTold,
    BoxesAsked,
    BoxesTold,
    DiffAsked,
    DiffTold,
    OrderPush,
    PushAsked,
    PushTold,
    StartPush,
)
from appliance.wire.ids import Identity
from appliance.wire.remote import LineAnswered, LineTyped
from appliance.wire.service_messages import Refused
from appliance.wire.talk import UnreachableError
from appliance.wire.voicemail import MarkVoicemail, VoicemailMarked

ANSWER_S = 2.0
FLEET_S = 180.0
"""Of ten thousand boxes each is rendered and compared."""
FleetCommand = BoxesAsked | DiffAsked | StartPush | OrderPush | PushAsked | AuditAsked


def state(box: Path) -> State:
    """What is so now. Raises: UnreachableError."""
    try:
        return msgspec.json.decode(asyncio.run(_ask(_door(box), "live.state", b"")), type=State)
    except msgspec.DecodeError as error:
        raise UnreachableError(f"headquarters answers what this version cannot read: {error}") from error


@overload
def command(box: Path, asked: AddCallback | CancelCallback) -> CallbackTold | Refused: ...
@overload
def command(box: Path, asked: AgentAsked | CallAsked) -> AgentTold | Refused: ...
@overload
def command(box: Path, asked: AgentNoted | ContactAsked) -> ContactTold | Refused: ...
def command(box: Path, asked: Command) -> Told:
    """What became of it, or what was asked for. Raises: UnreachableError."""
    answer = _commanded(box, "agent.command", asked)
    if not isinstance(answer, Told):
        raise UnreachableError(f"headquarters answers {type(answer).__name__}")
    return answer


def mark(box: Path, asked: MarkVoicemail) -> VoicemailMarked | Refused:
    """What became of it. Raises: UnreachableError."""
    answer = _commanded(box, "voicemail.command", asked)
    if not isinstance(answer, VoicemailMarked | Refused):
        raise UnreachableError(f"headquarters answers {type(answer).__name__}")
    return answer


def fleet(box: Path, asked: FleetCommand) -> BoxesTold | DiffTold | PushTold | AuditTold | Refused:
    """What became of it, or what was asked for. Raises: UnreachableError."""
    answer = _commanded(box, "fleet.command", asked, FLEET_S)
    if not isinstance(answer, BoxesTold | DiffTold | PushTold | AuditTold | Refused):
        raise UnreachableError(f"headquarters answers {type(answer).__name__}")
    return answer


def line(box: Path, branch: str, asked: LineTyped) -> LineAnswered | Refused:
    """What a branch's command line says to it. Raises: UnreachableError."""
    answer = _commanded(box, f"cli.{branch}", asked, asked.within_s + ANSWER_S)
    if not isinstance(answer, LineAnswered | Refused):
        raise UnreachableError(f"the branch answers {type(answer).__name__}")
    return answer


def _commanded(box: Path, subject: str, asked: Body, within_s: float = ANSWER_S) -> Body:
    door = _door(box)
    envelope = Sealer(Identity.take(door.box, "cli")).seal(asked)
    try:
        return decode(asyncio.run(_ask(door, subject, encode(envelope), within_s))).body
    except UnknownMessageError as error:
        raise UnreachableError(f"headquarters answers what this version cannot read: {error}") from error


def _door(box: Path) -> server.Door:
    try:
        return server.door(box)
    except OSError as error:
        raise UnreachableError(
            f"no message server is known here ({error}): agents and queues are headquarters', and a running branch's"
        ) from error


async def _ask(door: server.Door, subject: str, payload: bytes, within_s: float = ANSWER_S) -> bytes:
    try:
        client = await nats.connect(
            f"nats://{door.listen}",
            **proof(Access(None, Credentials(door.credentials) if door.credentials else None)),
            user=USER,
            password=door.token,
            allow_reconnect=False,
            connect_timeout=1,
            error_cb=_raise,
        )
    except (OSError, nats.errors.Error) as error:
        raise UnreachableError(f"no message server at {door.listen}: is headquarters running?") from error
    try:
        return (await client.request(subject, payload, timeout=within_s)).data
    except nats.errors.Error as error:
        who = "the box" if subject.startswith("cli.") else "headquarters"
        raise UnreachableError(f"{who} does not answer: is its process running?") from error
    finally:
        await client.close()


async def _raise(error: Exception) -> NoReturn:
    """At the first attempt: the client would try sixty times."""
    raise error
