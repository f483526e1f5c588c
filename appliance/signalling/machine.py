# SPDX-License-Identifier: GPL-2.0-only
"""A state table at work: what the stacks of channel-associated and analogue lines have in common. Sans I/O.

Law: no transition lives outside the table. A command without a cell raises CallStateError and changes nothing; what
happens without one is logged. A timer belongs to a state and begins when the state is entered.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import structlog

from appliance.signalling.events import CallCleared
from appliance.signalling.recognition import Recognition

S = TypeVar("S", bound=enum.StrEnum)  # states
E = TypeVar("E", bound=enum.StrEnum)  # events
A = TypeVar("A", bound=enum.StrEnum)  # actions
T = TypeVar("T")  # what is told to the user
O = TypeVar("O")  # what is ordered of the line  # noqa: E741 - O stands beside S, E, A, T

NORMAL_UNSPECIFIED = 31  # Q.850

log = structlog.get_logger()


class CallStateError(Exception):
    """The channel's state does not take this command."""


class Move(NamedTuple, Generic[S, A]):
    """One cell. `cause` (Q.850) and `by_peer` say why the call ends, where nobody has said it before."""

    to: S
    actions: tuple[A, ...] = ()
    cause: int | None = None
    by_peer: bool = False


class Timer(NamedTuple):
    """`name` is the variant's word for it. None: it does not run; 0: it is over at once."""

    name: str
    seconds: float | None
    clause: str


class Machine(Generic[S, E, A, T, O]):
    """Where one channel or line stands. What follows what is the table's, how it is done the subclass's `_acts`.

    `_senses` are what it sees of the line: each with what is done when a change of it counts, called with the value
    before.
    """

    def __init__(
        self,
        state: S,
        table: Mapping[S, Mapping[E, Move[S, A]]],
        timers: Mapping[S, Timer],
        seconds: Mapping[str, float],
        clock: Callable[[], float],
        lost: E,
    ) -> None:
        """`seconds` by the timer's name go before the timer's own; `lost` happens when the line is."""
        self.state = state
        self._table = table
        self._timers = timers
        self._seconds = seconds
        self._clock = clock
        self._lost = lost
        self._senses: tuple[tuple[Recognition[Any], Callable[[Any], None]], ...] = ()
        self._deadline: float | None = None
        self._orders: list[O] = []
        self._told: list[T] = []
        self._end: tuple[int, bool] | None = None
        self._acts: Mapping[A, Callable[[], None]] = {}

    def lose(self) -> None:
        """The port or its span is lost (RED, AIS): a call ends, and what the line showed is not known any more."""
        for sense, _ in self._senses:
            sense.forget()
        self._apply(self._lost)

    def run(self) -> None:
        """Do all that is due."""
        while (due := self.due()) is not None and due <= self._clock():
            for sense, noticed in self._senses:
                if sense.due == due:
                    noticed(sense.count())
                    break
            else:
                self._deadline = None
                self._time_out()

    def due(self) -> float | None:
        """When `run` must be called next."""
        times = (self._deadline, *(sense.due for sense, _ in self._senses))
        return min((at for at in times if at is not None), default=None)

    def take_orders(self) -> list[O]:
        """What the line is to do, in order; they are yours now."""
        orders, self._orders = self._orders, []
        return orders

    def take_events(self) -> list[T]:
        """What has happened, in order; they are yours now."""
        told, self._told = self._told, []
        return told

    def _command(self, event: E, *, cause: int | None = None) -> None:
        if event not in self._table[self.state]:
            raise CallStateError(f"a channel that is {self.state} takes no {event}")
        if cause is not None:
            self._note(cause, by_peer=False)
        self._apply(event)

    def _happen(self, event: E) -> None:
        if event in self._table[self.state]:
            self._apply(event)
        else:
            log.info("signalling.event.unexpected", state=self.state, happened=event)

    def _apply(self, event: E) -> None:
        move = self._table[self.state][event]
        if move.cause is not None:
            self._note(move.cause, by_peer=move.by_peer)
        for action in move.actions:
            self._acts[action]()
        before, self.state = self.state, move.to
        if move.to is not before:
            self._begin_timer()
            self._enter(before)

    def _time_out(self) -> None:
        """The state's timer has run out."""
        raise NotImplementedError

    def _enter(self, before: S) -> None:
        """Another state has been entered."""

    def _begin_timer(self) -> None:
        timer = self._timers.get(self.state)
        seconds = self._seconds.get(timer.name, timer.seconds) if timer else None
        self._deadline = None if seconds is None else self._clock() + seconds

    def _note(self, cause: int, *, by_peer: bool) -> None:
        self._end = self._end or (cause, by_peer)

    def _cause(self) -> int:
        return self._end[0] if self._end else NORMAL_UNSPECIFIED

    def _cleared(self) -> CallCleared:
        """How the call ended; it is forgotten."""
        cleared = CallCleared(self._cause(), self._end is not None and self._end[1])
        self._forget_call()
        return cleared

    def _forget_call(self) -> None:
        self._end = None

    def _tell(self, event: T) -> None:
        self._told.append(event)
