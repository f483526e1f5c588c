# SPDX-License-Identifier: GPL-2.0-only
"""The RESTART procedure of several channels (Q.931 §5.5.1): one at a time, each until acknowledged or given up.

libpri repeats a RESTART after T316, N316 times in all, and then says nothing: the end of patience is watched here.
"""

from collections import deque


class RestartQueue:
    """Which channel is being restarted and which wait."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._waiting: deque[int] = deque()
        self.current: int | None = None
        self.deadline: float | None = None

    def __contains__(self, channel: int) -> bool:
        return channel == self.current or channel in self._waiting

    def add(self, channel: int) -> None:
        """One more channel."""
        self._waiting.append(channel)

    def withdraw(self, channel: int) -> bool:
        """Take a waiting channel out; False where its RESTART is under way already."""
        if channel in self._waiting:
            self._waiting.remove(channel)
        return channel != self.current

    def start(self, now: float) -> int | None:
        """The channel to send RESTART for now; None while one is under way or none waits."""
        if self.current is not None or not self._waiting:
            return None
        self.current = self._waiting.popleft()
        self.deadline = now + self._patience_s
        return self.current

    def acknowledged(self, channel: int | None) -> bool:
        """Whether this acknowledgement was the one awaited; then the next may start."""
        if channel is None or channel != self.current:
            return False
        self.current = self.deadline = None
        return True

    def expired(self, now: float) -> int | None:
        """The channel that is given up now, if any."""
        if self.deadline is None or now < self.deadline:
            return None
        given_up, self.current, self.deadline = self.current, None, None
        return given_up

    def drop(self) -> list[int]:
        """Forget all, as the link is down; returns them."""
        dropped = list(self._waiting) if self.current is None else [self.current, *self._waiting]
        self._waiting.clear()
        self.current = self.deadline = None
        return dropped
