# SPDX-License-Identifier: GPL-2.0-only
"""The jitter buffer's delay and lateness against the network's jitter, beside a fixed buffer that knows everything."""

from pathlib import Path

from matplotlib import pyplot as plt

from tests.dsp.jitter_sim import simulate

JITTER_MS = (0, 5, 10, 20, 30, 40, 60, 80, 100)
SECONDS = 1200.0


def draw(folder: Path) -> list[Path]:
    """Mean delay and late packets of twenty minutes each, 100 ppm and 5 % loss. Prints what is beyond the oracle's."""
    figure, (delays, lates) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    for number, kind in enumerate(("alone", "queue", "exponential", "spikes")):
        told = [simulate(kind, seconds=SECONDS, ppm=100, loss=5, jitter=jitter) for jitter in JITTER_MS]
        beyond = max(call["cost"] - call["oracle_cost"] for call in told)
        print(f"   {kind}: {beyond:.2f} R beyond the oracle at most, clicks {max(call['worst'] for call in told):.0f}")
        delays.plot(JITTER_MS, [call["delay_ms"] for call in told], f"C{number}-o", label=kind)
        delays.plot(JITTER_MS, [call["oracle_ms"] for call in told], f"C{number}--", label=f"{kind}, oracle")
        lates.plot(JITTER_MS, [100 * call["late"] for call in told], f"C{number}-o", label=kind)
        lates.plot(JITTER_MS, [100 * call["oracle_late"] for call in told], f"C{number}--", label=f"{kind}, oracle")
    delays.set(xlabel="jitter, ms", ylabel="mean delay beyond the quickest packet's, ms", title="Delay")
    lates.set(xlabel="jitter, ms", ylabel="sound that came too late, %", title="Lateness")
    for axes in (delays, lates):
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
    figure.suptitle(
        "Jitter buffer: 20 ms packets, far clock 100 ppm fast, 5 % lost; oracle: best fixed delay by the E-model"
    )
    path = folder / "jitter.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return [path]
