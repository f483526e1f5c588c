# SPDX-License-Identifier: GPL-2.0-only
"""The B-channels of one span: who is on each, and which may be used.

A channel is busy with a leg, or with a call whose number is still being dialled; else blocked while the line or the
D-channel is down, the far end has it out of service (SERVICE), its view of it is not known (unsure: RESTART will tell)
or the span is drained; else idle. Outgoing legs take idle channels by the span's order; the far end's should be the
opposite, so that the two seldom meet (glare, Q.931 §5.7).
"""

import enum
from collections.abc import Iterable

from appliance.line.leg import LineLeg
from appliance.wire.spans import ChannelState
from drivers.model import TIMESLOTS


class Order(enum.StrEnum):
    """In which order outgoing legs take idle channels."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    ROUND_ROBIN = "round-robin"
    """The next one below the one taken last, round and round."""


class Channels:
    """A span's timeslots but for the D-channel, if it has one. `changed`: there is something new to be shown."""

    def __init__(
        self, d_channel: int, order: Order = Order.ROUND_ROBIN, timeslots: Iterable[int] = TIMESLOTS["e1"]
    ) -> None:
        self._order = order
        self.timeslots = tuple(timeslot for timeslot in timeslots if timeslot != d_channel)
        self.unsure = set(self.timeslots)
        self.out_of_service: set[int] = set()
        self._reserved: set[int] = set()
        self.line_up = False
        self.draining = False
        """No new call, either way: the worker is to be started again when the present ones are over."""
        self.changed = False
        self._legs: dict[int, LineLeg] = {}
        self._last = 0

    def __contains__(self, timeslot: int | None) -> bool:
        return timeslot in self.timeslots

    def on(self, timeslot: int) -> LineLeg | None:
        """The leg on a timeslot."""
        return self._legs.get(timeslot)

    def state(self, timeslot: int) -> ChannelState:
        """As people see it."""
        if timeslot in self._legs or timeslot in self._reserved:
            return ChannelState.BUSY
        if not self.line_up or self.draining or timeslot in self.unsure or timeslot in self.out_of_service:
            return ChannelState.BLOCKED
        return ChannelState.IDLE

    def states(self) -> dict[int, ChannelState]:
        """All of them."""
        return {timeslot: self.state(timeslot) for timeslot in self.timeslots}

    def idle(self) -> int | None:
        """The next idle timeslot, by the order."""
        idle = [timeslot for timeslot in self.timeslots if self.state(timeslot) is ChannelState.IDLE]
        match self._order:
            case Order.ASCENDING:
                return min(idle, default=None)
            case Order.DESCENDING:
                return max(idle, default=None)
            case Order.ROUND_ROBIN:
                below = [timeslot for timeslot in idle if timeslot < self._last]
                return max(below or idle, default=None)

    def take(self, timeslot: int, leg: LineLeg) -> None:
        """Put a leg on a timeslot. Raises ValueError where there is one."""
        if timeslot in self._legs:
            raise ValueError(f"timeslot {timeslot} carries {self._legs[timeslot].told.leg}")
        self._legs[timeslot] = leg
        self._last = timeslot
        self.changed = True

    def free(self, leg: LineLeg) -> None:
        """The leg is gone from its timeslot, or was moved off it before."""
        if self._legs.get(leg.timeslot) is leg:
            del self._legs[leg.timeslot]
            self.changed = True

    def reserve(self, timeslot: int) -> None:
        """A call without a leg yet has it."""
        self._reserved.add(timeslot)
        self.changed = True

    def unreserve(self, timeslot: int) -> None:
        """It has a leg now, or is cleared."""
        self._reserved.discard(timeslot)
        self.changed = True

    def reserved(self, timeslot: int) -> bool:
        """Whether such a call has it."""
        return timeslot in self._reserved

    def doubt(self, timeslots: Iterable[int]) -> None:
        """Nobody here knows what the far end holds on them."""
        self.unsure.update(timeslots)
