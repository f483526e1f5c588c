# SPDX-License-Identifier: GPL-2.0-only
"""Voice activity beside WebRTC's on speech in noise (tests/sound/noisy.py says what is right), and its own promises."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pytest
import webrtcvad

from dsp.isa import Isa, at_most
from dsp.vad import FRAME, Vad
from tests.dsp.dtmf_sound import PEAK_0_DBM0, sine
from tests.sound.alaw import Linear
from tests.sound.noisy import KINDS, SNRS_DB, VOICES, Flags, Talk, mixed, noise, prompts, synthetic, talk

pytestmark = pytest.mark.unit

SECONDS = 20
Table = npt.NDArray[np.float64]
"""Errors [detector, SNR, kind, missed or false]: detectors are ours and the four modes of WebRTC's."""


def ours(sound: Linear) -> Flags:
    return np.array(Vad().frames(sound.tobytes()))


def webrtc(mode: int) -> Callable[[Linear], Flags]:
    def flags(sound: Linear) -> Flags:
        detector, octets = webrtcvad.Vad(mode), sound.tobytes()
        return np.array([detector.is_speech(octets[at : at + 320], 8000) for at in range(0, len(octets), 320)])

    return flags


DETECTORS = (ours, *(webrtc(mode) for mode in range(4)))


def errors(talks: Iterable[Talk], seed: int) -> tuple[Table, int]:
    """Wrong frames by detector, SNR, kind and sort, and how many frames were judged in each."""
    table, judged = np.zeros((len(DETECTORS), len(SNRS_DB), len(KINDS), 2)), 0
    pieces = prompts()
    for number, clean in enumerate(talks):
        level = float(np.random.default_rng(seed + number).uniform(-34, -12))
        judged += int(clean.judged.sum())
        for kind, name in enumerate(KINDS):
            disturbance = noise(name, len(clean.sound), pieces, seed + number)
            for row, snr in enumerate(SNRS_DB):
                sound = mixed(clean, disturbance, snr, level)
                for who, detector in enumerate(DETECTORS):
                    wrong = (detector(sound) != clean.speech) & clean.judged
                    table[who, row, kind] += [(wrong & clean.speech).sum(), (wrong & ~clean.speech).sum()]
    return table, judged


def talks(count: int, seed: int) -> list[Talk]:
    """Every third of a voice of espeak-ng, the others of the prompts."""
    names = list(VOICES)
    spoken = prompts()
    return [
        talk([synthetic(names[number // 3 % len(names)])] if number % 3 == 2 else spoken, seed + number, SECONDS)
        for number in range(count)
    ]


def compare(count: int, seed: int) -> tuple[Table, Table]:
    """Per cent of wrong frames by SNR and kind: ours, and WebRTC's in its best mode at each SNR. Prints both."""
    table, judged = errors(talks(count, seed), seed)
    wrong = 100 * table.sum(axis=-1) / judged
    best = wrong[1:].mean(axis=-1).argmin(axis=0)
    theirs = np.array([wrong[1 + mode, row] for row, mode in enumerate(best)])
    for row, snr in enumerate(SNRS_DB):
        both = [f"{kind} {a:.1f}/{b:.1f}" for kind, a, b in zip(KINDS, wrong[0, row], theirs[row], strict=True)]
        print(f"SNR {snr} dB, ours/WebRTC mode {best[row]}, % wrong of {judged}: {', '.join(both)}")
    return wrong[0], theirs


def test_fewer_errors_than_webrtc_in_every_noise_and_at_every_snr() -> None:
    mine, theirs = compare(6, seed=500)
    assert mine.mean() <= 0.5 * theirs.mean()
    assert (mine.mean(axis=1) <= theirs.mean(axis=1)).all()
    assert (mine <= theirs).all()


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_fewer_errors_than_webrtc_on_a_quarter_of_an_hour_in_every_noise() -> None:
    mine, theirs = compare(48, seed=9000)
    assert mine.mean() <= 0.5 * theirs.mean()
    assert (mine <= theirs).all()


def white(level_dbm0: float, seconds: float, seed: int = 1) -> npt.NDArray[np.float64]:
    rms = PEAK_0_DBM0 / np.sqrt(2) * 10 ** (level_dbm0 / 20)
    return np.random.default_rng(seed).normal(0, rms, round(8000 * seconds))


def flags(sound: npt.NDArray[np.float64], **settings: float) -> Flags:
    return np.array(Vad(**settings).frames(np.clip(np.rint(sound), -32768, 32767).astype(np.int16).tobytes()))  # type: ignore[arg-type]


@pytest.mark.parametrize("level", [-100, -70, -50, -30, -15])
def test_steady_noise_is_no_speech(level: float) -> None:
    assert flags(white(level, 10))[50:].mean() <= 0.01


def test_noise_that_grows_becomes_noise_within_two_seconds() -> None:
    sound = np.concatenate([white(-60, 4), white(-35, 6, seed=2)])
    assert not flags(sound)[50 * 6 :].any()


def test_steady_tone_becomes_noise_within_two_seconds() -> None:
    assert not flags(np.concatenate([white(-60, 1), sine(425, -10, 5000)]))[50 * 3 :].any()


@pytest.mark.parametrize("hangover", [0, 100, 400])
def test_hangover_is_held_after_speech_and_not_after_a_click(hangover: int) -> None:
    word = sine(300, -15, 400) + sine(2900, -25, 400)
    flag = flags(
        np.concatenate([white(-60, 2), white(-60, 0.4)[: len(word)] + word, white(-60, 2)]), hangover_ms=hangover
    )
    assert flag[101:120].all()
    last = int(np.flatnonzero(flag)[-1])
    assert last - 119 == pytest.approx(hangover / 20, abs=2)
    click = white(-60, 2)
    click[8000:8080] += 10000
    assert flags(click, hangover_ms=hangover).sum() <= 3


def test_both_forms_and_any_pieces_decide_the_same() -> None:
    clean = talk(prompts(), 3, 10)
    sound = mixed(clean, noise("pink", len(clean.sound), prompts(), 3), 10, -20).tobytes()
    with at_most(Isa.PORTABLE):
        portable = Vad().process(sound)
    vad = Vad()
    assert [flag for at in range(0, len(sound), 2 * 400) for flag in vad.process(sound[at : at + 800])] == portable


def test_margin_trades_false_alarms_for_misses() -> None:
    clean = talk(prompts(), 4, 20)
    sound = mixed(clean, noise("babble", len(clean.sound), prompts(), 4), 10, -20).tobytes()
    shares = [np.mean(Vad(margin_db=margin).frames(sound)) for margin in (-3.0, 0.0, 3.0, 9.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1] + 0.1


def test_reset_forgets() -> None:
    vad = Vad()
    sound = np.rint(white(-20, 3)).astype(np.int16).tobytes()
    first = vad.process(sound)
    vad.process(bytes(2 * FRAME * 100))
    vad.reset()
    assert vad.process(sound) == first


@pytest.mark.parametrize(
    "settings", [{"hangover_ms": -1}, {"hangover_ms": 2001}, {"margin_db": -7}, {"margin_db": float("nan")}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="vad"):
        Vad(**settings)  # type: ignore[arg-type]
