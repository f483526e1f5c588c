# SPDX-License-Identifier: GPL-2.0-only
"""A machine whose line is bits: what the far end's A and B say, and ABCD of ours. Sans I/O."""

from collections.abc import Callable, Mapping
from typing import Generic

from appliance.signalling.events import SetBits
from appliance.signalling.machine import A, E, Machine, Move, O, S, T, Timer
from appliance.signalling.recognition import Recognition

RECOGNITION_S = 0.02  # Q.424: 20 ± 10 ms; robbed bits come every 3 ms, and one in error is seen for as long


def bits_ab(abcd: int) -> str:
    """Bits A and B as they are written in variants."""
    return f"{abcd >> 2 & 3:02b}"


class BitsMachine(Machine[S, E, A, T, O | SetBits], Generic[S, E, A, T, O]):
    """`_heard` are the far end's bits AB that count."""

    def __init__(
        self,
        state: S,
        table: Mapping[S, Mapping[E, Move[S, A]]],
        timers: Mapping[S, Timer],
        seconds: Mapping[str, float],
        clock: Callable[[], float],
        lost: E,
    ) -> None:
        super().__init__(state, table, timers, seconds, clock, lost)
        self._heard: Recognition[str] = Recognition()
        self._senses = ((self._heard, lambda _before: self._look()),)
        self._bits: int | None = None

    def see_bits(self, abcd: int) -> None:
        """The far end's bits are these now."""
        self._heard.see(bits_ab(abcd), self._clock(), RECOGNITION_S)

    def _look(self) -> None:
        """What stands on the line may mean something."""
        heard = self._meaning()
        if heard is not None and heard in self._table[self.state]:
            self._apply(heard)

    def _meaning(self) -> E | None:
        """The event that the far end's bits are in this state."""
        raise NotImplementedError

    def _set(self, word: str) -> None:
        abcd = self._abcd(word)
        if abcd != self._bits:
            self._bits = abcd
            self._orders.append(SetBits(abcd))

    def _abcd(self, word: str) -> int:
        """The variant's bits for a word."""
        raise NotImplementedError
