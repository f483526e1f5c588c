# SPDX-License-Identifier: GPL-2.0-only
"""The B-channels of one span: who is on each, and which may be used.

A channel is busy with a leg; else blocked while the line or the D-channel is down or the far end's view of it is not
known (unsure: RESTART will tell); else idle. Outgoing legs take idle channels from the top, as exchanges take theirs
from the bottom, so that the two seldom meet (glare, Q.931 §5.7).
"""

from collections.abc import Iterable

from appliance.line.leg import LineLeg
from appliance.wire.spans import ChannelState

E1_TIMESLOTS = range(1, 32)


class Channels:
    """Timeslots 1 to 31 but for the D-channel. `changed`: there is something new to be shown."""

    def __init__(self, d_channel: int) -> None:
        self.timeslots = tuple(timeslot for timeslot in E1_TIMESLOTS if timeslot != d_channel)
        self.unsure = set(self.timeslots)
        self.line_up = False
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
        if timeslot in self._legs:
            return ChannelState.BUSY
        if not self.line_up or timeslot in self.unsure:
            return ChannelState.BLOCKED
        return ChannelState.IDLE

    def states(self) -> dict[int, ChannelState]:
        """All of them."""
        return {timeslot: self.state(timeslot) for timeslot in self.timeslots}

    def idle(self) -> int | None:
        """The next idle timeslot downwards from the one taken last, round and round."""
        below = [timeslot for timeslot in self.timeslots if timeslot < self._last]
        above = [timeslot for timeslot in self.timeslots if timeslot >= self._last]
        for timeslot in (*reversed(below), *reversed(above)):
            if self.state(timeslot) is ChannelState.IDLE:
                return timeslot
        return None

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

    def doubt(self, timeslots: Iterable[int]) -> None:
        """Nobody here knows what the far end holds on them."""
        self.unsure.update(timeslots)
