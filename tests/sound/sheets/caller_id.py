# SPDX-License-Identifier: GPL-2.0-only
"""Caller ID: the share of messages delivered against the SNR, three modems and three lines, ours beside spandsp's."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from dsp.caller_id import CallerIdReceiver, Standard, encode
from tests.dsp.caller_id_sound import Line, Pcm, any_message, burst, has_doubled_dle
from tests.dsp.spandsp_adsi import Adsi, heard

MESSAGES = 100
SNRS_DB = (0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 25.0)
PEERS = {Standard.BELL202: Adsi.CLASS, Standard.V23: Adsi.CLIP, Standard.V23_JP: Adsi.JCLIP}
LINES = {"flat": Line(), "space 6 dB below mark": Line(twist_db=-6), "hum, 10 dB below": Line(hum_db=-10)}

Receiver = Callable[[Pcm], list[bytes]]


def _ours(standard: Standard) -> Receiver:
    return lambda pcm: [r.raw for r in CallerIdReceiver(standard).process(pcm.tobytes()) if not r.fault]


def _theirs(standard: Standard) -> Receiver:
    return lambda pcm: heard(PEERS[standard], pcm)


def _delivered(octets: bytes, standard: Standard) -> set[bytes]:
    """What a receiver may deliver: all, or as spandsp does without checksum or CRC and parity."""
    bare = bytes(octet & 0x7F for octet in octets[:-2]) if standard is Standard.V23_JP else octets[:-1]
    return {octets, bare}


def _octets(standard: Standard, random: np.random.Generator) -> bytes:
    """Of any message that spandsp can read: not of one in which NTT has a DLE doubled, as for a number of 16 digits."""
    while True:
        octets = encode(any_message(random), standard)
        if standard is not Standard.V23_JP or not has_doubled_dle(octets):
            return octets


def _shares(standard: Standard, line: Line, receivers: list[Receiver]) -> list[tuple[float, int]]:
    """Of each receiver the share of messages delivered, and how many wrong ones, over the same sounds."""
    random = np.random.default_rng(7)
    right, wrong = [0] * len(receivers), [0] * len(receivers)
    for _ in range(MESSAGES):
        octets = _octets(standard, random)
        pcm = line.passed(burst(octets, standard, random), random, standard)
        for at, receiver in enumerate(receivers):
            messages = receiver(pcm)
            good = sum(message in _delivered(octets, standard) for message in messages)
            right[at] += good > 0
            wrong[at] += len(messages) - good
    return [(share / MESSAGES, errors) for share, errors in zip(right, wrong, strict=True)]


def draw(folder: Path) -> list[Path]:
    """A row of curves a line, a column a modem. Prints where half and nearly all are delivered, and the wrong ones."""
    figure, grid = plt.subplots(len(LINES), len(Standard), figsize=(13, 9), layout="constrained", sharey=True)
    for row, (name, line) in enumerate(LINES.items()):
        for standard in Standard:
            axes = grid[row][standard]
            told = [
                _shares(standard, replace(line, snr_db=snr), [_ours(standard), _theirs(standard)]) for snr in SNRS_DB
            ]
            for at, (who, style) in enumerate((("ours", "o-"), ("spandsp", "s--"))):
                shares = [point[at][0] for point in told]
                errors = sum(point[at][1] for point in told)
                axes.plot(SNRS_DB, shares, style, markersize=4, label=f"{who}: {errors} wrong")
                enough = [snr for snr, share in zip(SNRS_DB, shares, strict=True) if share >= 0.995]
                least = f"from {min(enough):.0f} dB" if enough else "nowhere"
                print(f"   {standard.name}, {name}: {who} delivers 99.5 % {least}, {errors} wrong of all")
            axes.axhline(0.995, color="grey", linewidth=0.8, linestyle=":")
            axes.set(xlabel="SNR, 0 to 4 kHz, dB", ylabel="delivered", title=f"{standard.name}, {name}")
            axes.grid(visible=True, alpha=0.3)
            axes.legend(loc="upper left", fontsize="small")
    path = folder / "caller_id.png"
    figure.savefig(path, dpi=100)
    plt.close(figure)
    return [path]
