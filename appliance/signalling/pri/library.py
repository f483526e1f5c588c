# SPDX-License-Identifier: GPL-2.0-only
"""One of libpri's D-channels: a frame in and what it makes of it, its timers, what it writes. Its clock is ours.

libpri has no way to free one.
"""

from collections.abc import Callable, Iterator

from appliance.signalling.pri import guard
from appliance.signalling.pri._pri import ffi, lib
from appliance.signalling.pri.border import Wire
from appliance.signalling.pri.settings import Profile, Side, Timers

# What the data link says when layer 1 is gone (see lose_layer_1): control octets.
DISC, DM = 0x53, 0x1F
COMMAND = 0x02  # C/R bit of a command from the network side, of a response from the user side (Q.921 Table 1)
NEVER_MS = 10**9  # eleven days
DEBUG_LEVEL = lib.PRI_DEBUG_Q921_STATE | lib.PRI_DEBUG_Q931_STATE | lib.PRI_DEBUG_Q931_ANOMALY  # no numbers in it


class Library:
    """`pointer` is libpri's own."""

    def __init__(
        self, side: Side, profile: Profile, timers: Timers, clock: Callable[[], float], *, debug: bool = False
    ) -> None:
        self._side = side
        self._clock = clock
        self._wire = Wire()
        self._handle = ffi.new_handle(self._wire)
        self.set_clock()
        self.pointer = lib.pri_new_cb(
            -1, side.value, profile.switch, lib.branchline_read, lib.branchline_write, self._handle
        )
        if self.pointer == ffi.NULL:
            raise MemoryError("libpri: no memory for a link")
        for ours in (lib.PRI_TIMER_T305, lib.PRI_TIMER_T313):
            lib.pri_set_timer(self.pointer, ours, NEVER_MS)
        for number, value in timers.settings():
            lib.pri_set_timer(self.pointer, number, value)
        lib.pri_set_debug(self.pointer, DEBUG_LEVEL if debug else 0)

    def set_clock(self) -> float:
        """The time of day that libpri reads is now; before every call of it."""
        now = self._clock()
        lib.branchline_set_clock(int(now * 1e6))
        return now

    def hear(self, frame: bytes) -> "ffi.CData":
        """An admitted frame; the event that it makes, or null."""
        self.set_clock()
        self._wire.waiting = frame
        return lib.pri_check_event(self.pointer)

    def lose_layer_1(self) -> Iterator["ffi.CData"]:
        """PH-DEACTIVATE, which libpri does not know; a DISC and a DM of our own making have its effect.

        Q.921 Annex B: data link released, queue discarded. What libpri answers must go nowhere.
        """
        for control, is_command in ((DISC, True), (DM, False)):
            from_network = self._side is Side.USER
            yield self.hear(bytes([COMMAND if is_command is from_network else 0, guard.ADDRESS[0], control]))

    def expired(self) -> Iterator["ffi.CData"]:
        """Run every timer that is due; the events that they make."""
        self.set_clock()
        while (event := lib.pri_schedule_run(self.pointer)) != ffi.NULL:
            yield event

    def due(self) -> float | None:
        """When the next timer runs out, in the clock's seconds."""
        timer = lib.pri_schedule_next(self.pointer)
        return None if timer == ffi.NULL else float(timer.tv_sec + timer.tv_usec / 1e6)

    def take_frames(self) -> list[bytes]:
        """What was written."""
        frames, self._wire.written = self._wire.written, []
        return frames
