# SPDX-License-Identifier: GPL-2.0-only
"""One CAS channel: bits and digits in, orders out; commands in, events out. What follows what is TABLE's.

    channel = Channel(load("em_wink_t1"), Wants(dnis_digits=4))
    channel.see_bits(0b0000)                    # the far end's ABCD; at the start, and whenever they change
    channel.hear("5")                           # a signal that was ordered to be listened for
    channel.place(Call("5551234"))              # then channel.dialled(), when what was ordered has been sent
    channel.answer(); channel.release(cause=17)
    for order in channel.take_orders(): ...     # after every call of any method above: events.Order
    for event in channel.take_events(): ...     # events.Event
    channel.run() not later than channel.due()  # timers; due is in the clock's seconds, None if none runs

No I/O, no thread. It begins blocked, until the far end is seen on-hook. A command that the state does not take raises
CallStateError and changes nothing.
"""

import time
from collections.abc import Callable
from functools import partial

from appliance.signalling.bits import BitsMachine
from appliance.signalling.cas import events
from appliance.signalling.cas.register import Call, Incoming, Wants
from appliance.signalling.cas.states import TABLE, TIMERS
from appliance.signalling.cas.variant import Start, Variant
from appliance.signalling.cas.words import Action, Event, State
from appliance.signalling.machine import CallStateError
from appliance.signalling.q850 import NORMAL_CLEARING

__all__ = ["Call", "CallStateError", "Channel", "Wants"]

_FREE = frozenset({State.IDLE, State.GUARD})
# Entered, they ask what stands on the line already.
_LOOKING = _FREE | {State.LET_GO, State.AWAITING}


class Channel(BitsMachine[State, Event, Action, events.Event, events.Order]):
    """An E&M trunk, or an exchange's end of a station's line. Raises ValueError for a station's variant."""

    def __init__(
        self, variant: Variant, wants: Wants | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if variant.start is Start.STATION:
            raise ValueError(f"{variant.name} is a station's: cas/station.py has it")
        super().__init__(State.BLOCKED, TABLE, TIMERS, variant.timers, clock, Event.LOSE)
        self.variant = variant
        self.wants = wants or Wants()
        self._signals = ""
        self._listening: events.Digits | None = None
        self._toning = False
        self._incoming = Incoming(self.wants)
        self._acts = self._made_acts()
        self._set("idle")

    # The far end and time.

    def hear(self, signal: str) -> None:
        """A digit, or an MF signal, has come. One that is not listened to comes late: nothing."""
        made = self._incoming.hear(signal) if self._listening else None
        if made is Event.DIGIT and self.state is State.COLLECTING:
            self._begin_timer()  # it runs from digit to digit
        elif made is not None:
            self._happen(made)

    def dialled(self) -> None:
        """All that was ordered to be dialled has been sent."""
        self._happen(Event.DIALLED)

    # Commands.

    def place(self, call: Call) -> None:
        """Call out. Raises ValueError for what cannot be dialled."""
        signals = call.signals(self.wants)
        self._command(
            {Start.WINK: Event.PLACE_WINK, Start.IMMEDIATE: Event.PLACE_IMMEDIATE, Start.RING: Event.PLACE_RING}[
                self.variant.start
            ]
        )
        self._signals = signals

    def answer(self) -> None:
        """Answer the call that is offered."""
        self._command(Event.ANSWER)

    def release(self, cause: int = NORMAL_CLEARING) -> None:
        """End the call; CallCleared follows. A caller who stays hears why by sound alone."""
        self._command(Event.RELEASE, cause=cause)

    # Moves.

    def _time_out(self) -> None:
        self._happen(self._glare() if self.state is State.WINK_SEEN else Event.TIMEOUT)

    def _meaning(self) -> Event | None:
        far, bits = self.variant.far, self._heard.value
        if self.state in _FREE:
            return self._seizure() if bits in far["seize"] else None
        if bits in far["on_hook"]:
            return Event.ON_HOOK
        if bits not in far["off_hook"]:
            return None
        doubtful = self.state is State.DELAYING and self._signals != ""  # without digits an answer may come at once
        return self._glare() if doubtful else Event.OFF_HOOK

    def _seizure(self) -> Event:
        if self.wants.dnis_digits == 0:
            return Event.SEIZURE_NUMBERLESS
        return Event.SEIZURE_WINK if self.variant.start is Start.WINK else Event.SEIZURE_IMMEDIATE

    def _glare(self) -> Event:
        if not self.wants.gives_way:
            return Event.STAY
        return Event.GIVE_WAY if self.variant.start is Start.WINK else Event.GIVE_WAY_IMMEDIATE

    def _enter(self, _before: State) -> None:
        if self.state in _LOOKING:
            self._look()

    def _forget_call(self) -> None:
        super()._forget_call()
        self._signals = ""
        self._incoming = Incoming(self.wants)

    # Actions.

    def _made_acts(self) -> dict[Action, Callable[[], None]]:
        setting = [action for action in Action if action.name.startswith("SET_")]
        return {
            **{action: partial(self._set, action.value) for action in setting},
            Action.DIAL: lambda: self._orders.append(events.Dial(self._signals, self.wants.digits)),
            Action.LISTEN: lambda: self._listen(self.wants.digits),
            Action.LISTEN_NOT: lambda: self._listen(None),
            Action.DIAL_TONE: lambda: self._tone(on=self.variant.dial_tone),
            Action.DIAL_TONE_NOT: lambda: self._tone(on=False),
            Action.TELL_SEIZED: lambda: self._tell(events.CallSeized()),
            Action.TELL_OFFERED: lambda: self._tell(self._incoming.offer()),
            Action.TELL_ACCEPTED: lambda: self._tell(events.CallAccepted()),
            Action.TELL_ANSWERED: lambda: self._tell(events.CallAnswered()),
            Action.TELL_FLASHED: lambda: self._tell(events.HookFlashed()),
            Action.TELL_CLEARED: lambda: self._tell(self._cleared()),
            Action.TELL_BLOCKED: lambda: self._tell(events.ChannelBlocked()),
            Action.TELL_UNBLOCKED: lambda: self._tell(events.ChannelIdle()),
        }

    def _abcd(self, word: str) -> int:
        return int(self.variant.bits[word], 2)

    def _listen(self, by: events.Digits | None) -> None:
        if by is not self._listening:
            self._listening = by
            self._orders.append(events.Listen(by))

    def _tone(self, *, on: bool) -> None:
        if on is not self._toning:
            self._toning = on
            self._orders.append(events.DialTone(on))
