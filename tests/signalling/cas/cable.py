# SPDX-License-Identifier: GPL-2.0-only
"""Two circuits on one timeslot of a cable, through the media engine in virtual time: span 0 is "a", span 1 is "b"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from appliance.media.events import BitsChanged, CallerHeard, CommandRefused, DigitDetected, DigitsSent, SignalHeard
from appliance.signalling.cas.channel import Channel, Wants
from appliance.signalling.cas.circuit import TrunkCircuit
from appliance.signalling.cas.station import Station
from appliance.signalling.cas.station_circuit import StationCircuit
from appliance.signalling.cas.variant import load
from appliance.signalling.circuit import Circuit
from appliance.signalling.fxo.settings import Settings
from drivers.model import Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Side
from tests.media.virtual import TICKS_A_SECOND, VirtualEngine

RATE = 8000
PORTS = {"a": Timeslot(0, 5).port, "b": Timeslot(1, 5).port}
ZONE = "us"

E = TypeVar("E")
Maker = Callable[["Cable", int], Circuit[Any]]


def trunk(variant: str, wants: Wants) -> Maker:
    """An E&M trunk, or an exchange."""
    return lambda cable, port: TrunkCircuit(
        Channel(load(variant), wants, clock=cable.clock), cable.side.engine, port, ZONE
    )


def station(variant: str, settings: Settings) -> Maker:
    """A line of that exchange."""
    return lambda cable, port: StationCircuit(
        Station(settings, load(variant), clock=cable.clock), cable.side.engine, port, cable.clock
    )


class Cable:
    """`told` keeps the events of each end, with their time."""

    def __init__(self, host: VirtualEngine, a: Maker, b: Maker) -> None:
        self.host = host
        self.side = Side(host)
        self.told: dict[str, list[tuple[float, Any]]] = {"a": [], "b": []}
        self.refused: list[CommandRefused] = []
        self.events: list[Any] = []
        driver = VpairDriver(self.side.engine)
        for span in (0, 1):
            driver.configure(span, VpairSettings(partner=1 - span), None, Cas(0b0101))
        self.a, self.b = a(self, PORTS["a"]), b(self, PORTS["b"])
        self.ends = {"a": self.a, "b": self.b}
        host.tick(1)
        self.seconds(0.5)

    def clock(self) -> float:
        """The engine's."""
        return self.side.engine.samples / RATE

    def seconds(self, seconds: float) -> None:
        """Let them pass."""
        for _ in range(round(seconds * TICKS_A_SECOND)):
            self.tick()

    def tick(self) -> None:
        """5 ms, and what came of them."""
        self.settle()
        self.host.tick(1)
        for event in self.side.engine.take_events():
            self.events.append(event)
            match event:
                case BitsChanged() | SignalHeard() | CallerHeard() | DigitsSent():
                    for side, port in PORTS.items():
                        if event.port == port:
                            self.ends[side].take(event)
                case CommandRefused():
                    self.refused.append(event)
        for end in self.ends.values():
            end.run()
        self.settle()

    def settle(self) -> None:
        """Carry out all orders, tell all events, until there are none."""
        busy = True
        while busy:
            busy = False
            for side, end in self.ends.items():
                told = end.settle()
                self.told[side] += [(self.clock(), event) for event in told]
                busy = busy or bool(told)

    def until(self, side: str, kind: type[E], within_s: float = 20) -> E:
        """Let time pass until an end tells such an event for the first time."""
        end = self.clock() + within_s
        while not (found := self.all(side, kind)):
            channel = self.ends[side].channel
            assert self.clock() < end, f"{side} is {channel.state}, told no {kind.__name__} but {self.told[side]}"
            self.tick()
        return found[-1]

    def all(self, side: str, kind: type[E]) -> list[E]:
        """Events of a kind that an end has told."""
        return [event for _, event in self.told[side] if isinstance(event, kind)]

    def digits(self) -> str:
        """What call control has heard."""
        return "".join(event.digit for event in self.side.call.all(DigitDetected))

    def idle(self) -> bool:
        """Both ends are."""
        return all(end.channel.state == "idle" for end in self.ends.values())

    def kinds(self) -> list[str]:
        """Of both ports."""
        self.host.tick(1)
        return [self.side.engine.port_status(port).kind for port in PORTS.values()]
