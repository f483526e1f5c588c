# SPDX-License-Identifier: GPL-2.0-only
"""Sounds and pauses of a line, and the cadence in them: bursts of one length and level, parted by one pause.

Upon 5 ms of sound at a time. A sound is what stands 8 dB above the line's noise and is not our own echo; a break below
60 ms is none. Three bursts alike with two pauses alike are a cadence, whatever their pitch; speech and music lack it.
"""

import itertools
import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from dsp.measure import TICK, measures
from dsp.state import Samples

TICK_S = TICK / 8000
BURSTS = 3
BREAK_TICKS = 12
LEAST_TICKS = 14  # of a burst: the shortest busy tones have 100 ms
ALIKE = 0.12  # share by which lengths may differ, and
ALIKE_S = 0.015
ALIKE_DB = 3.0
STEADY_DB = 4.0  # within a burst, over 20 ms
ABOVE_NOISE = 10 ** (8 / 10)
OWN_ECHO = 0.5  # of what we sent lately: no hybrid returns more
LATELY_TICKS = 8
FLOOR_GROWTH = 1.0005  # a tick: 1 dB in 2.3 s, so that the noise is found again
LEAST_POWER = 40.0 * 25.0  # of a tick: -66 dBm0 or so
SHORTEST_S, LONGEST_S = 0.08, 1.2  # of bursts and pauses of a busy tone
MOST_TICKS = 480  # of a sound without a pause, twice the longest; what goes on is another


class Cadence(NamedTuple):
    """Milliseconds."""

    on_ms: int
    off_ms: int


@dataclass(slots=True)
class Burst:
    """A sound. `steady`: of one level from its beginning to its end."""

    begun_s: float
    ended_s: float
    level_db: float
    steady: bool


class Bursts:
    """Feed it sound; it keeps what matters of it."""

    def __init__(self) -> None:
        self.voice_s = 0.0  # when something else than a cadence was last heard
        self.cadence: Cadence | None = None  # that is on
        self.begun_s = 0.0  # since when
        self.burst_s = 0.0  # when the last sound ended
        self._last: deque[Burst] = deque(maxlen=BURSTS)
        self._floor = 1e9
        self._sent: deque[float] = deque([0.0], maxlen=LATELY_TICKS)
        self._levels: list[float] = []  # of the sound that is on, ticks
        self._quiet = 0
        self._at_s = 0.0

    def hear(self, at_s: float, heard: Samples, sent: Samples) -> None:
        """The next sound of the line, and what we sent meanwhile; as long."""
        ours = measures(sent)
        for tick, seen in enumerate(measures(heard)):
            self._sent.append(float(ours[tick].energy))
            self._at_s = at_s + tick * TICK_S
            self._take(float(seen.energy) - seen.sum * seen.sum / TICK)

    def _take(self, power: float) -> None:
        self._floor = min(self._floor * FLOOR_GROWTH, max(LEAST_POWER, power))
        if power > max(ABOVE_NOISE * self._floor, OWN_ECHO * max(self._sent)):
            if self._quiet:
                self._levels += [0.0] * self._quiet
                self._quiet = 0
            self._levels.append(power)
            if len(self._levels) >= MOST_TICKS:
                self._end()
        elif self._levels:
            self._quiet += 1
            if self._quiet >= BREAK_TICKS:
                self._end()

    def _end(self) -> None:
        """A sound is over."""
        levels, ended = self._levels, self._at_s - (self._quiet - 1) * TICK_S
        self.burst_s = ended
        self._levels, self._quiet = [], 0
        if len(levels) < LEAST_TICKS:
            return
        means = [sum(levels[at : at + 4]) / 4 for at in range(1, len(levels) - 4)]
        least, most = min(means), max(means)
        steady = least > 0 and 10 * math.log10(most / least) <= STEADY_DB
        level = 10 * math.log10(sum(levels) / len(levels))
        self._last.append(Burst(ended - len(levels) * TICK_S, ended, level, steady))
        self._judge()

    def _judge(self) -> None:
        found = alike(list(self._last))
        if found is None:
            if self.cadence is not None or not self._last[-1].steady:
                self.voice_s = self._last[-1].ended_s
            self.cadence = None
        else:
            if self.cadence is None:
                self.begun_s = self._last[0].begun_s
            self.cadence = found


def alike(bursts: list[Burst]) -> Cadence | None:
    """The cadence that these are, if they are one."""
    if len(bursts) < BURSTS or not all(burst.steady for burst in bursts):
        return None
    lengths = [burst.ended_s - burst.begun_s for burst in bursts]
    pauses = [later.begun_s - burst.ended_s for burst, later in itertools.pairwise(bursts)]
    levels = [burst.level_db for burst in bursts]
    if max(levels) - min(levels) > ALIKE_DB or not (_same(lengths) and _same(pauses)):
        return None
    return Cadence(round(1000 * sum(lengths) / len(lengths)), round(1000 * sum(pauses) / len(pauses)))


def _same(seconds: list[float]) -> bool:
    low, high = min(seconds), max(seconds)
    return low >= SHORTEST_S and high <= LONGEST_S and high - low <= ALIKE * high + ALIKE_S


class BusyEar:
    """Hears a busy tone by its cadence alone, where a line has another than its zone."""

    def __init__(self, busy_ms: tuple[int, int]) -> None:
        self._busy = [ms / 1000 for ms in busy_ms]
        self._bursts = Bursts()
        self._at_s = 0.0

    def hear(self, heard: Samples, sent: Samples) -> bool:
        """The next sound, both ways; True while the tone is on, from its third burst's end."""
        self._bursts.hear(self._at_s, heard, sent)
        self._at_s += len(memoryview(heard).cast("B")) / 2 / 8000
        cadence = self._bursts.cadence
        if cadence is None or self._at_s - self._bursts.burst_s > 2 * LONGEST_S:
            return False
        return all(_same([ms / 1000, wanted]) for ms, wanted in zip(cadence, self._busy, strict=True))
