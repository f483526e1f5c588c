# SPDX-License-Identifier: GPL-2.0-only
"""Two DAHDI spans joined in the kernel, and the engine's spans 0 and 1 upon them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drivers.dahdi import Control, DahdiDriver, DahdiSettings, SpanChannels
from drivers.dahdi.abi import LineAlarm
from drivers.model import D_CHANNELS, Alarm, Cas, DigitalLine, Timeslot
from tests.media.rig import Side, until

D_CHANNEL = D_CHANNELS["e1"]
NEAR, FAR = 0, 1
JITTER_MS = 40
"""The emulated machine is late as no real one is."""
SECONDS = 30.0
"""Patience with it."""


@dataclass(frozen=True, slots=True)
class Cable:
    """DAHDI's numbers of the two ends, and their channels."""

    control: Control
    spans: tuple[int, ...]
    ends: tuple[SpanChannels, ...]
    kind: DigitalLine = "e1"

    @property
    def descriptors(self) -> list[int]:
        """Of both ends, for an engine's process to inherit."""
        return [fd for end in self.ends for fd in end.descriptors.values()]

    def settings(self, end: int) -> DahdiSettings:
        """Of one end in the engine."""
        channels = self.ends[end]
        return DahdiSettings(channels.descriptors, channels.reference, jitter_ms=JITTER_MS, line=self.kind)

    def simulate(self, end: int, alarms: LineAlarm) -> None:
        """Give one end's span alarms, or none."""
        asked = [sys.executable, "-m", "tests.vm.simulate", str(self.spans[end]), str(int(alarms))]
        subprocess.run(asked, check=True)

    def take_out(self, end: int) -> Callable[[], object]:
        """What happens to a span whose card is taken out, or whose driver lets go of it. Returns what puts it back."""
        span, first = self.spans[end], min(self.control.channels(self.spans[end]).values())
        device = Path(f"/sys/bus/dahdi_spans/devices/span-{span}").resolve().parent
        (device / "unassign_span").write_text("1")
        return lambda: (device / "assign_span").write_text(f"1:{span}:{first}")

    def join(self, side: Side, cas: Cas | None = None) -> DahdiDriver:
        """Open both ends in an engine, with a D-channel or CAS, and wait until they are in service."""
        driver = DahdiDriver(side.engine)
        for end in (NEAR, FAR):
            driver.configure(end, self.settings(end), None if cas else D_CHANNELS[self.kind], cas)
        in_service(driver)
        return driver


def in_service(driver: DahdiDriver) -> None:
    """Wait until both ends hear one another."""
    until(lambda: all(driver.counters(end).received for end in (NEAR, FAR)), SECONDS)
    until(lambda: driver.alarms(NEAR) == driver.alarms(FAR) == Alarm.NONE, SECONDS)


def gaps(driver: DahdiDriver) -> list[int]:
    """How often each end was laid out anew, shifted or short of a timeslot's frames."""
    counted = (driver.counters(end) for end in (NEAR, FAR))
    return [c.resyncs + c.slips + c.lost + c.send_errors for c in counted]


def ports(timeslot: int) -> tuple[int, int]:
    """The engine's ports of a timeslot at both ends."""
    return Timeslot(NEAR, timeslot).port, Timeslot(FAR, timeslot).port


@contextmanager
def open_ports(side: Side, *timeslots: int) -> Iterator[None]:
    """Timeslots open at both ends."""
    opened = [port for timeslot in timeslots for port in ports(timeslot)]
    for port in opened:
        side.engine.open_timeslot(port)
    yield
    for port in opened:
        side.engine.close_port(port)
