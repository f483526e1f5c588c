# SPDX-License-Identifier: GPL-2.0-only
"""The engine's RTP ports as the SIP worker uses them: opened before anyone is told of them, closed at once.

A port that was given back goes to the end of the queue, so a former peer's late packets do not meet its next user.
`take` may be called from any thread, everything else belongs to the worker's.
"""

import threading
from collections import deque
from typing import Protocol

import structlog

from appliance.config import Endpoint

FIRST = 256
PORTS = 256

log = structlog.get_logger()


class RtpEngine(Protocol):
    """What is asked of the media engine's handle."""

    @property
    def samples(self) -> int:
        """The engine's clock."""

    def open_rtp(self, port: int, remote: tuple[str, int] | None) -> None:
        """Bind the port's UDP pair."""

    def set_rtp_remote(self, port: int, remote: tuple[str, int]) -> None:
        """Send there."""

    def close_port(self, port: int) -> None:
        """Close it at this tick."""


class RtpPorts:
    """The pool and the commands. `busy` is what the engine raises when its command ring is full."""

    def __init__(self, engine: RtpEngine, address: str, base: int, busy: type[Exception]) -> None:
        self._engine = engine
        self._address = address
        self._base = base
        self._busy = busy
        self._free = deque(range(FIRST, FIRST + PORTS))
        self._lock = threading.Lock()
        self._to_close: deque[int] = deque()

    @property
    def samples(self) -> int:
        """The engine's clock."""
        return self._engine.samples

    def endpoint(self, port: int) -> Endpoint:
        """Address and UDP port that a peer is told."""
        return Endpoint(self._address, self._base + 2 * (port - FIRST))

    def take(self) -> int | None:
        """A free port; None when all are in use."""
        with self._lock:
            return self._free.popleft() if self._free else None

    def open(self, port: int) -> bool:
        """Whether the engine took the command; otherwise the port is back in the pool."""
        try:
            self._engine.open_rtp(port, None)
        except self._busy:
            log.error("sip.engine.busy", port=port)
            self._give_back(port)
            return False
        return True

    def point(self, port: int, remote: tuple[str, int]) -> None:
        """Send to `remote`. A full ring is told and given up: the engine is dead, and the peer's packets latch it."""
        try:
            self._engine.set_rtp_remote(port, remote)
        except self._busy:
            log.error("sip.engine.busy", port=port)

    def close(self, port: int) -> None:
        """Close the port and give it back; with a full ring at the next `retry`."""
        self._to_close.append(port)
        self.retry()

    def retry(self) -> None:
        """Close what could not be closed yet."""
        while self._to_close:
            try:
                self._engine.close_port(self._to_close[0])
            except self._busy:
                log.error("sip.engine.busy", waiting=len(self._to_close))
                return
            self._give_back(self._to_close.popleft())

    def _give_back(self, port: int) -> None:
        with self._lock:
            self._free.append(port)
