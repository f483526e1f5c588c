# SPDX-License-Identifier: GPL-2.0-only
"""A pair whose cable has a clock of its own, in virtual time: what a line does to an engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

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


def cable(side: Side, first: int, ppm: float, fault: Literal["none", "clock_stopped", "ais"] = "none") -> VpairDriver:
    """Lay one between two spans; the fault is of what the second sends."""
    driver = VpairDriver(side.engine)
    driver.configure(first, VpairSettings(partner=first + 1, far_ppm=ppm), 16)
    driver.configure(first + 1, VpairSettings(partner=first, far_ppm=ppm, fault=fault), 16)
    return driver


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
    driver.configure(1, VpairSettings(partner=0, far_ppm=50.0, fault=fault), 16)
    host.tick(TICKS_A_SECOND)
    assert driver.alarms(0) == alarm
    driver.configure(1, VpairSettings(partner=0, far_ppm=50.0), 16)
    host.tick(2 * TICKS_A_SECOND)
    assert driver.alarms(0) == driver.alarms(1) == Alarm.NONE
