# SPDX-License-Identifier: GPL-2.0-only
"""Two CAS channels back to back in virtual time: bits, digits and dialling take the time that they take on a line."""

from appliance.signalling.cas import events
from appliance.signalling.cas.channel import Channel, Wants
from appliance.signalling.cas.events import Dial, SetBits
from appliance.signalling.cas.variant import load
from tests.signalling import pair

BITS_S = 0.003  # an extended superframe
DIGIT_S = 0.1


class Pair(pair.Pair[Channel]):
    """`orders` of each side, `bits` what they sent, with its time."""

    def __init__(self, variant: str, wants: Wants | None = None, b_wants: Wants | None = None) -> None:
        made, wanted = load(variant), {"a": wants, "b": b_wants or wants}
        super().__init__(lambda clock, side: Channel(made, wanted[side], clock=clock))
        self.orders: dict[str, list[events.Order]] = {"a": [], "b": []}
        self.bits: dict[str, list[tuple[float, int]]] = {"a": [], "b": []}
        self.lost = False
        self.pass_s(0.1)

    def _carry(self, side: str, order: events.Order) -> None:
        self.orders[side].append(order)
        far = self.far(side)
        match order:
            case SetBits(abcd=abcd):
                self.bits[side].append((self.now, abcd))
                if not self.lost:
                    self.later(BITS_S, lambda: far.see_bits(abcd))
            case Dial(signals=signals):
                for at, signal in enumerate(signals):
                    self.later(DIGIT_S * (at + 1), lambda signal=signal: far.hear(signal))  # type: ignore[misc]
                self.later(DIGIT_S * (len(signals) + 1), self.channels[side].dialled)
