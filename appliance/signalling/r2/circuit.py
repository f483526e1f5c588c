# SPDX-License-Identifier: GPL-2.0-only
"""An R2 channel on a timeslot of the media engine: register signals go both ways, calls are `channel`'s."""

from collections.abc import Callable

from appliance.media.events import BitsChanged, SignalHeard, SignalKind
from appliance.signalling import circuit
from appliance.signalling.circuit import CircuitEngine, Heard
from appliance.signalling.r2.channel import Call, Channel, Wants
from appliance.signalling.r2.events import Direction, Listen, Order, Send, SetBits
from appliance.signalling.r2.variant import Variant
from dsp.tools.tone_zones import zones

_KIND = {Direction.FORWARD: SignalKind.R2_FORWARD, Direction.BACKWARD: SignalKind.R2_BACKWARD}
_DIRECTION = {kind: direction for direction, kind in _KIND.items()}


class Circuit(circuit.Circuit[Channel]):
    """One timeslot, its channel and its port."""

    def take(self, event: Heard) -> None:
        """Something was seen or heard on the timeslot."""
        match event:
            case BitsChanged(abcd=abcd):
                self.channel.see_bits(abcd)
            case SignalHeard(kind=kind, code=code, on=on) if kind in _DIRECTION:
                self.channel.hear(_DIRECTION[kind], code if on else 0)

    def place(self, dnis: str, clid: str | None) -> None:
        """Call out. Raises ValueError for what cannot be sent."""
        self.channel.place(Call(dnis, clid))

    def alert(self) -> None:
        """The called line is free and rung."""
        self.channel.accept()

    def _orders(self) -> list[Order]:
        return self.channel.take_orders()

    def _carry(self, order: Order) -> None:
        match order:
            case SetBits(abcd=abcd):
                self._engine.set_bits(self.port, abcd)
            case Send(direction=direction, signal=signal):
                if signal:
                    self._need()
                if self._open:
                    self._engine.send_signal(self.port, _KIND[direction], signal)
            case Listen(direction=direction):
                self._hear([_KIND[direction]] if direction else [])


def circuits(variant: Variant, wants: Wants) -> Callable[[CircuitEngine, int], Circuit]:
    """What makes a circuit on a port."""
    return lambda engine, port: Circuit(Channel(variant, wants), engine, port, tone_zone(variant))


def tone_zone(variant: Variant) -> str:
    """Its country's tones, where they are known, else E.180's."""
    country = variant.name.lower()
    return country if country in zones() else "e180"
