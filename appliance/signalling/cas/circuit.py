# SPDX-License-Identifier: GPL-2.0-only
"""CAS on a timeslot of the media engine: a trunk's channel, or a station with its line, calls are `channel`'s."""

from collections.abc import Callable

from appliance.media.events import BitsChanged, DigitsSent, SignalHeard, SignalKind, ToneKind
from appliance.signalling import circuit
from appliance.signalling.cas.channel import Call, Channel, Wants
from appliance.signalling.cas.events import Dial, DialTone, Digits, Listen, Order, SetBits
from appliance.signalling.cas.variant import Start, Variant
from appliance.signalling.cas.words import State
from appliance.signalling.circuit import CircuitEngine, Heard
from appliance.signalling.q850 import BUSY, NORMAL_CLEARING

_KIND = {Digits.DTMF: SignalKind.DTMF, Digits.MF: SignalKind.MF}


_BUSY = (BUSY, NORMAL_CLEARING)
_TRUNK = frozenset({State.OFFERED})
_STAYS = {
    Start.WINK: _TRUNK,
    Start.IMMEDIATE: _TRUNK,
    Start.RING: _TRUNK | {State.CONNECTED, State.CLEARED_SHORTLY},
}


class TrunkCircuit(circuit.Circuit[Channel]):
    """An E&M trunk, or an exchange's end of a station's line. `zone`: of the tones that the caller is given."""

    def __init__(self, channel: Channel, engine: CircuitEngine, port: int, zone: str) -> None:
        super().__init__(channel, engine, port, zone)
        self._sending = 0

    @property
    def inband(self) -> bool:
        """A station says nothing before its answer."""
        return self.channel.variant.start is not Start.RING

    def take(self, event: Heard) -> None:
        """Something was seen or heard on the timeslot."""
        match event:
            case BitsChanged(abcd=abcd):
                self.channel.see_bits(abcd)
            case SignalHeard(kind=SignalKind.DTMF | SignalKind.MF, code=code, on=True):
                self.channel.hear(chr(code))
            case DigitsSent(send_id=self._sending):
                self.channel.dialled()

    def place(self, dnis: str, clid: str | None) -> None:
        """Call out. Raises ValueError for what cannot be sent."""
        self.channel.place(Call(dnis, (clid or "") if self.channel.wants.ani else ""))

    def alert(self) -> None:
        """Somebody is rung: there is no word for it."""

    def release(self, cause: int) -> None:
        """End the call. Who is still off-hook hears why until he lets go: a refused caller, a station of ours."""
        stays = self.channel.state in _STAYS[self.channel.variant.start]
        super().release(cause)
        if stays:
            self._need()
            self._engine.tone(self.port, ToneKind.BUSY if cause in _BUSY else ToneKind.CONGESTION, self._zone)

    def _orders(self) -> list[Order]:
        return self.channel.take_orders()

    def _carry(self, order: Order) -> None:
        match order:
            case SetBits(abcd=abcd):
                self._engine.set_bits(self.port, abcd)
            case Dial(signals=signals, by=by):
                self._dial(signals, by)
            case Listen(by=by):
                self._hear([_KIND[by]] if by else [])
            case DialTone(on=True):
                self._need()
                self._engine.tone(self.port, ToneKind.DIAL, self._zone)
            case DialTone() if self._open:
                self._engine.stop(self.port)

    def _dial(self, signals: str, by: Digits) -> None:
        self._need()
        self._sending += 1
        if not signals:  # who is called by seizing alone
            self.channel.dialled()
            return
        send = self._engine.send_mf if by is Digits.MF else self._engine.send_digits
        send(self.port, self._sending, signals)


def trunks(variant: Variant, wants: Wants, zone: str) -> Callable[[CircuitEngine, int], TrunkCircuit]:
    """What makes a circuit on a port."""
    return lambda engine, port: TrunkCircuit(Channel(variant, wants), engine, port, zone)
