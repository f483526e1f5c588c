# SPDX-License-Identifier: GPL-2.0-only
"""DTMF: digits found against noise, twist, frequency, length and our own prompt's echo; ours and spandsp's receiver.

And the ROC: digits found in noise against digits heard in a quarter of an hour of chords, as the limits widen.
"""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from dsp.dtmf import HOP, DtmfReceiver
from tests.dsp.dtmf_sound import DIGITS, Sound, digit, line, silence, with_noise
from tests.dsp.talk_sound import at_level, music
from tests.sound import spandsp_dtmf
from tests.sound.speech import speech

COUNT = 160
PAUSE_MS = 60.0
Hear = Callable[[bytes], str]
RANGES = (6.0, 12.0, 20.0)
"""Of the settings whose points the ROC shows: how far below the levels of the test the receiver's limit lies, dB."""


def _ours(linear: bytes) -> str:
    return "".join(event.digit for event in DtmfReceiver().process(linear) if event.on)


RECEIVERS: dict[str, Hear] = {"ours": _ours, "spandsp": spandsp_dtmf.heard}


def _number(ms: float, seed: int, pause_ms: float = PAUSE_MS, **how: float) -> tuple[str, Sound]:
    rng = np.random.default_rng(seed)
    digits = "".join(rng.choice(list(DIGITS), COUNT))
    parts = [silence(50)]
    for which in digits:
        phase = tuple(rng.uniform(0, 6, 2))
        parts += [digit(which, ms, phase=phase, **how), silence(pause_ms + rng.uniform(0, 10))]
    return digits, np.concatenate([*parts, silence(100)])


def _found(digits: str, sound: Sound, hear: Hear) -> float:
    matched = SequenceMatcher(None, digits, hear(line(sound)), autojunk=False).get_matching_blocks()
    return sum(block.size for block in matched) / len(digits)


def _levels(twist_db: float, level: float = -10.0) -> dict[str, float]:
    return {"low_dbm0": level - twist_db / 2, "high_dbm0": level + twist_db / 2}


def _noise(snr_db: float, seed: int) -> tuple[str, Sound]:
    digits, sound = _number(40, seed)
    return digits, with_noise(sound, snr_db, seed)


def _twist(twist_db: float, seed: int) -> tuple[str, Sound]:
    digits, sound = _number(50, seed, **_levels(twist_db))
    return digits, with_noise(sound, 20, seed)


def _frequency(off_percent: float, seed: int) -> tuple[str, Sound]:
    group = "low_off" if seed % 2 else "high_off"
    digits, sound = _number(50, seed, **{group: off_percent / 100})
    return digits, with_noise(sound, 20, seed)


def _length(ms: float, seed: int) -> tuple[str, Sound]:
    digits, sound = _number(ms, seed)
    return digits, with_noise(sound, 20, seed)


def _level(level: float, seed: int) -> tuple[str, Sound]:
    return _number(50, seed, **_levels(0, level))


def _prompt(level: float, seed: int) -> tuple[str, Sound]:
    digits, sound = _number(80, seed, 120.0, **_levels(0, level))
    return digits, sound + np.resize(at_level(speech(60, "agent").astype(float), -22.0), len(sound))


def _steps(low: float, high: float, step: float) -> list[float]:
    return [float(value) for value in np.arange(low, high, step)]


Condition = Callable[[float, int], tuple[str, Sound]]
PANELS: tuple[tuple[str, Condition, Sequence[float], tuple[float, ...]], ...] = (
    ("SNR of digits of 40 ms, dB", _noise, _steps(2, 18.1, 1), (10,)),
    ("high tone over low, dB", _twist, _steps(-13, 10.1, 1), (-8, 4)),
    ("one tone's frequency off, %", _frequency, _steps(-4, 4.01, 0.25), (-3.5, -1.5, 1.5, 3.5)),
    ("length, ms", _length, _steps(20, 45.1, 1), (23, 40)),
    ("level of each tone, dBm0", _level, _steps(-46, 1, 2.5), (-41,)),
    ("digits of 80 ms over a prompt's echo of -22 dBm0, dBm0", _prompt, _steps(-24, -6, 2), ()),
)


