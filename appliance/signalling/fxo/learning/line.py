# SPDX-License-Identifier: GPL-2.0-only
"""A line that learns while it serves: a Line whose ordinary use is watched, and whose next call has what was found.

    line = LearningLine(settings)                    # settings.learns: what may be taken over; what is set stays
    line.recall(learned)                             # of a former life
    line.hear_sound(heard, sent, sample, echoed)     # while it listens for Ear.SOUND or STIR; echoed: for Ear.ECHO
    line.learned                                     # for who keeps and shows it

While the hang-up is learned, a sign of it ends no call at once: what comes after tells whether it was one. The learner
lets the call go some seconds later. Where no sound comes, signs count as on any line. A port's impedances are tried in
a talk, tenths of a second each; that first call has more echo, which only our end hears.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from appliance.signalling.fxo.cadence import BusyEar
from appliance.signalling.fxo.events import Ear, Feed
from appliance.signalling.fxo.incoming import INCOMING
from appliance.signalling.fxo.learning.hang_up import OVER_S
from appliance.signalling.fxo.learning.learned import Learned
from appliance.signalling.fxo.learning.learner import Learner
from appliance.signalling.fxo.line import Line
from appliance.signalling.fxo.sensing import of_tone
from appliance.signalling.fxo.settings import CallerId, HangUp, Settings
from appliance.signalling.fxo.words import Event, State
from appliance.signalling.q850 import NORMAL_CLEARING
from appliance.wire.learning import Contradiction, Proof
from dsp.state import Samples
from dsp.tone import Kind

RATE_HZ = 8000
FRESH_S = 1.0  # sound that is older does not come any more
ASTRAY_S = 0.5  # by so much may the sound's clock be off the line's
PROOFS_MOST = 8
TALK = frozenset({State.CONNECTED, State.CONNECTED_SILENT, State.FLASHING, State.FLASHED})
COMING = frozenset({State.IDLE, *INCOMING}) - {State.TAKEN, State.RETURNED}


class Known(NamedTuple):
    """How much of a learner's evidence has been taken over."""

    hang_up: int = 0
    caller: int = 0


