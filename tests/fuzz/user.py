# SPDX-License-Identifier: GPL-2.0-only
"""A controller that does anything with the legs of a span and keeps the books: each begins and ends once."""

import contextlib
from collections.abc import Callable
from random import Random
from typing import Protocol

from appliance.line.served import ServedSpan
from appliance.line.states import Event
from appliance.signalling.pri.link import CallGoneError
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from tests.line.span_pair import Board

CALLS_MOST = 12
COMMANDS = (Event.PROCEED, Event.ALERT, Event.ALERT_INBAND, Event.ANSWER)


class End(Protocol):
    """A span at work on a board."""

    @property
    def span(self) -> ServedSpan:
        """It."""

    @property
    def board(self) -> Board:
        """Where its ports are."""

    def place(self, leg: str) -> bool:
        """A call out."""

    def idle(self) -> int:
        """How many channels are."""


class User:
    """A controller that does anything with its legs; each is told to be over once."""

    def __init__(self, end: End, random: Random) -> None:
        self.end, self._chance = end, random
        self.legs: set[str] = set()
        self._placed = 0

    def hear(self, told: list[object]) -> None:
        """Keep the books."""
        for event in told:
            match event:
                case legs.LegOffered(leg=leg) | legs.LegPlaced(leg=leg):
                    assert leg.leg not in self.legs, f"{leg.leg} is told twice"
                    self.legs.add(leg.leg)
                case legs.LegReleased(leg=name):
                    self.legs.remove(name)  # KeyError: it was over before

    def act(self) -> None:
        """One thing, whatever it is."""
        with contextlib.suppress(CallGoneError, KeyError):  # the leg cannot take it as it stands
            if not self.legs or (len(self.legs) < CALLS_MOST and self._chance.random() < 0.4):
                self.place()
            elif self._chance.random() < 0.3:
                self.let_go(self._chance.choice(sorted(self.legs)))
            else:
                self.do(self._chance.choice(sorted(self.legs)), self._chance.choice(COMMANDS))

    def place(self) -> str:
        """A call out."""
        self._placed += 1
        name = f"{self.end.span.name}-out-{self._placed}"
        self.end.place(name)
        return name

    def do(self, name: str, event: Event) -> None:
        """A command to a leg."""
        self.end.span.command(self.end.span.legs[name], event)

    def let_go(self, name: str) -> None:
        """Of a leg."""
        self.end.span.release(self.end.span.legs[name], self._chance.randint(1, 127), ReleasedBy.US)

    def let_all_go(self) -> None:
        """Of every leg, whoever knows of it."""
        for name in sorted(self.legs & self.end.span.legs.keys()):
            self.let_go(name)

    def over(self, out_of_service: int = 0) -> bool:
        """No leg, no port, and every channel idle."""
        nothing = not (self.legs or self.end.span.legs or self.end.board.open)
        return nothing and self.end.idle() + out_of_service == len(self.end.span.channels.timeslots)

    def __str__(self) -> str:
        span = self.end.span
        busy = {timeslot: str(state) for timeslot, state in span.channels.states().items() if state != "idle"}
        return f"{span.name}: legs {sorted(self.legs | span.legs.keys())}, ports {sorted(self.end.board.open)}, {busy}"


def one_call(caller: User, called: User, pass_s: Callable[[float], None], patience_s: float) -> None:
    """A call passes, and is over."""
    name = caller.place()
    pass_s(patience_s)
    (offered,) = called.legs
    called.do(offered, Event.ANSWER)
    pass_s(patience_s)
    assert caller.end.span.legs[name].told.state is legs.LegState.ANSWERED, caller
    caller.let_go(name)
    pass_s(patience_s)
