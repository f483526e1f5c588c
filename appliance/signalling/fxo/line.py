# SPDX-License-Identifier: GPL-2.0-only
"""One FXO line: the pair and what is heard on it in, orders out; commands in, events out. What follows what is TABLE's.

    line = Line(Settings(mode="CHINA", zone="cn"))
    line.see_feed(Feed.NORMAL); line.see_ring(on=True)  # at the start, and whenever they change
    line.hear_tone(Kind.BUSY)                         # call progress, dsp/bank.py; None: it has ended
    line.hear_voice(on=False)                         # dsp/vad.py, while there is neither voice nor tone
    line.hear_caller(message)                         # dsp/caller_id.py; None: a fault in its place
    line.place(Call("5551234"))                       # then line.dialled(), when what was ordered has been sent
    line.answer(); line.flash(); line.release(cause=17); line.change(Settings(…))
    for order in line.take_orders(): ...              # after every call of any method above: events.Order
    for event in line.take_events(): ...              # events.Event
    line.run() not later than line.due()              # timers; due is in the clock's seconds, None if none runs

No I/O, no thread. It begins blocked, until battery is seen. A command that the state does not take raises
CallStateError and changes nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from appliance.signalling.fxo import events
from appliance.signalling.fxo.events import Ear, Feed, Hook
from appliance.signalling.fxo.sensing import of_dialled, of_feed, of_placing, of_ring, of_standing, of_tone
from appliance.signalling.fxo.settings import CallerId, DialBy, Settings
from appliance.signalling.fxo.states import EARS, EARS_BEFORE_RING, HOOK, TABLE, TIMERS
from appliance.signalling.fxo.words import Action, Event, State
from appliance.signalling.machine import CallStateError, Machine
from appliance.signalling.q850 import NORMAL_CLEARING
from appliance.signalling.recognition import Recognition
from dsp.caller_id import Kind as MessageKind
from dsp.caller_id import Message
from dsp.tone import Kind

__all__ = ["Call", "CallStateError", "Line"]

DIGITS_MOST = 32
_FEED_TIMER = {Feed.OPEN: "open", Feed.SHARED: "shared", Feed.NORMAL: "polarity", Feed.REVERSED: "polarity"}


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be dialled."""

    dnis: str

    def orders(self, settings: Settings) -> events.Dial | events.Pulse:
        """How it is sent. Raises ValueError for what this line cannot dial."""
        valid = set("0123456789") if settings.dial_by is DialBy.PULSE else set("0123456789ABCD*#")
        if not 0 < len(self.dnis) <= DIGITS_MOST or not set(self.dnis) <= valid:
            raise ValueError(
                f"number of {len(self.dnis)} characters: {settings.dial_by} sends 1 to {DIGITS_MOST} digits"
            )
        if settings.dial_by is DialBy.DTMF:
            return events.Dial(self.dnis)
        pulse = ((Hook.BREAK, settings.pulse_break_ms), (Hook.OFF, settings.pulse_make_ms))
        pause = ((Hook.OFF, settings.pulse_pause_ms),)
        return events.Pulse(tuple(step for digit in self.dnis for step in pulse * (int(digit) or 10) + pause))


