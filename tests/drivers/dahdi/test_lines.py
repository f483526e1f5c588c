# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines of DAHDI's cards by a record of their kernel: what is asked, what is made of what it says."""

from __future__ import annotations

import errno
import struct

import pytest

from drivers.dahdi import Control, DahdiError, SpanChannels
from drivers.dahdi.abi import Seen
from drivers.dahdi.lines import DahdiLineDriver, DahdiLineSettings
from drivers.model import LineAlarm, LineEvent
from drivers.protocol import LineDriver
from tests.drivers.dahdi.fake_kernel import FakeKernel
from tests.drivers.spi.board import POLL_S, Clock

pytestmark = pytest.mark.unit

LINE = 2
HOOK, PARAMS, STATS, USE = 7, 5, 60, 19


class Port(FakeKernel):
    """One FXO port, its channel open: what it sees, and the voltage, where its driver tells it."""

    def __init__(self, *, tells_voltage: bool = True) -> None:
        super().__init__()
        self.sees = Seen.BATTERY
        self.voltage_v = -48
        self.fd = self.open("channel")
        self._tells_voltage = tells_voltage

    def ioctl(self, fd: int, request: int, argument: bytes) -> bytes:
        number = request & 0xFF
        if number in self.refused or number not in (PARAMS, STATS):
            return super().ioctl(fd, request, argument)
        assert fd == self.fd
        if number == PARAMS:
            return argument[:36] + struct.pack("=i", self.sees) + argument[40:]
        if not self._tells_voltage:
            raise OSError(errno.ENOTTY, "refused")
        return struct.pack("=3i", *[self.voltage_v * 1000] * 3)

    @property
    def hooks(self) -> list[int]:
        """All that were ordered."""
        return [struct.unpack("=i", told)[0] for told in self.told(HOOK)]


class Site:
    """A driver, a port, a clock; the line is in service."""

    def __init__(self, *, tells_voltage: bool = True) -> None:
        self.clock = Clock()
        self.port = Port(tells_voltage=tells_voltage)
        self.driver = DahdiLineDriver(self.port)
        driver: LineDriver[DahdiLineSettings] = self.driver
        driver.configure(LINE, DahdiLineSettings(self.port.fd))
        assert self.run(POLL_S) == [LineEvent.READY]

    def run(self, seconds: float) -> list[LineEvent]:
        return [event for _, event in self.clock.run(seconds, self.driver.poll)]


@pytest.fixture
def site() -> Site:
    return Site()


def test_ports_are_made_lines_of_an_exchange_and_only_those() -> None:
    kernel = FakeKernel()
    control = Control(kernel)
    control.configure_lines(2, [1, 4])
    assert kernel.told(USE) == [struct.pack("=i40siiii16s", c, b"", 0x2004, 2, 0, 0, b"") for c in (32, 35)]
    kernel.use = 0x2004
    channels = SpanChannels(control, 2, [1, 4])
    assert (sorted(channels.descriptors), channels.reference) == ([1, 4], 1)


def test_a_port_that_is_not_there_or_of_another_kind_is_named() -> None:
    with pytest.raises(DahdiError, match="span 1 timeslot 32: no such timeslot; there are: 1, 2, 3"):
        Control(FakeKernel()).configure_lines(1, [32])
    with pytest.raises(DahdiError, match="span 1 timeslot 3: the port is of another kind"):
        Control(FakeKernel({USE: errno.EINVAL})).configure_lines(1, [3])


def test_a_line_is_put_on_hook_first_whoever_left_it(site: Site) -> None:
    assert site.port.hooks == [0]
    assert (site.driver.status(LINE).ready, site.driver.status(LINE).off_hook) == (True, False)


def test_hook_and_breaks_go_to_the_kernel(site: Site) -> None:
    assert not site.driver.break_loop(LINE)
    assert site.driver.off_hook(LINE)
    assert site.driver.break_loop(LINE)
    assert site.driver.status(LINE).off_hook
    assert site.driver.off_hook(LINE)
    assert site.driver.on_hook(LINE)
    assert not site.driver.status(LINE).off_hook
    assert site.port.hooks == [0, 1, 0, 1, 0]


