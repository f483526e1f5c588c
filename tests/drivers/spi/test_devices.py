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
from tests.drivers.spi.board import Clock
from tests.drivers.spi.test_ds26521 import Engine

SIM = Path("/sys/kernel/config/gpio-sim/branchline")


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