class Line(Machine[State, Event, Action, events.Event, events.Order]):
    """`settings` are what is known of it now. Raises ValueError for settings that cannot be."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        settings.check()
        super().__init__(State.BLOCKED, TABLE, TIMERS, settings.timers, clock, Event.LOSE)
        self.settings = settings
        self._feed: Recognition[Feed] = Recognition()
        self._ring: Recognition[bool] = Recognition()
        self._senses = ((self._feed, self._fed), (self._ring, self._rung))
        self._tone: Kind | None = None
        self._caller: Message | None = None
        self._dial: events.Dial | events.Pulse | None = None
        self._hook: Hook | None = None
        self._ears: frozenset[Ear] | None = None
        self._acts = self._made_acts()
        self._port: events.SetMode | None = None
        self._set_port(settings.port())
        self._enter(self.state)

    # The pair and time.

    def see_feed(self, feed: Feed) -> None:
        """The pair shows this now."""
        known = self._feed.value
        name = "battery" if known in (None, Feed.OPEN, Feed.SHARED) and feed is not known else _FEED_TIMER[feed]
        self._feed.see(feed, self._clock(), self.settings.seconds(name))

    def see_ring(self, *, on: bool) -> None:
        """Ringing voltage has begun or ended."""
        self._ring.see(on, self._clock(), self.settings.seconds("ring" if on else "ring_end"))

    def hear_tone(self, kind: Kind | None) -> None:
        """A call progress tone is told; None: it has ended."""
        was, self._tone = self._tone, kind
        event = of_tone(self.state, was, kind, self.settings)
        if event is not None:
            self._take(event)

    def hear_voice(self, *, on: bool) -> None:
        """Something is said or sounds, or nothing does."""
        self._take(Event.VOICE if on else Event.SILENCE)

    def hear_caller(self, message: Message | None) -> None:
        """A caller ID; None: one that cannot be read."""
        if Ear.CALLER_ID not in (self._ears or ()) or (message and message.kind is not MessageKind.CALL):
            return
        self._caller = message or self._caller
        self._take(Event.CALLER if message else Event.NO_CALLER)

    def dialled(self) -> None:
        """All that was ordered to be dialled has been sent."""
        self._take(of_dialled(self.settings))

    # Commands.

    def place(self, call: Call) -> None:
        """Call out. Raises ValueError for what cannot be dialled."""
        dial = call.orders(self.settings)
        self._command(of_placing(self.settings))
        self._dial = dial

    def answer(self) -> None:
        """Answer the call that rings."""
        self._command(Event.ANSWER)

    def flash(self) -> None:
        """Open the loop shortly: the exchange, or the PBX, takes what is dialled next."""
        self._command(Event.FLASH)

    def release(self, cause: int = NORMAL_CLEARING) -> None:
        """End the call; CallCleared follows. What rings cannot be refused: it is over when it rings no more."""
        self._command(Event.RELEASE, cause=cause)

    def change(self, settings: Settings) -> None:
        """From now on the line is such a one; no call ends by it. Raises ValueError for settings that cannot be."""
        settings.check()
        self._set_port(settings.port())
        self.settings, self._seconds = settings, settings.timers
        self._listen()

    # Moves.

    def _take(self, event: Event) -> None:
        """What the line does without a command: most of it means nothing where it comes."""
        if event in TABLE[self.state]:
            self._apply(event)

    def _time_out(self) -> None:
        self._take(Event.TIMEOUT)

    def _fed(self, before: Feed | None) -> None:
        self._notice(of_feed(self.state, before, self._feed.value, self.settings))

    def _rung(self, _before: bool | None) -> None:  # noqa: FBT001 - as senses are told
        on, known = bool(self._ring.value), self._caller is not None
        self._notice(of_ring(self.state, self.settings, on=on, known=known))

    def _notice(self, event: Event | None) -> None:
        if event is not None:
            self._take(event)

    def _enter(self, _before: State) -> None:
        hook = HOOK.get(self.state, Hook.ON)
        if hook is not self._hook:
            self._hook = hook
            self._orders.append(events.SetHook(hook))
        self._listen()
        self._notice(of_standing(self.state, self._feed.value, self.settings))

    def _set_port(self, port: events.SetMode) -> None:
        if port != self._port:
            self._port = port
            self._orders.append(port)

    def _ears_now(self) -> frozenset[Ear]:
        ears = EARS.get(self.state, frozenset())
        if self.settings.told_before_ring:
            ears |= EARS_BEFORE_RING.get(self.state, frozenset())
        if self.settings.caller_id is CallerId.NONE:
            ears -= {Ear.CALLER_ID}
        return ears

    def _listen(self) -> None:
        ears = self._ears_now()
        if ears != self._ears:
            self._ears, self._tone = ears, None
            self._orders.append(events.Listen(ears))

    # Actions.

    def _made_acts(self) -> dict[Action, Callable[[], None]]:
        return {
            Action.DIAL: self._send,
            Action.TELL_SEIZED: lambda: self._tell(events.CallSeized()),
            Action.TELL_OFFERED: self._offer,
            Action.TELL_ACCEPTED: lambda: self._tell(events.CallAccepted()),
            Action.TELL_ANSWERED: lambda: self._tell(events.CallAnswered()),
            Action.TELL_DISCONNECTED: lambda: self._tell(events.CallDisconnected(self._cause())),
            Action.TELL_CLEARED: lambda: self._tell(self._cleared()),
            Action.TELL_BLOCKED: lambda: self._tell(events.ChannelBlocked()),
            Action.TELL_UNBLOCKED: lambda: self._tell(events.ChannelIdle()),
            Action.FORGET: self._forget_call,
        }

    def _send(self) -> None:
        if self._dial is None:  # TABLE dials only what was placed
            raise AssertionError(f"a line that is {self.state} has nothing to dial")
        self._orders.append(self._dial)

    def _offer(self) -> None:
        told = self._caller or Message()
        self._tell(events.CallOffered(told.number or None, told.number_absent == "P", told.name or None))

    def _forget_call(self) -> None:
        super()._forget_call()
        self._caller = self._dial = None
