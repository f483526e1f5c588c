# SPDX-License-Identifier: GPL-2.0-only
"""A line that learns from its ordinary use.

    learner = Learner()
    learner.see_feed(at_s, feed); learner.see_ring(at_s, on=True)     # as they change
    learner.set_hook(at_s, off=True)                                  # when we answer, and when we hang up
    learner.hear(at_s, heard, sent)                                   # some ms of sound, on-hook too
    learner.impedance.hear(at_s, echoed, sent)                        # in a call, what came with its echo
    port.set_impedance(learner.impedance.acim)                        # after each of them
    learner.settings(known); learner.evidence()                       # what to believe of the line, and why

No I/O. It knows nothing of a line's country and needs one call in which a prompt is played and the far end hangs up.
"""

import msgspec

from appliance.signalling.fxo.events import Feed
from appliance.signalling.fxo.learning.caller import CallerLearner
from appliance.signalling.fxo.learning.evidence import Evidence
from appliance.signalling.fxo.learning.hang_up import HangUpLearner
from appliance.signalling.fxo.learning.impedance import ImpedanceLearner
from appliance.signalling.fxo.settings import HangUp, Settings
from dsp.state import Samples


class Learner:
    """Of one line."""

    def __init__(self) -> None:
        self.hang_up = HangUpLearner()
        self.caller = CallerLearner()
        self.impedance = ImpedanceLearner()
        self._off_hook = False

    def see_feed(self, at_s: float, feed: Feed) -> None:
        """The pair shows this now."""
        self.hang_up.see_feed(at_s, feed)
        if feed is Feed.REVERSED and not self._off_hook:
            self.caller.see_reversal(at_s)

    def see_ring(self, at_s: float, *, on: bool) -> None:
        """Ringing voltage has begun or ended."""
        self.caller.see_ring(at_s, on=on)

    def pass_by(self, at_s: float) -> None:
        """It rings no more, and we have not answered."""
        self.caller.answer(at_s)

    def set_hook(self, at_s: float, *, off: bool, ours: bool = False) -> None:
        """We have answered, or hung up; `ours`: before the far end did."""
        self._off_hook = off
        if off:
            self.caller.answer(at_s)
            self.hang_up.answer(at_s)
        else:
            self.hang_up.release(at_s, ours=ours)

    def hear(self, at_s: float, heard: Samples, sent: Samples) -> None:
        """What the line brought, without the echo of what we sent, and what we sent."""
        if self._off_hook:
            self.hang_up.hear(at_s, heard, sent)
        else:
            self.caller.hear(at_s, heard)

    def settings(self, known: Settings) -> Settings:
        """What is known, with what has been learned."""
        learned = self.hang_up
        acim = self.impedance.best()
        ways = tuple(method for method in HangUp if method in learned.methods | {HangUp.SILENCE})
        return msgspec.structs.replace(
            known,
            hang_up=ways if learned.methods else known.hang_up,
            busy_ms=learned.busy or known.busy_ms,
            caller_id=self.caller.kind if self.caller.evidence else known.caller_id,
            place=self.caller.place if self.caller.evidence else known.place,
            acim=known.acim if acim is None else acim,
        )

    def evidence(self) -> list[Evidence]:
        """All of it, in order of time."""
        return sorted([*self.hang_up.evidence, *self.caller.evidence, *self.impedance.evidence])
