# SPDX-License-Identifier: GPL-2.0-only
"""Which of the port's impedances fits a line: each is tried under our own prompt, and returns least of it or does not.

What comes back is held against what was sent in bands of 500 Hz, each octave with its weight, the noise taken off. All
are tried for some tenths of a second of sound, twice, since a word of the caller within one trial is not within the
other; then the best of them some times more, as long as the prompt lasts. How much later it comes back than it was
sent (the port's device keeps some milliseconds of sound) is found first: by which delay both rise and fall together.
"""

import math
import statistics
from array import array
from collections import deque

from appliance.signalling.fxo.learning.evidence import Evidence
from appliance.signalling.fxo.modes import impedances
from drivers.spi.line_modes import IMPEDANCES
from dsp.measure import measures
from dsp.state import Samples

Bands = list[float]

PASSES = 2
FINALISTS = 5
SHOWN = 3
FINAL_PASSES = 7
BLOCK_TICKS = 4
BLOCKS = 8  # of sound in a trial
LEAST_SENT = 1e6  # squares summed up over a block, high pitches raised: about -40 dBm0
DOUBLE_TALK = 0.7  # share of what was sent that no hybrid returns
DELAY_MOST = 8  # blocks by which it may be late
DELAY_AFTER = 25  # blocks of sound until that is known
WEIGHTS = (0.51, 0.69, 0.41, 0.29, 0.22, 0.18, 0.13)  # logarithm of the band's edges, from 300 Hz on
SMOOTH = 8
RAISED = 15  # sixteenths of the sample before are taken off: speech falls with its pitch, bands leak into each other


class Way:
    """Energies by band of one way."""

    def __init__(self) -> None:
        self._last = 0
        self._ticks: deque[tuple[int, ...]] = deque()

    def take(self, sound: Samples) -> None:
        """The next samples, some ticks of 5 ms."""
        samples = array("h", bytes(sound))
        before = array("h", [self._last, *samples[:-1]])
        self._last = samples[-1]
        raised = array("h", [(16 * now - RAISED * was) >> 5 for now, was in zip(samples, before, strict=True)])
        self._ticks.extend(tuple(tick.bands) for tick in measures(raised))

    def block(self) -> Bands | None:
        """Of the next 20 ms."""
        if len(self._ticks) < BLOCK_TICKS:
            return None
        ticks = [self._ticks.popleft() for _ in range(BLOCK_TICKS)]
        return [float(sum(tick[band] for tick in ticks)) for band in range(len(WEIGHTS))]


class Delay:
    """How many blocks later what is sent comes back."""

    def __init__(self) -> None:
        self._sent: deque[Bands] = deque([[0.0] * len(WEIGHTS)] * DELAY_MOST, DELAY_MOST)
        self._alike = [0.0] * DELAY_MOST
        self._heard = 0

    def take(self, came: Bands, ours: Bands) -> Bands | None:
        """What was sent of which this comes back; None: nobody knows yet."""
        self._sent.appendleft(ours)
        if max(map(sum, self._sent)) >= LEAST_SENT:
            self._heard += 1
            for delay, sent in enumerate(self._sent):
                self._alike[delay] += math.sqrt(sum(came) * sum(sent))
        return self._sent[self.blocks] if self._heard >= DELAY_AFTER else None

    @property
    def blocks(self) -> int:
        """As it seems now."""
        return self._alike.index(max(self._alike))


class ImpedanceLearner:
    """Feed it calls; `acim` is what the port is to be set to."""

    def __init__(self) -> None:
        self.acim = 0
        self.evidence: list[Evidence] = []
        self._losses_db: list[list[float]] = [[] for _ in impedances()]
        self._plan = [*range(len(self._losses_db))] * PASSES
        self._final = False
        self._came, self._ours, self._delay = Way(), Way(), Delay()
        self._settling = 0
        self._blocks = 0
        self._heard = [0.0] * len(WEIGHTS)
        self._sent = [0.0] * len(WEIGHTS)
        self._floor = [math.inf] * len(WEIGHTS)
        self._smooth = [0.0] * len(WEIGHTS)
        self._smoothed = 0

    def hear(self, at_s: float, heard: Samples, sent: Samples) -> None:
        """Some ticks of a call, both ways."""
        if not self._plan:
            return
        self._came.take(heard)
        self._ours.take(sent)
        came, ours = self._came.block(), self._ours.block()
        if came is not None and ours is not None:
            self._take(at_s, came, ours)

    def _take(self, at_s: float, came: Bands, latest: Bands) -> None:
        self._learn_floor(came)
        ours = self._delay.take(came, latest)
        if ours is None:
            return
        if self._settling:
            self._settling -= 1
        elif sum(ours) >= LEAST_SENT and sum(came) <= DOUBLE_TALK * sum(ours):
            self._blocks += 1
            for band in range(len(WEIGHTS)):
                self._sent[band] += ours[band]
                self._heard[band] += max(0.0, came[band] - self._floor[band])
            if self._blocks >= BLOCKS:
                self._end_trial(at_s)

    def best(self) -> int | None:
        """None before all have been tried."""
        return self._ranked()[0] if self._final else None

    def _ranked(self) -> list[int]:
        """The best first. A word of the caller makes a trial worse: of two the better counts, of more the best two."""

        def loss(acim: int) -> tuple[bool, float]:
            tried = sorted(self._losses_db[acim], reverse=True)
            return len(tried) > PASSES, statistics.mean(tried[:2]) if len(tried) > PASSES else tried[0]

        return sorted(range(len(self._losses_db)), key=loss, reverse=True)

    def _learn_floor(self, came: Bands) -> None:
        self._smoothed += 1
        share = 1 / min(self._smoothed, SMOOTH)
        for band, power in enumerate(came):
            self._smooth[band] += (power - self._smooth[band]) * share
            if self._smoothed >= SMOOTH:
                self._floor[band] = min(self._floor[band], self._smooth[band])

    def _end_trial(self, at_s: float) -> None:
        parts = zip(WEIGHTS, self._heard, self._sent, strict=True)
        back = sum(weight * heard / sent for weight, heard, sent in parts if sent > 0) / sum(WEIGHTS)
        self._losses_db[self._plan.pop(0)].append(-10 * math.log10(back + 1e-6))
        self._heard, self._sent = [0.0] * len(WEIGHTS), [0.0] * len(WEIGHTS)
        self._blocks, self._settling = 0, self._delay.blocks + 1  # what was sent before the change has come back
        if not self._plan and not self._final:
            self._final = True
            self.evidence.append(self._told(at_s))
            self._plan = self._ranked()[:FINALISTS] * (FINAL_PASSES - PASSES)
        self.acim = self._plan[0] if self._plan else self._ranked()[0]

    def _told(self, at_s: float) -> Evidence:
        ranked = self._ranked()
        losses = [(IMPEDANCES[acim], round(max(self._losses_db[acim]))) for acim in (*ranked[:SHOWN], ranked[-1])]
        said = ", ".join(f"{db} dB weaker with {name}" for name, db in losses)
        chinese = "，".join(f"{name}为{db} dB" for name, db in losses)
        return Evidence(at_s, f"what we send returns {said}, the worst", f"回波损耗：{chinese}（最差）")
