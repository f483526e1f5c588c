# SPDX-License-Identifier: GPL-2.0-only
"""Measures what came through a line against what was sent: delay, identity, slips, gaps, level, correlation, PESQ.

Source and heard sound are A-law octets at 8 kHz. They are aligned once by cross-correlation, then each 20 ms block of
the source is looked for near its place, so that a slip moves the rest instead of spoiling it, and is told. Only blocks
in which the source has energy count: silence found in silence proves nothing. A block beyond the end of what was heard
counts as not identical.
"""

from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt
from pesq import pesq
from scipy.signal import correlate

from tests.sound.alaw import Linear, decode, ideal_pass, level_dbm0

BLOCK = 160
"""Samples of a block, 20 ms."""
ACTIVE_DBM0 = -45.0
SILENT_DBM0 = -60.0
OPENING = 8000
"""Samples (1 s) of the source's first sound that say where the heard sound begins."""
SEARCH = 480
"""Samples (60 ms) to either side in which a block is looked for after a slip."""

Wide = npt.NDArray[np.float64]


class Slip(msgspec.Struct, frozen=True):
    """The delay changed: from the block at `sample` of the source on, by so many samples (+ later, − earlier)."""

    sample: int
    shift: int


class Comparison(msgspec.Struct, frozen=True, dict=True):
    """The figures; blocks are those with energy in the source."""

    delay_samples: int
    """Place in the heard sound where the source begins (its first aligned block)."""
    blocks: int
    identical: int
    silent: int
    """Blocks in whose place nothing was heard."""
    slips: tuple[Slip, ...]
    level_db: float
    """Heard less source."""
    correlation: float

    @cached_property
    def identical_share(self) -> float:
        """0 to 1; 0 if the source has no energy at all."""
        return self.identical / self.blocks if self.blocks else 0.0

    def sentence(self) -> str:
        """The figures for people."""
        return (
            f"{100 * self.identical_share:.2f} % of {self.blocks} blocks identical, {self.silent} silent, "
            f"{len(self.slips)} slips, level {self.level_db:+.2f} dB, correlation {self.correlation:.4f}, "
            f"begins at {self.delay_samples / 8:.3f} ms"
        )


def compare(source: bytes, heard: bytes) -> Comparison:
    """Measure. Raises ValueError if either is shorter than a block."""
    if min(len(source), len(heard)) < BLOCK:
        raise ValueError(f"source {len(source)}, heard {len(heard)} octets: at least {BLOCK}")
    return _Measurement(source, heard).run()


def find_delay(source: Linear, heard: Linear) -> int:
    """Sample of `heard` at which `source` begins (may be negative), by cross-correlation over all of both."""
    wide = correlate(heard.astype(np.float64), source.astype(np.float64), mode="full", method="fft")
    return int(np.argmax(wide)) - (len(source) - 1)


def aligned(source: Linear, heard: Linear) -> Linear:
    """`heard` from where `source` begins in it, as long as `source`; zeros where nothing was heard."""
    delay = find_delay(source, heard)
    out = np.zeros(len(source), np.int16)
    first, last = max(0, delay), min(len(heard), delay + len(source))
    if last > first:
        out[first - delay : last - delay] = heard[first:last]
    return out


def pesq_narrowband(reference: Linear, heard: Linear) -> float:
    """P.862.1 score (MOS-LQO) of `heard` against `reference`, after alignment; the ceiling is 4.549."""
    return float(pesq(8000, reference, aligned(reference, heard), "nb"))


class PesqScores(msgspec.Struct, frozen=True):
    """Speech judged twice (the ceiling of a linear reference is one ideal A-law pass, not 4.549)."""

    against_decoded: float
    """Against what perfect A-law makes of the source: what our line took away."""
    against_linear: float
    ideal: float
    """One ideal A-law pass against the linear source."""

    @property
    def below_ideal(self) -> float:
        """How far `against_linear` lies under the ideal; negative if over it."""
        return self.ideal - self.against_linear


def judge(linear: Linear, heard: bytes) -> PesqScores:
    """Scores of heard A-law octets whose source was `linear`."""
    once, came = ideal_pass(linear), decode(heard)
    return PesqScores(pesq_narrowband(once, came), pesq_narrowband(linear, came), pesq_narrowband(linear, once))


