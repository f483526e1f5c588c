# SPDX-License-Identifier: GPL-2.0-only
"""Linux's own SPI and GPIO: what is missing is a fault of its chip; and lines of a real kernel, where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.model import Alarm, LineAlarm, LineEvent
from drivers.spi.bus import Pin, Spi
from drivers.spi.devices import GpioLine, SpiDevice
from drivers.spi.lines import SpiLineDriver, SpiLineSettings
from drivers.spi.spans import SpiSpanDriver, SpiSpanSettings
from tests.drivers.spi.board import POLL_S, Clock
from tests.drivers.spi.test_ds26521 import Engine
from tests.drivers.spi.test_si3050 import LINE, Site

SIM = Path("/sys/kernel/config/gpio-sim/branchline")
SPI = Path("/sys/bus/spi")
DEAD_CHIP = "spi0.0"
"""Of spi-lm70llp, on a parallel port with nothing at its end."""


@pytest.mark.unit
def test_a_missing_spi_device_is_a_fault_with_its_sentence() -> None:
    spi: Spi = SpiDevice("/dev/spidev99.0", 1_000_000, 3)
    lines, spans, clock = SpiLineDriver(), SpiSpanDriver(Engine()), Clock()
    lines.configure(0, SpiLineSettings(spi, "USA"))
    spans.configure(0, SpiSpanSettings(spi), 16)
    assert clock.run(1.5, lines.poll) == [(0, LineEvent.ALARMS_CHANGED)]
    clock.run(1.5, spans.poll)
    assert lines.status(0).alarms == LineAlarm.FAULT
    assert spans.alarms(0) == Alarm.LOS | Alarm.RED | Alarm.FAULT
    assert lines.fault(0) == spans.fault(0) == "[Errno 2] Opening SPI device: No such file or directory"


@pytest.mark.unit
def test_a_missing_gpio_line_is_a_fault_with_its_sentence() -> None:
    pin: Pin = GpioLine("/dev/gpiochip99", 4, "high")
    lines = SpiLineDriver()
    lines.configure(0, SpiLineSettings(SpiDevice("/dev/spidev99.0", 1_000_000, 3), "USA", reset=pin))
    assert Clock().run(1.5, lines.poll) == [(0, LineEvent.ALARMS_CHANGED)]
    assert "GPIO" in lines.fault(0)


@pytest.mark.unit
def test_a_file_that_is_no_spi_device_is_closed_and_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "spidev"
    path.touch()
    for _ in range(2):
        with pytest.raises(OSError, match="SPI"):
            SpiDevice(str(path), 1_000_000, 3).transfer(b"\x60")


@pytest.fixture
def sim() -> Iterator[Path]:
    """A GPIO chip of two lines that the kernel simulates: its folder in sysfs."""
    bank = SIM / "bank0"
    bank.mkdir(parents=True)
    (bank / "num_lines").write_text("2")
    (SIM / "live").write_text("1")
    try:
        yield (
            Path("/sys/devices/platform")
            / (SIM / "dev_name").read_text().strip()
            / (bank / "chip_name").read_text().strip()
        )
    finally:
        (SIM / "live").write_text("0")
        for folder in (bank, SIM):
            folder.rmdir()


@pytest.mark.loopback
def test_gpio_sim_reset_is_driven_and_interrupt_is_seen(sim: Path) -> None:
    chip = f"/dev/{sim.name}"
    reset, interrupt = GpioLine(chip, 0, "high"), GpioLine(chip, 1, "in")
    for level in (True, False, True):
        reset.write(value=level)
        assert (sim / "sim_gpio0" / "value").read_text().strip() == str(int(level))
    for pull, level in (("pull-up", True), ("pull-down", False)):
        (sim / "sim_gpio1" / "pull").write_text(pull)
        assert interrupt.read() is level


@pytest.mark.loopback
def test_lines_of_a_gpio_chip_that_went_away_come_back_with_it(sim: Path) -> None:
    chip = f"/dev/{sim.name}"
    reset, interrupt = GpioLine(chip, 0, "high"), GpioLine(chip, 1, "in")
    reset.write(value=False)
    assert interrupt.read() is False
    (SIM / "live").write_text("0")
    with pytest.raises(OSError, match="No such device"):
        reset.write(value=False)
    with pytest.raises(OSError, match="No such device"):
        interrupt.read()
    with pytest.raises(OSError, match="No such file"):
        interrupt.read()
    (SIM / "live").write_text("1")
    reset.write(value=False)
    assert (sim / "sim_gpio0" / "value").read_text().strip() == "0"
    (sim / "sim_gpio1" / "pull").write_text("pull-up")
    assert interrupt.read() is True


@pytest.mark.loopback
def test_a_line_whose_gpio_chip_goes_away_is_a_fault_until_it_is_back(sim: Path) -> None:
    (sim / "sim_gpio1" / "pull").write_text("pull-up")
    site = Site(interrupt=GpioLine(f"/dev/{sim.name}", 1, "in")).up()
    site.chip.ring()
    (sim / "sim_gpio1" / "pull").write_text("pull-down")
    assert site.run(POLL_S) == [LineEvent.RING]
    (SIM / "live").write_text("0")
    assert site.run(0.2) == [LineEvent.ALARMS_CHANGED]
    assert site.driver.fault(LINE) == "[Errno 19] Getting line value: No such device"
    site.chip.stop_ringing()
    (SIM / "live").write_text("1")
    assert site.run(1.5) == [LineEvent.READY, LineEvent.ALARMS_CHANGED]


@pytest.fixture
def spidev() -> Iterator[Path]:
    """The kernel's spidev on a bus where no chip answers."""
    driver = SPI / "drivers/spidev"
    (SPI / "devices" / DEAD_CHIP / "driver_override").write_text("spidev")
    (driver / "bind").write_text(DEAD_CHIP)
    yield driver
    if (driver / DEAD_CHIP).exists():
        (driver / "unbind").write_text(DEAD_CHIP)


@pytest.mark.loopback
@pytest.mark.usefixtures("spidev")
def test_spidev_without_a_chip_is_a_fault_with_its_sentence() -> None:
    site = Site(spi=SpiDevice("/dev/spidev0.0", 1_000_000, 0))
    assert site.run(0.5) == [LineEvent.ALARMS_CHANGED]
    assert site.driver.fault(LINE) == "Si3050: Control 2 reads 0x00 after reset, not 0x03"


@pytest.mark.loopback
@pytest.mark.usefixtures("spidev")
def test_spidev_refuses_a_mode_that_the_bus_has_not() -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        SpiDevice("/dev/spidev0.0", 1_000_000, 3).transfer(b"\x60")


@pytest.mark.loopback
def test_spidev_that_went_away_comes_back(spidev: Path) -> None:
    spi = SpiDevice("/dev/spidev0.0", 1_000_000, 0)
    assert spi.transfer(b"\x60\x02\x00") == bytes(3)
    (spidev / "unbind").write_text(DEAD_CHIP)
    with pytest.raises(OSError, match="transport endpoint shutdown"):
        spi.transfer(b"\x60")
    with pytest.raises(OSError, match="No such file"):
        spi.transfer(b"\x60")
    (spidev / "bind").write_text(DEAD_CHIP)
    assert spi.transfer(b"\x60") == bytes(1)
