# SPDX-License-Identifier: GPL-2.0-only
"""A line test on the real engine, its far end on the other span of a cable in memory, minutes in seconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from appliance.line.performance.keeper import Keeper
from appliance.line.performance.look import Host, Look
from appliance.line.testing import run
from appliance.line.testing.bearers import Bearers
from appliance.media.engine import EngineBusyError
from appliance.wire.line_tests import CheckLine, LineStep, LoopLine, Result
from appliance.wire.spans import ChannelState
from drivers.model import TIMESLOTS_PER_SPAN, Alarm, Defect, LineErrors, Loop
from drivers.protocol import FramerRefusedError
from drivers.vpair import VpairDriver, VpairSettings
from dsp.prbs import Pattern
from tests.media.rig import Side
from tests.media.virtual import TICKS_A_SECOND, virtual_engine

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

NEAR, FAR = 0, 1
BEARERS = [slot for slot in range(1, 32) if slot != 16]
EVENT_S = 8


class Site:
    """Both ends of one E1 in one engine. `happens`: what the world does at the EVENT_S-th second of a test."""

    def __init__(self, side: Side, tick: Callable[[int], None], folder: Path) -> None:
        self.side = side
        self.said: list[LineStep] = []
        self.states = dict.fromkeys(BEARERS, ChannelState.IDLE)
        self.happens: Callable[[], None] = lambda: None
        self._tick = tick
        self._keeper = Keeper(folder, {NEAR: "telco"})
        self._second = 0

    @property
    def alarms(self) -> Alarm:
        return self.side.engine.span_status(NEAR).alarms

    def looks(self, seconds: int) -> Sequence[Look]:
        return self._keeper.looks(NEAR, seconds)

    def cable(self, fault: Literal["none", "clock_stopped", "ais"] = "none", far_ppm: float = 20.0) -> None:
        near = VpairSettings(partner=FAR, far_ppm=far_ppm)
        VpairDriver(self.side.engine).configure(NEAR, near, 16)
        far = msgspec.structs.replace(near, partner=NEAR, clock_priority=8, fault=fault)
        VpairDriver(self.side.engine).configure(FAR, far, 16)

    def bearers(self, span: int, wanted: Sequence[int] = ()) -> Bearers:
        return Bearers(self.side.engine, self.side.engine.close_port, span, lambda: self.states, wanted)

    def loop_far_end(self, timeslots: Sequence[int] = ()) -> None:
        self.bearers(FAR, timeslots).loop()

    async def pass_s(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self._second += 1
            if self._second == EVENT_S:
                self.happens()
            self._tick(TICKS_A_SECOND)
            status = self.side.engine.span_status(NEAR)
            self._keeper.take(Look(status, Host(), d_channel_up=True), 1_795_392_000.0 + self._second, self._second)

    def check(self, seconds: int = 12, wanted: tuple[int, ...] = ()) -> tuple[Result, dict[str, LineStep]]:
        """The result, and every step by its name."""
        bearers = self.bearers(NEAR, wanted)
        order = CheckLine(span=1, seconds=seconds, timeslots=wanted)
        result = asyncio.run(run.check(order, self, bearers, self.pass_s, self.said.append))
        bearers.give_back()
        self._tick(1)
        return result, {step.step: step for step in self.said}

    def close(self) -> None:
        self._keeper.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A line that works; its far end loops nothing yet."""
    with virtual_engine() as host:
        site = Site(Side(host), host.tick, tmp_path)
        site.cable()
        host.tick(12 * TICKS_A_SECOND)
        with contextlib.closing(site):
            yield site


def test_a_sound_line_that_is_looped_passes_every_step(site: Site) -> None:
    site.loop_far_end()
    result, steps = site.check(seconds=62)
    assert {name: step.result for name, step in steps.items()} == dict.fromkeys(
        ("signal", "loop", "bit-errors", "d-channel", "seconds", "clock", "host", "verdict"), Result.PASS
    )
    assert result is Result.PASS
    assert "30 of 30 timeslots" in steps["loop"].sentence
    assert "inserted into each were all seen" in steps["bit-errors"].sentence


class CardFramer:
    """The framer of a card whose local loop is the far end's; it counts the errors that are sent, or is blind."""

    blocks = 1000

    def __init__(self, site: Site, *, loops: bool = True, counts: int = 1, sends: bool = True) -> None:
        self.where: list[Loop | None] = []
        self._site = site
        self._loops = loops
        self._counts = counts
        self._sends = sends
        self._sent = dict.fromkeys(Defect, 0)

    def errors(self) -> LineErrors | None:
        return LineErrors(crc_errors=self._sent[Defect.CRC], framing_errors=self._sent[Defect.FRAME])

    def loop(self, where: Loop | None) -> None:
        self.where.append(where)
        if where is Loop.LOCAL and self._loops:
            self._site.loop_far_end()

    def insert(self, defect: Defect) -> None:
        if not self._sends:
            raise FramerRefusedError("the card's driver cannot do that")
        self._sent[defect] += self._counts


def card_checked(
    site: Site, framer: CardFramer, happens: Callable[[], None] = lambda: None
) -> tuple[Result, list[str]]:
    """The result, and each step with its own."""
    bearers = site.bearers(NEAR)
    said: list[LineStep] = []
    site.happens = happens
    order = CheckLine(span=1, seconds=12, card=True)
    result = asyncio.run(run.card(order, framer, bearers, site.pass_s, said.append))
    assert framer.where == [Loop.LOCAL, None], "the line is whole again"
    return result, [f"{step.step} {step.result}" for step in said]


