# SPDX-License-Identifier: GPL-2.0-only
"""What the configuration says of cards of analogue lines, made: chips, sound, what is known of each line."""

from collections.abc import Mapping
from typing import Literal

from appliance.config.dtmf import Dtmf
from appliance.config.lines import ChipLine, DahdiCard, Gpio, LineCard, Si3050Card
from appliance.line.card import CardLine
from appliance.line.channels import Order
from appliance.line.switch import TrunkPlan
from appliance.processes import cards
from appliance.processes.cas import analogue
from appliance.signalling.fxo.card_circuit import lines
from appliance.signalling.fxo.settings import Settings
from drivers.dahdi.lines import DahdiLineDriver, DahdiLineSettings
from drivers.spi.devices import GpioLine, SpiDevice
from drivers.spi.lines import SpiLineDriver, SpiLineSettings
from drivers.spi.tdm import TdmSettings

SPI_HZ = 1_000_000  # of at most 16 million: 24 octets a look need no more
SPI_MODE: Literal[3] = 3


def line(number: int, card: LineCard, inherited: Mapping[str, int]) -> CardLine:
    """A configured card's lines in service, the `number`th span from 0; what of DAHDI this process inherited."""
    known = card.known()
    driver: SpiLineDriver | DahdiLineDriver
    if isinstance(card, Si3050Card):
        driver = _chips(card)
    else:
        driver, held = DahdiLineDriver(), cards.channels(number, inherited)
        for timeslot in known:
            driver.configure(timeslot, DahdiLineSettings(held.get(timeslot)))
    gains = (card.rx_gain_db, card.tx_gain_db) if isinstance(card, DahdiCard) else (0.0, 0.0)
    return CardLine(
        number,
        card.name,
        lines(driver, settings(card)),
        TrunkPlan(card.echo_tail_ms, *gains, *limits(card.dtmf)),
        Order(card.channel_order),
        timeslots=driver.lines,
        driver=driver,
        numbers={timeslot: line.number for timeslot, line in known.items()},
    )


def settings(card: LineCard) -> dict[int, Settings]:
    """What is known of each line, by timeslot."""
    return {timeslot: analogue(line, card=card) for timeslot, line in card.known().items()}


def limits(dtmf: Dtmf) -> tuple[str, float | None]:
    """Administration and non-operate level by which a trunk's digits are heard."""
    return dtmf.administration, dtmf.non_operate_dbm0


def sound(card: Si3050Card) -> TdmSettings:
    """The driver's settings of a configured card's sound."""
    return TdmSettings(
        sound_card=card.sound_card,
        device=card.device,
        wait_ms=card.jitter_ms,
        channels=card.channels,
        analogue=True,
        clock_domain=card.clock_domain,
        clock_priority=card.clock_priority,
    )


def _chips(card: Si3050Card) -> SpiLineDriver:
    driver, known = SpiLineDriver(), card.known()
    for chip in card.lines:
        driver.configure(chip.timeslot, _chip(chip, known[chip.timeslot].mode))
    return driver


def _chip(line: ChipLine, mode: str) -> SpiLineSettings:
    return SpiLineSettings(
        spi=SpiDevice(line.spi, SPI_HZ, SPI_MODE),
        line_mode=mode,
        timeslot=line.timeslot - 1,
        rx_gain_db=line.rx_gain_db,
        tx_gain_db=line.tx_gain_db,
        reset=_pin(line.reset, "high"),
        interrupt=_pin(line.interrupt, "in"),
    )


def _pin(pin: Gpio | None, direction: Literal["in", "high"]) -> GpioLine | None:
    return GpioLine(pin.chip, pin.line, direction) if pin else None