def one_way_delay_ms(said_ns: int, heard_ns: int, comparison: Comparison) -> float:
    """Mouth to ear: `said_ns` when the source began, `heard_ns` when the recording's first octet came; one clock."""
    return (heard_ns - said_ns) / 1e6 + comparison.delay_samples / 8


class _Measurement:
    """One comparison under way."""

    def __init__(self, source: bytes, heard: bytes) -> None:
        self.source, self.heard = source, heard
        self.source_linear, self.heard_linear = decode(source), decode(heard)
        self.shift = find_delay(self.source_linear, self.heard_linear)
        self.slips: list[Slip] = []
        self.identical = self.silent = 0
        self.pairs: list[tuple[Linear, Linear]] = []

    def run(self) -> Comparison:
        starts = [
            start
            for start in range(0, len(self.source) - BLOCK + 1, BLOCK)
            if level_dbm0(self.source_linear[start : start + BLOCK]) > ACTIVE_DBM0
        ]
        if starts:
            self._align_opening(starts[0])
        delay = self.shift
        for start in starts:
            was = self.shift
            self._block(start)
            if self.shift != was:
                self.slips.append(Slip(start, self.shift - was))
        level, correlation = self._likeness()
        return Comparison(delay, len(starts), self.identical, self.silent, tuple(self.slips), level, correlation)

    def _align_opening(self, start: int) -> None:
        """The whole is aligned where most of it lies; after a slip that is not where it began."""
        low = max(0, start + self.shift - SEARCH)
        opening = self.source_linear[start : start + OPENING]
        window = self.heard_linear[low : start + self.shift + SEARCH + OPENING]
        if len(window) > BLOCK:
            self.shift = low + find_delay(opening, window) - start

    def _block(self, start: int) -> None:
        """Count one block; moves the shift where the block is found elsewhere."""
        if not self._same(start, self.shift):
            self.shift = self._found_elsewhere(start)
        self.identical += self._same(start, self.shift)
        came = self._heard_at(start + self.shift)
        self.silent += level_dbm0(came) < SILENT_DBM0
        self.pairs.append((self.source_linear[start : start + BLOCK], came))

    def _same(self, start: int, shift: int) -> bool:
        place = start + shift
        return place >= 0 and self.heard[place : place + BLOCK] == self.source[start : start + BLOCK]

    def _found_elsewhere(self, start: int) -> int:
        """The shift at which the block was heard; the present one if it was heard nowhere near."""
        block = self.source[start : start + BLOCK]
        low = max(0, start + self.shift - SEARCH)
        place = self.heard.find(block, low, start + self.shift + SEARCH + BLOCK)
        return place - start if place >= 0 else self._resembling(start)

    def _resembling(self, start: int) -> int:
        """As above for sound that was changed on its way. Voice repeats itself, so the likeness must be plain."""
        block = self.source_linear[start : start + BLOCK].astype(np.float64)
        low = start + self.shift - SEARCH
        if low < 0 or low + 2 * SEARCH + BLOCK > len(self.heard) or _likeness(block, self._wide_at(start)) > 0.8:
            return self.shift
        window = self.heard_linear[low : low + 2 * SEARCH + BLOCK].astype(np.float64)
        energy = np.convolve(np.square(window), np.ones(BLOCK), mode="valid")
        scores = np.correlate(window, block, mode="valid") / np.sqrt(np.maximum(energy * np.sum(block**2), 1.0))
        best = int(np.argmax(scores))
        return low + best - start if scores[best] > 0.97 else self.shift

    def _heard_at(self, place: int) -> Linear:
        came = np.zeros(BLOCK, np.int16)
        first, last = max(0, place), min(len(self.heard), place + BLOCK)
        if last > first:
            came[first - place : last - place] = self.heard_linear[first:last]
        return came

    def _wide_at(self, start: int) -> Wide:
        return self._heard_at(start + self.shift).astype(np.float64)

    def _likeness(self) -> tuple[float, float]:
        if not self.pairs:
            return 0.0, 0.0
        sent = np.concatenate([pair[0] for pair in self.pairs]).astype(np.float64)
        came = np.concatenate([pair[1] for pair in self.pairs]).astype(np.float64)
        return level_dbm0(came) - level_dbm0(sent), _likeness(sent, came)


def _likeness(one: Wide, other: Wide) -> float:
    scale = float(np.sqrt(np.sum(one**2) * np.sum(other**2)))
    return float(np.sum(one * other)) / scale if scale else 0.0
