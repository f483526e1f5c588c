# SPDX-License-Identifier: GPL-2.0-only
"""A channel that signals by bits, on a timeslot of the media engine: what every such signalling has in common.

    circuit.take(event)               # BitsChanged, SignalHeard, … of this port
    circuit.place("95588", "10086")
    for event in circuit.settle(): ...    # after every call of any method, and at the start
    circuit.run() not later than circuit.due()

The bits are sent always; the port is open from `open`, or the first order that needs it, to CallCleared. `leave` closes
it before, as soon as the register is done. No thread, no waiting.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from appliance.media.events import (
    BitsChanged,
    CallerHeard,
    CallerStandard,
    DigitsSent,
    SignalHeard,
    SignalKind,
    SoundHeard,
    ToneKind,
)
from appliance.signalling.events import CallCleared


class CircuitEngine(Protocol):
    """What a circuit asks of the engine."""

    def open_timeslot(self, port: int) -> None:
        """Open the timeslot."""

    def close_port(self, port: int) -> None:
        """Close it."""

    def set_bits(self, port: int, abcd: int) -> None:
        """Send these bits from now on."""

    def hear_signals(
        self,
        port: int,
        kinds: Collection[SignalKind],
        zone: str = "cn",
        caller: CallerStandard | None = None,
        *,
        sound: bool = False,
        echo: bool = False,
        gated: bool = False,
    ) -> None:
        """Tell signals of these kinds, caller ID, and all sound, as the engine does."""

    def send_signal(self, port: int, kind: SignalKind, signal: int) -> None:
        """Hold a signal; 0: silence."""

    def send_digits(self, port: int, send_id: int, digits: str) -> None:
        """Send digits by DTMF."""

    def send_mf(self, port: int, send_id: int, signals: str) -> None:
        """Send signals by MF."""

    def tone(self, port: int, kind: ToneKind, zone: str = "cn") -> None:
        """Give a tone."""

    def stop(self, port: int) -> None:
        """Stop it."""


class Signalling(Protocol):
    """A machine as circuits use it."""

    def lose(self) -> None:
        """The span is lost."""

    def run(self) -> None:
        """Do all that is due."""

    def due(self) -> float | None:
        """When `run` must be called next."""

    def take_events(self) -> Sequence[Any]:
        """What has happened."""

    def answer(self) -> None:
        """Answer the call that is offered."""

    def release(self, cause: int) -> None:
        """End the call."""


C = TypeVar("C", bound=Signalling)
Heard = BitsChanged | SignalHeard | CallerHeard | SoundHeard | DigitsSent


class Circuit(ABC, Generic[C]):
    """One timeslot, its channel and its port."""

    def __init__(self, channel: C, engine: CircuitEngine, port: int, zone: str = "") -> None:
        """`zone`: of the tones that a caller is given here; none: his exchange gives them."""
        self.channel = channel
        self.port = port
        self._engine = engine
        self._zone = zone
        self._rings_back = False
        self._open = False
        self._left = False
        self._works = False  # the register does

    def open(self) -> None:
        """Open the port, unless it is."""
        self._need()
        self._left = False

    def leave(self) -> None:
        """Nobody talks here any more."""
        self._left = True
        self._close_if(not self._works)

    def port_lost(self) -> None:
        """Somebody else has the port, or has closed it: what needs it next opens it anew."""
        self._open = False

    def settle(self) -> Sequence[Any]:
        """Carry out what the channel orders; what it tells is yours. A new call never has the port of the last one."""
        told = self.channel.take_events()
        self._close_if(any(isinstance(event, CallCleared) for event in told))
        for order in self._orders():
            self._carry(order)
        return [*told, *self.channel.take_events()]  # and what an order has done at once

    @property
    def inband(self) -> bool:
        """CallAccepted says that the far end's tones are heard; else our own party must be given them."""
        return True

    @abstractmethod
    def take(self, event: Heard) -> None:
        """Something was seen or heard on the timeslot."""

    @abstractmethod
    def place(self, dnis: str, clid: str | None) -> None:
        """Call out. Raises ValueError for what cannot be sent."""

    @abstractmethod
    def alert(self) -> None:
        """Somebody is rung."""

    def ring_back(self) -> None:
        """The caller hears the ringing tone until the answer."""
        if self._zone:
            self._need()
            self._engine.tone(self.port, ToneKind.RINGBACK, self._zone)
            self._rings_back = True

    def answer(self) -> None:
        """Somebody has answered."""
        self.channel.answer()
        if self._rings_back:
            self._engine.stop(self.port)
            self._rings_back = False

    def release(self, cause: int) -> None:
        """End the call."""
        self.channel.release(cause)

    def run(self) -> None:
        """Do all that is due."""
        self.channel.run()

    def due(self) -> float | None:
        """When `run` must be called next."""
        return self.channel.due()

    @abstractmethod
    def _orders(self) -> Iterable[Any]:
        """What the channel orders."""

    @abstractmethod
    def _carry(self, order: Any) -> None:
        """Carry out an order."""

    def _need(self) -> None:
        """An order needs the port."""
        if not self._open:
            self._engine.open_timeslot(self.port)
            self._open, self._left, self._rings_back = True, False, False

    def _hear(
        self,
        kinds: Collection[SignalKind],
        zone: str = "cn",
        caller: CallerStandard | None = None,
        *,
        sound: bool = False,
        echo: bool = False,
        gated: bool = False,
    ) -> None:
        """Listen for these; none: no more."""
        self._works = bool(kinds) or caller is not None or sound
        if self._works:
            self._need()
        if self._open:
            self._engine.hear_signals(self.port, kinds, zone, caller, sound=sound, echo=echo, gated=gated)
        self._close_if(self._left and not self._works)

    def _close_if(self, over: bool) -> None:  # noqa: FBT001 - a condition
        if self._open and over:
            self._engine.close_port(self.port)
            self._open = False
