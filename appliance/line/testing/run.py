# SPDX-License-Identifier: GPL-2.0-only
"""One line test from its first step to its result, and the loop for the far end's. Calls go on meanwhile."""

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

from appliance.line.performance.look import Look
from appliance.line.performance.verdict import WINDOW_S
from appliance.line.testing import steps
from appliance.line.testing.bearers import Bearers
from appliance.wire.line_tests import CheckLine, LineStep, LoopLine, Result
from drivers.model import Alarm, Defect, Loop
from drivers.protocol import Framer, FramerRefusedError
from dsp.prbs import Pattern

SETTLE_S = 1.0
"""In which a pattern that is looped has come back and is followed."""
COUNTED_S = 2.0
"""In which a framer that counts each second has counted."""


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
    await _pattern(order.seconds, bearers, pause, judged, steps.loop)
    seen = span.looks(order.seconds)
    judged(steps.d_channel(seen[-1].d_channel_up if seen else None))
    if len(seen) > 1:
        for step in (steps.seconds, steps.clock, steps.host):
            judged(step(seen))
    judged(steps.fault(span.looks(WINDOW_S)))
    return overall(results)


async def card(order: CheckLine, framer: Framer, bearers: Bearers, pause: Pause, say: Say) -> Result:
    """Test the card by a loop in its framer, which ends with the test. Raises: EngineBusyError, FramerRefusedError."""
    results: list[Result] = []

    def judged(step: LineStep) -> None:
        results.append(step.result)
        say(step)

    with _looped(framer, Loop.LOCAL):
        await _pattern(order.seconds, bearers, pause, judged, steps.card_loop)
        for defect in Defect:
            judged(await _defect(framer, defect, pause))
    return overall(results)


async def _pattern(
    seconds: float,
    bearers: Bearers,
    pause: Pause,
    judged: Say,
    loop_step: Callable[[Sequence[int], Sequence[int]], LineStep],
) -> None:
    bearers.send_pattern(Pattern.PRBS15)
    await pause(SETTLE_S)
    synced = [slot for slot, status in bearers.counted().items() if status.synced]
    judged(loop_step(synced, bearers.lent))
    bearers.insert(synced, steps.INSERTED)
    await pause(seconds - SETTLE_S)
    counted = {slot: status for slot, status in bearers.counted().items() if slot in synced}
    if counted:
        judged(steps.pattern(counted))


async def _defect(framer: Framer, defect: Defect, pause: Pause) -> LineStep:
    """An error that is sent comes back by the loop, and is counted."""
    before = framer.errors()
    try:
        framer.insert(defect)
    except FramerRefusedError as error:
        return steps.no_defect(defect, str(error))
    await pause(COUNTED_S)
    return steps.defect(defect, before, framer.errors())


@contextlib.contextmanager
def _looped(framer: Framer, where: Loop) -> Iterator[None]:
    framer.loop(where)
    try:
        yield
    finally:
        with contextlib.suppress(FramerRefusedError):  # one that died has no loop any more
            framer.loop(None)


async def card_loop(order: LoopLine, framer: Framer, pause: Pause, say: Say) -> Result:
    """Loop all that comes, in the framer, for so long. Raises: FramerRefusedError."""
    with _looped(framer, Loop(order.at)):
        sentence = f"all that comes is looped in the card ({order.at}) for {order.seconds} s; no call can be taken"
        say(LineStep("looped", Result.PASS, sentence, f"板卡内环回（{order.at}）{order.seconds}秒；其间不能通话"))
        await pause(order.seconds)
    return Result.PASS


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