def test_a_card_that_is_sound_passes_its_loop_and_counts_what_is_sent(site: Site) -> None:
    passed = ["card-loop pass", "bit-errors pass", "frame-errors pass", "crc-errors pass"]
    assert card_checked(site, CardFramer(site)) == (Result.PASS, passed)


@pytest.mark.parametrize(
    ("keys", "result", "steps"),
    [
        ({"loops": False}, Result.FAIL, ["card-loop fail", "frame-errors pass", "crc-errors pass"]),
        ({"counts": 0}, Result.FAIL, ["card-loop pass", "bit-errors pass", "frame-errors fail", "crc-errors fail"]),
        ({"sends": False}, Result.PASS, ["card-loop pass", "bit-errors pass", "frame-errors open", "crc-errors open"]),
    ],
    ids=["does not loop", "is blind", "sends no errors"],
)
def test_what_ails_a_card_is_told(site: Site, keys: dict[str, int], result: Result, steps: list[str]) -> None:
    assert card_checked(site, CardFramer(site, **keys)) == (result, steps)  # type: ignore[arg-type]


def test_a_test_of_a_card_that_breaks_off_leaves_no_loop(site: Site) -> None:
    framer = CardFramer(site)

    def dies() -> None:
        raise EngineBusyError

    with pytest.raises(EngineBusyError):
        card_checked(site, framer, dies)
    assert framer.where == [Loop.LOCAL, None]


def test_afterwards_every_timeslot_is_closed_again(site: Site) -> None:
    site.check(seconds=2)
    assert all(site.side.engine.port_status(slot).kind == "closed" for slot in BEARERS)


def test_without_a_loop_the_pattern_is_not_judged_and_the_page_says_what_it_takes(site: Site) -> None:
    result, steps = site.check()
    assert (steps["loop"].result, result) == (Result.OPEN, Result.PASS)
    assert "line loop span" in steps["loop"].sentence
    assert "bit-errors" not in steps


def test_bit_errors_of_the_far_end_fail_the_test(site: Site) -> None:
    site.loop_far_end()
    site.happens = lambda: site.side.engine.insert_errors(7, 5)
    result, steps = site.check()
    assert (steps["bit-errors"].result, result) == (Result.FAIL, Result.FAIL)
    assert steps["bit-errors"].sentence.startswith("5 bit errors")


def test_a_loop_that_ends_in_the_middle_fails_the_test(site: Site) -> None:
    site.loop_far_end()
    site.happens = lambda: site.side.engine.disconnect(TIMESLOTS_PER_SPAN + 9)
    result, steps = site.check()
    assert (steps["bit-errors"].result, result) == (Result.FAIL, Result.FAIL)
    assert "lost 1 times" in steps["bit-errors"].sentence


@pytest.mark.parametrize(("fault", "whose"), [("ais", "telco"), ("clock_stopped", "cable")])
def test_a_fault_that_is_injected_fails_and_is_named(
    site: Site, fault: Literal["ais", "clock_stopped"], whose: str
) -> None:
    site.happens = lambda: site.cable(fault)
    result, steps = site.check(seconds=62, wanted=(5,))
    assert result is Result.FAIL
    assert steps["seconds"].result is Result.FAIL
    assert steps["verdict"].sentence.startswith(f"{whose}: ")
    assert not steps["verdict"].chinese.isascii()


def test_g703_a_clock_beyond_its_tolerance_fails(site: Site) -> None:
    site.cable(far_ppm=150.0)
    asyncio.run(site.pass_s(20))
    result, steps = site.check()
    assert (steps["clock"].result, result) == (Result.FAIL, Result.FAIL)


def test_timeslots_that_calls_hold_are_left_alone(site: Site) -> None:
    site.loop_far_end()
    busy = (3, 4, 31)
    for slot in busy:
        site.states[slot] = ChannelState.BUSY
        site.side.engine.open_timeslot(slot)
        site.side.engine.listen(slot, TIMESLOTS_PER_SPAN + slot)
    _, steps = site.check(seconds=5)
    assert "27 of 27 timeslots" in steps["loop"].sentence
    assert [site.side.engine.port_status(slot).source for slot in busy] == ["listen"] * 3


def test_a_call_that_comes_takes_its_timeslot_and_keeps_it(site: Site) -> None:
    site.loop_far_end()

    def call() -> None:
        site.states[12] = ChannelState.BUSY
        site.side.engine.open_timeslot(12)

    site.happens = call
    result, steps = site.check()
    assert result is Result.PASS
    assert "of 29 timeslots" in steps["bit-errors"].sentence
    assert site.side.engine.port_status(12).kind == "timeslot", "the call's port is open still"


def test_named_timeslots_alone_are_tested(site: Site) -> None:
    site.loop_far_end((5, 6))
    _, steps = site.check(seconds=5, wanted=(5, 6, 7))
    assert "2 of 3 timeslots" in steps["loop"].sentence


def test_a_loop_sends_back_what_comes_for_its_time(site: Site) -> None:
    async def scene() -> Result:
        bearers = site.bearers(NEAR, (5,))
        try:
            return await run.loop(LoopLine(span=1, seconds=2), bearers, site.pass_s, site.said.append)
        finally:
            assert site.side.engine.port_status(5).source == "listen"
            bearers.give_back()

    assert asyncio.run(scene()) is Result.PASS
    asyncio.run(site.pass_s(1))
    assert site.side.engine.port_status(5).kind == "closed"


def test_an_engine_that_takes_no_command_is_not_waited_for(site: Site) -> None:
    bearers = site.bearers(NEAR)
    for _ in range(4):
        bearers.send_pattern(Pattern.PRBS15)
    with pytest.raises(EngineBusyError):
        bearers.send_pattern(Pattern.PRBS15)
