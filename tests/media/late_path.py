# SPDX-License-Identifier: GPL-2.0-only
"""A UDP path that delays each datagram by a random time up to its jitter; order may change with it."""

from __future__ import annotations

import heapq
import random
import select
import socket
import threading
import time
from typing import Self

Address = tuple[str, int]
_WAIT_S = 0.001


class LatePath:
    """To `to`, and back without delay; both sides send to `door`."""

    def __init__(self, to: Address, jitter_ms: float, seed: int = 1) -> None:
        """Bind and start a thread. Raises OSError."""
        self._to, self._jitter_s = to, jitter_ms / 1000
        self._random = random.Random(seed)  # noqa: S311 - repeatable jitter, no secret
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0)
        self.door: Address = self._socket.getsockname()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="late-path", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        waiting: list[tuple[float, int, bytes]] = []
        number, back = 0, self._to
        while not self._ended.is_set():
            wait = min(_WAIT_S, max(0.0, waiting[0][0] - time.monotonic())) if waiting else _WAIT_S
            readable, _, _ = select.select([self._socket], [], [], wait)
            if readable:
                datagram, source = self._socket.recvfrom(2048)
                if source == self._to:
                    self._socket.sendto(datagram, back)
                else:
                    back = source
                    due = time.monotonic() + self._random.uniform(0, self._jitter_s)
                    heapq.heappush(waiting, (due, number, datagram))
                    number += 1
            while waiting and waiting[0][0] <= time.monotonic():
                self._socket.sendto(heapq.heappop(waiting)[2], self._to)
