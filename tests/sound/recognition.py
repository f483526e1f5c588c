# SPDX-License-Identifier: GPL-2.0-only
"""Which prompts a caller heard, in which order, by their very samples: a search of the sound for each that there is.

    heard = Recognition({"digits/1": linear, …}).of(sound)
    [one.name for one in heard], [later.begin - earlier.end for earlier, later in pairwise(heard)]

The search is told nothing of what is expected. A prompt is there where the sound is like it from its first sample to
its last (correlation over both energies). One that is the beginning of another is not heard where that one is.
"""

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft

from tests.sound.alaw import Linear

LIKE = 0.98
"""An A-law pass leaves 0.999 and more; words of one voice are below 0.9."""
EDGE = 80
"""Samples by which neighbours may overlap: they end in silence."""

Wide = npt.NDArray[np.float32]


class Spoken(msgspec.Struct, frozen=True):
    """A prompt that was heard whole, at these samples of the sound."""

    name: str
    begin: int
    end: int


class Recognition:
    """Of these prompts; of two with the same samples the first by name is told."""

    def __init__(self, prompts: Mapping[str, Linear]) -> None:
        self._prompts = {name: _wide(prompts[name]) for name in sorted(prompts, reverse=True)}

    def of(self, sound: Linear) -> list[Spoken]:
        """In their order, none within another."""
        found = sorted(self._candidates(_wide(sound)), key=lambda one: (one.begin - one.end, one.begin, one.name))
        kept: list[Spoken] = []
        for one in found:
            if all(one.end - EDGE <= other.begin or other.end - EDGE <= one.begin for other in kept):
                kept.append(one)
        return sorted(kept, key=lambda one: one.begin)

    def _candidates(self, sound: Wide) -> Iterator[Spoken]:
        size = next_fast_len(len(sound), real=True)  # wraps only where no prompt has room
        spectrum = rfft(sound, size)
        energy = np.concatenate(([0.0], np.cumsum(np.square(sound, dtype=np.float64))))
        for name, prompt in self._prompts.items():
            places = len(sound) - len(prompt) + 1
            power = float(np.sum(np.square(prompt, dtype=np.float64)))
            if places < 1 or not power:
                continue
            products = irfft(spectrum * np.conj(rfft(prompt, size)), size)[:places]
            there = energy[len(prompt) :] - energy[:places]
            likeness = products / np.sqrt(np.maximum(there * power, power * power / 100))
            for place in _peaks(likeness):
                yield Spoken(name, place, place + len(prompt))


def _peaks(likeness: npt.NDArray[np.floating]) -> Iterator[int]:
    """Of each run that is like it the best."""
    over = np.flatnonzero(likeness > LIKE)
    for run in np.split(over, np.flatnonzero(np.diff(over) > EDGE) + 1):
        if len(run):
            yield int(run[np.argmax(likeness[run])])


def _wide(sound: Linear) -> Wide:
    return sound.astype(np.float32)
