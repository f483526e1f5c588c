# SPDX-License-Identifier: GPL-2.0-only
"""Line echo canceller beside speexdsp: convergence on noise and speech, double talk, a tone, a new path."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from tests.dsp.echo_rig import HYBRIDS, RATE, Line, Run, Signal, cancel, css, noise, path, silence, talk, tone

FRAME, TAPS, FIVE = 160, 512, HYBRIDS[:5]
WINDOW_S = 0.1
_SPEEX_ECHO_SET_SAMPLING_RATE = 24


class Speex:
    """Debian's libspeexdsp, by ctypes; it cancels in frames of 20 ms."""

    def __init__(self) -> None:
        self._lib = ctypes.CDLL("libspeexdsp.so.1")
        self._lib.speex_echo_state_init.restype = ctypes.c_void_p

    def cancel(self, far: Any, near: Any) -> Any:
        state = ctypes.c_void_p(self._lib.speex_echo_state_init(FRAME, TAPS))
        rate = ctypes.c_int(RATE)
        self._lib.speex_echo_ctl(state, _SPEEX_ECHO_SET_SAMPLING_RATE, ctypes.byref(rate))
        out = np.zeros_like(near)
        for at in range(0, len(near) // FRAME * FRAME, FRAME):
            near_at, far_at, out_at = (ctypes.c_void_p(x.ctypes.data + 2 * at) for x in (near, far, out))
            self._lib.speex_echo_cancellation(state, near_at, far_at, out_at)
        self._lib.speex_echo_state_destroy(state)
        return out


def _beside(runs: list[Run]) -> list[Run]:
    """The same lines through speexdsp."""
    speex = Speex()
    return [
        Run(run.far, run.echo, run.near, run.near_end, speex.cancel(run.far.copy(), run.near.copy())) for run in runs
    ]


def _curve(runs: list[Run]) -> Signal:
    """ERLE over time, mean of the hybrids; gaps where there is no echo."""
    count = int(len(runs[0].out) / RATE / WINDOW_S)
    rows = []
    for run in runs:
        power = np.array([np.mean(run.echo[run.part(k * WINDOW_S, (k + 1) * WINDOW_S)] ** 2) for k in range(count)])
        row = np.array([run.erle_db(k * WINDOW_S, (k + 1) * WINDOW_S) for k in range(count)])
        rows.append(np.where(power > 400, row, np.nan))
    gone: Signal = np.mean(rows, axis=0)
    return gone


def _lines(far: Signal, near: Signal | None = None) -> list[Line]:
    return [Line(far, [(0, path(hybrid))], near) for hybrid in FIVE]


def _changing() -> list[Line]:
    far = talk(16, -16)
    others = FIVE[1:] + FIVE[:1]
    return [Line(far, [(0, path(a)), (8, path(b, 10, 8))]) for a, b in zip(FIVE, others, strict=True)]


SCENES: dict[str, tuple[Callable[[], list[Line]], tuple[tuple[float, float], ...]]] = {
    "white noise": (lambda: _lines(noise(5, -16)), ((1, 2), (2, 5))),
    "composite source signal": (lambda: _lines(css(10, -16)), ((1, 2), (3, 5), (5, 10))),
    "speech": (lambda: _lines(talk(20, -16)), ((1, 2), (3, 5), (10, 20))),
    "speech, double talk 6 to 10 s": (
        lambda: _lines(talk(16, -16), np.concatenate([silence(6), talk(4, -16, "agent"), silence(6)])),
        ((5, 6), (6, 10), (11, 12)),
    ),
    "noise, a tone 3 to 8 s, noise": (
        lambda: _lines(np.concatenate([noise(3, -16), tone(5, -16, 1000), noise(3, -16)])),
        ((2, 3), (8, 9)),
    ),
    "speech, another path from 8 s": (_changing, ((7, 8), (9, 10), (12, 16))),
}


def draw(folder: Path) -> list[Path]:
    """Six scenes, ours and speexdsp's, NLP off. Prints ERLE by seconds."""
    figure, axes = plt.subplots(3, 2, figsize=(14, 11), layout="constrained")
    for axis, (title, (scene, spans)) in zip(axes.flat, SCENES.items(), strict=True):
        ours = cancel(scene())
        for who, runs in (("ours", ours), ("speexdsp", _beside(ours))):
            means = [float(np.mean([run.erle_db(*span) for run in runs])) for span in spans]
            said = ", ".join(f"{a:g}-{b:g} s {mean:.1f} dB" for (a, b), mean in zip(spans, means, strict=True))
            print(f"   {title}: {who} {said}")
            curve = _curve(runs)
            axis.plot(np.arange(len(curve)) * WINDOW_S, curve, label=who)
        axis.set(title=title, xlabel="s", ylabel="ERLE, dB", ylim=(-10, 45))
        axis.grid(visible=True, alpha=0.3)
        axis.legend(loc="lower right")
    figure.suptitle(
        "Echo return loss enhancement, 512 taps, ERL 10 dB, -16 dBm0, A-law both ways, mean of G.168 D.2 to D.6"
    )
    name = folder / "echo.png"
    figure.savefig(name, dpi=100)
    plt.close(figure)
    return [name]
