# SPDX-License-Identifier: GPL-2.0-only
"""An R2 channel with ears and a voice: orders and register signals become A-law octets through the dsp, and back.

Virtual time, blocks of 20 ms.
"""

from collections.abc import Callable

from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Channel, Wants
from appliance.signalling.r2.events import Direction, Listen, Send, SetBits
from appliance.signalling.r2.variant import Variant
from dsp.bank import Bank, Kind
from dsp.g711 import ALAW_IDLE, alaw_decode, alaw_encode
from dsp.r2 import R2Sender

BLOCK = 160
BLOCK_S = 0.02
IDLE = bytes([ALAW_IDLE]) * BLOCK
KINDS = {Direction.FORWARD: Kind.R2_FORWARD, Direction.BACKWARD: Kind.R2_BACKWARD}


class Sounding:
    """`channel` on a timeslot; `told` its events, `bits` the ABCD that it sends."""

    def __init__(self, variant: Variant, wants: Wants | None, clock: Callable[[], float]) -> None:
        self.channel = Channel(variant, wants, clock=clock)
        self.told: list[events.Event] = []
        self.bits = 0
        self._senders = {direction: R2Sender(backward=direction is Direction.BACKWARD) for direction in Direction}
        self._sending: Direction | None = None
        self._bank: Bank | None = None
        self._heard_bits: int | None = None
        self.take()

    def tick(self, heard: bytes, bits: int) -> bytes:
        """20 ms of what the far end says, as octets and ABCD; returns our own octets."""
        if bits != self._heard_bits:
            self._heard_bits = bits
            self.channel.see_bits(bits)
        if self._bank is not None:
            for event in self._bank.process(alaw_decode(heard)):
                direction = Direction.FORWARD if event.kind is Kind.R2_FORWARD else Direction.BACKWARD
                self.channel.hear(direction, event.code if event.on else 0)
                self.take()
        self.channel.run()
        self.take()
        return IDLE if self._sending is None else alaw_encode(self._senders[self._sending].process(BLOCK))

    def take(self) -> None:
        """Carry out what the channel orders, keep what it tells."""
        self.told += self.channel.take_events()
        for order in self.channel.take_orders():
            match order:
                case SetBits(abcd=abcd):
                    self.bits = abcd
                case Send(direction=direction, signal=signal):
                    self._senders[direction].send(signal)
                    self._sending = direction if signal else None
                case Listen(direction=direction):
                    self._bank = Bank([KINDS[direction]]) if direction else None
