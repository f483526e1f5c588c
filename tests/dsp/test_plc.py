# SPDX-License-Identifier: GPL-2.0-only
"""Loss concealment by the clauses of G.711 Appendix I, and by PESQ beside spandsp's."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from dsp.isa import Isa, at_most
from dsp.plc import SILENT_SAMPLES, Plc
from tests.dsp.dtmf_sound import silence as quiet
from tests.dsp.dtmf_sound import sine
from tests.sound.loss import PACKET, TICK, Spandsp, clips, ours, scores

pytestmark = pytest.mark.unit

Wide = npt.NDArray[np.float64]


@pytest.fixture(params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """The test runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def linear(sound: Wide) -> npt.NDArray[np.int16]:
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def voiced(hz: float, ms: float) -> Wide:
    """A buzz with formants, like a vowel: harmonics that fall off."""
    return sum((sine(hz * k, -14 - 2.5 * k, ms, 0.3 * k * k) for k in range(1, int(3400 / hz))), quiet(ms))


def through(sound: Wide, lost: range, piece: int = TICK) -> Wide:
    """The sound with the samples of `lost` concealed."""
    plc, source, out = Plc(), linear(sound), []
    for at in range(0, len(source), piece):
        part = source[at : at + piece]
        out += list(plc.lost(len(part)) if at in lost else plc.good(part.tobytes()))
    return np.array(out, dtype=float)


@pytest.mark.usefixtures("form")
def test_without_loss_nothing_is_changed_nor_delayed() -> None:
    sound = linear(voiced(120, 500))
    plc = Plc()
    assert list(plc.good(sound.tobytes())) == list(sound)


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("hz", [70, 100, 125, 160, 195])
@pytest.mark.parametrize("samples", [80, 160])
def test_g711_i_2_2_a_vowel_goes_on(hz: float, samples: int) -> None:
    sound = voiced(hz, 400)
    heard = through(sound, range(1600, 1600 + samples))
    fade = np.interp(np.arange(samples), [0, 80, 480], [1, 1, 0])
    error = heard[1600 : 1600 + samples] - sound[1600 : 1600 + samples] * fade
    assert np.mean(error**2) < 0.1 * np.mean(sound**2)


@pytest.mark.usefixtures("form")
def test_g711_i_2_7_fades_from_10_ms_and_is_silent_at_60() -> None:
    sound = voiced(100, 600)
    heard = through(sound, range(1600, 1600 + 1600))
    rms = np.sqrt(np.mean(heard[1600:2240].reshape(-1, 80) ** 2, axis=1)) / np.sqrt(np.mean(sound**2))
    assert rms[0] == pytest.approx(1, abs=0.1)
    assert rms[1:6] == pytest.approx([0.9, 0.7, 0.5, 0.3, 0.1], abs=0.1)
    assert not heard[1600 + SILENT_SAMPLES : 3200].any()


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("lost", [40, 80, 160, 480, 800])
def test_joints_are_no_clicks(lost: int) -> None:
    sound = sine(110, -10, 400) + sine(220, -14, 400)
    heard = through(sound, range(1600, 1600 + lost))
    steps = np.abs(np.diff(heard))
    assert steps.max() <= 1.5 * np.abs(np.diff(sound)).max()


@pytest.mark.usefixtures("form")
def test_sound_is_itself_again_soon_after_the_loss() -> None:
    sound = voiced(100, 500)
    heard = through(sound, range(1600, 1760))
    assert np.array_equal(heard[1760 + 40 :], linear(sound)[1760 + 40 :])


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("piece", [8, 16, 80, 160])
def test_any_pieces_give_the_same(piece: int) -> None:
    sound = voiced(90, 400)
    assert np.array_equal(through(sound, range(1600, 1920), piece), through(sound, range(1600, 1920)))


def test_both_forms_give_the_same() -> None:
    sound = clips(4, 1, voices=False)[0]
    lost = np.arange(len(sound) // PACKET) % 7 == 6
    vector = ours(sound, lost)
    with at_most(Isa.PORTABLE):
        assert np.array_equal(ours(sound, lost), vector)


@pytest.mark.usefixtures("form")
def test_loss_before_any_sound_is_silence_and_full_scale_does_not_wrap() -> None:
    plc = Plc()
    assert not any(plc.lost(400))
    square = np.tile(np.repeat(np.array([32767, -32768], np.int16), 30), 20)
    plc.reset()
    plc.good(square.tobytes())
    made = np.array(plc.lost(60), dtype=int)
    assert np.abs(made).min() > 10000


@pytest.mark.parametrize(("share", "burst"), [(0.01, 1), (0.03, 1), (0.05, 1), (0.1, 1), (0.09, 3)])
def test_pesq_is_not_below_spandsps(share: float, burst: int) -> None:
    sounds = clips(6, 5)
    mine, theirs = (scores(who, sounds, share, 1, burst).mean() for who in (ours, Spandsp()))
    print(f"{share:.0%} lost, {20 * burst} ms each: PESQ ours {mine:.3f}, spandsp {theirs:.3f}")
    assert mine >= theirs


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("share", "burst"), [(0.01, 1), (0.03, 1), (0.05, 1), (0.1, 1), (0.09, 3)])
def test_pesq_is_above_spandsps_on_all_clips_and_many_seeds(share: float, burst: int) -> None:
    sounds = clips()
    pairs = [[scores(who, sounds, share, seed, burst) for who in (ours, Spandsp())] for seed in range(10, 14)]
    mine, theirs = np.array(pairs).mean(axis=(0, 2))
    print(f"{share:.0%} lost, {20 * burst} ms each: PESQ ours {mine:.3f}, spandsp {theirs:.3f}")
    assert mine >= theirs + 0.02


def test_negative_number_of_lost_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="plc"):
        Plc().lost(-1)
