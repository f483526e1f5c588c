# SPDX-License-Identifier: GPL-2.0-only
"""Our end and libopenr2's on one timeslot, by A-law octets and bits, in virtual time."""

from collections.abc import Callable
from typing import Any, TypeVar

from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, Channel, Wants
from appliance.signalling.r2.variant import Variant, load
from appliance.signalling.r2.words import State
from tests.peers.openr2.stranger import Stranger, Told
from tests.signalling.r2.sound import BLOCK_S, IDLE, Sounding

E = TypeVar("E", bound=events.Event)
T = TypeVar("T")


class ToOpenR2:
    """`ours` is our channel with its ears, `theirs` the stranger; settings are Stranger's."""

    def __init__(self, variant: str | Variant, wants: Wants | None = None, **settings: Any) -> None:
        self.variant = load(variant) if isinstance(variant, str) else variant
        self.now = 0.0
        self.ours = Sounding(self.variant, wants, lambda: self.now)
        settings.setdefault("ani_first", self.variant.caller_after == 1)
        self.theirs = Stranger(self.variant.name, **settings)
        self._to_ours = self._to_theirs = IDLE
        self._ours_taken = self._theirs_taken = 0
        self.pass_s(0.2)

    @property
    def channel(self) -> Channel:
        """Our channel; commands go through `do`."""
        return self.ours.channel

    def do(self, command: Callable[..., None], *arguments: Any, **named: Any) -> None:
        """A command to our channel; what it orders is carried out."""
        command(*arguments, **named)
        self.ours.take()

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / BLOCK_S)):
            self._tick()

    def ours_tells(self, kind: type[E], within_s: float = 60.0) -> E:
        """The next event of a kind that we tell, waited for; those before it are passed over."""

        def next_one() -> E | None:
            while self._ours_taken < len(self.ours.told):
                self._ours_taken += 1
                event = self.ours.told[self._ours_taken - 1]
                if isinstance(event, kind):
                    return event
            return None

        return self._wait(next_one, within_s, kind.__name__)

    def theirs_tells(self, what: str, within_s: float = 60.0) -> Told:
        """The stranger's next callback of a name, waited for; those before it are passed over."""

        def next_one() -> Told | None:
            while self._theirs_taken < len(self.theirs.told):
                self._theirs_taken += 1
                told = self.theirs.told[self._theirs_taken - 1]
                if told.what == what:
                    return told
            return None

        return self._wait(next_one, within_s, what)

    def we_call(self, call: Call) -> Told:
        """A call of ours up to its offer there."""
        self.do(self.channel.place, call)
        return self.theirs_tells("offered")

    def they_call(self, dnis: str, ani: str | None, category: int = 0) -> events.CallOffered:
        """A call of theirs up to its offer here."""
        self.theirs.call(dnis, ani, category)
        return self.ours_tells(events.CallOffered)

    def they_answer(self) -> None:
        """The call that we placed is accepted and answered."""
        self.theirs.accept()
        self.theirs_tells("accepted")
        self.theirs.answer()
        self.ours_tells(events.CallAnswered)

    def we_answer(self) -> None:
        """The call that they placed is answered."""
        self.do(self.channel.answer)
        self.theirs_tells("answered")

    def we_clear(self) -> None:
        """We let go first; both are idle then."""
        self.do(self.channel.release)
        self.theirs_tells("disconnected")
        self.theirs.disconnect()
        self.finish()

    def they_clear(self) -> None:
        """They let go of a call that we placed; both are idle then."""
        self.theirs.disconnect()
        self.ours_tells(events.CallDisconnected)
        self.do(self.channel.release)
        self.finish()

    def finish(self) -> None:
        """Our call is over, and theirs."""
        self.ours_tells(events.CallCleared)
        self.theirs_tells("ended")
        self.pass_s(0.1)
        assert self.channel.state is State.IDLE
        assert "error" not in {told.what for told in self.theirs.told}

    def _wait(self, happened: Callable[[], T | None], within_s: float, what: str) -> T:
        end = self.now + within_s
        while (found := happened()) is None:
            assert self.now < end, f"no {what}; we are {self.channel.state}: {self.ours.told}; they: {self.theirs.told}"
            self._tick()
        return found

    def _tick(self) -> None:
        self.now += BLOCK_S
        said = self.ours.tick(self._to_ours, self.theirs.bits)
        self._to_ours = self.theirs.tick(self._to_theirs, self.ours.bits)
        self._to_theirs = said
