# SPDX-License-Identifier: GPL-2.0-only
"""An engine in virtual time: a test gives it its ticks, and minutes of a call take seconds.

Only what the machine's clock stamps, the arrival of CESoPSN packets, has no place here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from dsp._core import ffi, lib

from appliance.media import segment as shared
from appliance.media.engine import Engine
from appliance.media.events import Client
from tests.ports import free_rtp_base

TICK_SAMPLES = 40
TICKS_A_SECOND = 200


class VirtualEngine:
    """An engine that ticks when it is told to."""

    def __init__(self, orphan_s: float = 0) -> None:
        self.rtp_base = free_rtp_base()
        self.segment_fd = shared.create(self.rtp_base, orphan_s=orphan_s)
        self.event_fds = {client: os.eventfd(0, os.EFD_NONBLOCK) for client in Client}
        self._engine = ffi.new("struct bl_engine **")
        self.start()

    def engine(self, client: Client) -> Engine:
        """Handle for a client."""
        return Engine(self.segment_fd, self.event_fds[client], client)

    def start(self) -> None:
        """A life of the engine, upon what an earlier one left in the segment."""
        fds = ffi.new("int[]", [self.event_fds.get(client, -1) for client in range(lib.BL_CLIENTS)])  # type: ignore[call-overload]
        error = lib.bl_engine_open(self.segment_fd, fds, 0, self._engine)
        assert error == 0, os.strerror(-error)

    def die(self) -> None:
        """End that life between two ticks."""
        lib.bl_engine_close(self._engine[0])

    def tick(self, ticks: int = 1) -> None:
        """Let 5 ms pass, so many times."""
        for _ in range(ticks):
            lib.bl_engine_tick(self._engine[0])

    def close(self) -> None:
        """Give everything back."""
        self.die()
        for fd in (self.segment_fd, *self.event_fds.values()):
            os.close(fd)


@contextlib.contextmanager
def virtual_engine(orphan_s: float = 0) -> Iterator[VirtualEngine]:
    """An engine in virtual time."""
    host = VirtualEngine(orphan_s)
    try:
        yield host
    finally:
        host.close()
