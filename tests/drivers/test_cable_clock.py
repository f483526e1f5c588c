# SPDX-License-Identifier: GPL-2.0-only
"""A pair whose cable has a clock of its own, in virtual time: what a line does to an engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
import pytest

from drivers.model import Alarm
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Side
from tests.media.virtual import TICKS_A_SECOND, VirtualEngine, virtual_engine

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    """An engine whose minutes are seconds."""
    with virtual_engine() as host:
        yield host


def cable(side: Side, first: int, ppm: float, priority: int = 1) -> VpairDriver:
    """Lay one between two spans, the second of which is the far end."""
    driver = VpairDriver(side.engine)
    settings = VpairSettings(partner=first + 1, clock_priority=priority, far_ppm=ppm)
    driver.configure(first, settings, 16)
    driver.configure(first + 1, msgspec.structs.replace(settings, partner=first, clock_priority=8), 16)
    return driver


def far_end(side: Side, span: int, ppm: float, fault: Literal["none", "clock_stopped", "ais"] = "none") -> None:
    """Let the far end begin anew, with a fault."""
    settings = VpairSettings(partner=span - 1, clock_priority=8, far_ppm=ppm, fault=fault)
    VpairDriver(side.engine).configure(span, settings, 16)


@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_g703_the_engine_follows_the_cable_s_clock_without_a_slip(host: VirtualEngine, ppm: float) -> None:
    driver = cable(Side(host), 0, ppm)
    host.tick(2)
    before = driver.counters(0)
    host.tick(120 * TICKS_A_SECOND)
    status = driver.status(0)
    assert status.clock_locked
    assert status.clock_ppm == pytest.approx(ppm, abs=1)
    assert status.buffer_ms == pytest.approx(6, abs=0.25)
    counters = status.counters
    assert (counters.lost, counters.slips, counters.resyncs) == (before.lost, 0, 1)


def test_a_clock_that_nobody_follows_costs_frames(host: VirtualEngine) -> None:
    side = Side(host)
    cable(side, 0, 0.0)
    driver = cable(side, 2, 200.0)
    host.tick(120 * TICKS_A_SECOND)
    assert driver.counters(2).slips > 0, "too many came"
    assert driver.counters(3).resyncs > 1, "too few were sent"


@pytest.mark.parametrize(
    ("fault", "alarm"), [("clock_stopped", Alarm.LOS | Alarm.RED), ("ais", Alarm.AIS), ("none", Alarm.NONE)]
)
def test_g775_what_a_fault_of_the_far_end_is_here(
    host: VirtualEngine, fault: Literal["none", "clock_stopped", "ais"], alarm: Alarm
) -> None:
    side = Side(host)
    driver = cable(side, 0, 50.0)
    host.tick(2 * TICKS_A_SECOND)
    assert driver.alarms(0) == Alarm.NONE
    far_end(side, 1, 50.0, fault)
    host.tick(TICKS_A_SECOND)
    assert driver.alarms(0) == alarm
    far_end(side, 1, 50.0)
    host.tick(2 * TICKS_A_SECOND)
    assert driver.alarms(0) == driver.alarms(1) == Alarm.NONE


def leader(driver: VpairDriver) -> list[int]:
    return [span for span in range(4) if driver.status(span).leads]


def test_the_lowest_priority_leads_and_the_first_of_equal_ones(host: VirtualEngine) -> None:
    side = Side(host)
    cable(side, 0, 50.0, priority=2)
    driver = cable(side, 2, 50.0, priority=2)
    host.tick(TICKS_A_SECOND)
    assert leader(driver) == [0]
    cable(side, 2, 50.0, priority=1)
    host.tick(9 * TICKS_A_SECOND)
    assert leader(driver) == [0], "it was taken from one that is well at once"
    host.tick(2 * TICKS_A_SECOND)
    assert leader(driver) == [2]


@pytest.mark.parametrize("fault", ["clock_stopped", "ais"])
def test_g781_the_next_leads_within_a_second_and_the_first_again_when_it_is_well(
    host: VirtualEngine, fault: Literal["clock_stopped", "ais"]
) -> None:
    side = Side(host)
    driver = cable(side, 0, 50.0, priority=1)
    cable(side, 2, 50.0, priority=2)
    host.tick(60 * TICKS_A_SECOND)
    assert leader(driver) == [0]
    before = driver.counters(2)
    far_end(side, 1, 50.0, fault)
    host.tick(TICKS_A_SECOND)
    assert leader(driver) == [2]
    host.tick(60 * TICKS_A_SECOND)
    far_end(side, 1, 50.0)
    host.tick(9 * TICKS_A_SECOND)
    assert leader(driver) == [2]
    host.tick(2 * TICKS_A_SECOND)
    assert leader(driver) == [0]
    host.tick(60 * TICKS_A_SECOND)
    after = driver.counters(2)
    assert (after.lost, after.slips, after.resyncs) == (before.lost, before.slips, before.resyncs)
    assert driver.status(2).clock_ppm == pytest.approx(50, abs=1)


def test_a_closed_leader_is_followed_by_the_next_and_by_the_machine_s_clock(host: VirtualEngine) -> None:
    side = Side(host)
    driver = cable(side, 0, 50.0, priority=1)
    cable(side, 2, 50.0, priority=2)
    host.tick(30 * TICKS_A_SECOND)
    driver.close(0)
    driver.close(1)
    host.tick(TICKS_A_SECOND)
    assert leader(driver) == [2]
    for span in (2, 3):
        driver.close(span)
    host.tick(TICKS_A_SECOND)
    assert leader(driver) == []
    assert side.engine.status().clock_ppm == pytest.approx(50, abs=5), "held as it was"
