# SPDX-License-Identifier: GPL-2.0-only
"""Hosts the media engine: a Python process or thread that enters C and stays there.

The product runs it in a process of its own (`appliance/processes/engine.py`); the simulator and tests may run it in a
thread of theirs, with the GIL released.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping

from dsp._core import ffi, lib

from appliance.media import segment as shared
from appliance.media.engine import Engine
from appliance.media.events import Client


def run(segment_fd: int, event_fds: Mapping[Client, int], *, own_process: bool, ready: Callable[[], None]) -> None:
    """Run the engine until `stop` is asked for in the segment's header.

    Args:
        segment_fd: the segment; mapped, not closed.
        event_fds: eventfds of the clients that exist.
        own_process: lock memory where that is permitted. The calling thread takes a real-time priority in any case.
        ready: called once, when the table is read and the sockets are bound again.

    Raises:
        OSError: the segment is no segment, or the kernel refused what the engine cannot do without.
    """
    fds = ffi.new("int[]", [event_fds.get(client, -1) for client in range(lib.BL_CLIENTS)])  # type: ignore[call-overload]
    engine = ffi.new("struct bl_engine **")
    error = lib.bl_engine_open(segment_fd, fds, own_process, engine)
    if error:
        raise OSError(-error, os.strerror(-error))
    try:
        ready()
        error = lib.bl_engine_run(engine[0])
    finally:
        lib.bl_engine_close(engine[0])
    if error:
        raise OSError(-error, os.strerror(-error))


class EngineThread:
    """An engine in a thread of this process, with a segment of its own."""

    def __init__(self, rtp_base: int, rtp_address: str = shared.ADDRESS_ANY, orphan_s: float = shared.ORPHAN_S) -> None:
        self.rtp_base = rtp_base
        self.segment_fd = shared.create(rtp_base, rtp_address, orphan_s)
        self.event_fds = {client: os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC) for client in Client}
        self._segment = shared.Segment(self.segment_fd)
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._error: OSError | None = None

    def engine(self, client: Client) -> Engine:
        """Handle for a client."""
        return Engine(self.segment_fd, self.event_fds[client], client)

    def start(self) -> None:
        """Start the engine and wait until it is ready.

        Raises:
            OSError: it could not start.
        """
        self._ready.clear()
        self._segment.header.stop = 0
        self._thread = threading.Thread(target=self._run, name="media-engine", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._error:
            raise self._error

    def stop(self) -> None:
        """Stop the engine; its table stays, and `start` goes on from it."""
        self._segment.header.stop = 1
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Stop and give everything back."""
        self.stop()
        for fd in (self.segment_fd, *self.event_fds.values()):
            os.close(fd)

    def _run(self) -> None:
        try:
            run(self.segment_fd, self.event_fds, own_process=False, ready=self._ready.set)
        except OSError as error:
            self._error = error
            self._ready.set()


def start_thread(rtp_base: int, rtp_address: str = shared.ADDRESS_ANY) -> EngineThread:
    """Make a segment and run an engine on it in a thread."""
    thread = EngineThread(rtp_base, rtp_address)
    thread.start()
    return thread
