# SPDX-License-Identifier: GPL-2.0-only
"""Bits ABCD of a span with CAS, in virtual time: told, set, left behind by the dead. Spans 0 and 1 are joined."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.media.events import BitsChanged, BitsStatus, Client, CommandKind, CommandRefused, SpanAlarmChanged
from drivers.model import Alarm, Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Host, Listener, Side, engine_process, until
from tests.media.virtual import TICK_SAMPLES, TICKS_A_SECOND, VirtualEngine, virtual_engine

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

BEARERS = [timeslot for timeslot in range(1, 32) if timeslot != 16]
RESTING, IDLE, SEIZED, ANSWERED = 0b1101, 0b1001, 0b0001, 0b0101
HALF_OF_THE_RING = 512
NEAR, FAR = Timeslot(0, 5).port, Timeslot(1, 5).port


def join(host: Host, **fault: str) -> Side:
    """The cable; `fault` is of what span 1 sends."""
    side = Side(host)
    driver = VpairDriver(side.engine)
    driver.configure(0, VpairSettings(partner=1), None, Cas(RESTING))
    driver.configure(1, VpairSettings(partner=0, **fault), None, Cas(IDLE))  # type: ignore[arg-type]
    return side


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    with virtual_engine() as host:
        yield host


@pytest.fixture
def side(host: VirtualEngine) -> Side:
    """Both spans, after all that is told when they open."""
    side = join(host)
    host.tick(3)
    side.line.all(BitsChanged)
    side.line.seen.clear()
    return side


def told(side: Side, port: int) -> list[int]:
    return [event.abcd for event in side.line.all(BitsChanged) if event.port == port]


def test_a_span_that_opens_sends_its_resting_bits_and_tells_those_that_come(host: VirtualEngine) -> None:
    side = join(host)
    assert side.engine.bits_status(NEAR) is None
    host.tick(1)
    assert side.engine.bits_status(NEAR) == BitsStatus(sent=RESTING, received=None)
    host.tick(1)
    came = {(event.port, event.abcd) for event in side.line.all(BitsChanged)}
    assert came == {(Timeslot(0, t).port, IDLE) for t in BEARERS} | {(Timeslot(1, t).port, RESTING) for t in BEARERS}
    assert side.engine.bits_status(NEAR) == BitsStatus(sent=RESTING, received=IDLE)


def test_bits_come_a_tick_after_they_were_set_and_with_their_sample(host: VirtualEngine, side: Side) -> None:
    for timeslot in BEARERS:
        side.engine.set_bits(Timeslot(0, timeslot).port, timeslot % 16)
    host.tick(1)
    set_at = side.engine.samples - TICK_SAMPLES
    assert not side.line.all(BitsChanged)
    host.tick(1)
    events = side.line.all(BitsChanged)
    changed = {Timeslot(1, timeslot).port: timeslot % 16 for timeslot in BEARERS if timeslot % 16 != RESTING}
    assert {event.port: event.abcd for event in events} == changed
    assert {event.sample for event in events} == {set_at + TICK_SAMPLES}


def test_a_short_change_is_told_as_it_came_and_went(host: VirtualEngine, side: Side) -> None:
    for abcd in (SEIZED, RESTING, ANSWERED, RESTING):
        side.engine.set_bits(NEAR, abcd)
        host.tick(4)  # 20 ms: what Q.424 may yet take for a signal
    assert told(side, FAR) == [SEIZED, RESTING, ANSWERED, RESTING]


def test_a_line_that_chatters_is_told_a_hundred_times_a_second_and_last_as_it_stands(
    host: VirtualEngine, side: Side
) -> None:
    for n in range(TICKS_A_SECOND):
        side.engine.set_bits(NEAR, SEIZED if n % 2 else ANSWERED)
        side.engine.set_bits(NEAR + 1, SEIZED if n % 3 else ANSWERED)
        host.tick(1)
    side.engine.set_bits(NEAR, 0b0111)
    host.tick(4)
    heard = told(side, FAR)
    assert len(heard) <= 102
    assert heard[-1] == 0b0111
    assert told(side, FAR + 1)[-1] == SEIZED


def test_chatter_of_a_whole_span_leaves_room_for_other_events_and_ends_in_the_truth(
    host: VirtualEngine, side: Side
) -> None:
    for n in range(TICKS_A_SECOND):
        for timeslot in BEARERS:
            side.engine.set_bits(Timeslot(0, timeslot).port, SEIZED if n % 2 else ANSWERED)
        host.tick(1)
    side.engine.close_port(NEAR)  # refused, and room to say so
    host.tick(1)
    assert len(side.line.all(BitsChanged)) <= HALF_OF_THE_RING
    assert side.line.all(CommandRefused)
    host.tick(4)
    for timeslot in BEARERS:
        assert told(side, Timeslot(1, timeslot).port)[-1] == SEIZED


def test_bits_are_told_again_after_red(host: VirtualEngine, side: Side) -> None:
    driver = VpairDriver(side.engine)
    driver.close(1)
    host.tick(110)
    assert Alarm.RED in driver.alarms(0)
    side.line.all(SpanAlarmChanged)
    side.line.seen.clear()
    driver.configure(1, VpairSettings(partner=0), None, Cas(IDLE))
    host.tick(90)
    assert not told(side, NEAR), "the line is not in order yet"
    host.tick(30)
    assert driver.alarms(0) == Alarm.NONE
    assert told(side, NEAR) == [IDLE]


def test_bits_of_a_line_that_says_ais_are_not_believed(host: VirtualEngine) -> None:
    side = join(host, fault="ais")
    host.tick(5)
    assert not told(side, NEAR)
    assert told(side, FAR) == [RESTING]


def test_bits_set_stand_when_the_engine_was_killed() -> None:
    with engine_process() as host:
        side = join(host)
        side.engine.set_bits(NEAR, SEIZED)
        until(lambda: SEIZED in told(side, FAR))
        side.line.seen.clear()
        host.kill()
        host.start()
        ticks = side.engine.status().ticks
        until(lambda: side.engine.status().ticks > ticks + 5)
        assert side.engine.bits_status(NEAR) == BitsStatus(sent=SEIZED, received=IDLE)
        assert side.engine.bits_status(FAR) == BitsStatus(sent=IDLE, received=SEIZED)
        assert not told(side, FAR), "nothing has changed for the far end"


def test_bits_of_a_dead_worker_rest_and_nobody_elses() -> None:
    with virtual_engine(orphan_s=1) as host:
        side = join(host)
        side.engine.set_bits(NEAR, ANSWERED)
        other = Listener(host.engine(Client.MONITOR))
        other.engine.set_bits(NEAR + 1, ANSWERED)
        host.tick(2)
        for _ in range(TICKS_A_SECOND * 3):  # LINE reads nothing; it owns no port, only bits
            host.tick(1)
            other.engine.take_events()
        assert side.engine.bits_status(NEAR) == BitsStatus(sent=RESTING, received=IDLE)
        assert side.engine.bits_status(FAR) == BitsStatus(sent=IDLE, received=RESTING)
        assert side.engine.bits_status(NEAR + 1) == BitsStatus(sent=ANSWERED, received=IDLE)
        assert side.engine.status().orphans == 1


def test_bits_of_a_worker_that_reads_stand() -> None:
    with virtual_engine(orphan_s=1) as host:
        side = join(host)
        side.engine.set_bits(NEAR, ANSWERED)
        for _ in range(TICKS_A_SECOND * 3):
            host.tick(1)
            side.engine.take_events()
        assert side.engine.bits_status(NEAR) == BitsStatus(sent=ANSWERED, received=IDLE)


def test_a_span_has_cas_or_a_d_channel_and_timeslot_16_is_no_bearer_of_the_first(
    host: VirtualEngine, side: Side
) -> None:
    with pytest.raises(ValueError, match="d_channel=16: none beside CAS"):
        side.engine.open_span(2, VpairSettings(partner=3), 16, Cas())
    side.engine.open_timeslot(Timeslot(0, 16).port)
    side.engine.set_bits(Timeslot(0, 16).port, IDLE)
    side.engine.open_span(2, VpairSettings(partner=3), 16)
    side.engine.set_bits(Timeslot(2, 1).port, IDLE)
    host.tick(1)
    assert side.engine.bits_status(Timeslot(0, 16).port) is None
    refused = [(event.kind, event.port, event.error) for event in side.line.all(CommandRefused)]
    assert refused == [
        (CommandKind.OPEN_TIMESLOT, Timeslot(0, 16).port, "EBUSY"),
        (CommandKind.SET_BITS, Timeslot(0, 16).port, "EINVAL"),
        (CommandKind.SET_BITS, Timeslot(2, 1).port, "ENOTCONN"),
    ]


@pytest.mark.parametrize(("port", "abcd"), [(0, 0), (32, 0), (256, 0), (-1, 0), (1, 16), (1, -1)])
def test_bits_out_of_range_are_refused(side: Side, port: int, abcd: int) -> None:
    with pytest.raises(ValueError, match=r"(port|abcd)=-?\d+: "):
        side.engine.set_bits(port, abcd)
