# SPDX-License-Identifier: GPL-2.0-only
"""Calls on a whole span of trunks through the engine, from both ends at once, in virtual time: none is left behind."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from appliance.media.events import BitsChanged, CommandRefused, DigitsSent, SignalHeard
from appliance.signalling.cas import events
from appliance.signalling.cas.channel import Channel, Wants
from appliance.signalling.cas.circuit import TrunkCircuit
from appliance.signalling.cas.events import Digits
from appliance.signalling.cas.variant import load
from appliance.signalling.machine import CallStateError
from drivers.model import Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Side
from tests.media.virtual import VirtualEngine, virtual_engine

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

RATE = 8000
BEARERS = [timeslot for timeslot in range(1, 32) if timeslot != 16]
DIGITS = 4


class Traffic:
    """Users of both ends; the one of span 0 gives way at glare. `ends` counts causes of calls that were placed."""

    def __init__(self, host: VirtualEngine, variant: str, digits: Digits, calls: int) -> None:
        self.host = host
        self.side = Side(host)
        self.ends: Counter[int] = Counter()
        self.refused: list[CommandRefused] = []
        self.wrong: list[str] = []
        self._left = calls
        self._chance = random.Random(f"{variant} {digits} {calls}")  # noqa: S311 - the same traffic each time
        self._placed: dict[int, str] = {}
        self._later: list[tuple[float, Callable[[], None]]] = []
        driver = VpairDriver(self.side.engine)
        for span in (0, 1):
            driver.configure(span, VpairSettings(partner=1 - span), None, Cas(0b0001))
        self.circuits = {
            Timeslot(span, timeslot).port: self._circuit(variant, digits, Timeslot(span, timeslot).port, span)
            for span in (0, 1)
            for timeslot in BEARERS
        }
        host.tick(1)
        for timeslot in BEARERS:
            self._place_soon(timeslot)

    def run(self) -> None:
        """Until all are over and every circuit is free."""
        end = self._now() + 120 + 2 * self._left
        while self._left or self._placed or self._later or not self._idle():
            states = Counter(circuit.channel.state for circuit in self.circuits.values())
            assert self._now() < end, f"{self._placed}, {states}"
            self._tick()

    def _circuit(self, variant: str, digits: Digits, port: int, span: int) -> TrunkCircuit:
        wants = Wants(digits, DIGITS, gives_way=span == 0)
        channel = Channel(load(variant), wants, clock=self._now)
        return TrunkCircuit(channel, self.side.engine, port, "us")

    def _now(self) -> float:
        return self.side.engine.samples / RATE

    def _idle(self) -> bool:
        return all(circuit.channel.state == "idle" for circuit in self.circuits.values())

    def _tick(self) -> None:
        self._settle()
        self.host.tick(1)
        for event in self.side.engine.take_events():
            match event:
                case BitsChanged() | SignalHeard() | DigitsSent():
                    self.circuits[event.port].take(event)
                case CommandRefused():
                    self.refused.append(event)
        due = [act for at, act in self._later if at <= self._now()]
        self._later = [(at, act) for at, act in self._later if at > self._now()]
        for act in due:
            act()
        for circuit in self.circuits.values():
            circuit.run()
        self._settle()

    def _settle(self) -> None:
        for port, circuit in self.circuits.items():
            for event in circuit.settle():
                self._happened(port, circuit, event)

    def _happened(self, port: int, circuit: TrunkCircuit, event: Any) -> None:
        match event:
            case events.CallOffered(dnis=dnis):
                circuit.open()
                if dnis != self._placed.get(port ^ 32, ""):
                    self.wrong.append(dnis)
                if self._chance.random() < 0.2:
                    self._soon(lambda: circuit.release(17))
                    self._soon(lambda: self._let_go(self.circuits[port ^ 32]), 2.0)  # he hears busy
                else:
                    self._soon(circuit.channel.answer)
            case events.CallAnswered() if port in self._placed:
                who = self._chance.choice((circuit, self.circuits[port ^ 32]))
                self._soon(lambda: self._let_go(who), 3.0)
            case events.CallCleared(cause=cause):
                circuit.leave()
                if self._placed.pop(port, None) is not None:
                    self.ends[cause] += 1
                    self._place_soon(port % 32)

    def _let_go(self, circuit: TrunkCircuit) -> None:
        circuit.leave()
        circuit.release(16)

    def _place_soon(self, timeslot: int) -> None:
        if self._left:
            self._left -= 1
            self._soon(lambda: self._place(timeslot), 0.2)

    def _place(self, timeslot: int) -> None:
        """From either end, one time in five from both in the same moment."""
        ports = [Timeslot(span, timeslot).port for span in (0, 1)]
        both = self._chance.random() < 0.2
        for port in ports if both else [self._chance.choice(ports)]:
            dnis = f"{self._chance.randrange(10**DIGITS):0{DIGITS}d}"
            try:
                self.circuits[port].place(dnis, None)
            except CallStateError:  # the far end was first
                continue
            self.circuits[port].open()
            self._placed[port] = dnis

    def _soon(self, command: Callable[[], None], more_s: float = 0.0) -> None:
        def act() -> None:
            with suppress(CallStateError):  # the far end was first
                command()

        self._later.append((self._now() + self._chance.uniform(0.0, 0.4) + more_s, act))


def carry(variant: str, digits: Digits, calls: int) -> None:
    with virtual_engine() as host:
        traffic = Traffic(host, variant, digits, calls)
        traffic.run()
        assert traffic.wrong == []
        assert traffic.refused == []
        assert traffic.ends.total() >= calls * 0.9
        assert set(traffic.ends) <= {16, 44}
        assert traffic.ends[16] > calls // 2
        assert traffic.ends[44], "two calls met"
        host.tick(1)
        kinds = {traffic.side.engine.port_status(port).kind for port in traffic.circuits}
        assert kinds == {"closed"}, "a port was left open"


CASES = pytest.mark.parametrize(
    ("variant", "digits"),
    [("em_wink_e1", Digits.DTMF), ("em_wink_e1", Digits.MF), ("em_immediate_e1", Digits.DTMF)],
)


@CASES
def test_sixty_calls_leave_no_circuit_behind(variant: str, digits: Digits) -> None:
    carry(variant, digits, 60)


@pytest.mark.soak
@CASES
def test_two_thousand_calls_leave_no_circuit_behind(variant: str, digits: Digits) -> None:
    carry(variant, digits, 2000)
