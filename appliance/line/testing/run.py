# SPDX-License-Identifier: GPL-2.0-only
"""One line test from its first step to its result, and the loop for the far end's. Calls go on meanwhile."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from appliance.line.performance.look import Look
from appliance.line.performance.verdict import WINDOW_S
from appliance.line.testing import steps
from appliance.line.testing.bearers import Bearers
from appliance.wire.line_tests import CheckLine, LineStep, LoopLine, Result
from drivers.model import Alarm
from dsp.prbs import Pattern

SETTLE_S = 1.0
"""In which a pattern that is looped has come back and is followed."""


class Tested(Protocol):
    """A span at work."""

    @property
    def alarms(self) -> Alarm:
        """That stand now."""

    def looks(self, seconds: int) -> Sequence[Look]:
        """The last so many seconds and the look before them."""


Pause = Callable[[float], Awaitable[object]]
Say = Callable[[LineStep], None]


async def check(order: CheckLine, span: Tested, bearers: Bearers, pause: Pause, say: Say) -> Result:
    """Test. Raises: EngineBusyError. The bearers are the caller's to give back."""
    results: list[Result] = []

    def judged(step: LineStep) -> None:
        results.append(step.result)
        say(step)

    judged(steps.signal(span.alarms))
    bearers.send_pattern(Pattern.PRBS15)
    await pause(SETTLE_S)
    synced = [slot for slot, status in bearers.counted().items() if status.synced]
    judged(steps.loop(synced, bearers.lent))
    bearers.insert(synced, steps.INSERTED)
    await pause(order.seconds - SETTLE_S)
    counted = {slot: status for slot, status in bearers.counted().items() if slot in synced}
    if counted:
        judged(steps.pattern(counted))
    seen = span.looks(order.seconds)
    judged(steps.d_channel(seen[-1].d_channel_up if seen else None))
    if len(seen) > 1:
        for step in (steps.seconds, steps.clock, steps.host):
            judged(step(seen))
    judged(steps.fault(span.looks(WINDOW_S)))
    return overall(results)


async def loop(order: LoopLine, bearers: Bearers, pause: Pause, say: Say) -> Result:
    """Loop for so long. Raises: EngineBusyError."""
    bearers.loop()
    count = len(bearers.lent)
    sentence = f"{count} timeslots are looped for {order.seconds} s; a call that comes takes its own back"
    chinese = f"{count}个时隙环回{order.seconds}秒；来话会收回其时隙"
    say(LineStep("looped", Result.PASS if count else Result.FAIL, sentence, chinese))
    await pause(order.seconds)
    return Result.PASS if count else Result.FAIL


def overall(results: Sequence[Result]) -> Result:
    """Failed if one has, passed if one has and none has failed."""
    if Result.FAIL in results:
        return Result.FAIL
    return Result.PASS if Result.PASS in results else Result.OPEN
