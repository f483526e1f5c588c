# SPDX-License-Identifier: GPL-2.0-only
"""A chip's life: powered up step by step, watched, and after a fault powered up again.

Law: `poll` and `attempt` never raise for the hardware; what the bus throws becomes `fault`, a sentence. Nothing waits:
a step of the power-up yields the time until the next one.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Generator

RETRY_S = 1.0
"""From a fault to the next power-up."""


class Chip(abc.ABC):
    """What the FXO chip and the framer have in common."""

    def __init__(self) -> None:
        self.fault = ""
        """Why it is out of service; empty while it is not."""
        self.ready = False
        self._due_s = 0.0
        self._steps: Generator[float] | None = None

    def poll(self, now_s: float) -> None:
        """Take the next step of the power-up, or look at the chip."""
        if now_s < self._due_s:
            return
        if not self.attempt(lambda: self._advance(now_s)):
            self._due_s = now_s + RETRY_S

    def attempt(self, action: Callable[[], object]) -> bool:
        """Do something with the chip. False if that was its end: it is out of service until it is powered up again."""
        try:
            action()
        except OSError as error:
            self.fault = str(error)
            self.ready = False
            self._steps = None
            return False
        return True

    def _advance(self, now_s: float) -> None:
        if self.ready:
            self._watch(now_s)
            return
        if self._steps is None:
            self._steps = self._power_up()
        wait_s = next(self._steps, None)
        if wait_s is not None:
            self._due_s = now_s + wait_s
            return
        self._steps = None
        self.fault = ""
        self.ready = True

    @abc.abstractmethod
    def _power_up(self) -> Generator[float]:
        """Reset and configure; yields seconds to wait. Raises: OSError."""

    @abc.abstractmethod
    def _watch(self, now_s: float) -> None:
        """Look at a chip in service. Raises: OSError."""
