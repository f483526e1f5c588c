# SPDX-License-Identifier: GPL-2.0-only
"""Tone receivers: what they take by frequency and by noise, how soon R2 is told, over the limits of their standards."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from dsp.bank import Bank, Kind
from dsp.g711 import alaw_decode, alaw_encode

RATE_HZ = 8000
PEAK_0_DBM0 = 32768 * 10 ** (-3.14 / 20)
TRIES = 12

Sound = npt.NDArray[np.float64]


def _sine(hz: float, ms: float, level_dbm0: float = -12.0, phase: float = 0.0) -> Sound:
    at = np.arange(round(ms * RATE_HZ / 1000))
    return PEAK_0_DBM0 * 10 ** (level_dbm0 / 20) * np.sin(2 * np.pi * hz * at / RATE_HZ + phase)


def _line(sound: Sound) -> bytes:
    linear = np.clip(np.rint(sound), -32768, 32767).astype(np.int16).tobytes()
    return alaw_decode(alaw_encode(linear)).tobytes()


def _busy(off_hz: float) -> Sound:
    beat = np.concatenate([_sine(450 + off_hz, 350), np.zeros(2800)])
    return np.tile(beat, 4)


SIGNALS: dict[str, tuple[Kind, Callable[[float], Sound], float]] = {
    "R1, Q.323": (Kind.MF, lambda off: _sine(1100 + off, 68) + _sine(1300, 68, phase=1.0), 0.015 * 1100 + 5),
    "R2 forward, Q.455": (Kind.R2_FORWARD, lambda off: _sine(1500 + off, 100) + _sine(1740, 100, phase=1.0), 10),
    "R2 backward, Q.455": (Kind.R2_BACKWARD, lambda off: _sine(780 + off, 100) + _sine(1020, 100, phase=1.0), 10),
    "CNG, T.30": (Kind.ANSWER, lambda off: _sine(1100 + off, 500), 38),
    "ANS, G.168": (Kind.ANSWER, lambda off: _sine(2100 + off, 800), 21),
    "busy, China": (Kind.PROGRESS, _busy, 4.5),
}
"""By name: the receiver, its signal with one frequency off by so many hertz, and how far off it must be accepted."""


def _share(kind: Kind, make: Callable[[float], Sound], off_hz: float, snr_db: float) -> float:
    told = 0
    for seed in range(TRIES):
        random = np.random.default_rng(seed)
        sound = np.concatenate([np.zeros(400 + 7 * seed), make(off_hz), np.zeros(1600)])
        sigma = PEAK_0_DBM0 / np.sqrt(2) * 10 ** ((-12 - snr_db) / 20)
        heard = Bank([kind], zone="cn").process(_line(sound + random.normal(0, sigma, len(sound))))
        told += any(event.on for event in heard)
    return told / TRIES


def _draw_frequency(axes: Axes) -> None:
    offs = np.arange(-80, 81, 4.0)
    for name, (kind, make, limit) in SIGNALS.items():
        shares = np.array([_share(kind, make, off, 30) for off in offs])
        taken = np.abs(offs[shares > 0.5]).max(initial=0)
        print(f"   {name}: taken up to {taken:.0f} Hz off, {limit:.0f} demanded")
        (drawn,) = axes.plot(offs, shares, label=name)
        axes.axvspan(-limit, limit, color=drawn.get_color(), alpha=0.06)
    axes.set(
        xlabel="one frequency off by, Hz (shaded: must be taken)", ylabel="share told", title="frequency, SNR 30 dB"
    )


def _draw_noise(axes: Axes) -> None:
    ratios = np.arange(0, 21, 2.0)
    for name, (kind, make, _) in SIGNALS.items():
        axes.plot(ratios, [_share(kind, make, 0.0, snr) for snr in ratios], label=name)
    axes.set(xlabel="signal of one tone to white noise, dB", ylabel="share told", title="noise")
    axes.legend(loc="lower right")


def _draw_delay(axes: Axes) -> None:
    operate: list[float] = []
    release: list[float] = []
    for start in range(40):
        sound = np.concatenate([np.zeros(start), _sine(1500, 150) + _sine(1740, 150, phase=1.0), np.zeros(1600)])
        bank, octets = Bank([Kind.R2_FORWARD]), _line(sound)
        for at in range(0, len(octets) - 80, 80):
            for event in bank.process(octets[at : at + 80]):
                (operate if event.on else release).append((at / 2 + 40 - start) / 8 - (0 if event.on else 150))
    worst = max(operate) + max(release)
    bins = [float(edge) for edge in range(10, 42, 2)]
    print(
        f"   R2 operates in {min(operate):.0f}-{max(operate):.0f} ms, releases in {min(release):.0f}-{max(release):.0f}"
    )
    print(f"   together {worst:.0f} ms at most, Q.455 allows 80")
    axes.hist([operate, release], bins=bins, label=["operate", "release"])
    axes.set(xlabel="ms after the signal's edge", ylabel="of 40 places in a tick", title="R2: when the events come")
    axes.legend()


def draw(folder: Path) -> list[Path]:
    """Three plots on one sheet. Prints the limits found."""
    figure, axes = plt.subplots(1, 3, figsize=(16, 5), layout="constrained")
    _draw_frequency(axes[0])
    _draw_noise(axes[1])
    _draw_delay(axes[2])
    for each in axes:
        each.grid(visible=True, alpha=0.3)
    path = folder / "tones.png"
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return [path]
