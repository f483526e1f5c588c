# SPDX-License-Identifier: GPL-2.0-only
"""Bit error tests on timeslots of the engine, through two spans back to back, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import pytest

from appliance.media.engine import Engine
from appliance.media.events import CommandRefused, PatternStatus, Profile, SignalKind, ToneKind
from drivers.model import TIMESLOTS_PER_SPAN
from drivers.vpair import VpairDriver, VpairSettings
from dsp.prbs import Pattern
from tests.media.rig import Side, engine_process, until
from tests.media.virtual import TICKS_A_SECOND, VirtualEngine, virtual_engine

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

NEAR, FAR = 1, TIMESLOTS_PER_SPAN + 1


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    """An engine whose spans 0 and 1 are joined."""
    with virtual_engine() as host:
        driver = VpairDriver(Side(host).engine)
        driver.configure(0, VpairSettings(partner=1), 16)
        driver.configure(1, VpairSettings(partner=0), 16)
        host.tick(TICKS_A_SECOND)
        yield host


def counted(side: Side, port: int) -> PatternStatus:
    status = side.engine.test_status(port)
    assert status is not None
    return status


@pytest.mark.parametrize("pattern", Pattern)
def test_o151_a_timeslot_looped_at_the_far_end_has_no_bit_error(host: VirtualEngine, pattern: Pattern) -> None:
    side = Side(host)
    side.engine.open_timeslot(FAR)
    side.engine.listen(FAR, FAR)
    side.engine.open_timeslot(NEAR)
    side.engine.test(NEAR, pattern)
    host.tick(10 * TICKS_A_SECOND)
    status = counted(side, NEAR)
    assert status.synced
    assert status.counters.bits > 9.9 * 64_000
    assert (status.counters.errors, status.counters.losses) == (0, 0)


def test_two_ends_test_each_other_and_every_inserted_error_is_the_other_s(host: VirtualEngine) -> None:
    side = Side(host)
    for port in (NEAR, FAR):
        side.engine.open_timeslot(port)
        side.engine.test(port, Pattern.PRBS15)
    host.tick(TICKS_A_SECOND)
    side.engine.insert_errors(NEAR, 100)
    host.tick(TICKS_A_SECOND)
    assert counted(side, FAR).counters.errors == 100
    assert counted(side, NEAR).counters.errors == 0


def test_all_timeslots_of_a_span_at_once(host: VirtualEngine) -> None:
    side = Side(host)
    ports = [port for port in range(1, TIMESLOTS_PER_SPAN) if port != 16]
    for port in ports:
        for end in (port, port + TIMESLOTS_PER_SPAN):
            side.engine.open_timeslot(end)
            side.engine.test(end, Pattern.PRBS15)
    host.tick(2 * TICKS_A_SECOND)
    statuses = [counted(side, port) for port in ports]
    assert all(status.synced and not status.counters.errors for status in statuses)


def test_without_a_loop_the_pattern_does_not_come_back(host: VirtualEngine) -> None:
    side = Side(host)
    side.engine.open_timeslot(NEAR)
    side.engine.test(NEAR, Pattern.PRBS15)
    host.tick(TICKS_A_SECOND)
    status = counted(side, NEAR)
    assert not status.synced
    assert status.counters.bits == 0


def test_g822_a_slip_of_the_span_is_a_slip_of_the_pattern(host: VirtualEngine) -> None:
    side = Side(host)
    driver = VpairDriver(side.engine)
    leader = VpairSettings(partner=3, far_ppm=0.0)
    driver.configure(2, leader, 16)
    driver.configure(3, msgspec.structs.replace(leader, partner=2, clock_priority=8), 16)
    stray = VpairSettings(partner=1, far_ppm=200.0, clock_priority=8)
    driver.configure(0, stray, 16)
    driver.configure(1, msgspec.structs.replace(stray, partner=0), 16)
    host.tick(10 * TICKS_A_SECOND)
    for port in (NEAR, FAR):
        side.engine.open_timeslot(port)
        side.engine.test(port, Pattern.PRBS11)
    host.tick(2 * TICKS_A_SECOND)
    before = counted(side, NEAR).counters
    host.tick(60 * TICKS_A_SECOND)
    after = counted(side, NEAR).counters
    assert after.slips > before.slips
    assert after.errors == before.errors, "a slip is no bit error"


def test_any_other_source_ends_a_test(host: VirtualEngine) -> None:
    side = Side(host)
    side.engine.open_timeslot(NEAR)
    ends: tuple[Callable[[], None], ...] = (
        lambda: side.engine.stop(NEAR),
        lambda: side.engine.tone(NEAR, ToneKind.DIAL),
    )
    for end in ends:
        side.engine.test(NEAR, Pattern.PRBS15)
        host.tick()
        assert counted(side, NEAR).counters.unsynced > 0
        end()
        host.tick()
        assert side.engine.test_status(NEAR) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda engine: engine.set_profile(NEAR, Profile.VOICE),
        lambda engine: engine.set_profile(NEAR, Profile.VBD),
        lambda engine: engine.set_gain(NEAR, 0.0, 0.0, automatic=True),
        lambda engine: engine.set_gain(NEAR, 0.0, -3.0),
        lambda engine: engine.mute(NEAR, muted=True),
        lambda engine: engine.hear_signals(NEAR, [SignalKind.R2_FORWARD]),
    ],
    ids=["voice", "data", "automatic gain", "gain", "muted", "register"],
)
def test_a_port_that_is_not_clear_is_refused_and_stays_as_it_is(
    host: VirtualEngine, spoil: Callable[[Engine], None]
) -> None:
    side = Side(host)
    side.engine.open_timeslot(NEAR)
    spoil(side.engine)
    side.engine.tone(NEAR, ToneKind.DIAL)
    side.engine.test(NEAR, Pattern.PRBS15)
    host.tick()
    (refused,) = side.line.all(CommandRefused)
    assert (refused.kind.name, refused.error) == ("TEST", "EBUSY")
    assert side.engine.port_status(NEAR).source == "tone"


def test_a_closed_port_and_one_without_a_test_are_refused(host: VirtualEngine) -> None:
    side = Side(host)
    side.engine.test(NEAR, Pattern.PRBS15)
    side.engine.open_timeslot(FAR)
    side.engine.insert_errors(FAR, 1)
    host.tick()
    refused = [(one.kind.name, one.error) for one in side.line.all(CommandRefused)]
    assert refused == [("TEST", "ENOTCONN"), ("INSERT_ERRORS", "ENOTCONN")]
    with pytest.raises(ValueError, match="timeslot port=300"):
        side.engine.test(300, Pattern.PRBS15)
    with pytest.raises(ValueError, match="errors=0"):
        side.engine.insert_errors(FAR, 0)


def test_a_killed_engine_takes_the_test_up_again() -> None:
    with engine_process() as process:
        side = Side(process)
        driver = VpairDriver(side.engine)
        driver.configure(0, VpairSettings(partner=1), 16)
        driver.configure(1, VpairSettings(partner=0), 16)
        for port in (NEAR, FAR):
            side.engine.open_timeslot(port)
            side.engine.test(port, Pattern.PRBS15)
        until(lambda: all(status and status.synced for status in map(side.engine.test_status, (NEAR, FAR))))
        process.kill()
        process.start()
        bits = counted(side, NEAR).counters.bits
        until(lambda: counted(side, NEAR).synced and counted(side, NEAR).counters.bits > bits + 8000)
