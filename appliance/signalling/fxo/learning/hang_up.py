# SPDX-License-Identifier: GPL-2.0-only
"""How a line says that the far end has hung up, learned from what came after his last word.

A reversal that stands, an open loop that lasts, a cadence: each counts when nobody spoke after it until we hung up. The
same with talk after it is something else: the exchange's switching, a charge unit, a relay's noise.
"""

import itertools

from appliance.signalling.fxo.cadence import LONGEST_S, Bursts, Cadence
from appliance.signalling.fxo.events import Feed
from appliance.signalling.fxo.learning.evidence import Evidence
from appliance.signalling.fxo.settings import RECOGNITION, HangUp
from dsp.state import Samples

BEFORE_S = 0.4  # a last word may end so long after the signal: it comes with the hook's own click
LEAST_CALL_S = 5.0  # a shorter one shows nothing
LEAST_AFTER_S = 4.0  # so long must nothing be said before silence is what the line has
OVER_S = 7.0  # and so long after a sign before it ends a call that is learned from: slow busy tones are known by then


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

    def over(self, at_s: float) -> bool:
        """The far end must have hung up: something says so, and nobody has spoken since."""
        return any(at_s - sign.at_s >= OVER_S for sign in self._signs(at_s).values())

    def _signs(self, at_s: float) -> dict[HangUp, Evidence]:
        begun, word_s = self._answered_s, self._bursts.voice_s
        if begun is None or at_s - begun < LEAST_CALL_S or at_s - max(begun, word_s) < LEAST_AFTER_S:
            return {}
        found = self._reversal(word_s, at_s), self._opening(word_s), self._tone(at_s)
        methods = HangUp.POLARITY, HangUp.CPC, HangUp.TONE
        return {method: evidence for method, evidence in zip(methods, found, strict=True) if evidence is not None}

    def release(self, at_s: float, *, ours: bool = False) -> None:
        """We hang up; what came after the last word tells. `ours`: before him, so that his silence tells nothing."""
        signs, word_s = self._signs(at_s), self._bursts.voice_s
        begun, self._answered_s = self._answered_s, None
        self.methods |= signs.keys()
        self.evidence += signs.values()
        if HangUp.TONE in signs:
            self.busy = self._bursts.cadence
        if begun is None or ours or signs or at_s - begun < LEAST_CALL_S or at_s - max(begun, word_s) < LEAST_AFTER_S:
            return
        seconds = at_s - max(begun, word_s)
        self.methods.add(HangUp.SILENCE)
        said = f"nothing but silence for {seconds:.1f} s after the last word", f"最后的话音之后{seconds:.1f}秒只有静音"
        self.evidence.append(Evidence(max(begun, word_s), *said))

    def _reversal(self, word_s: float, at_s: float) -> Evidence | None:
        polarities = [(at, feed) for at, feed in self._feeds if feed in (Feed.NORMAL, Feed.REVERSED)]
        before = [feed for at, feed in polarities if at < word_s - BEFORE_S]
        after = [(at, feed) for at, feed in polarities if at >= word_s - BEFORE_S]
        if not (before and after) or after[-1][1] is before[-1] or at_s - after[-1][0] < RECOGNITION["polarity"]:
            return None
        seconds = at_s - after[-1][0]
        said = f"the line reversed, and nobody spoke for {seconds:.1f} s", f"极性反转，之后{seconds:.1f}秒无人说话"
        return Evidence(after[-1][0], *said)

    def _opening(self, word_s: float) -> Evidence | None:
        for (at, feed), (then, _) in itertools.pairwise(self._feeds):
            if feed is Feed.OPEN and at >= word_s - BEFORE_S and then - at >= RECOGNITION["open"]:
                ms = round(1000 * (then - at))
                return Evidence(
                    at, f"the loop opened for {ms} ms, and nobody spoke after it", f"环路断开{ms}毫秒，之后无人说话"
                )
        return None

    def _tone(self, at_s: float) -> Evidence | None:
        cadence = self._bursts.cadence
        if cadence is None or at_s - self._bursts.burst_s > 2 * LONGEST_S:
            return None
        on, off = cadence
        said = f"a tone {on} ms on, {off} ms off, to the end", f"响{on}毫秒停{off}毫秒的音，直到通话结束"
        return Evidence(self._bursts.begun_s, *said)
