# SPDX-License-Identifier: GPL-2.0-only
"""G.711: signal to distortion of one pass, A and µ law, against the level of a sine (the masks of G.712 clause 9)."""

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from dsp import g711

FULL_DBM0 = 3.14
MASK_DBM0, MASK_DB = (-45.0, -40.0, -30.0, 0.0), (22.0, 27.0, 33.0, 33.0)
"""G.712 figure 14: least total distortion, dB, for a sine of 1020 Hz by its level in dBm0."""


def _distortion_db(level_dbm0: float, law: str) -> float:
    amplitude = 32124.0 * 10 ** ((level_dbm0 - FULL_DBM0) / 20)
    sine = np.round(amplitude * np.sin(2 * np.pi * 1020 * np.arange(8000) / 8000)).astype(np.int16)
    encode, decode = (g711.alaw_encode, g711.alaw_decode) if law == "A" else (g711.ulaw_encode, g711.ulaw_decode)
    back = np.array(decode(encode(sine.tobytes())), dtype=float)
    clean = sine.astype(float)
    clean *= float(clean @ back) / float(clean @ clean)
    return float(10 * np.log10((clean @ clean) / np.sum((back - clean) ** 2)))


def draw(folder: Path) -> list[Path]:
    """Both laws over the mask. Prints the least distance to it."""
    levels = np.arange(-60.0, 3.1, 0.25)
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for law in ("A", "µ"):
        ratios = np.array([_distortion_db(level, law) for level in levels])
        inside = (levels >= MASK_DBM0[0]) & (levels <= 0)
        room = ratios[inside] - np.interp(levels[inside], MASK_DBM0, MASK_DB)
        print(f"   {law}-law: {room.min():.1f} dB above the mask of G.712 at least")
        axes.plot(levels, ratios, label=f"{law}-law")
    axes.plot(MASK_DBM0, MASK_DB, "k--", label="G.712 figure 14")
    axes.set(xlabel="level of a 1020 Hz sine, dBm0", ylabel="signal to total distortion, dB", title="G.711, one pass")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    path = folder / "g711.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return [path]
