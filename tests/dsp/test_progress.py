# SPDX-License-Identifier: GPL-2.0-only
"""Call progress tones of every zone: told through noise and wrong frequencies, and nothing else told."""

import numpy as np
import pytest

from dsp.bank import Bank, Heard, Kind
from dsp.tone import Kind as Tone
from dsp.tone import ToneGenerator
from dsp.tools import progress_tables, tone_zones
from tests.dsp.talk_sound import bands
from tests.dsp.test_dtmf_talkoff import speech
from tests.dsp.tone_sound import Sound, cadence, line, linear, noise, silence

pytestmark = pytest.mark.unit

ZONES = {name: {kind: str(zone[kind]) for kind in tone_zones.KINDS} for name, zone in tone_zones.zones().items()}
LISTENED = [(name, tone) for name, zone in ZONES.items() for tone in progress_tables.cadences(zone)]
CONDITIONS = [(-10.0, 0.01, 0.0), (-22.0, -0.01, 0.0), (-35.0, 0.01, 0.7)]
"""Level of each line, share by which the frequency is wrong, how often a second it drifts to the other side."""


def events(zone: str, sound: Sound) -> list[Heard]:
    return Bank([Kind.PROGRESS], zone=zone).process(line(sound))


def told(zone: str, sound: Sound) -> list[str]:
    return [Tone(event.code).name.lower() for event in events(zone, sound) if event.on]


def length_ms(tone: progress_tables.Cadence) -> float:
    """Three rounds and what it takes to see that the next has begun; of an endless tone what it is told after."""
    return 3 * sum(piece.ms for piece in tone.pieces) + 100 if tone.pieces[0].ms else tone.hold_ms + 500


def played(zone: str, tone: progress_tables.Cadence, condition: tuple[float, float, float], seed: int) -> Sound:
    """After a while, in noise 20 dB below."""
    level, off, drift_hz = condition
    cell = ZONES[zone][tone.kind]
    sound = cadence(cell, length_ms(tone), level_dbm0=level, off=off, drift_hz=drift_hz)
    sound = np.concatenate([np.zeros(800 + 13 * seed), sound])
    return sound + noise(level - 20 + (3 if "+" in cell else 0), len(sound) / 8, seed)


def wrongly_told(zone: str, kinds: set[str], seeds: int) -> list[tuple[object, ...]]:
    return [
        (tone.kind, condition, seed, heard)
        for name, tone in LISTENED
        if name == zone and tone.kind in kinds
        for condition in CONDITIONS
        for seed in range(seeds)
        if (heard := told(zone, played(zone, tone, condition, seed))) != [tone.kind]
    ]


def test_there_are_43_countries_and_e180() -> None:
    assert len(ZONES) == 44


def test_every_cadence_can_be_told_within_three_rounds() -> None:
    for _, tone in LISTENED:
        assert tone.needed <= 3 * len(tone.pieces)
        assert tone.hold_ms == 0 or 1500 <= tone.hold_ms <= 3200


def test_spains_busy_takes_three_rounds_since_its_congestion_holds_two_and_a_half() -> None:
    needed = {tone.kind: tone.needed for name, tone in LISTENED if name == "es"}
    assert (needed["busy"], needed["congestion"]) == (6, 7)


def test_cadences_that_cannot_be_told_apart_are_refused_and_equal_ones_are_one() -> None:
    one, other = progress_tables.pieces("425/500,0/500"), progress_tables.pieces("425/520,0/480")
    with pytest.raises(ValueError, match="not told from another"):
        progress_tables.needed(one, [other])
    assert {tone.kind for name, tone in LISTENED if name == "pl"} == {"dial", "ringback", "busy", "information"}


@pytest.mark.parametrize("zone", ZONES)
def test_busy_is_told_in_three_rounds_at_every_level_one_percent_off_in_noise(zone: str) -> None:
    assert wrongly_told(zone, {"busy", "congestion", "dial"}, 1) == []


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("zone", ZONES)
def test_every_tone_of_the_zone_is_told_in_three_rounds(zone: str) -> None:
    assert wrongly_told(zone, set(progress_tables.HEARD), 5) == []


@pytest.mark.parametrize("zone", ZONES)
def test_what_the_generator_plays_is_told_with_its_beginning_and_end(zone: str) -> None:
    for name, tone in LISTENED:
        if name != zone or tone.kind == "ringback":
            continue
        generator = ToneGenerator()
        generator.start(zone, Tone[tone.kind.upper()])
        sound = np.array(generator.process(int(length_ms(tone)) * 8), dtype=float)
        heard = events(zone, np.concatenate([silence(200), sound, silence(3000)]))
        assert [(Tone(event.code).name.lower(), event.on) for event in heard] == [(tone.kind, True), (tone.kind, False)]
        assert heard[0].at_sample == pytest.approx(1600, abs=480)
        assert heard[1].at_sample <= 1600 + len(sound) + 200


@pytest.mark.parametrize(("zone", "pause_ms"), [("us", 4000), ("cn", 4000), ("gb", 2000), ("fr", 3500)])
def test_ringback_is_told_by_its_second_burst_and_ends_when_the_called_answers(zone: str, pause_ms: int) -> None:
    ring = cadence(ZONES[zone]["ringback"], 14000)
    voice = np.concatenate([sound for _, sound in speech()[:20]])[: 8 * 8000]
    heard = events(zone, np.concatenate([ring, voice]))
    assert [(Tone(event.code).name, event.on) for event in heard] == [("RINGBACK", True), ("RINGBACK", False)]
    assert heard[1].at_sample <= (14000 + pause_ms) * 8


