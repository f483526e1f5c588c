# SPDX-License-Identifier: GPL-2.0-only
"""The B-channels of one E1 or T1: which are free, and in which order they are taken.

Round robin: each call takes the next free timeslot above the last one, so that every timeslot of a span is used before
one is used again, and the network and the user side seldom meet on one channel (glare, Q.931 §5.7).
"""

from appliance.wire.spans import ChannelState
from drivers.model import D_CHANNELS, TIMESLOTS, DigitalLine


def bearers(line: DigitalLine) -> tuple[int, ...]:
    """Timeslots beside framing and D-channel."""
    return tuple(timeslot for timeslot in TIMESLOTS[line] if timeslot != D_CHANNELS[line])


BEARERS = bearers("e1")


class NoChannelError(Exception):
    """All B-channels are taken or blocked (Q.850 cause 34)."""


class Channels:
    """States of the timeslots; `seize` and `take` make busy, `free` makes idle. Misuse raises ValueError."""

    def __init__(self, timeslots: tuple[int, ...] = BEARERS) -> None:
        self._timeslots = timeslots
        self._states = dict.fromkeys(timeslots, ChannelState.IDLE)
        self._last = timeslots[-1]

    def __getitem__(self, timeslot: int) -> ChannelState:
        """State of a timeslot. Raises ValueError if it is no bearer."""
        if timeslot not in self._states:
            raise ValueError(f"timeslot {timeslot} carries no B-channel")
        return self._states[timeslot]

    def seize(self) -> int:
        """Take the next idle timeslot. Raises NoChannelError."""
        place = self._timeslots.index(self._last) + 1
        for timeslot in self._timeslots[place:] + self._timeslots[:place]:
            if self._states[timeslot] is ChannelState.IDLE:
                self._last = timeslot
                self._states[timeslot] = ChannelState.BUSY
                return timeslot
        raise NoChannelError("no idle B-channel")

    def take(self, timeslot: int) -> None:
        """The far end chose this one. Raises ValueError if it is not idle."""
        if self[timeslot] is not ChannelState.IDLE:
            raise ValueError(f"timeslot {timeslot} is {self[timeslot]}")
        self._states[timeslot] = ChannelState.BUSY

    def free(self, timeslot: int) -> None:
        """The call is over. Raises ValueError if there was none."""
        if self[timeslot] is not ChannelState.BUSY:
            raise ValueError(f"timeslot {timeslot} is {self[timeslot]}")
        self._states[timeslot] = ChannelState.IDLE

    def busy(self) -> tuple[int, ...]:
        """Timeslots with a call, ascending."""
        return tuple(timeslot for timeslot, state in self._states.items() if state is ChannelState.BUSY)
