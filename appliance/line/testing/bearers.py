# SPDX-License-Identifier: GPL-2.0-only
"""Timeslots lent to a test. Calls go first: one that comes opens its port anew, and the test there is over.

A timeslot that a call holds is never taken, and one that a call has taken meanwhile is not given back.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from appliance.media.events import PatternStatus
from appliance.wire.spans import ChannelState
from drivers.model import Timeslot
from dsp.prbs import Pattern


class BearerEngine(Protocol):
    """The part of appliance.media.engine.Engine that a test needs."""

    def open_timeslot(self, port: int) -> None:
        """Open a bearer, clear."""

    def listen(self, port: int, to: int) -> None:
        """To itself: a loop."""

    def test(self, port: int, pattern: Pattern) -> None:
        """Send a pattern and look for it."""

    def insert_errors(self, port: int, errors: int) -> None:
        """Into the pattern that is sent."""

    def test_status(self, port: int) -> PatternStatus | None:
        """What has been counted."""


class Bearers:
    """Those of one span. `states`: its channels as they are now; `close`: a port, in turn with what calls ask."""

    def __init__(
        self,
        engine: BearerEngine,
        close: Callable[[int], None],
        span: int,
        states: Callable[[], dict[int, ChannelState]],
        wanted: Iterable[int],
    ) -> None:
        self._engine = engine
        self._close = close
        self._span = span
        self._states = states
        free = [slot for slot, state in states().items() if state is not ChannelState.BUSY]
        self.lent = [slot for slot in free if not wanted or slot in wanted]

    def send_pattern(self, pattern: Pattern) -> None:
        """On all of them. Raises: EngineBusyError."""
        for port in self._ports():
            self._engine.open_timeslot(port)
            self._engine.test(port, pattern)

    def loop(self) -> None:
        """All of them. Raises: EngineBusyError."""
        for port in self._ports():
            self._engine.open_timeslot(port)
            self._engine.listen(port, port)

    def insert(self, timeslots: Iterable[int], errors: int) -> None:
        """Raises: EngineBusyError."""
        for slot in timeslots:
            self._engine.insert_errors(Timeslot(self._span, slot).port, errors)

    def counted(self) -> dict[int, PatternStatus]:
        """By timeslot, without those that a call has taken."""
        statuses = ((slot, self._engine.test_status(Timeslot(self._span, slot).port)) for slot in self.lent)
        return {slot: status for slot, status in statuses if status is not None}

    def give_back(self) -> list[int]:
        """Close what no call has taken; those timeslots."""
        slots = self._slots()
        for slot in slots:
            self._close(Timeslot(self._span, slot).port)
        return slots

    def _ports(self) -> list[int]:
        return [Timeslot(self._span, slot).port for slot in self._slots()]

    def _slots(self) -> list[int]:
        """Of those that no call holds now."""
        states = self._states()
        return [slot for slot in self.lent if states[slot] is not ChannelState.BUSY]
