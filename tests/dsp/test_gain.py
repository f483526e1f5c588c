# SPDX-License-Identifier: GPL-2.0-only
"""Fixed gain: the plan's decibels, transparency, the limits of 16 bits, mute and idle codes."""

from collections.abc import Iterator

import numpy as np
import pytest

from dsp.g711 import alaw_encode, ulaw_encode
from dsp.gain import IDLE_ALAW, IDLE_ULAW, LEAST_DB, MOST_DB, Gain
from dsp.isa import Isa, at_most

pytestmark = pytest.mark.unit

ALL = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def test_0_db_changes_no_sample() -> None:
    assert np.array_equal(np.array(Gain().process(ALL.tobytes())), ALL)


@pytest.mark.parametrize("db", [-24.0, -17.3, -6.0, -3.5, -0.1, 0.1, 2.0, 6.0, 11.9, 12.0])
def test_every_sample_is_the_product_rounded_and_cut_off(db: float) -> None:
    factor = round(8192 * 10 ** (db / 20))
    expected = np.clip((ALL.astype(np.int64) * factor + 4096) >> 13, -32768, 32767)
    assert np.array_equal(np.array(Gain(db).process(ALL.tobytes())), expected)
    assert 20 * np.log10(factor / 8192) == pytest.approx(db, abs=0.01)


@pytest.mark.parametrize("samples", [0, 1, 7, 8, 9, 39, 40, 41, 165])
def test_any_number_of_samples(samples: int) -> None:
    sound = ALL[:: 65536 // 256][:samples]
    whole = Gain(6.0).process(ALL[:: 65536 // 256].tobytes())
    assert Gain(6.0).process(sound.tobytes()) == whole[:samples]


def test_mute_is_silence_and_idle_codes_are_the_codes_of_silence() -> None:
    gain = Gain(12.0)
    gain.mute(muted=True)
    silence = gain.process(ALL.tobytes()).tobytes()
    assert silence == bytes(2 * len(ALL))
    assert alaw_encode(silence) == bytes([IDLE_ALAW]) * len(ALL)
    assert ulaw_encode(silence) == bytes([IDLE_ULAW]) * len(ALL)
    gain.mute(muted=False)
    assert gain.process(np.full(8, 1000, np.int16).tobytes())[0] == 3981


@pytest.mark.parametrize("db", [LEAST_DB - 0.1, MOST_DB + 0.1, 1e300, float("nan")])
def test_gain_out_of_the_plan_is_refused_and_the_old_one_stays(db: float) -> None:
    gain = Gain(-6.0)
    with pytest.raises(ValueError, match=r"-24\.0 to 12\.0"):
        gain.set(db)
    assert gain.process(np.full(8, 1000, np.int16).tobytes())[0] == 501
