# SPDX-License-Identifier: GPL-2.0-only
"""A card of analogue lines of an exchange (FXO): its chips, its sound, what is known of each line."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from appliance.config.cas import AnalogueLine, analogue_faults
from appliance.config.dtmf import Dtmf
from appliance.config.reader import Fault, Keys

Device = Annotated[str, Meta(pattern="/dev/[A-Za-z0-9/._-]{1,60}")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Gain = Annotated[float, Meta(ge=-15, le=12)]
TIMESLOTS_OF_A_CHANNEL = 4


class Gpio(NamedTuple):
    """A line of a GPIO chip, written `/dev/gpiochip0:17`."""

    chip: str
    line: int

    def __str__(self) -> str:
        return f"{self.chip}:{self.line}"

    @classmethod
    def parse(cls, text: str) -> "Gpio":
        """From its written form. Raises ValueError."""
        chip, _, line = text.rpartition(":")
        if not chip.startswith("/dev/") or not line.isascii() or not line.isdigit() or int(line) > 1023:
            raise ValueError(f"{text!r} is not a GPIO line such as /dev/gpiochip0:17")
        return cls(chip, int(line))


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a card."""

    timeslot: Annotated[int, Meta(ge=1, le=31)]
    analogue: AnalogueLine | None = None
    """Goes before the card's."""


class ChipLine(Line, frozen=True, kw_only=True):
    """A line on a chip of its own. `timeslot`: of the PCM highway, the first after FSYNC is 1."""

    spi: Device
    """With the chip's select."""
    reset: Gpio | None = None
    """None: the chip is reset by its register."""
    interrupt: Gpio | None = None
    """None: the chip is read every 10 ms."""
    rx_gain_db: Gain = 0.0
    """Of the chip, what comes from the line; `tx`: what goes to it."""
    tx_gain_db: Gain = 0.0


class LineCard(msgspec.Struct, frozen=True, kw_only=True, tag_field="driver"):
    """A card of lines, each of which is a timeslot of its span."""

    name: Name
    clock_domain: Annotated[int, Meta(ge=1, le=8)] = 1
    """Of the card; spans of one number have one clock."""
    clock_priority: Annotated[int, Meta(ge=1, le=8)] = 1
    channel_order: Literal["ascending", "descending", "round-robin"] = "round-robin"
    """How calls out take lines."""
    echo_tail_ms: Annotated[int, Meta(ge=0, le=128)] = 64
    dtmf: Dtmf = Dtmf()
    """Of a caller's number by DTMF too."""
    analogue: AnalogueLine | None = None
    """Of every line that has none of its own."""
    lines: tuple[Line, ...]

    def known(self) -> dict[int, AnalogueLine]:
        """What is known of each line, by timeslot."""
        found = ((line.timeslot, line.analogue or self.analogue) for line in self.lines)
        return {timeslot: known for timeslot, known in found if known}

    def wiring(self) -> "LineCard":
        """The card without what is known of its lines."""
        bare = tuple(msgspec.structs.replace(line, analogue=None) for line in self.lines)
        return msgspec.structs.replace(self, analogue=None, lines=bare)


class Si3050Card(LineCard, frozen=True, kw_only=True, tag="si3050"):
    """Lines behind Si3050 chips, whose PCM highway is a sound device of `channels` of 32 bits."""

    sound_card: Annotated[int, Meta(ge=0, le=31)]
    """As ALSA counts: /dev/snd/pcmC<card>D<device>c and p."""
    device: Annotated[int, Meta(ge=0, le=31)] = 0
    channels: Annotated[int, Meta(ge=1, le=8)] = 8
    """Of the device; each is four timeslots."""
    jitter_ms: Annotated[int, Meta(ge=10, le=60)] = 12
    lines: tuple[ChipLine, ...]


class DahdiCard(LineCard, frozen=True, kw_only=True, tag="dahdi-fxo"):
    """Lines of a card with a DAHDI driver, FXO ports; its module's `opermode` sets their mode and impedance."""

    card_span: Annotated[int, Meta(ge=1, le=128)]
    """As DAHDI counts them: dahdi_scan shows it; `timeslot` is the port's number in it."""
    jitter_ms: Annotated[int, Meta(ge=2, le=40)] = 10
    rx_gain_db: Annotated[float, Meta(ge=-24, le=12)] = 0.0
    tx_gain_db: Annotated[float, Meta(ge=-24, le=12)] = 0.0


def faults(cards: Mapping[int, LineCard]) -> Iterator[Fault]:
    """Mistakes of meaning; `cards` by their number among the spans, from 0."""
    for number, card in cards.items():
        if not card.lines:
            yield Fault(("spans", number, "lines"), "a card without lines serves nobody; add {timeslot: 1, …}")
        for key, sentence in _known_faults(card, card.analogue):
            yield Fault(("spans", number, key), sentence)
        for place, line in enumerate(card.lines):
            for key, sentence in _line_faults(card, place, line):
                yield Fault(("spans", number, "lines", place, key), sentence)


def _line_faults(card: LineCard, place: int, line: Line) -> Iterator[tuple[str, str]]:
    last = min(31, TIMESLOTS_OF_A_CHANNEL * card.channels) if isinstance(card, Si3050Card) else 31
    if line.timeslot > last:
        yield "timeslot", f"{line.timeslot} is beyond the highway's last, 4 for each of the channels: 1 to {last}"
    if any(line.timeslot == other.timeslot for other in card.lines[:place]):
        yield "timeslot", f"timeslot {line.timeslot} is another line's already"
    if line.analogue is None and card.analogue is None:
        yield "analogue", "an analogue line tells no called number: add analogue: {number: …}, or to its card"
    yield from _known_faults(card, line.analogue)


def _known_faults(card: LineCard, line: AnalogueLine | None) -> Iterator[tuple[str, str]]:
    if line is None:
        return
    yield from analogue_faults(line)
    if isinstance(card, DahdiCard) and (line.mode, line.impedance) != ("FCC", "learn"):
        sentence = "ports of a DAHDI card have mode and impedance from its module (opermode=…); leave both keys out"
        yield "analogue", sentence


def wires(cards: Mapping[int, LineCard]) -> Iterator[tuple[Keys, str]]:
    """All that only one may have: devices, GPIO lines."""
    for number, card in cards.items():
        if not isinstance(card, Si3050Card):
            continue
        yield ("spans", number, "sound_card"), f"sound card {card.sound_card} device {card.device}"
        for place, line in enumerate(card.lines):
            pins = (("spi", line.spi), ("reset", line.reset), ("interrupt", line.interrupt))
            yield from ((("spans", number, "lines", place, key), str(wire)) for key, wire in pins if wire)
