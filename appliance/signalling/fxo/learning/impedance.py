# SPDX-License-Identifier: GPL-2.0-only
"""Which of the port's impedances fits a line: each is tried under our own prompt, and returns least of it or does not.

What comes back is held against what was sent in bands of 500 Hz, each octave with its weight, the noise taken off. All
are tried for some tenths of a second of sound, twice, since a word of the caller within one trial is not within the
other; then the best of them some times more, as long as the prompt lasts.
"""

import math
import statistics
from array import array

from appliance.signalling.fxo.learning.evidence import Evidence
from appliance.signalling.fxo.modes import impedances
from dsp.measure import measures
from dsp.state import Samples

PASSES = 2
FINALISTS = 5
FINAL_PASSES = 7
BLOCKS = 9  # of sound in a trial
LEAST_SENT = 1e6  # squares summed up over a block, high pitches raised: about -40 dBm0
DOUBLE_TALK = 0.7  # share of what was sent that no hybrid returns
SETTLING = 2  # blocks after a change
WEIGHTS = (0.51, 0.69, 0.41, 0.29, 0.22, 0.18, 0.13)  # logarithm of the band's edges, from 300 Hz on
SMOOTH = 8
RAISED = 15  # sixteenths of the sample before are taken off: speech falls with its pitch, bands leak into each other


class Bands:
    """Energy by band of one way, 20 ms by 20 ms."""

    def __init__(self) -> None:
        self._last = 0

    def take(self, sound: Samples) -> list[float]:
        """Of the next samples."""
        samples = array("h", bytes(sound))
        before = array("h", [self._last, *samples[:-1]])
        self._last = samples[-1]
        raised = array("h", [(16 * now - RAISED * was) >> 5 for now, was in zip(samples, before, strict=True)])
        seen = measures(raised)
        return [float(sum(tick.bands[band] for tick in seen)) for band in range(len(WEIGHTS))]


class ImpedanceLearner:
    """Feed it calls; `acim` is what the port is to be set to."""

    def __init__(self) -> None:
        self.acim = 0
        self.evidence: list[Evidence] = []
        self._losses_db: list[list[float]] = [[] for _ in impedances()]
        self._plan = [*range(len(self._losses_db))] * PASSES
        self._final = False
        self._ways = Bands(), Bands()
        self._settling = SETTLING
        self._blocks = 0
        self._heard = [0.0] * len(WEIGHTS)
        self._sent = [0.0] * len(WEIGHTS)
        self._floor = [math.inf] * len(WEIGHTS)
        self._smooth = [0.0] * len(WEIGHTS)
        self._smoothed = 0

    def hear(self, at_s: float, heard: Samples, sent: Samples) -> None:
        """20 ms of a call, both ways."""
        if not self._plan:
            return
        came, ours = (way.take(sound) for way, sound in zip(self._ways, (heard, sent), strict=True))
        self._learn_floor(came)
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
        """The best first. A word of the caller makes a trial worse: of two the better counts, of more the middle."""

        def loss(acim: int) -> tuple[bool, float]:
            tried = self._losses_db[acim]
            return len(tried) > PASSES, statistics.median(tried) if len(tried) > PASSES else max(tried)

        return sorted(range(len(self._losses_db)), key=loss, reverse=True)

    def _learn_floor(self, came: list[float]) -> None:
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
        self._blocks, self._settling = 0, SETTLING
        if not self._plan and not self._final:
            self._final = True
            told = ", ".join(f"{acim}: {max(losses):.0f}" for acim, losses in enumerate(self._losses_db))
            said = f"what we send returns weaker by, in dB by impedance, {told}", f"各阻抗的回波损耗（分贝）：{told}"
            self.evidence.append(Evidence(at_s, *said))
            self._plan = self._ranked()[:FINALISTS] * (FINAL_PASSES - PASSES)
        self.acim = self._plan[0] if self._plan else self._ranked()[0]
