# SPDX-License-Identifier: GPL-2.0-only
"""An analogue line behind an Si3050: power-up, hook, ring, polarity, line modes, pulses, and a chip that dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from drivers.model import LineAlarm, LineEvent
from drivers.protocol import LineDriver
from drivers.spi.line_modes import IMPEDANCES, LINE_MODES
from drivers.spi.lines import SpiLineDriver, SpiLineSettings
from tests.drivers.spi.board import POLL_S, Clock, MisuseError
from tests.drivers.spi.fake_si3050 import FakeSi3050

pytestmark = pytest.mark.unit

LINE = 3


class Site:
    """A driver, a chip and a clock."""

    def __init__(self, **settings: object) -> None:
        self.clock = Clock()
        self.chip = FakeSi3050(self.clock)
        self.driver = SpiLineDriver()
        driver: LineDriver[SpiLineSettings] = self.driver
        pins = {"reset": self.chip.reset, "interrupt": self.chip.interrupt}
        wanted = {"spi": self.chip, "line_mode": "CHINA", **pins, **settings}
        driver.configure(LINE, SpiLineSettings(**wanted))  # type: ignore[arg-type]

    def run(self, seconds: float) -> list[LineEvent]:
        told = self.clock.run(seconds, self.driver.poll)
        assert all(line == LINE for line, _ in told)
        return [event for _, event in told]

    def up(self) -> Site:
        assert self.run(0.3) == [LineEvent.READY]
        return self


@pytest.fixture
def site() -> Site:
    """A line that is ready."""
    return Site().up()


def registers(site: Site, *numbers: int) -> list[int]:
    return [site.chip.registers[number] for number in numbers]


def test_power_up_waits_for_the_isolation_link_and_listens_on_hook() -> None:
    site = Site()
    assert site.run(0.1) == []
    assert not site.driver.status(LINE).ready
    assert site.run(0.1) == [LineEvent.READY]
    status = site.driver.status(LINE)
    assert (status.ready, status.off_hook, status.alarms) == (True, False, LineAlarm.NONE)
    assert registers(site, 5, 6, 24) == [0x08, 0, 0x99]


def test_power_up_without_a_reset_pin_uses_the_software_reset() -> None:
    site = Site(reset=None)
    site.chip.registers[2] = 0
    site.up()


def test_the_ring_that_powering_up_pretends_is_not_told(site: Site) -> None:
    assert site.run(1) == []
    assert not site.driver.status(LINE).ringing


def test_pcm_is_alaw_in_the_timeslot_of_the_line() -> None:
    site = Site(timeslot=33).up()
    assert registers(site, 33, 34, 35, 36, 37) == [0x20, 33 * 8 & 0xFF, 1, 33 * 8 & 0xFF, 1]


@pytest.mark.parametrize("pin", [True, False])
def test_a_ring_is_told_burst_by_burst(pin: bool) -> None:  # noqa: FBT001
    site = (Site() if pin else Site(interrupt=None)).up()
    for _ in range(3):
        site.chip.ring()
        assert site.run(2) == [LineEvent.RING]
        assert site.driver.status(LINE).ringing
        site.chip.stop_ringing()
        assert site.run(0.1) == [LineEvent.RING_ENDED]
        assert not site.driver.status(LINE).ringing
        assert site.run(4) == []


def test_a_burst_whose_interrupt_is_lost_is_seen_in_a_tenth_of_a_second(site: Site) -> None:
    site.chip.ring()
    site.run(1)
    site.chip.stop_ringing()
    site.run(4)
    site.chip.ring()
    site.chip.registers[4] = 0
    assert site.run(0.11) == [LineEvent.RING]


def test_a_ring_is_told_within_one_poll(site: Site) -> None:
    site.chip.ring()
    assert site.run(POLL_S) == [LineEvent.RING]


def test_without_an_interrupt_pin_the_chip_is_read() -> None:
    site = Site(interrupt=None).up()
    site.chip.ring()
    assert site.run(POLL_S) == [LineEvent.RING]


def test_the_interrupt_pin_saves_the_bus(site: Site) -> None:
    before = site.chip.bus.transfers
    site.run(1)
    assert site.chip.bus.transfers - before <= 10 * 5 * 3


def test_answering_ends_the_ring_and_closes_the_loop(site: Site) -> None:
    site.chip.ring()
    site.run(0.1)
    assert site.driver.off_hook(LINE)
    assert site.chip.off_hook
    assert site.run(0.5) == [LineEvent.RING_ENDED]
    status = site.driver.status(LINE)
    assert (status.off_hook, status.ringing, status.current_ma) == (True, False, 19.8)
    assert site.driver.on_hook(LINE)
    assert registers(site, 5) == [0x08]
    assert site.run(0.2) == []
    assert site.driver.status(LINE).current_ma == 0


def test_polarity_reversal_is_told_on_hook_and_off_hook(site: Site) -> None:
    site.chip.reverse()
    assert site.run(POLL_S) == [LineEvent.POLARITY_REVERSED]
    status = site.driver.status(LINE)
    assert (status.voltage_v, status.reversed) == (48, True)
    site.driver.off_hook(LINE)
    site.run(0.2)
    site.chip.reverse()
    assert site.run(POLL_S) == [LineEvent.POLARITY_REVERSED]
    assert not site.driver.status(LINE).reversed


def test_polarity_is_seen_though_its_interrupt_is_lost(site: Site) -> None:
    site.chip.battery_v = 50
    assert site.run(0.2) == [LineEvent.POLARITY_REVERSED]


def test_ringing_voltage_is_no_lost_battery(site: Site) -> None:
    site.chip.ring()
    site.chip.battery_v = 1
    assert site.run(2) == [LineEvent.RING]


def test_a_wave_that_is_no_valid_ring_yet_is_no_reversal(site: Site) -> None:
    site.run(0.1)
    site.chip.registers[5] |= 0x40
    site.chip.battery_v = 40
    assert site.run(0.3) == []
    site.chip.registers[5] &= ~0x40
    site.chip.battery_v = -48
    assert site.run(0.3) == []


def test_what_looks_like_a_ring_off_hook_is_none(site: Site) -> None:
    site.driver.off_hook(LINE)
    site.chip.registers[4] |= 0x80
    assert site.run(0.5) == []


def test_an_alarm_that_stands_when_the_line_is_seized_is_told_when_it_ends(site: Site) -> None:
    site.chip.battery_v = 0
    site.run(1)
    site.driver.off_hook(LINE)
    assert site.run(1) == []
    site.chip.battery_v = -48
    assert site.run(0.2) == [LineEvent.ALARMS_CHANGED]


@pytest.mark.parametrize("pin", [True, False])
def test_a_cut_cable_is_an_alarm_and_its_return_clears_it(pin: bool) -> None:  # noqa: FBT001
    site = (Site() if pin else Site(interrupt=None)).up()
    site.chip.battery_v = 0
    assert site.run(0.3) == []
    assert site.run(0.4) == [LineEvent.ALARMS_CHANGED]
    assert site.driver.status(LINE).alarms == LineAlarm.NO_BATTERY
    site.chip.battery_v = -48
    assert site.run(0.2) == [LineEvent.ALARMS_CHANGED]
    assert site.driver.status(LINE).alarms == LineAlarm.NONE


def test_a_loop_that_the_exchange_opens_for_a_quarter_of_a_second_is_seen(site: Site) -> None:
    site.driver.off_hook(LINE)
    site.run(1)
    assert site.driver.status(LINE).fed
    site.chip.battery_v = 0
    seen = []
    for _ in range(25):
        site.run(POLL_S)
        seen.append(site.driver.status(LINE).fed)
    site.chip.battery_v = -48
    site.run(0.03)
    assert seen.count(False) >= 22
    assert site.driver.status(LINE).fed


def test_a_change_of_hook_is_no_open_loop(site: Site) -> None:
    site.run(0.1)
    for move in (site.driver.off_hook, site.driver.on_hook):
        assert site.driver.status(LINE).fed
        fed, site.chip.battery_v = site.chip.battery_v, 0  # while relays move
        move(LINE)
        site.run(0.2)
        assert site.driver.status(LINE).fed
        site.chip.battery_v = fed
        site.run(0.3)


def test_an_exchange_that_takes_the_current_away_has_cleared(site: Site) -> None:
    site.driver.off_hook(LINE)
    site.run(1)
    site.chip.battery_v = 0
    assert site.run(0.7) == [LineEvent.ALARMS_CHANGED]
    assert site.driver.status(LINE).alarms == LineAlarm.NO_BATTERY


@pytest.mark.parametrize("name", LINE_MODES)
def test_every_line_mode_is_taken_by_the_chip(name: str) -> None:
    site, mode = Site(line_mode=name).up(), LINE_MODES[name]
    assert registers(site, 16, 26, 30, 31) == [
        mode.ohs << 6 | mode.rz << 1 | mode.rt,
        mode.dcv << 6 | mode.mini << 4 | mode.ilim << 1,
        mode.acim,
        0x20 | mode.ohs2 << 3,
    ]


@pytest.mark.parametrize("hook", ["on_hook", "off_hook"])
def test_a_line_mode_is_changed_while_the_line_serves_and_outlives_a_power_up(site: Site, hook: str) -> None:
    getattr(site.driver, hook)(LINE)
    closed = site.chip.off_hook
    assert site.driver.set_mode(LINE, "GERMANY", 2)
    assert site.chip.off_hook is closed
    for _ in range(2):
        assert registers(site, 16, 26, 30, 31) == [0, 3 << 6 | 2, 2, 0x28]
        site.chip.reset.fell()
        site.run(2)


def test_there_are_73_line_modes_and_16_impedances() -> None:
    assert (len(LINE_MODES), len(set(IMPEDANCES))) == (73, 16)


def test_china_with_its_own_impedance() -> None:
    assert registers(Site(impedance="200+680||100n").up(), 26, 30) == [0x30, 10]


@pytest.mark.parametrize(
    ("gain_db", "coarse", "fine"), [(0.0, 0, 0), (12.0, 12, 0), (2.5, 2, 5), (-0.3, 0x10, 0x13), (-15.0, 0x1F, 0x10)]
)
def test_gains_in_tenths_of_a_decibel(gain_db: float, coarse: int, fine: int) -> None:
    site = Site(rx_gain_db=gain_db, tx_gain_db=-3.0).up()
    assert registers(site, 39, 41, 38, 40) == [coarse, fine, 0x13, 0x10]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"line_mode": "CHINNA"}, "line_mode=CHINNA: not known; the nearest name is CHINA"),
        ({"line_mode": "china"}, "nearest name is CHINA"),
        ({"impedance": "200+680||100u"}, "nearest name is 200"),
        ({"timeslot": 128}, "timeslot=128: 0 to 127"),
        ({"rx_gain_db": 12.1}, "rx_gain_db=12.1: -15 to 12"),
        ({"tx_gain_db": -15.1}, "tx_gain_db=-15.1"),
    ],
)
def test_settings_that_are_not_known_are_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace("+", r"\+")):
        Site(**wrong)


def pulsed(site: Site, pulses: int) -> None:
    """Breaks of 60 ms, makes of 40."""
    for _ in range(pulses):
        assert site.driver.break_loop(LINE)
        site.run(0.06)
        assert site.driver.off_hook(LINE)
        site.run(0.04)


def test_pulses_break_the_loop_and_are_no_alarm(site: Site) -> None:
    site.driver.off_hook(LINE)
    site.run(0.5)
    pulsed(site, 10)
    moves = [(round(at - site.chip.hook_log[1][0], 3), closed) for at, closed in site.chip.hook_log[1:]]
    assert moves == [
        (round(0.1 * n + (0.06 if closed else 0), 3), closed) for n in range(10) for closed in (False, True)
    ]
    assert site.driver.off_hook(LINE)  # the pause after a digit
    assert len(site.chip.hook_log) == 21
    site.run(1)
    assert site.driver.status(LINE).alarms == LineAlarm.NONE
    assert site.driver.status(LINE).fed


def test_a_broken_loop_closes_within_8_ms_and_a_seizure_calibrates(site: Site) -> None:
    site.driver.off_hook(LINE)
    assert registers(site, 31) == [0x20]
    pulsed(site, 1)
    assert registers(site, 31) == [0x60]
    site.driver.on_hook(LINE)
    site.driver.off_hook(LINE)
    assert registers(site, 31) == [0x20]


def test_a_long_flash_is_no_alarm(site: Site) -> None:
    site.driver.off_hook(LINE)
    site.run(0.5)
    site.driver.break_loop(LINE)
    assert site.run(0.9) == []
    assert site.driver.status(LINE).fed
    site.driver.off_hook(LINE)
    site.run(1)
    assert site.chip.off_hook
    assert site.driver.status(LINE).alarms == LineAlarm.NONE


def test_a_line_on_hook_has_no_loop_to_break(site: Site) -> None:
    assert not site.driver.break_loop(LINE)
    assert not site.chip.hook_log


@pytest.mark.parametrize("clear", [SpiLineDriver.on_hook, SpiLineDriver.close])
def test_a_line_cleared_while_its_loop_is_broken_stays_on_hook(clear: Callable[[SpiLineDriver, int], object]) -> None:
    site = Site().up()
    site.driver.off_hook(LINE)
    site.driver.break_loop(LINE)
    clear(site.driver, LINE)
    site.run(1)
    assert not site.chip.off_hook
    assert registers(site, 5) == [0x08]


def test_a_line_that_is_not_configured_is_named(site: Site) -> None:
    calls: list[Callable[[int], object]] = [site.driver.off_hook, site.driver.on_hook, site.driver.status]
    for call in calls:
        with pytest.raises(ValueError, match="line=5: not configured; there are 3"):
            call(5)


def test_a_closed_line_is_on_hook_and_is_not_polled(site: Site) -> None:
    site.driver.off_hook(LINE)
    site.driver.close(LINE)
    assert not site.chip.off_hook
    before = site.chip.bus.transfers
    assert site.run(1) == []
    assert site.chip.bus.transfers == before
    assert site.driver.lines == ()


State = Literal["errors", "floats", "held low"]


@pytest.mark.parametrize("state", ["errors", "floats", "held low"])
def test_a_dead_bus_is_an_alarm_and_its_return_powers_the_line_up(site: Site, state: State) -> None:
    site.driver.off_hook(LINE)
    site.chip.bus.state = state
    assert site.run(0.2) == [LineEvent.ALARMS_CHANGED]
    status = site.driver.status(LINE)
    assert (status.ready, status.off_hook, status.alarms) == (False, False, LineAlarm.FAULT)
    assert "SPI" in site.driver.fault(LINE)
    assert site.run(3) == []
    site.chip.bus.state = "fine"
    assert site.run(1.5) == [LineEvent.READY, LineEvent.ALARMS_CHANGED]
    assert site.driver.status(LINE).alarms == LineAlarm.NONE
    assert site.driver.fault(LINE) == ""


@pytest.mark.parametrize("state", ["errors", "floats", "held low"])
def test_a_bus_that_is_dead_from_the_start_is_an_alarm(state: State) -> None:
    site = Site()
    site.chip.bus.state = state
    assert site.run(2.5) == [LineEvent.ALARMS_CHANGED]
    site.chip.bus.state = "fine"
    assert site.run(1.5) == [LineEvent.READY, LineEvent.ALARMS_CHANGED]


def test_a_bus_that_floats_rings_no_line(site: Site) -> None:
    site.chip.bus.state = "floats"
    assert site.run(0.2) == [LineEvent.ALARMS_CHANGED]


def test_a_dead_bus_is_not_hammered(site: Site) -> None:
    site.chip.bus.state = "errors"
    site.run(0.2)
    before = site.chip.bus.transfers
    site.run(10)
    assert site.chip.bus.transfers - before <= 12


def test_commands_on_a_dead_bus_say_false(site: Site) -> None:
    site.chip.bus.state = "errors"
    assert not site.driver.off_hook(LINE)
    assert not site.driver.on_hook(LINE)
    assert site.run(POLL_S) == [LineEvent.ALARMS_CHANGED]
    assert site.driver.status(LINE).alarms == LineAlarm.FAULT


def test_a_line_that_is_powering_up_cannot_be_seized() -> None:
    site = Site()
    site.run(0.05)
    assert not site.driver.off_hook(LINE)
    assert not site.chip.off_hook


def test_a_lost_isolation_link_is_an_alarm(site: Site) -> None:
    site.chip.lose_link()
    assert site.run(POLL_S) == [LineEvent.ALARMS_CHANGED]
    assert "isolation link" in site.driver.fault(LINE)
    site.run(5)
    assert "line side does not answer" in site.driver.fault(LINE)
    site.chip.link_s = 0.1
    assert site.run(3) == [LineEvent.READY, LineEvent.ALARMS_CHANGED]


def test_a_chip_that_was_reset_behind_our_back_is_powered_up_again(site: Site) -> None:
    site.chip.reset.fell()
    assert site.run(0.2) == [LineEvent.ALARMS_CHANGED]
    assert site.run(1.5) == [LineEvent.READY, LineEvent.ALARMS_CHANGED]
    assert registers(site, 30) == [15]


def test_a_fault_that_a_pulse_meets_ends_the_dialling(site: Site) -> None:
    site.driver.off_hook(LINE)
    site.chip.bus.state = "errors"
    assert not site.driver.break_loop(LINE)


def send(chip: FakeSi3050, *values: int) -> None:
    for value in values:
        chip.transfer(bytes([value]))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((0x20, 5, 0x09), "OH is set before ONHM is cleared"),
        ((0x20, 29, 0), "register 29 is read only"),
        ((0x20, 60, 0), "register 60 is reserved"),
        ((0x60, 60, 0), "register 60 is reserved"),
        ((0x20, 30, 0x1F), "register 30: 0x1f sets reserved bits"),
        ((0x20, 38, 13), "a gain of 13 dB; 12 is the greatest"),
        ((0x20, 41, 0x0A), "10 tenths of a decibel"),
        ((0x00,), "control octet 0x00"),
        ((0x21,), "channel, 0 without a daisy chain"),
    ],
)
def test_the_chip_refuses_misuse_with_a_sentence(site: Site, values: tuple[int, ...], sentence: str) -> None:
    before = dict(site.chip.registers)
    with pytest.raises(MisuseError, match=sentence):
        send(site.chip, *values)
    assert site.chip.registers == before


def test_the_chip_refuses_three_octets_under_one_chip_select(site: Site) -> None:
    with pytest.raises(MisuseError, match="three transfers"):
        site.chip.transfer(bytes([0x60, 2, 0]))


def test_the_chip_refuses_what_comes_too_early() -> None:
    site = Site()
    site.chip.reset.write(value=False)
    with pytest.raises(MisuseError, match="while RESET is low"):
        send(site.chip, 0x60)
    site.chip.reset.write(value=True)
    with pytest.raises(MisuseError, match="before the PLL has locked"):
        send(site.chip, 0x60)
    site.clock.now_s += 0.01
    with pytest.raises(MisuseError, match="register 30 lies behind the isolation link"):
        send(site.chip, 0x20, 30, 0)
    with pytest.raises(MisuseError, match="OH is set while the line side is down"):
        send(site.chip, 0x20, 5, 1)


def test_the_interrupt_pin_is_an_output(site: Site) -> None:
    with pytest.raises(MisuseError, match="INT is an output"):
        site.chip.interrupt.write(value=True)


def test_two_lines_live_and_die_alone(site: Site) -> None:
    other = FakeSi3050(site.clock)
    site.driver.configure(7, SpiLineSettings(other, "USA", reset=other.reset, interrupt=other.interrupt))
    told = site.clock.run(0.3, site.driver.poll)
    assert told == [(7, LineEvent.READY)]
    other.bus.state = "errors"
    site.chip.ring()
    assert set(site.clock.run(0.2, site.driver.poll)) == {(7, LineEvent.ALARMS_CHANGED), (LINE, LineEvent.RING)}
