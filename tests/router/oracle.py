# SPDX-License-Identifier: GPL-2.0-only
"""How often anybody could tell a wait within 30 %: who knows the law of talks and of patience, and all that is so now.

Draws the rest of each talk under way and the talks of those ahead, as often as DRAWS, and takes the words that most of
the waits that come of it agree with. Only who knows what is yet to be drawn could tell better.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

DRAWS = 300
WITHIN = 0.3
MINUTE = 60

Draws = npt.NDArray[np.float64]


def right(heard_s: float, was_s: float) -> bool:
    """Within 30 % of what it was; who hears "less than a minute" (0): if it was, by as much."""
    return was_s < MINUTE * (1 + WITHIN) if heard_s < MINUTE else abs(heard_s - was_s) <= WITHIN * was_s


class Oracle:
    """Of a log-normal law of talks (`spread`: deviation over mean; 1 is exponential) and exponential patience."""

    def __init__(self, talk_s: float, spread: float, patience_s: float) -> None:
        self._talk_s, self._spread, self._patience_s = talk_s, spread, patience_s
        self._random = np.random.default_rng(1)
        self._sigma = math.sqrt(math.log(1 + spread * spread))
        self._mu = math.log(talk_s) - self._sigma**2 / 2

    def share(self, worked_s: Sequence[float], ahead: int) -> float:
        """The chance that the best words come true, with agents who have worked so long and so many ahead."""
        waits = self._waits(worked_s, ahead)
        weights = np.exp(-waits / self._patience_s) if self._patience_s else np.ones(DRAWS)
        words = np.array([0.0, *(30.0 * np.arange(2, 10)), *(60.0 * np.arange(5, waits.max() // MINUTE + 2))])
        near = np.where(words < MINUTE, 0.0, words / (1 + WITHIN))
        far = np.where(words < MINUTE, MINUTE * (1 + WITHIN), words / (1 - WITHIN))
        there = (waits >= near[:, None]) & (waits <= far[:, None])
        return float((there @ weights).max() / weights.sum())

    def _waits(self, worked_s: Sequence[float], ahead: int) -> Draws:
        done = np.stack([self._rest(one) for one in worked_s], axis=1)
        every = np.arange(DRAWS)
        for _ in range(ahead):
            first = done.argmin(axis=1)
            at = done[every, first]
            talk = self._rest(0.0)
            stays = self._random.exponential(self._patience_s, DRAWS) > at if self._patience_s else True
            done[every, first] = at + np.where(stays, talk, 0.0)
        found: Draws = done.min(axis=1)
        return found

    def _rest(self, worked_s: float) -> Draws:
        if self._spread == 1.0:
            return self._random.exponential(self._talk_s, DRAWS)
        over = ndtr((math.log(worked_s) - self._mu) / self._sigma) if worked_s > 0 else 0.0
        chance = np.minimum(over + (1 - over) * self._random.random(DRAWS), 1 - 1e-12)
        talks: Draws = np.exp(self._mu + self._sigma * ndtri(chance))
        return talks - worked_s
