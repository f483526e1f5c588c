# SPDX-License-Identifier: GPL-2.0-only
"""Configured signalling by bits: what it is made into, and analogue lines that are read again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from appliance.config import Branch
from appliance.config.branch import CesopsnSpan
from appliance.config.files import load_role
from appliance.config.lines import Si3050Card
from appliance.line.worker import LineWorker
from appliance.media.events import Client
from appliance.processes import cas, lines, resting
from appliance.signalling.cas.variant import load
from appliance.signalling.fxo.settings import Answer, CallerId, HangUp, Settings
from tests.line.cas_boxes import SPAN
from tests.line.site import CONFIGURATION
from tests.media.virtual import virtual_engine

pytestmark = pytest.mark.unit

LINE = "signalling: cas\n    variant: fxo_loop_e1\n    analogue: {number: 5551234, mode: CHINA, zone: cn}"
Writer = Callable[[str], Branch]


class Worker:
    """Notes what is changed."""

    def __init__(self) -> None:
        self.changed: list[tuple[int, Settings, str, int | None]] = []

    def change_line(self, number: int, settings: Settings, called: str, timeslot: int | None = None) -> None:
        """Note it."""
        self.changed.append((number, settings, called, timeslot))


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writer:
    """A branch's file with this of its span; read."""
    secret = tmp_path / "token"
    secret.touch(mode=0o600)
    path = tmp_path / "branch.yaml"
    monkeypatch.setenv("BRANCHLINE_CONFIG", str(path))

    def written(span: str) -> Branch:
        ends = {"local": "127.0.0.1:2000", "remote": "127.0.0.1:2002"}
        text = SPAN.format(name="telco", configured=span, **ends)
        path.write_text(CONFIGURATION.format(spans=text, prompts=tmp_path, secret=secret))
        return load_role(path, Branch)

    return written


def only(box: Branch) -> CesopsnSpan:
    """Its span."""
    (span,) = box.spans
    assert isinstance(span, CesopsnSpan)
    return span


@pytest.mark.parametrize(
    ("span", "bits"),
    [
        ("signalling: r2\n    variant: cn", 0b1111),
        ("signalling: cas\n    variant: em_wink_e1", 0b0001),
        ("signalling: cas\n    variant: fxs_kewl_e1", 0b1101),
        (LINE, 0b0101),
    ],
)
def test_a_dead_worker_s_timeslots_call_nobody(write: Writer, span: str, bits: int) -> None:
    rests = resting.bits(only(write(span)))
    assert rests is not None
    assert rests.resting_bits == bits


def test_a_hotline_wants_no_digits(write: Writer) -> None:
    span = only(write("signalling: cas\n    variant: em_immediate_e1\n    trunk: {number: 95588}"))
    with virtual_engine() as host:
        circuit = cas.circuits(span)(host.engine(Client.LINE1), 1)
    assert circuit.channel.wants.dnis_digits == 0
    assert cas.own_number(span) == "95588"


def test_isdn_has_no_bits(write: Writer) -> None:
    assert resting.bits(only(write(""))) is None


def test_a_line_is_what_its_keys_say(write: Writer) -> None:
    more = ", caller_id: dtmf, place: before_ring, hang_up: [cpc], answer: polarity, dial_by: pulse, dial_tone: no}"
    worker = Worker()
    spans = write(LINE).spans
    write(LINE.replace("}", more))
    cas.reread(dict(enumerate(spans)), cast("LineWorker", worker))
    ((number, settings, called, timeslot),) = worker.changed
    assert (number, called, timeslot) == (0, "5551234", None)
    assert (settings.mode, settings.zone, settings.caller_id) == ("CHINA", "cn", CallerId.DTMF)
    assert (settings.hang_up, settings.answer, settings.dial_tone) == ((HangUp.CPC,), Answer.POLARITY, False)
    assert not settings.ground_start


