# SPDX-License-Identifier: GPL-2.0-only
"""How a line says that the far end has hung up, learned from what came after his last word.

A reversal that stands, an open loop that lasts, a cadence: each counts when nobody spoke after it until we hung up. The
same with talk after it is something else: the exchange's switching, a charge unit, a relay's noise.
"""

import itertools

from appliance.signalling.fxo.cadence import Bursts, Cadence
from appliance.signalling.fxo.events import Feed
from appliance.signalling.fxo.learning.evidence import Evidence
from appliance.signalling.fxo.settings import RECOGNITION, HangUp
from dsp.state import Samples

BEFORE_S = 0.4  # a last word may end so long after the signal: it comes with the hook's own click
LEAST_CALL_S = 5.0  # a shorter one shows nothing
LEAST_AFTER_S = 4.0  # so long must nothing be said before silence is what the line has


class HangUpLearner:
    """Feed it a line's calls."""

    def __init__(self) -> None:
        self.methods: set[HangUp] = set()
        self.busy: Cadence | None = None
        self.evidence: list[Evidence] = []
        self._feeds: list[tuple[float, Feed]] = []
        self._bursts = Bursts()
        self._answered_s: float | None = None

    def see_feed(self, at_s: float, feed: Feed) -> None:
        """A change of the pair."""
        self._feeds.append((at_s, feed))

    def answer(self, at_s: float) -> None:
        """We are off-hook, and a call is on."""
        self._answered_s = at_s
        self._feeds = self._feeds[-1:]
        self._bursts = Bursts()

    def hear(self, at_s: float, heard: Samples, sent: Samples) -> None:
        """Sound of the call."""
        self._bursts.hear(at_s, heard, sent)

    def release(self, at_s: float) -> None:
        """We hang up; what came after the last word tells."""
        begun, self._answered_s = self._answered_s, None
        word_s = self._bursts.voice_s
        if begun is None or at_s - begun < LEAST_CALL_S or at_s - word_s < LEAST_AFTER_S:
            return
        found = self._reversal(word_s, at_s), self._opening(word_s), self._tone()
        for method, evidence in zip((HangUp.POLARITY, HangUp.CPC, HangUp.TONE), found, strict=True):
            if evidence is not None:
                self.methods.add(method)
                self.evidence.append(evidence)
        if not any(found):
            self.methods.add(HangUp.SILENCE)
            self.evidence.append(Evidence(word_s, f"nothing but silence for {at_s - word_s:.1f} s after the last word"))

    def _reversal(self, word_s: float, at_s: float) -> Evidence | None:
        polarities = [(at, feed) for at, feed in self._feeds if feed in (Feed.NORMAL, Feed.REVERSED)]
        before = [feed for at, feed in polarities if at < word_s - BEFORE_S]
        after = [(at, feed) for at, feed in polarities if at >= word_s - BEFORE_S]
        if not (before and after) or after[-1][1] is before[-1] or at_s - after[-1][0] < RECOGNITION["polarity"]:
            return None
        return Evidence(after[-1][0], f"the line reversed, and nobody spoke for {at_s - after[-1][0]:.1f} s")

    def _opening(self, word_s: float) -> Evidence | None:
        for (at, feed), (then, _) in itertools.pairwise(self._feeds):
            if feed is Feed.OPEN and at >= word_s - BEFORE_S and then - at >= RECOGNITION["open"]:
                return Evidence(at, f"the loop opened for {1000 * (then - at):.0f} ms, and nobody spoke after it")
        return None

    def _tone(self) -> Evidence | None:
        cadence = self._bursts.cadence
        if cadence is None:
            return None
        self.busy = cadence
        return Evidence(self._bursts.begun_s, f"a tone {cadence.on_ms} ms on, {cadence.off_ms} ms off, to the end")
