# SPDX-License-Identifier: GPL-2.0-only
"""An R2 channel on a timeslot of the media engine: bits and register signals go both ways, calls are `channel`'s.

    circuit = Circuit(Channel(load("CN")), engine, Timeslot(0, 1).port)
    circuit.take(event)               # BitsChanged and SignalHeard of this port
    circuit.channel.place(Call("95588"))
    for event in circuit.settle(): ...    # after every call of any method of the channel's, and at the start
    circuit.run() not later than circuit.channel.due()

The bits are sent always; the port is open from `open`, or the first register signal, to CallCleared. `leave` closes it
before, as soon as the register is done. No thread, no waiting.
"""

from collections.abc import Collection
from typing import Protocol

from appliance.media.events import BitsChanged, SignalHeard, SignalKind
from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Channel
from appliance.signalling.r2.events import Direction, Listen, Order, Send, SetBits

_KIND = {Direction.FORWARD: SignalKind.R2_FORWARD, Direction.BACKWARD: SignalKind.R2_BACKWARD}
_DIRECTION = {kind: direction for direction, kind in _KIND.items()}


class CircuitEngine(Protocol):
    """What a circuit asks of the engine."""

    def open_timeslot(self, port: int) -> None:
        """Open the timeslot."""

    def close_port(self, port: int) -> None:
        """Close it."""

    def set_bits(self, port: int, abcd: int) -> None:
        """Send these bits from now on."""

    def hear_signals(self, port: int, kinds: Collection[SignalKind]) -> None:
        """Tell signals of these kinds."""

    def send_signal(self, port: int, kind: SignalKind, signal: int) -> None:
        """Hold a signal; 0: silence."""


class Circuit:
    """One timeslot, its channel and its port."""

    def __init__(self, channel: Channel, engine: CircuitEngine, port: int) -> None:
        self.channel = channel
        self.port = port
        self._engine = engine
        self._open = False
        self._listening = False
        self._left = False

    def open(self) -> None:
        """Open the port, unless it is."""
        if not self._open:
            self._engine.open_timeslot(self.port)
            self._open, self._left = True, False

    def leave(self) -> None:
        """Nobody talks here any more."""
        self._left = True
        self._close_if(not self._listening)

    def take(self, event: BitsChanged | SignalHeard) -> None:
        """Something was seen or heard on the timeslot."""
        match event:
            case BitsChanged(abcd=abcd):
                self.channel.see_bits(abcd)
            case SignalHeard(kind=kind, code=code, on=on) if kind in _DIRECTION:
                self.channel.hear(_DIRECTION[kind], code if on else 0)

    def settle(self) -> list[events.Event]:
        """Carry out what the channel orders; what it tells is yours."""
        for order in self.channel.take_orders():
            self._carry(order)
        told = self.channel.take_events()
        self._close_if(any(isinstance(event, events.CallCleared) for event in told))
        return told

    def _carry(self, order: Order) -> None:
        match order:
            case SetBits(abcd=abcd):
                self._engine.set_bits(self.port, abcd)
            case Send(direction=direction, signal=signal):
                if signal or self._open:
                    self.open()
                    self._engine.send_signal(self.port, _KIND[direction], signal)
            case Listen(direction=direction):
                self._listen(direction)

    def _listen(self, direction: Direction | None) -> None:
        self._listening = direction is not None
        if direction or self._open:
            self.open()
            self._engine.hear_signals(self.port, [_KIND[direction]] if direction else [])
        self._close_if(self._left and not self._listening)

    def _close_if(self, over: bool) -> None:  # noqa: FBT001 - a condition
        if self._open and over:
            self._engine.close_port(self.port)
            self._open = False