def test_a_burst_of_ringing_is_told_from_its_beginning_to_its_end(site: Site) -> None:
    site.port.sees = Seen.RING
    assert site.run(POLL_S) == [LineEvent.RING]
    assert site.driver.status(LINE).ringing
    assert site.driver.status(LINE).fed
    site.port.sees = Seen.BATTERY
    assert site.run(2) == [LineEvent.RING_ENDED]


def test_an_open_loop_is_told_at_once_and_an_alarm_after_half_a_second(site: Site) -> None:
    site.port.sees = Seen.OPEN
    assert site.run(0.4) == []
    assert not site.driver.status(LINE).fed
    assert site.run(0.2) == [LineEvent.ALARMS_CHANGED]
    assert site.driver.status(LINE).alarms is LineAlarm.NO_BATTERY
    site.port.sees = Seen.BATTERY
    assert site.run(POLL_S) == [LineEvent.ALARMS_CHANGED]


def test_a_break_of_ours_is_no_open_loop(site: Site) -> None:
    site.driver.off_hook(LINE)
    site.driver.break_loop(LINE)
    site.port.sees = Seen.OPEN
    assert site.run(0.9) == []
    assert site.driver.status(LINE).fed


def test_polarity_is_the_voltage_s_sign_where_the_driver_tells_it(site: Site) -> None:
    site.run(0.2)
    site.port.voltage_v = 48
    assert site.run(0.11) == [LineEvent.POLARITY_REVERSED]
    assert (site.driver.status(LINE).voltage_v, site.driver.status(LINE).reversed) == (48, True)
    site.port.voltage_v = 0
    assert site.run(0.2) == [], "no battery has no polarity"


def test_a_driver_that_tells_no_voltage_serves_without() -> None:
    site = Site(tells_voltage=False)
    assert site.run(1) == []
    assert site.driver.status(LINE).voltage_v is None
    assert site.driver.status(LINE).fed


def test_a_card_that_is_gone_is_an_alarm_and_its_return_puts_the_line_on_hook(site: Site) -> None:
    site.driver.off_hook(LINE)
    site.port.refused = {PARAMS: errno.ENODEV}
    assert site.run(POLL_S) == [LineEvent.ALARMS_CHANGED]
    assert site.driver.fault(LINE) == "the card is gone"
    assert not site.driver.off_hook(LINE)
    site.port.refused = {}
    assert site.run(0.9) == []
    assert site.run(0.2) == [LineEvent.READY, LineEvent.ALARMS_CHANGED]
    assert site.port.hooks == [0, 1, 0]


def test_a_hook_that_the_card_refuses_is_its_fault(site: Site) -> None:
    site.port.refused = {HOOK: errno.EIO}
    assert not site.driver.off_hook(LINE)
    assert site.driver.fault(LINE) == "refused"
    site.port.refused = {}
    assert site.run(0.5) == []
    assert not site.driver.status(LINE).ready, "whoever looks at every poll sees it dead"


def test_a_line_whose_card_could_not_be_had_is_in_fault() -> None:
    driver = DahdiLineDriver(FakeKernel())
    driver.configure(LINE, DahdiLineSettings())
    assert Clock().run(1, driver.poll) == []
    assert (driver.status(LINE).ready, driver.status(LINE).alarms) == (False, LineAlarm.FAULT)
    assert driver.fault(LINE) == "its card could not be had when the box started"


def test_a_line_mode_is_the_module_s(site: Site) -> None:
    assert not site.driver.set_mode(LINE, "CHINA", 15)


def test_a_line_that_is_not_configured_is_named(site: Site) -> None:
    with pytest.raises(ValueError, match="line=5: not configured; there are 2"):
        site.driver.status(5)
    site.driver.close(LINE)
    assert site.port.hooks == [0, 0]
    assert site.driver.lines == ()
