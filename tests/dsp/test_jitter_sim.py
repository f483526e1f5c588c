# SPDX-License-Identifier: GPL-2.0-only
"""The jitter buffer through hours of a call: no drift, no click, no more delay than the network asks for.

Five minutes of each in the default run, eight hours in the soak. The oracle is a fixed buffer that knows every packet's
delay and the far clock beforehand and waits as long as it pays by the E-model (0.024 R a ms, 3 R a percent late).
"""

from pathlib import Path

import numpy as np
import pytest

from tests.dsp.jitter_sim import KINDS, simulate, voiced
from tests.sound.alaw import ideal_pass
from tests.sound.compare import pesq_narrowband
from tests.sound.speech import speech

pytestmark = pytest.mark.system

MINUTES = 300.0
HOURS = 8 * 3600.0
CLICK = 1.5
"""Fourth difference against the source's worst: rounding a join to A-law once more may add 16 half steps of 512 at the
loudest, which is as much again. Seen in eight hours and 12,000 joins: 1.4. A cut of the same sound: 3 and more."""
BEYOND_COST = 0.6
"""R beyond the oracle's: 25 ms. Bins of 5 ms, joins from 10 ms on, octets taken every 5 ms."""


def no_click_no_drift(figures: dict[str, float], jitter_ms: float) -> None:
    assert figures["worst"] <= CLICK * figures["source_worst"]
    assert figures["resyncs"] == 0
    assert figures["cost"] <= figures["oracle_cost"] + BEYOND_COST
    assert figures["delay_end_ms"] <= figures["delay_most_ms"] <= 3 * jitter_ms + 65


@pytest.mark.parametrize("ppm", [100, -100])
@pytest.mark.parametrize("kind", KINDS)
def test_100_ppm_60_ms_jitter_5_percent_loss(kind: str, ppm: float) -> None:
    no_click_no_drift(simulate(kind, seconds=MINUTES, ppm=ppm, jitter=60, loss=5), 60)


@pytest.mark.parametrize("packet", [40, 80, 240])
def test_packets_of_any_length(packet: int) -> None:
    no_click_no_drift(simulate(seconds=MINUTES, ppm=-100, jitter=20, loss=1, packet=packet), 20)


def test_10_ms_of_jitter_cost_at_most_20_ms_of_delay() -> None:
    assert simulate(seconds=MINUTES, jitter=10)["delay_ms"] <= 20


def test_a_steady_stream_is_not_touched_after_it_came_nearer() -> None:
    figures = simulate(seconds=MINUTES)
    assert figures["joins"] <= 6
    assert figures["delay_end_ms"] <= 20


@pytest.mark.parametrize("ppm", [100.0, -50.0])
def test_skew_is_told(ppm: float) -> None:
    assert simulate(seconds=4 * MINUTES, ppm=ppm, jitter=20, loss=5)["skew_ppm"] == pytest.approx(ppm, abs=10)


@pytest.mark.parametrize("ppm", [80.0, -150.0])
def test_v152_vbd_keeps_its_delay_behind_the_resampler(ppm: float) -> None:
    figures = simulate(seconds=4 * MINUTES, ppm=ppm, jitter=20, vbd=1, resampled=1)
    assert (figures["joins"], figures["missing"], figures["resyncs"]) == (0, 0, 0)
    assert figures["worst"] <= CLICK * figures["source_worst"]
    assert abs(figures["delay_most_ms"] - figures["delay_end_ms"]) < 12
    assert figures["skew_ppm"] == pytest.approx(ppm, abs=10)


def test_a_cut_would_be_seen() -> None:
    sound = voiced().astype(float)
    cuts = [np.concatenate([sound[:at], sound[at + 47 :]]) for at in range(8000, 200000, 4000)]
    worst = [
        np.abs(np.diff(cut[at - 9 : at + 9], 4)).max() for cut, at in zip(cuts, range(8000, 200000, 4000), strict=True)
    ]
    source = simulate(seconds=31)["source_worst"]
    assert np.mean(np.array(worst) > 2 * CLICK * source) > 0.4


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("ppm", [100, -100])
@pytest.mark.parametrize("kind", KINDS)
def test_eight_hours(kind: str, ppm: float) -> None:
    figures = simulate(kind, seconds=HOURS, ppm=ppm, jitter=60, loss=5)
    print(kind, figures)
    no_click_no_drift(figures, 60)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("kind", "jitter"), [("alone", 60), ("exponential", 40), ("spikes", 60)])
def test_p862_a_minute_of_speech_through_it(kind: str, jitter: float, tmp_path: Path) -> None:
    """Late packets are silence here, nothing conceals them."""
    said, heard = speech(60.0).astype(np.int16), tmp_path / "heard.raw"
    (tmp_path / "said.raw").write_bytes(said.tobytes())
    told = simulate(kind, heard, tmp_path / "said.raw", seconds=60, ppm=100, jitter=jitter)
    came = np.frombuffer(heard.read_bytes(), dtype=np.int16)
    once = ideal_pass(said.astype(float))
    starts = range(4 * 8000, 52 * 8000, 8 * 8000)
    scores = [pesq_narrowband(said[at : at + 64000], came[at : at + 66000]) for at in starts]
    ideal = [pesq_narrowband(said[at : at + 64000], once[at : at + 64000]) for at in starts]
    print(kind, told["joins"], told["late"], np.mean(scores), np.mean(ideal))
    assert np.mean(scores) >= np.mean(ideal) - 0.15
