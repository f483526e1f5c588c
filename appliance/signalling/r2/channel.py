# SPDX-License-Identifier: GPL-2.0-only
"""One R2 channel: bits and register signals in, orders out; commands in, events out. What follows what is TABLE's.

    channel = Channel(load("CN"), Wants(dnis_digits=5))
    channel.see_bits(0b1011)                    # the far end's ABCD; at the start, and whenever they change
    channel.hear(Direction.FORWARD, 5)          # a register signal has begun; 0: has ended
    channel.place(Call("95588", clid="02512345678", category="ordinary"))
    channel.accept(); channel.answer(); channel.release(cause=17)
    for order in channel.take_orders(): ...     # after every call of any method above: SetBits, Send, Listen
    for event in channel.take_events(): ...     # appliance.signalling.r2.events
    channel.run() not later than channel.due()  # timers; due is in the clock's seconds, None if none runs

No I/O, no thread. It begins blocked, until the far end's bits are known. A command that the state does not take raises
CallStateError and changes nothing; a signal that it does not take is logged.
"""

import time
from collections.abc import Callable
from functools import partial

import structlog

from appliance.signalling.bits import BitsMachine
from appliance.signalling.machine import CallStateError
from appliance.signalling.q850 import NORMAL_CLEARING
from appliance.signalling.r2 import events
from appliance.signalling.r2.bits import meaning, role
from appliance.signalling.r2.causes import verdict
from appliance.signalling.r2.events import Direction, Listen, Send
from appliance.signalling.r2.register import Call, Incoming, Outgoing, Wants
from appliance.signalling.r2.states import EXPECTING, READING, TABLE, TIMERS
from appliance.signalling.r2.variant import Request, Variant, Verdict
from appliance.signalling.r2.words import Action, Event, State

__all__ = ["Call", "CallStateError", "Channel", "Direction", "Wants"]

NOBODY = Call("")
_REQUESTS = (
    Action.ASK_DIGIT,
    Action.ASK_CATEGORY,
    Action.ASK_CALLER,
    Action.ASK_SERVICE,
    Action.SAY_COMPLETE,
    Action.SAY_CONGESTION,
)

log = structlog.get_logger()