class LearningLine(Line):
    """`utc_ns` stamps the evidence."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.learned = Learned()
        self._configured = settings
        self._utc_ns = utc_ns
        self._learner = Learner()
        self._known = Known()
        self._feed_seen: Feed | None = None
        self._ring_seen = False
        self._ahead_s: float | None = None  # the line's clock less the sound's
        self._sounded_s = float("-inf")
        self._busy: BusyEar | None = None
        self._in_zone = False
        self._tone_s = 0.0
        self._ours = False
        super().__init__(settings, clock=clock)

    def recall(self, learned: Learned) -> None:
        """What was learned before."""
        self.learned = learned
        super().change(learned.used(self._configured))

    def learns(self, key: str) -> bool:
        """Whether what is learned of it is taken over; `key`: as in Settings.learns."""
        return key in self._configured.learns

    def against(self) -> list[Contradiction]:
        """What is configured of it and seems wrong."""
        return list(self.learned.against(self._configured))

    # What is seen and heard.

    def see_feed(self, feed: Feed) -> None:
        """The pair shows this now."""
        if feed is not self._feed_seen:
            self._feed_seen = feed
            self._learner.see_feed(self._clock(), feed)
        super().see_feed(feed)

    def see_ring(self, *, on: bool) -> None:
        """Ringing voltage has begun or ended."""
        if on is not self._ring_seen:
            self._ring_seen = on
            self._learner.see_ring(self._clock(), on=on)
        super().see_ring(on=on)

    def hear_tone(self, kind: Kind | None) -> None:
        """A call progress tone is told; None: it has ended."""
        self._in_zone = self._in_zone or kind is Kind.BUSY
        self._tone_s = self._clock()
        super().hear_tone(kind)

    def hear_sound(self, heard: Samples, sent: Samples, sample: int, echoed: Samples = b"") -> None:
        """Sound of both ways; its first sample in a clock of 8 kHz; what came before the echo was taken off it."""
        now, at_s = self._clock(), sample / RATE_HZ
        if self._ahead_s is None or abs(at_s + self._ahead_s - now) > ASTRAY_S:
            self._ahead_s = now - at_s
        self._sounded_s = now
        if self.state not in TALK or not self.learned.hang_up_sure:
            self._learner.hear(at_s + self._ahead_s, heard, sent)
        if echoed and self.state in (State.CONNECTED, State.CONNECTED_SILENT):
            self._learner.impedance.hear(at_s + self._ahead_s, echoed, sent)
            self._set_port(dataclasses.replace(self.settings.port(), acim=self._learner.impedance.acim))
        if self.state in TALK and self._hears_end(heard, sent):
            super()._take(Event.HANG_UP)

    # Commands.

    def release(self, cause: int = NORMAL_CLEARING) -> None:
        """End the call; CallCleared follows."""
        self._ours = True
        super().release(cause)

    def lose(self) -> None:
        """The port or its span is lost."""
        self._ours = True
        super().lose()

    def change(self, settings: Settings) -> None:
        """From now on it is configured so; what was learned stays, and is used where it may be."""
        super().change(self.learned.used(settings))
        self._configured = settings

    # Moves.

    def _take(self, event: Event) -> None:
        if event is not Event.HANG_UP or not self._doubts():
            super()._take(event)

    def _hears_end(self, heard: Samples, sent: Samples) -> bool:
        if self._busy is not None:
            return self._busy.hear(heard, sent)
        now = self._clock()
        told = of_tone(self.state, None, self._tone, self.settings) is Event.HANG_UP  # dial tone has no cadence
        return self._doubts() and (self._learner.hang_up.over(now) or (told and now - self._tone_s >= OVER_S))

    def _doubts(self) -> bool:
        """It is not known yet what a sign of a hang-up is worth, and there is sound to judge by."""
        learns = self.learns("hang_up") and not self.settings.ground_start
        return learns and not self.learned.hang_up_sure and self._clock() - self._sounded_s < FRESH_S

    def _ears_now(self) -> frozenset[Ear]:
        ears = super()._ears_now()
        if self.state in TALK:
            echo = self.learns("impedance") and self.learned.acim is None
            ears |= {Ear.ECHO} if echo else set()
            wanted = echo or not self.learned.hang_up_sure or self.settings.busy_ms is not None
        else:
            may_tell = self.learns("caller_id") or self._configured.caller_id is not CallerId.NONE
            return ears | {Ear.STIR} if self.state in COMING and may_tell and not self.learned.caller_sure else ears
        return ears | {Ear.SOUND} if wanted else ears

    def _enter(self, before: State) -> None:
        if self.state in TALK and before not in TALK:
            self._begin_call()
        elif before in TALK and self.state not in TALK:
            self._learner.set_hook(self._clock(), off=False, ours=self._ours)
            if set(self.learned.signs) & set(self.settings.hang_up):
                silenced = before is State.CONNECTED_SILENT and not self._ours
                self._revise(self.learned.after_end(silenced=silenced))
            self._keep(calls=1)
            self._set_port(self.settings.port())  # not one that was being tried
        elif self.state in (State.IDLE, State.SETTLING):  # what is switched after the answer tells no caller
            self._learner.pass_by(self._clock())
            if self.state is State.SETTLING and self.learned.caller_id is not None:
                self._check_caller(self.learned.caller_id)
            self._keep()
        super()._enter(before)

    def _forget_call(self) -> None:
        super()._forget_call()
        self._ears = None  # a port that closed with the call is deaf

    def _begin_call(self) -> None:
        if not self.learned.hang_up_sure:  # of a call that nobody listens to nothing can be learned
            self._learner.set_hook(self._clock(), off=True)
        self._ours = self._in_zone = False
        self._busy = BusyEar(self.settings.busy_ms) if self.settings.busy_ms else None

    def _check_caller(self, known: CallerId) -> None:
        if self._caller is not None:
            self._revise(self.learned.after_caller((self.settings.caller_id, self.settings.place)))
        elif self.settings.caller_id is known:
            self._revise(self.learned.after_caller(None))

    def _revise(self, after: Learned) -> None:
        """What was known is so still, or it is learned anew from the beginning."""
        before, self.learned = self.learned, after
        if (before.caller_sure, before.hang_up_sure) != (after.caller_sure, after.hang_up_sure):
            self._learner, self._known = Learner(), Known()
            if self._feed_seen is not None:
                self._learner.see_feed(self._clock(), self._feed_seen)

    # What is found.

    def _keep(self, calls: int = 0) -> None:
        """Take over what the learner has found, for the calls to come."""
        before, learner = self.learned, self._learner
        after = msgspec.structs.replace(before, calls=before.calls + calls)
        new = learner.hang_up.evidence[self._known.hang_up :]
        if new:
            after = self._with_hang_up(after)
        if not before.caller_sure:
            told = learner.caller.evidence[self._known.caller :]
            after = self._with_caller(after) if told else after
            new = [*new, *told]
        best = learner.impedance.best()
        if best is not None and before.acim is None:
            after, new = msgspec.structs.replace(after, acim=best), [*new, *learner.impedance.evidence]
        self._known = Known(len(learner.hang_up.evidence), len(learner.caller.evidence))
        now, utc = self._clock(), self._utc_ns()
        proofs = [Proof(utc - round((now - one.at_s) * 1e9), one.sentence, one.chinese) for one in sorted(new)]
        self.learned = msgspec.structs.replace(after, proofs=(*after.proofs, *proofs)[-PROOFS_MOST:])
        super().change(self.learned.used(self._configured))

    def _with_hang_up(self, learned: Learned) -> Learned:
        found = self._learner.hang_up
        return msgspec.structs.replace(
            learned,
            hang_up=tuple(method for method in HangUp if method in found.methods or method in learned.hang_up),
            busy_ms=found.busy or learned.busy_ms,
            busy_in_zone=learned.busy_in_zone or (found.busy is not None and self._in_zone),
        )

    def _with_caller(self, learned: Learned) -> Learned:
        found = self._learner.caller
        if found.kind is CallerId.NONE:
            return msgspec.structs.replace(learned, untold=learned.untold + 1)
        return msgspec.structs.replace(learned, caller_id=found.kind, place=found.place)
