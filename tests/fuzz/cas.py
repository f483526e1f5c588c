# SPDX-License-Identifier: GPL-2.0-only
"""E&M trunks: one whose ends see bits and hear digits that nobody sent, and beside it one with a talk.

Afterwards each end sees what stands: both let go, the channel is idle, and a call passes. The talk was not touched.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random

from appliance.signalling.cas import events
from appliance.signalling.cas.channel import Call, CallStateError, Wants
from appliance.signalling.cas.variant import names
from tests.signalling.cas.pair import Pair

STEPS = 150
SETTLING_S = 120.0
PATIENCE = 10
TRUNKS = [name for name in names() if name.startswith("em_")]
WANTS = (Wants(dnis_digits=5), Wants(dnis_digits=5, gives_way=False))
CALL = Call("95588")


class Trunk:
    """A pair that is disturbed, and what was told of its calls."""

    def __init__(self, variant: str, random: Random, note: Callable[[str], None]) -> None:
        self._pair, self._beside = Pair(variant, *WANTS), Pair(variant, *WANTS)
        self._chance, self._note = random, note
        talk(self._beside)

    def round(self) -> None:
        """Trouble, then peace."""
        for _ in range(STEPS):
            side = self._chance.choice("ab")
            self._disturb(side) if self._chance.random() < 0.5 else self._act(side)
            for pair in (self._pair, self._beside):
                pair.pass_s(self._chance.choice((0.0, 0.02, 0.3, 2.0, 20.0)))
        for _ in range(PATIENCE):
            for side, far in ("ab", "ba"):
                self._pair.channels[side].see_bits(self._pair.bits[far][-1][1])
                with suppress(CallStateError):
                    self._pair.channels[side].release()
            self._pair.pass_s(SETTLING_S)
            if self._pair.idle():
                break
        assert self._pair.idle(), {side: channel.state for side, channel in self._pair.channels.items()}
        talk(self._pair)
        self._pair.a.release()
        self._pair.pass_s(5.0)
        assert self._pair.idle()
        assert not self._beside.told("a", events.CallCleared) + self._beside.told("b", events.CallCleared)

    def _disturb(self, side: str) -> None:
        channel = self._pair.channels[side]
        match self._chance.randrange(8):
            case 0:
                self._note(f"{side} is lost")
                channel.lose()
            case 1 | 2:
                digit = self._chance.choice("0123456789*#")
                self._note(f"{side} hears {digit}")
                channel.hear(digit)
            case _:
                bits = self._chance.choice((0, 15, self._chance.randrange(16)))
                self._note(f"{side} sees {bits:04b}")
                channel.see_bits(bits)

    def _act(self, side: str) -> None:
        channel = self._pair.channels[side]
        with suppress(CallStateError):
            match self._chance.randrange(3):
                case 0:
                    channel.place(CALL)
                case 1:
                    channel.answer()
                case _:
                    channel.release()


def talk(pair: Pair) -> None:
    """A call from "a", answered."""
    pair.a.place(CALL)
    assert pair.until("b", events.CallOffered).dnis == CALL.dnis
    pair.b.answer()
    pair.until("a", events.CallAnswered)


def rounds(random: Random, note: Callable[[str], None]) -> Iterator[None]:
    """For ever, one variant after the other."""
    for variant in itertools.cycle(TRUNKS):
        Trunk(variant, random, note).round()
        yield