class Channel(BitsMachine[State, Event, Action, events.Event, events.Order]):
    """Raises ValueError where the variant has no signal for what is wanted."""

    def __init__(
        self, variant: Variant, wants: Wants | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(State.BLOCKED, TABLE, TIMERS, variant.timers, clock, Event.LOSE)
        self.variant = variant
        self._wants = wants or Wants()
        self._wants.check(variant)
        self._listening: Direction | None = None
        self._sounding: Direction | None = None
        self._charge = True
        self._outgoing = Outgoing(variant, NOBODY)
        self._incoming = Incoming(variant, self._wants)
        self._acts = self._made_acts()
        self._set("idle")

    # The far end and time.

    def hear(self, direction: Direction, signal: int) -> None:
        """A register signal has begun or (0) ended. One of a direction that is not listened to comes late: nothing."""
        if direction is not self._listening:
            return
        if signal == 0:
            spent = self.state is State.DUE_DIGIT and self._outgoing.digit() is None
            self._happen(Event.QUIET_SPENT if spent else Event.QUIET)
        elif self.state in EXPECTING:
            self._happen(self._incoming.hear(self.state, signal))
        elif self.state in READING:
            self._happen(self._outgoing.read(self.state, signal))
        else:
            log.info("r2.signal.unexpected", state=self.state, signal=signal)

    # Commands.

    def place(self, call: Call) -> None:
        """Call out. Raises ValueError for what the variant cannot say."""
        call.check(self.variant)
        self._command(Event.PLACE)
        self._outgoing = Outgoing(self.variant, call)

    def accept(self, *, charge: bool = True) -> None:
        """The called line is free and rung. `charge` False: the call costs nothing, where the variant can say so."""
        self._accept(Event.ACCEPT, charge=charge)

    def answer(self, *, charge: bool = True) -> None:
        """Answer; an offered call is accepted on the way, with this charge."""
        self._accept(Event.ANSWER, charge=charge)

    def meter(self) -> None:
        """Send a metering pulse."""
        self._command(Event.METER)

    def release(self, cause: int = NORMAL_CLEARING) -> None:
        """End the call by what its state allows; CallCleared follows. Before acceptance the far end hears the cause."""
        self._command(Event.RELEASE, cause=cause)

    def withdraw(self) -> None:
        """Take the channel out of service while it is free: the far end sees it blocked."""
        self._command(Event.WITHDRAW)

    def restore(self) -> None:
        """Back into service."""
        self._command(Event.RESTORE)

    # Moves.

    def _accept(self, event: Event, *, charge: bool) -> None:
        if self.state is State.OFFERED:
            self._charge = charge
        self._command(event)

    def _happen(self, event: Event) -> None:
        if event is Event.REFUSED and event in TABLE[self.state]:
            self._note(self._outgoing.refusal, by_peer=True)
        super()._happen(event)

    def _time_out(self) -> None:
        self._happen(self._incoming.silence(self.state) if self.state in EXPECTING else Event.TIMEOUT)

    def _meaning(self) -> Event | None:
        return meaning(self.variant.bits, role(self.state), self._heard.value)

    def _enter(self, before: State) -> None:
        if role(self.state) is not role(before):  # what stands on the line may mean something now
            self._look()

    def _forget_call(self) -> None:
        super()._forget_call()
        self._charge = True
        self._outgoing = Outgoing(self.variant, NOBODY)
        self._incoming = Incoming(self.variant, self._wants)

    # Actions.

    def _made_acts(self) -> dict[Action, Callable[[], None]]:
        setting = [action for action in Action if action.name.startswith("SET_")]
        return {
            **{action: partial(self._set, action.value) for action in setting},
            **{action: partial(self._ask, Request(action.value)) for action in _REQUESTS},
            Action.SAY_FREE: self._say_free,
            Action.SAY_REFUSAL: lambda: self._say(verdict(self._cause(), self.variant.b)),
            Action.SEND_DIGIT: lambda: self._send(Direction.FORWARD, self._outgoing.digit()),
            Action.SEND_CATEGORY: lambda: self._send(Direction.FORWARD, self._outgoing.category()),
            Action.SEND_CALLER: lambda: self._send(Direction.FORWARD, self._outgoing.caller()),
            Action.SEND_SERVICE: lambda: self._send(Direction.FORWARD, self._outgoing.service()),
            Action.STOP: self._stop,
            Action.LISTEN_FORWARD: lambda: self._listen(Direction.FORWARD),
            Action.LISTEN_BACKWARD: lambda: self._listen(Direction.BACKWARD),
            Action.LISTEN_NOT: lambda: self._listen(None),
            Action.TELL_SEIZED: lambda: self._tell(events.CallSeized()),
            Action.TELL_OFFERED: lambda: self._tell(self._incoming.offer()),
            Action.TELL_ACCEPTED: lambda: self._tell(events.CallAccepted(self._outgoing.charge)),
            Action.TELL_ANSWERED: lambda: self._tell(events.CallAnswered()),
            Action.TELL_METERED: lambda: self._tell(events.PulseReceived()),
            Action.TELL_DISCONNECTED: lambda: self._tell(events.CallDisconnected(self._cause())),
            Action.TELL_CLEARED: lambda: self._tell(self._cleared()),
            Action.TELL_BLOCKED: lambda: self._tell(events.ChannelBlocked()),
            Action.TELL_UNBLOCKED: lambda: self._tell(events.ChannelIdle()),
        }

    def _abcd(self, word: str) -> int:
        known = self.variant.bits
        return int((getattr(known, word) or known.clear_back) + known.cd, 2)

    def _listen(self, direction: Direction | None) -> None:
        if direction is not self._listening:
            self._listening = direction
            self._orders.append(Listen(direction))

    def _send(self, direction: Direction, signal: int | None) -> None:
        if signal is None:  # loading a variant, checking wants and TABLE see to it
            raise AssertionError(f"{self.variant.name} has no signal to be sent by a channel that is {self.state}")
        self._sounding = direction
        self._orders.append(Send(direction, signal))

    def _stop(self) -> None:
        if self._sounding is not None:
            self._orders.append(Send(self._sounding, 0))
            self._sounding = None

    def _ask(self, request: Request) -> None:
        self._send(Direction.BACKWARD, self._incoming.say(request))

    def _say(self, said: Verdict) -> None:
        self._send(Direction.BACKWARD, self.variant.b[said])

    def _say_free(self) -> None:
        no_charge = not self._charge and Verdict.FREE_NO_CHARGE in self.variant.b
        self._say(Verdict.FREE_NO_CHARGE if no_charge else Verdict.FREE)
