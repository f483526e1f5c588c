# SPDX-License-Identifier: GPL-2.0-only
"""What has been learned of a line, as it is kept and shown, and what follows from it for one that is configured so."""

from collections.abc import Iterator

import msgspec

from appliance.signalling.fxo.settings import CallerId, HangUp, Place, Settings
from appliance.wire.learning import Contradiction, Proof

UNTOLD_SURE = 3  # calls without a message before a line is believed to tell no caller
STALE_CALLS = 5  # against what is known, before it is learned anew
ALWAYS = (HangUp.TONE, HangUp.SILENCE)  # rarely mistaken, and a line that seemed to have another sign does end
CALLS_MOST = 10  # answered ones; a line whose callers never hang up first is not listened to for ever


class Learned(msgspec.Struct, frozen=True):
    """Of one line."""

    hang_up: tuple[HangUp, ...] = ()
    busy_ms: tuple[int, int] | None = None
    busy_in_zone: bool = False  # the zone's ear has heard that tone too
    caller_id: CallerId | None = None  # None: no message has come
    place: Place = Place.AFTER_RING
    acim: int | None = None  # the impedance by which least returns; None: not all have been tried
    untold: int = 0  # calls that rang twice and brought none
    calls: int = 0  # answered
    missed: int = 0  # answered in a row without a message, though it is known how callers are told
    silenced: int = 0  # ended in a row by silence alone, though it is known how the line hangs up
    proofs: tuple[Proof, ...] = ()

    def after_caller(self, told: tuple[CallerId, Place] | None) -> "Learned":
        """A call is answered, and its caller was told so, or not: the line may be another than it was."""
        if told is None:
            seen = msgspec.structs.replace(self, missed=self.missed + 1)
            fresh = msgspec.structs.replace(self, caller_id=None, untold=0, missed=0)
            return seen if seen.missed < STALE_CALLS else fresh
        alike = {told[0], self.caller_id} == {CallerId.BELL202, CallerId.V23}  # they read each other's messages
        kind, place = (self.caller_id, self.place) if alike else told
        return msgspec.structs.replace(self, caller_id=kind, place=place, missed=0)

    def after_end(self, *, silenced: bool) -> "Learned":
        """A call has ended, by silence or otherwise: the line may be another than it was."""
        seen = msgspec.structs.replace(self, silenced=self.silenced + 1 if silenced else 0)
        fresh = msgspec.structs.replace(
            self, hang_up=(), busy_ms=None, busy_in_zone=False, acim=None, calls=0, silenced=0
        )
        return seen if seen.silenced < STALE_CALLS else fresh

    @property
    def caller_sure(self) -> bool:
        """How callers are told is known."""
        return self.caller_id is not None or self.untold >= UNTOLD_SURE

    @property
    def signs(self) -> tuple[HangUp, ...]:
        """What says that the far end has hung up, besides silence."""
        return tuple(method for method in self.hang_up if method is not HangUp.SILENCE)

    @property
    def hang_up_sure(self) -> bool:
        """How the line hangs up is known, or will not be."""
        return bool(self.signs) or self.calls >= CALLS_MOST

    def used(self, configured: Settings) -> Settings:
        """The line's settings, where they are to be learned."""
        settings = configured
        if "caller_id" in configured.learns and self.caller_sure:
            kind = self.caller_id or CallerId.NONE
            settings = msgspec.structs.replace(settings, caller_id=kind, place=self.place)
        if "hang_up" in configured.learns and self.signs:
            busy = self.busy_ms if HangUp.TONE in self.signs and not self.busy_in_zone else None
            settings = msgspec.structs.replace(
                settings, hang_up=tuple(dict.fromkeys((*self.signs, *ALWAYS))), busy_ms=busy
            )
        if "impedance" in configured.learns and self.acim is not None:
            settings = msgspec.structs.replace(settings, acim=self.acim)
        return settings

    def against(self, configured: Settings) -> Iterator[Contradiction]:
        """What is configured and seems wrong."""
        if "caller_id" not in configured.learns and configured.caller_id is not CallerId.NONE and self.caller_sure:
            told = (configured.caller_id, configured.place)
            if self.caller_id is None:
                yield Contradiction("caller_id", configured.caller_id, "none")
            elif told != (self.caller_id, self.place):
                yield Contradiction("caller_id", " ".join(told), f"{self.caller_id} {self.place}")
        if "hang_up" not in configured.learns and self.signs and not set(self.signs) & set(configured.hang_up):
            yield Contradiction("hang_up", ", ".join(configured.hang_up), ", ".join(self.signs))
