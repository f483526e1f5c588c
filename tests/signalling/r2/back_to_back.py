# SPDX-License-Identifier: GPL-2.0-only
"""Two R2 channels back to back in virtual time, by events: bits and signals arrive after the delays that a line has."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import pytest

from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, Channel, Wants
from appliance.signalling.r2.events import Direction, Listen, Send, SetBits
from appliance.signalling.r2.variant import Variant, load, names
from tests.signalling.pair import SIDES, Pair

BITS_S = 0.002  # a multiframe
SIGNAL_S = 0.025  # until a receiver is sure

DNIS, CLID = "62345678", "13800138000"
EIGHT = Wants(dnis_digits=len(DNIS))
every_variant = pytest.mark.parametrize("variant", names())


class Sent(NamedTuple):
    """What a side put on the line, and when."""

    at: float
    side: str
    what: SetBits | Send


class BackToBack(Pair[Channel]):
    """`sent` all that was on the line; what `lost` says of it never arrives."""

    def __init__(self, variant: Variant | str = "ITU", wants: Wants | None = None) -> None:
        self.variant = load(variant) if isinstance(variant, str) else variant
        super().__init__(lambda clock, _side: Channel(self.variant, wants, clock=clock))
        self.sent: list[Sent] = []
        self.lost: Callable[[Sent], bool] = lambda _sent: False
        self._standing = {side: Send(Direction.FORWARD, 0) for side in SIDES}
        self._bits = {"a": 0, "b": 0}
        self.pass_s(0.1)

    def heal(self) -> None:
        """What is lost no more: each side sees the bits that stand."""
        self.lost = lambda _sent: False
        for side in SIDES:
            self._show(side, self._bits[side])

    def signals(self, side: str) -> list[int]:
        """Register signals that a side sent, without the silences."""
        sent = [sent.what for sent in self.sent if sent.side == side]
        return [what.signal for what in sent if isinstance(what, Send) and what.signal]

    def bits(self, side: str) -> list[str]:
        """Bits A and B that a side sent, in order."""
        sent = [sent.what for sent in self.sent if sent.side == side]
        return [f"{what.abcd >> 2:02b}" for what in sent if isinstance(what, SetBits)]

    def talk(self, call: Call) -> events.CallOffered:
        """A call from "a" that is answered at once; returns as it was offered."""
        self.a.place(call)
        offered = self.until("b", events.CallOffered)
        self.b.answer()
        self.until("a", events.CallAnswered)
        return offered

    def _carry(self, side: str, order: events.Order) -> None:
        if isinstance(order, Listen):  # a receiver that is switched on hears what stands already
            standing = self._standing["b" if side == "a" else "a"]
            if standing.signal and standing.direction is order.direction:
                self._sound(self.channels[side], standing)
            return
        sent = Sent(self.now, side, order)
        self.sent.append(sent)
        if isinstance(order, SetBits):
            self._bits[side] = order.abcd
        else:
            self._standing[side] = order
        if self.lost(sent):
            return
        if isinstance(order, SetBits):
            self._show(side, order.abcd)
        else:
            self._sound(self.far(side), order)

    def _show(self, side: str, abcd: int) -> None:
        self.later(BITS_S, lambda: self.far(side).see_bits(abcd))

    def _sound(self, channel: Channel, sound: Send) -> None:
        self.later(SIGNAL_S, lambda: channel.hear(sound.direction, sound.signal))


def sends(sent: Sent, side: str, *signals: int) -> bool:
    """Whether this is a register signal of that side; of `signals`, if any are named."""
    return sent.side == side and isinstance(sent.what, Send) and (not signals or sent.what.signal in signals)


def with_timers(variant: str, **timers: float) -> Variant:
    """A variant with other seconds."""
    loaded = load(variant)
    return msgspec.structs.replace(loaded, timers=loaded.timers | timers)


def hang_up(pair: BackToBack, first: str) -> None:
    """Both sides let go, `first` first."""
    if first == "a":
        pair.a.release()
    else:
        pair.b.release()
        pair.until("a", events.CallDisconnected)
        pair.a.release()
    pair.until("a", events.CallCleared)
    pair.pass_s(1)
    assert pair.idle()
