# SPDX-License-Identifier: GPL-2.0-only
"""A station of CAS on a timeslot of the media engine: an FXO line whose pair is the timeslot's bits."""

import time
from collections.abc import Callable

from appliance.media.events import BitsChanged
from appliance.signalling.cas.station import Station
from appliance.signalling.cas.variant import Variant
from appliance.signalling.circuit import CircuitEngine, Heard
from appliance.signalling.fxo.circuit import LineCircuit
from appliance.signalling.fxo.events import Hook
from appliance.signalling.fxo.learning.line import LearningLine
from appliance.signalling.fxo.settings import Settings


class StationCircuit(LineCircuit):
    """A line of an exchange."""

    def __init__(self, station: Station, engine: CircuitEngine, port: int, clock: Callable[[], float]) -> None:
        super().__init__(station.line, engine, port, clock)
        self._station = station

    def take(self, event: Heard) -> None:
        """Something was seen or heard on the timeslot."""
        if isinstance(event, BitsChanged):
            self._station.see_bits(event.abcd)
        else:
            super().take(event)

    def _move(self, hook: Hook) -> None:
        self._engine.set_bits(self.port, self._station.hook(hook))


def stations(
    variant: Variant, settings: Settings, clock: Callable[[], float] = time.monotonic
) -> Callable[[CircuitEngine, int], StationCircuit]:
    """What makes a circuit on a port."""
    return lambda engine, port: StationCircuit(
        Station(settings, variant, clock=clock, line=LearningLine), engine, port, clock
    )
