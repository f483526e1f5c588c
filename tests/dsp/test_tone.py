# SPDX-License-Identifier: GPL-2.0-only
"""Call progress tones: what is heard is what the zone's authority wrote."""

import numpy as np
import numpy.typing as npt
import pytest

from dsp.g711 import alaw_encode
from dsp.tone import Kind, Step, ToneGenerator
from dsp.tools import tone_zones
from tests.dsp.dtmf_sound import PEAK_0_DBM0

pytestmark = pytest.mark.unit

ZONES = tone_zones.zones()

Sound = npt.NDArray[np.float64]


def play(zone: str, kind: Kind, ms: int) -> Sound:
    tone = ToneGenerator()
    tone.start(zone, kind)
    return np.array(tone.process(ms * 8), dtype=float)


def cadence_ms(sound: Sound) -> list[int]:
    """Lengths of sound and silence in turn, from the 1 ms blocks that have energy; the last one is cut off."""
    loud = np.abs(sound).reshape(-1, 8).max(axis=1) > 100
    edges = np.flatnonzero(np.diff(loud.astype(int))) + 1
    return [int(length) for length in np.diff([0, *edges])]


def levels_dbm0(sound: Sound) -> dict[int, float]:
    """Frequencies above -40 dBm0, each in hertz with its level; the sound is a second long, so bins are 1 Hz."""
    size = np.abs(np.fft.rfft(sound)) * 2 / len(sound)
    with np.errstate(divide="ignore"):
        level = 20 * np.log10(size / PEAK_0_DBM0)
    return {int(hz): round(float(level[hz]), 1) for hz in np.flatnonzero(level > -40)}


@pytest.mark.parametrize(
    ("zone", "kind", "expected"),
    [
        ("cn", Kind.RINGBACK, [1000, 4000, 1000, 4000]),
        ("cn", Kind.BUSY, [350, 350, 350, 350]),
        ("cn", Kind.CONGESTION, [700, 700, 700, 700]),
        ("us", Kind.RINGBACK, [2000, 4000, 2000]),
        ("us", Kind.BUSY, [500, 500, 500]),
        ("gb", Kind.RINGBACK, [400, 200, 400, 2000, 400, 200]),
        ("gb", Kind.CONGESTION, [400, 350, 225, 525, 400, 350]),
        ("e180", Kind.CONGESTION, [250, 250, 250]),
    ],
)
def test_e180_cadence(zone: str, kind: Kind, expected: list[int]) -> None:
    assert cadence_ms(play(zone, kind, 15000))[: len(expected)] == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    ("zone", "kind", "expected"),
    [
        ("cn", Kind.DIAL, {450: -10.0}),
        ("us", Kind.DIAL, {350: -13.0, 440: -13.0}),
        ("gb", Kind.DIAL, {350: -13.0, 440: -13.0}),
        ("e180", Kind.DIAL, {425: -10.0}),
        ("us", Kind.RINGBACK, {440: -19.0, 480: -19.0}),
    ],
)
def test_e180_frequencies_and_levels(zone: str, kind: Kind, expected: dict[int, float]) -> None:
    assert levels_dbm0(play(zone, kind, 1000)) == expected


def test_every_zone_has_every_tone() -> None:
    assert len(ZONES) == 44
    for zone in ZONES:
        for kind in Kind:
            assert np.abs(play(zone, kind, 500)).max() > 500


@pytest.mark.parametrize(
    ("zone", "kind", "am_hz"), [("in", Kind.DIAL, 25), ("za", Kind.DIAL, 33), ("th", Kind.DIAL, 50)]
)
def test_modulated_tone_has_its_carrier_and_two_sides_of_half_the_size(zone: str, kind: Kind, am_hz: int) -> None:
    assert levels_dbm0(play(zone, kind, 1000)) == {400 - am_hz: -16.0, 400: -10.0, 400 + am_hz: -16.0}


def test_v25_answering_tone_turns_by_half_every_450_ms() -> None:
    tone = ToneGenerator()
    tone.play([Step((2100, 0), -12, 3600, turned=True)], rounds=7)
    sound = np.array(tone.process(25200), dtype=float)
    assert not tone.active
    turns = np.exp(-2j * np.pi * 2100 * np.arange(25200) / 8000)
    angles = np.angle((sound * turns).reshape(-1, 400).sum(axis=1))
    changes = np.abs(np.angle(np.exp(1j * np.diff(angles))))
    reversals = np.flatnonzero(changes > 3.0) + 1
    assert list(reversals * 50) == [450, 900, 1350, 1800, 2250, 2700]
    assert np.delete(changes, reversals - 1).max() < 0.05


def test_v8_ansam_is_modulated_by_a_fifth_and_goes_on_modulated_over_the_reversals() -> None:
    tone = ToneGenerator()
    tone.play([Step((2100, 0), -12, 3600, am_hz=15, am_percent=20, turned=True)])
    sound = np.array(tone.process(32000), dtype=float)
    level = np.abs((sound * np.exp(-2j * np.pi * 2100 * np.arange(32000) / 8000)).reshape(-1, 80).sum(axis=1)) / 40
    mean = np.median(level)
    at_15_hz = 2 * abs(np.mean(level * np.exp(-2j * np.pi * 15 * np.arange(400) / 100))) / mean
    assert 20 * np.log10(mean / PEAK_0_DBM0) == pytest.approx(-12, abs=0.2)
    assert at_15_hz == pytest.approx(0.2, abs=0.01)


def test_alaw_is_the_linear_sound_encoded_in_whatever_pieces() -> None:
    linear, coded = ToneGenerator(), ToneGenerator()
    for tone in (linear, coded):
        tone.start("us", Kind.BUSY)
    assert b"".join(coded.process_alaw(n) for n in (1, 40, 79, 80, 81, 7719)) == alaw_encode(linear.process(8000))


def test_stopped_generator_is_silent_and_says_so() -> None:
    tone = ToneGenerator()
    heard = [tone.active]
    tone.start("cn", Kind.DIAL)
    heard.append(tone.active)
    tone.stop()
    assert [*heard, tone.active] == [False, True, False]
    assert tone.process_alaw(80) == bytes([0xD5]) * 80


def test_beep_of_own_steps_ends_after_its_rounds() -> None:
    tone = ToneGenerator()
    tone.play([Step((1000, 0), -12, 400), Step((0, 0), 0, 400)], rounds=2)
    sound = np.array(tone.process(4000), dtype=float)
    assert cadence_ms(sound) == pytest.approx([50, 50, 50], abs=1)
    assert not tone.active


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [Step((4000, 0), 0, 1)],
        [Step((450, 0), 1, 1)],
        [Step((450, 0), float("nan"), 1)],
        [Step((1, 0), 0, 1)] * 13,
        [Step((450, 0), 0, 1, am_hz=201)],
        [Step((450, 0), 0, 1, am_percent=101)],
    ],
)
def test_steps_that_cannot_be_played_are_refused(steps: list[Step]) -> None:
    with pytest.raises(ValueError, match="1 to 12 steps"):
        ToneGenerator().play(steps)


def test_unknown_zone_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no zone 'atlantis'"):
        ToneGenerator().start("atlantis", Kind.DIAL)