def _curve(axes: Any, title: str, condition: Condition, values: Sequence[float], limits: tuple[float, ...]) -> None:
    for name, hear in RECEIVERS.items():
        shares = [np.mean([_found(*condition(float(value), seed), hear) for seed in (1, 2)]) for value in values]
        axes.plot(values, shares, marker=".", label=name)
        told = ", ".join(f"{limit:g}: {np.interp(limit, values, shares):.3f}" for limit in limits or (values[-1],))
        print(f"   {name:8} {title}: {told}")
    for limit in limits:
        axes.axvline(limit, color="k", linestyle=":", linewidth=0.8)
    axes.set(xlabel=title, ylabel="digits found", ylim=(-0.03, 1.03))
    axes.grid(visible=True, alpha=0.3)


def _false(chords: Sequence[bytes], hear: Hear) -> int:
    return sum(len(hear(linear)) for linear in chords)


def _roc(axes: Any) -> None:
    """Each receiver's false digits beside the noise it stands; ours with narrower and wider settings."""
    chords = [line(music(150, seed)) for seed in range(6)]
    ours: dict[str, Hear] = {}
    for twist_db in RANGES:
        receiver = {"max_high_twist_db": twist_db - 4, "max_low_twist_db": twist_db}
        ours[f"ours, twist to {twist_db:g} dB"] = lambda linear, how=receiver: "".join(  # type: ignore[misc]
            event.digit for event in DtmfReceiver(**how).process(linear) if event.on
        )
    for name, hear in {**ours, "spandsp": spandsp_dtmf.heard}.items():
        false = _false(chords, hear)
        found = [np.mean([_found(*_noise(snr, seed), hear) for seed in (3, 4)]) for snr in (6.0, 8.0, 10.0)]
        axes.plot([false] * 3, found, marker="o", label=name)
        print(f"   {name}: {false} digits in 15 minutes of chords; at 6, 8, 10 dB found {np.round(found, 3)}")
    axes.set(xlabel="digits in 15 minutes of chords", ylabel="found at 6, 8, 10 dB SNR", ylim=(-0.03, 1.03))
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")


def _delays(axes: Any) -> None:
    """From a digit's start to the early flag and to the event, over where it starts in the receiver's rhythm."""
    early: list[float] = []
    on: list[float] = []
    for start_ms in np.arange(60, 90, 0.25):
        receiver = DtmfReceiver()
        sound = line(np.concatenate([silence(start_ms), digit(DIGITS[int(4 * start_ms) % 16], 80)]))
        for at in range(0, len(sound) - 2 * HOP + 1, 2 * HOP):
            events = receiver.process(sound[at : at + 2 * HOP])
            end_ms = (at + 2 * HOP) / 16 - start_ms
            if receiver.early and len(early) == len(on):
                early.append(end_ms)
            on += [end_ms for event in events if event.on]
    print(f"   early flag after {min(early):.1f} to {max(early):.1f} ms, event after {min(on):.1f} to {max(on):.1f} ms")
    axes.hist([early, on], bins=_steps(0, 50, 1), label=["early flag", "event"], histtype="stepfilled", alpha=0.7)
    axes.set(xlabel="ms after the digit's start", ylabel="digits")
    axes.legend()


def draw(folder: Path) -> list[Path]:
    """Six curves, the ROC and the delays. Prints what is found at each limit of Q.24."""
    figure, grid = plt.subplots(3, 3, figsize=(15, 11), layout="constrained")
    axes = grid.ravel()
    for at, (title, condition, values, limits) in enumerate(PANELS):
        _curve(axes[at], title, condition, values, limits)
    axes[0].legend()
    _roc(axes[6])
    _delays(axes[7])
    axes[8].set_visible(False)
    figure.suptitle("DTMF receivers; dotted: limits of Q.24 (AT&T)")
    path = folder / "dtmf.png"
    figure.savefig(path, dpi=100)
    plt.close(figure)
    return [path]
