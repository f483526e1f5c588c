# SPDX-License-Identifier: GPL-2.0-only
"""The common look at a tick: exact sums, bands that hold all energy."""

from collections.abc import Iterator

import numpy as np
import pytest

from dsp.isa import Isa, at_most
from dsp.measure import BAND_UNIT, TICK, measures

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


@pytest.mark.parametrize("piece", [8, 16, 24, 32, TICK])
def test_sums_are_exact_and_bands_hold_the_energy(piece: int) -> None:
    random = np.random.default_rng(piece)
    sound = random.integers(-32768, 32768, (50, piece)).astype(np.int16)
    sound[0], sound[1], sound[2] = -32768, 32767, 0
    sound[3, ::2], sound[3, 1::2] = -32768, 32767
    wide = sound.astype(np.int64)
    for row, seen in zip(wide, measures(sound.tobytes(), piece), strict=True):
        assert (seen.energy, seen.sum) == (int((row**2).sum()), int(row.sum()))
        assert (seen.peak, seen.clipped) == (int(np.abs(row).max()), int((np.abs(row) >= 32256).sum()))
        assert seen.samples == piece
        assert sum(seen.bands) * BAND_UNIT == pytest.approx(int((row**2).sum()), rel=1e-3)


@pytest.mark.parametrize("band", range(8))
def test_a_tone_in_the_middle_of_a_band_is_seen_there(band: int) -> None:
    at = np.arange(40 * TICK)
    tone = np.round(8000 * np.cos(2 * np.pi * (500 * band + 5) * at / 8000)).astype(np.int16)
    total = np.zeros(8)
    for seen in measures(tone.tobytes()):
        total += list(seen.bands)
    assert int(np.argmax(total)) == band


@pytest.mark.parametrize("piece", [-8, 0, 7, 20, 48])
def test_piece_of_another_length_is_refused(piece: int) -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        measures(bytes(960), piece)
