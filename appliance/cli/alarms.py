# SPDX-License-Identifier: GPL-2.0-only
"""`clear alarms`: those that tell of what is over. What is wrong now stays until it is right."""

import asyncio
import sys

from appliance.cli import terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.wire.alarms import AlarmCleared, AlarmRaised, ClearAlarms
from appliance.wire.service_messages import Accepted, Refused
from appliance.wire.talk import UnreachableError, talk


def clear(session: Session, _matched: Matched) -> int:
    """Says how many went, how many stand."""
    try:
        gone, stand = asyncio.run(_cleared(session))
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    sys.stdout.write(session.told(f"{gone} cleared", f"已清除{gone}条"))
    more = (
        f"; {stand} of the supervisor's tell of what is wrong now: show alarms",
        f"；监控进程仍有{stand}条：show alarms",
    )
    sys.stdout.write(f"{session.told(*more) if stand else ''}\n")
    return 0


async def _cleared(session: Session) -> tuple[int, int]:
    gone, stand = 0, 0
    async for body in talk(session.state / "run" / "supervisor.sock", ClearAlarms(by=session.author)):
        match body:
            case AlarmRaised():
                stand += 1
            case AlarmCleared():
                gone, stand = gone + 1, stand - 1
            case Accepted():
                return gone, stand
            case Refused(sentence=sentence):
                raise UnreachableError(sentence)
    raise UnreachableError("the supervisor ended while it was asked")
