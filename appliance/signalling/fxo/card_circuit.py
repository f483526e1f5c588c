# SPDX-License-Identifier: GPL-2.0-only
"""A line of a card: the hook is moved and the pair is looked at by the card's driver (drivers/protocol.py).

What the driver tells are levels, read every 10 ms; how long one must stand to count is the line's affair (RECOGNITION).
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from appliance.signalling.circuit import CircuitEngine
from appliance.signalling.fxo.circuit import LineCircuit
from appliance.signalling.fxo.events import Feed, Hook, Order, SetMode
from appliance.signalling.fxo.learning.line import LearningLine
from appliance.signalling.fxo.settings import Settings
from drivers.model import TIMESLOTS_PER_SPAN, LineStatus
from drivers.protocol import LineDriver

SHARED_V = 16
"""A phone off-hook beside ours draws the battery down to 5 to 12 V; a small PBX has 24 while idle. No clause."""


class CardCircuit(LineCircuit):
    """The line that the driver numbers by the port's timeslot."""

    def __init__(
        self, settings: Settings, driver: LineDriver[Any], engine: CircuitEngine, port: int, clock: Callable[[], float]
    ) -> None:
        super().__init__(LearningLine(settings, clock=clock), engine, port, clock)
        self._driver = driver
        self._line = port % TIMESLOTS_PER_SPAN
        self._seen = False

    def look(self) -> None:
        """The card has been polled."""
        status = self._driver.status(self._line)
        if status.ready:
            self.channel.see_feed(_feed(status))
            self.channel.see_ring(on=status.ringing)
        elif self._seen:
            self.channel.lose()
        self._seen = status.ready

    def _carry(self, order: Order) -> None:
        if isinstance(order, SetMode):
            self._driver.set_mode(self._line, order.mode, order.acim)
        else:
            super()._carry(order)

    def _move(self, hook: Hook) -> None:
        """A card that does not take it is dead, which the next look tells."""
        match hook:
            case Hook.OFF:
                self._driver.off_hook(self._line)
            case Hook.BREAK:
                self._driver.break_loop(self._line)
            case _:
                self._driver.on_hook(self._line)


def _feed(status: LineStatus) -> Feed:
    if not status.fed:
        return Feed.OPEN
    if not status.off_hook and status.voltage_v is not None and abs(status.voltage_v) < SHARED_V:
        return Feed.SHARED
    return Feed.REVERSED if status.reversed else Feed.NORMAL


def lines(
    driver: LineDriver[Any], settings: Mapping[int, Settings], clock: Callable[[], float] = time.monotonic
) -> Callable[[CircuitEngine, int], CardCircuit]:
    """What makes a circuit on a port; `settings` by the driver's number."""
    return lambda engine, port: CardCircuit(settings[port % TIMESLOTS_PER_SPAN], driver, engine, port, clock)
