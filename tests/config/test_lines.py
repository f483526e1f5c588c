# SPDX-License-Identifier: GPL-2.0-only
"""A card of analogue lines in a branch's file: what it means, and each mistake with its line and its mending."""

from __future__ import annotations

import pytest

from appliance.config import Branch, load
from appliance.config.lines import DahdiCard, Gpio, Si3050Card
from appliance.processes import cards, lines
from tests.config.test_boxes import Edit, branch, sentences

__all__ = ["branch"]

pytestmark = pytest.mark.unit

CARD = """\
  - name: lines
    driver: si3050
    sound_card: 1
    channels: 2
    analogue: {number: 5551230, mode: CHINA, zone: cn}
    lines:
      - {spi: /dev/spidev0.0, timeslot: 1, reset: "/dev/gpiochip0:4", interrupt: "/dev/gpiochip0:5"}
      - {spi: /dev/spidev0.1, timeslot: 8, rx_gain_db: -2.5, analogue: {number: 5551231, impedance: 600}}
sip:"""
ANOTHER = "  - {name: x, driver: si3050, sound_card: 1, analogue: {number: 1}, lines: [{spi: /dev/x, timeslot: 1}]}"


def card(edit: Edit) -> Si3050Card:
    box = load(edit("sip:", CARD))
    assert isinstance(box, Branch)
    found = box.spans[1]
    assert isinstance(found, Si3050Card)
    return found


def test_a_card_is_read_and_a_line_s_own_word_goes_before_the_card_s(branch: Edit) -> None:
    found = card(branch)
    assert found.lines[0].interrupt == Gpio("/dev/gpiochip0", 5)
    assert {slot: line.number for slot, line in found.known().items()} == {1: "5551230", 8: "5551231"}
    known = lines.settings(found)
    assert [(line.mode, line.acim, line.ground_start) for line in known.values()] == [
        ("CHINA", None, False),
        ("FCC", 0, False),
    ]
    sound = lines.sound(found)
    assert (sound.sound_card, sound.channels, sound.analogue, sound.clock_recovered) == (1, 2, True, True)


def test_a_card_is_a_span_whose_lines_are_its_timeslots(branch: Edit) -> None:
    made = lines.line(1, card(branch), {})
    assert (made.span, made.name, made.timeslots, made.numbers) == (1, "lines", (1, 8), {1: "5551230", 8: "5551231"})
    assert made.driver.lines == (1, 8)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("sound_card: 1", "sound_card: 32", "20: 32 is out of range: 0 to 31"),
        ("channels: 2", "channels: 9", "21: 9 is out of range: 1 to 8"),
        ("channels: 2", "profile: euroisdn", "21: key 'profile' is for driver cesopsn, dahdi or ds26521; leave it out"),
        ("channels: 2", "echo_tail_ms: 8", "21: 8 is out of range: 16 to 128, or 0 for no canceller"),
        ("channels: 2", "channels: 1", "25: 8 is beyond the highway's last, 4 for each of the channels: 1 to 4"),
        ("timeslot: 8", "timeslot: 1", "25: timeslot 1 is another line's already"),
        ("timeslot: 8", "timeslot: 0", "25: 0 is out of range: 1 to 31"),
        ("spidev0.1", "spidev0.0", "25: device '/dev/spidev0.0' is there twice"),
        ("gpiochip0:5", "gpiochip0:4", "24: device '/dev/gpiochip0:4' is there twice"),
        ("/dev/gpiochip0:5", "gpio5", "24: 'gpio5' is not a GPIO line such as /dev/gpiochip0:17"),
        ("/dev/spidev0.1", "spidev0.1",
         "25: 'spidev0.1' does not have the form /dev/[A-Za-z0-9/._-]{1,60}"),
        ("rx_gain_db: -2.5", "rx_gain_db: 12.5", "25: 12.5 is out of range: -15 to 12"),
        ("impedance: 600", "impedance: 60", "25: impedance '60' is not known; did you mean '600'?"),
        ("zone: cn}", "caller_id: v23_jp}", "22: caller_id v23_jp is told by a reversal: add place: polarity"),
        ("mode: CHINA", "mode: CHINNA", "22: 'CHINNA' is not known here; did you mean 'CHINA'?"),
        ("    analogue: {number: 5551230, mode: CHINA, zone: cn}\n", "",
         "23: an analogue line tells no called number: add analogue: {number: …}, or to its card"),
        ("sip:", f"{ANOTHER}\nsip:", "26: device 'sound card 1 device 0' is there twice"),
        ("sip:", "  - {name: more, driver: si3050, sound_card: 2, lines: []}\nsip:",
         "26: a card without lines serves nobody; add {timeslot: 1, …}"),
        ("driver: si3050", "driver: si3051", "19: driver 'si3051' is unknown; did you mean 'si3050'?"),
    ],
)  # fmt: skip
def test_a_card_with_one_mistake_is_refused(branch: Edit, before: str, after: str, told: str) -> None:
    assert sentences(branch("sip:", CARD.replace(before, after))) == [told]


PORTS = """\
  - name: lines
    driver: dahdi-fxo
    card_span: 3
    rx_gain_db: 2
    analogue: {number: 5551230}
    lines: [{timeslot: 1}, {timeslot: 4, analogue: {number: 5551231}}]
sip:"""


def test_a_dahdi_card_s_ports_are_lines_by_the_channels_that_were_inherited(branch: Edit) -> None:
    box = load(branch("sip:", PORTS))
    assert isinstance(box, Branch)
    found = box.spans[1]
    assert isinstance(found, DahdiCard)
    held = {"span2.1": 17, "span1.4": 18}
    made = lines.line(1, found, held)
    assert (made.timeslots, made.plan.rx_db, made.numbers) == ((1, 4), 2.0, {1: "5551230", 4: "5551231"})
    assert [made.driver.fault(line) for line in (1, 4)] == ["", "its card could not be had when the box started"]
    sound = cards.settings(1, found, held)
    assert (sound.descriptors, sound.reference, sound.analogue) == ({1: 17}, 1, True)
    assert sound.encode()[62] == 0x81


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("card_span: 3", "card_span: 0", "20: 0 is out of range: 1 to 128"),
        (
            "card_span: 3",
            "card_span: 3\n    sound_card: 1",
            "21: key 'sound_card' is for driver ds26521 or si3050; leave it out",
        ),
        ("timeslot: 4", "timeslot: 1", "23: timeslot 1 is another line's already"),
        (
            "5551231",
            "5551231, mode: CHINA",
            "23: ports of a DAHDI card have mode and impedance from its module (opermode=…); leave both keys out",
        ),
        ("timeslot: 4", "spi: /dev/spidev0.0", "23: key 'spi' is unknown here; known are: analogue, timeslot"),
        ("sip:", "  - {name: carrier, driver: dahdi, card_span: 3}\nsip:", "24: card's span '3' is there twice"),
    ],
)
def test_a_dahdi_card_with_one_mistake_is_refused(branch: Edit, before: str, after: str, told: str) -> None:
    assert told in sentences(branch("sip:", PORTS.replace(before, after)))