@pytest.mark.parametrize(
    ("keys", "learns"),
    [
        ("", ("caller_id", "hang_up")),
        (", hang_up: learn, caller_id: learn", ("caller_id", "hang_up")),
        (", hang_up: [learn], caller_id: v23", ("hang_up",)),
        (", hang_up: cpc", ("caller_id",)),
        (", hang_up: [cpc, tone], caller_id: none", ()),
    ],
)
def test_what_is_not_set_is_learned(write: Writer, keys: str, learns: tuple[str, ...]) -> None:
    span = write(LINE.replace("}", keys + "}")).spans[0]
    assert span.analogue is not None
    settings = cas.analogue(span.analogue, load("fxo_loop_e1"))
    assert settings.learns == learns
    if "hang_up" in learns:
        assert settings.hang_up == tuple(HangUp), "any sign, until it is known"


@pytest.mark.parametrize(
    "changed",
    [
        LINE + "\n    variant: fxo_ground_e1",  # a key that is there twice
        LINE.replace("CHINA", "CHINNA"),
        LINE.replace("fxo_loop", "fxo_ground"),
        "signalling: cas\n    variant: em_wink_e1",
    ],
)
def test_a_mistake_or_what_takes_a_restart_changes_no_line(write: Writer, tmp_path: Path, changed: str) -> None:
    worker = Worker()
    spans = write(LINE).spans
    path = tmp_path / "branch.yaml"
    path.write_text(path.read_text().replace(LINE, changed))
    cas.reread(dict(enumerate(spans)), cast("LineWorker", worker))
    assert worker.changed == []


CARD = """  - name: lines
    driver: si3050
    sound_card: 1
    analogue: {number: 5551230, mode: CHINA, zone: cn}
    lines:
      - {spi: /dev/spidev0.0, timeslot: 1}
      - {spi: /dev/spidev0.1, timeslot: 2, analogue: {number: 5551231, zone: us}}
"""


@pytest.fixture
def write_card(tmp_path: Path, write: Writer) -> Writer:
    """The file with a card instead of the span."""
    path = tmp_path / "branch.yaml"

    def written(card: str) -> Branch:
        write("")
        before, _, after = path.read_text().partition("spans:\n")
        path.write_text(f"{before}spans:\n{card}sip:{after.partition('sip:')[2]}")
        return load_role(path, Branch)

    return written


def test_each_line_of_a_card_is_from_now_on_what_its_own_or_the_card_s_keys_say(write_card: Writer) -> None:
    worker = Worker()
    spans = write_card(CARD).spans
    write_card(CARD.replace("CHINA", "TBR21").replace("zone: us", "zone: us, caller_id: none, impedance: 900"))
    cas.reread(dict(enumerate(spans)), cast("LineWorker", worker))
    told = [(slot, called, line.mode, line.acim, line.caller_id) for _, line, called, slot in worker.changed]
    assert told == [
        (1, "5551230", "TBR21", None, CallerId.BELL202),
        (2, "5551231", "FCC", 1, CallerId.NONE),
    ]


@pytest.mark.parametrize(
    ("impedance", "learns", "acim"), [("", True, None), ("learn", True, None), ("mode", False, None), ("900", False, 1)]
)
def test_a_chip_s_impedance_is_learned_unless_it_is_set(
    write_card: Writer,
    impedance: str,
    learns: bool,  # noqa: FBT001
    acim: int | None,
) -> None:
    key = f", impedance: {impedance}" if impedance else ""
    (card,) = write_card(CARD.replace("zone: cn", f"zone: cn{key}")).spans
    assert isinstance(card, Si3050Card)
    settings = lines.settings(card)[1]
    assert ("impedance" in settings.learns, settings.acim) == (learns, acim)


@pytest.mark.parametrize(
    ("before", "after"),
    [("sound_card: 1", "sound_card: 2"), ("spidev0.1", "spidev0.2"), ("timeslot: 2", "tx_gain_db: 1, timeslot: 2")],
)
def test_another_wiring_of_a_card_takes_a_restart(write_card: Writer, before: str, after: str) -> None:
    worker = Worker()
    spans = write_card(CARD).spans
    write_card(CARD.replace("CHINA", "TBR21").replace(before, after))
    cas.reread(dict(enumerate(spans)), cast("LineWorker", worker))
    assert worker.changed == []
