# SPDX-License-Identifier: GPL-2.0-only
"""Commands of agents and questions about them: to headquarters' process on its box, to the uplink's on a branch's."""

import socket
import time
from pathlib import Path
from typing import NamedTuple

from appliance.cli import headquarters
from appliance.router.floor import ForAgent, Told
from appliance.wire.agents import AgentNow, FloorAsked, FloorTold, QueueNow, WhoDecides
from appliance.wire.envelope import Body, Sealer, UnknownMessageError, decode, encode
from appliance.wire.ids import Identity, IdSource
from appliance.wire.talk import UnreachableError

ANSWER_S = 12.0
"""A branch may wait for the lease to run out."""
DECIDES: dict[str, tuple[str, str]] = {
    "headquarters": ("headquarters decides", "由总部决定"),
    "branch": (
        "this branch decides by itself since {since}; headquarters does not answer",
        "本分支自{since}起自行决定；总部无应答",
    ),
    "nobody": ("nobody decides at this branch now", "本分支目前无人决定"),
}


class Said(NamedTuple):
    """The answer; at a branch, who decides there."""

    answer: Told
    who: WhoDecides | None = None


def command(box: Path, asked: ForAgent) -> Said:
    """What became of it, or what was asked for. Raises: UnreachableError."""
    door = _door(box)
    return _ask(door, asked) if door.exists() else Said(headquarters.command(box, asked))


def look(box: Path) -> tuple[tuple[AgentNow, ...], tuple[QueueNow, ...], WhoDecides | None]:
    """Agents and queues now; at a branch its own. Raises: UnreachableError."""
    door = _door(box)
    if not door.exists():
        told = headquarters.state(box)
        return tuple(told.agents), tuple(told.queues), None
    answer, who = _ask(door, FloorAsked())
    if not isinstance(answer, FloorTold):
        raise UnreachableError(getattr(answer, "sentence", f"the branch answers {type(answer).__name__}"))
    return answer.agents, answer.queues, who


def decides(who: WhoDecides | None, *, chinese: bool) -> str:
    """In words; empty at headquarters."""
    if who is None:
        return ""
    since = time.localtime(who.since_ns / 1e9)
    today = since[:3] == time.localtime()[:3]
    return DECIDES[who.by][chinese].format(since=time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", since))


def _door(box: Path) -> Path:
    return box / "run" / "floor.sock"


def _ask(door: Path, asked: ForAgent | FloorAsked) -> Said:
    identity = Identity.take("CLI", "cli")
    line = encode(Sealer(identity).seal(asked, message_id=IdSource(identity).command())) + b"\n"
    try:
        with socket.socket(socket.AF_UNIX) as branch:
            branch.settimeout(ANSWER_S)
            branch.connect(str(door))
            branch.sendall(line)
            with branch.makefile("rb") as lines:
                who, answer = (_read(lines.readline()) for _ in range(2))
    except OSError as error:
        raise UnreachableError(f"nobody serves {door} ({error}): is the branch running?") from error
    except UnknownMessageError as error:
        raise UnreachableError(f"the branch answers what this version cannot read: {error}") from error
    if not isinstance(who, WhoDecides) or not isinstance(answer, Told):
        raise UnreachableError(f"the branch answers {type(who).__name__} and {type(answer).__name__}")
    return Said(answer, who)


def _read(line: bytes) -> Body:
    return decode(line).body
