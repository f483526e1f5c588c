# SPDX-License-Identifier: GPL-2.0-only
"""Q.921 of one D-channel among several, and nothing of Q.931: messages out of frames, and frames out of messages.

data_link.receive(frame); data_link.run() not later than data_link.due(); data_link.say(message)
for frame in data_link.take_frames(): ...; for message in data_link.take_messages(): ...
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog

from appliance.signalling.pri import guard
from appliance.signalling.pri._pri import ffi, lib
from appliance.signalling.pri.library import Library
from appliance.signalling.pri.settings import Profile, Side, Timers

log = structlog.get_logger()

MODULUS = 128


class Message(NamedTuple):
    """Octets from the protocol discriminator on. `service`: it is of a D-channel, and not for Q.931."""

    octets: bytes
    service: guard.Service | None


class DataLink:
    """Of one span. `active`: its layer 1 is."""

    def __init__(self, side: Side, profile: Profile, timers: Timers, clock: Callable[[], float]) -> None:
        self.established = False
        self.active = True
        self.damaged = 0
        self._library = Library(side, profile, timers, clock)
        self._data_link = ffi.NULL
        self._messages: list[Message] = []
        self._acknowledged = 0  # V(A), Q.921 §5.5.2.1
        self._outstanding: deque[bytes] = deque()
        self._lost: list[bytes] = []

    def receive(self, frame: bytes) -> None:
        """A frame came."""
        if not self.active:
            return
        service = guard.d_channel_service(frame)
        admitted, trouble = (frame, None) if service is not None else guard.admit(frame)
        if trouble is not None:
            self.damaged += 1
            log.debug("pri.frame.refused", trouble=trouble, octets=len(frame))
        if admitted is not None:
            self._see_acknowledgement(admitted)
            self._hear(lambda: [self._library.hear(admitted)], service)
            self.run()  # an error that libpri tells afterwards must not follow its end

    def say(self, message: bytes) -> None:
        """An I frame; where the data link is down it is lost."""
        if self.established:
            self._library.set_clock()
            self._outstanding.append(message)
            lib.branchline_say(self._data_link, message, len(message))

    def run(self) -> None:
        """Timers may be due."""
        self._hear(self._library.expired)

    def due(self) -> float | None:
        """When they are."""
        return self._library.due()

    def take_frames(self) -> list[bytes]:
        """To be sent."""
        frames = self._library.take_frames()
        return frames if self.active else []

    def take_messages(self) -> list[Message]:
        """What was heard."""
        messages, self._messages = self._messages, []
        return messages

    def take_lost(self) -> list[bytes]:
        """What was said when the data link went, and never acknowledged."""
        lost, self._lost = self._lost, []
        return lost

    def deactivate(self) -> None:
        """Layer 1 is down."""
        if self.active:
            self.active = False
            self._released()
            self._hear(self._library.lose_layer_1)

    def activate(self) -> None:
        """It is back; the data link is established again within T200."""
        self.active = True

    def _hear(self, what: Callable[[], Iterable["ffi.CData"]], service: guard.Service | None = None) -> None:
        """While libpri does this, its Q.931 hears nothing."""
        message = ffi.new("uint8_t[]", guard.MAX_FRAME)
        lib.branchline_listen(1)
        for event in what():
            self._take(event)
        octets = lib.branchline_heard(message, guard.MAX_FRAME)
        lib.branchline_listen(0)
        if octets:
            self._messages.append(Message(bytes(ffi.buffer(message, octets)), service))

    def _take(self, event: "ffi.CData") -> None:
        if event == ffi.NULL:
            return
        if event.e == lib.PRI_EVENT_DCHAN_DOWN:
            self._released()
        elif event.e == lib.PRI_EVENT_DCHAN_UP:
            self.established = self.active
            self._begin_numbers()
            self._data_link = lib.branchline_data_link() or self._data_link

    def _released(self) -> None:
        self.established = False
        self._lost += self._outstanding
        self._begin_numbers()

    def _begin_numbers(self) -> None:
        self._acknowledged = 0
        self._outstanding.clear()

    def _see_acknowledgement(self, frame: bytes) -> None:
        """N(R) of an I or S frame says how many of ours have arrived; after SABME none has a number any more."""
        if frame[2] & 3 == 3:
            if guard.UNNUMBERED.get(frame[2] & 0xEF) == "SABME":
                self._begin_numbers()
            return
        arrived = ((frame[3] >> 1) - self._acknowledged) % MODULUS
        if arrived <= len(self._outstanding):
            self._acknowledged = frame[3] >> 1
            for _ in range(arrived):
                self._outstanding.popleft()