def test_two_tones_one_after_the_other_are_both_told() -> None:
    sound = np.concatenate([cadence("425/1000,0/4000", 10000), cadence("425/500,0/500", 4000)])
    assert told("e180", sound) == ["ringback", "busy"]


@pytest.mark.parametrize("break_ms", [10, 20, 40])
@pytest.mark.parametrize("kind", ["busy", "dial"])
def test_a_lost_packet_neither_ends_a_tone_nor_hides_it(kind: str, break_ms: int) -> None:
    sound = cadence(ZONES["e180"][kind], 6000)
    for at in (300, 1230, 2100, 3280, 4170):
        sound[at * 8 : (at + break_ms) * 8] = 0
    heard = events("e180", np.concatenate([sound, silence(2000)]))
    assert [(Tone(event.code).name.lower(), event.on) for event in heard] == [(kind, True), (kind, False)]
    assert heard[1].duration_samples == pytest.approx(48000 - (4000 if kind == "busy" else 0), abs=400)


@pytest.mark.parametrize(
    ("off_hz", "on_ms", "off_ms"), [(25, 500, 500), (-25, 500, 500), (0, 620, 500), (0, 500, 380), (0, 380, 620)]
)
def test_what_is_not_the_zones_busy_is_not_told(off_hz: int, on_ms: int, off_ms: int) -> None:
    assert told("us", cadence("480+620/500,0/500", 4000)) == ["busy"]
    assert told("us", cadence(f"{480 + off_hz}+{620 + off_hz}/{on_ms},0/{off_ms}", 6000)) == []
    assert told("cn", cadence(f"{450 + off_hz}/{on_ms - 150},0/{off_ms - 150}", 6000)) == []


def test_a_tone_that_fades_or_has_a_loud_pause_is_not_told() -> None:
    busy = cadence("450/350,0/350", 5600)
    fading = np.exp(-np.arange(2800) / 1200)
    assert told("cn", busy) == ["busy"]
    assert told("cn", busy * np.tile(np.concatenate([fading, np.ones(2800)]), 8)) == []
    assert told("cn", np.where(busy == 0, noise(-14, 5600), busy)) == []


def test_no_tone_below_the_level() -> None:
    assert told("cn", cadence("450/350,0/350", 5000, level_dbm0=-46)) == []


def melody(seconds: float, seed: int) -> Sound:
    """Music: notes of the scale with their harmonics, that begin at once and die away or are held, in a steady beat."""
    random = np.random.default_rng(seed)
    beat_s = float(random.choice([0.25, 0.35, 0.5, 0.6]))
    sound = np.zeros(round(seconds * 8000))
    for at in range(0, len(sound), round(beat_s * 8000)):
        for _ in range(int(random.integers(0, 3))):
            hz = 440 * 2 ** (int(random.integers(-14, 10)) / 12)
            n = np.arange(min(round(beat_s * 8000 * float(random.choice([0.5, 1, 2]))), len(sound) - at))
            fall = np.exp(-n / (8000 * float(random.choice([0.15, 0.4, 5.0]))))
            for harmonic, size in enumerate((1.0, 0.3, 0.15), 1):
                sound[at : at + len(n)] += 3000 * size * fall * np.sin(2 * np.pi * hz * harmonic * n / 8000)
    return sound


def falsely_told(zones: list[str], sounds: list[Sound]) -> dict[str, list[Heard]]:
    wants = [Kind.PROGRESS, Kind.ANSWER, Kind.PREAMBLE]
    found = {
        zone: [event for sound in sounds for event in Bank(wants, zone=zone).process(line(sound))] for zone in zones
    }
    return {zone: heard for zone, heard in found.items() if heard}


def test_nothing_is_told_in_minutes_of_speech_and_music() -> None:
    voices = [sound for _, sound in speech()]
    some = [np.concatenate(voices[first::9]) for first in range(2)]
    assert sum(map(len, some)) > 4 * 60 * 8000
    assert falsely_told(["us", "cn", "e180", "gb"], [*some, melody(120, 1), melody(120, 2)]) == {}


def test_nothing_is_told_in_what_bands_play() -> None:
    assert falsely_told(["us", "cn", "e180", "gb"], bands()) == {}


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_nothing_is_told_in_half_an_hour_of_speech_and_music_in_any_zone() -> None:
    voices = [sound for _, sound in speech()]
    spoken = [np.concatenate(voices) * gain for gain in (1.0, 0.25)]
    sounds = [*spoken, *(melody(300, seed) for seed in range(3, 9)), *bands()]
    assert sum(map(len, sounds)) > 80 * 60 * 8000
    assert falsely_told(list(ZONES), sounds) == {}


def test_forms_of_setting_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="out of its range"):
        Bank([Kind.PROGRESS])
    with pytest.raises(ValueError, match="no zone"):
        Bank([Kind.PROGRESS], zone="atlantis")
    for level in (-46.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="out of its range"):
            Bank([Kind.MF], mf_min_dbm0=level)


def test_pieces_do_not_matter() -> None:
    sound = linear(cadence("480+620/500,0/500", 4000))
    whole = Bank([Kind.PROGRESS], zone="us").process(sound)
    bank = Bank([Kind.PROGRESS], zone="us")
    pieces = [event for at in range(0, len(sound), 666) for event in bank.process(sound[at : at + 666])]
    assert pieces == whole
    assert whole
