# SPDX-License-Identifier: GPL-2.0-only
"""Loss concealment: PESQ against loss of 20 ms packets, ours, spandsp's and silence; and one loss, as it sounds."""

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from tests.sound.loss import PACKET, Concealer, Spandsp, clips, losses, ours, scores, silence

SHARES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15)
SEEDS = (1,)


def draw(folder: Path) -> list[Path]:
    """Mean over ten prompts and four synthetic voices. Prints the least distance to spandsp."""
    sounds = clips()
    concealers: dict[str, Concealer] = {"ours": ours, "spandsp": Spandsp(), "silence": silence}
    figure, (curve, wave) = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
    means: dict[str, list[float]] = {name: [] for name in concealers}
    for share in SHARES:
        for name, concealer in concealers.items():
            means[name].append(float(np.mean([scores(concealer, sounds, share, seed) for seed in SEEDS])))
        told = ", ".join(f"{name} {values[-1]:.3f}" for name, values in means.items())
        print(f"   {share:.0%} lost: PESQ {told}", flush=True)
    for name, values in means.items():
        curve.plot([100 * share for share in SHARES], values, "o-", label=name)
    least = min(a - b for a, b in zip(means["ours"], means["spandsp"], strict=True))
    print(f"   above spandsp by {least:.3f} at least")
    curve.set(xlabel="packets of 20 ms lost, %", ylabel="PESQ (P.862.1)", title="A-law, random loss")
    lost = losses(len(sounds[0]) // PACKET, 0.1, 1000)
    first = int(np.flatnonzero(lost)[1]) * PACKET
    span = slice(first - 240, first + 480)
    at = np.arange(span.start, span.stop) / 8 - first / 8
    wave.plot(at, sounds[0][span], "k", alpha=0.3, label="sent")
    for name in ("ours", "spandsp"):
        wave.plot(at, concealers[name](sounds[0], lost)[span], label=name)
    wave.axvspan(0, 20, alpha=0.1)
    wave.set(xlabel="ms", title="one lost packet")
    for axes in (curve, wave):
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
    path = folder / "plc.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return [path]
