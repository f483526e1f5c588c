# SPDX-License-Identifier: GPL-2.0-only
"""The circuits of a span that signals by bits, as its legs use them: a call is numbered by its timeslot."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from appliance.line.switch import Switch
from appliance.media.events import BitsChanged
from appliance.signalling.circuit import Circuit, CircuitEngine, Heard
from appliance.signalling.fxo.card_circuit import CardCircuit
from appliance.signalling.fxo.circuit import LineCircuit
from appliance.signalling.fxo.learning.line import LearningLine
from appliance.signalling.fxo.settings import Settings
from appliance.signalling.machine import CallStateError
from appliance.signalling.pri.events import CallNumber
from appliance.signalling.pri.link import CallGoneError
from appliance.wire.legs import Location
from drivers.model import TIMESLOTS_PER_SPAN, Timeslot

CircuitMaker = Callable[[CircuitEngine, int], Circuit[Any]]
"""Of one signalling: a circuit on a port."""


class Circuits:
    """By timeslot. `Calls` and `Ports` of appliance.line.legs."""

    def __init__(self, span: int, timeslots: Collection[int], made: CircuitMaker, switch: Switch) -> None:
        self._switch = switch
        self._circuits = {timeslot: made(switch, Timeslot(span, timeslot).port) for timeslot in timeslots}

    def begin(self, bits: Callable[[int], int | None]) -> None:
        """Forget what a former worker left open, and see how the far end stands: `bits` of a port, None: not known."""
        for circuit in self._circuits.values():
            self._switch.close_port(circuit.port)
            stand = bits(circuit.port)
            if stand is not None:
                circuit.take(BitsChanged(circuit.port, stand, self.samples))

    def take(self, event: Heard) -> None:
        """Something was seen or heard."""
        self._at(event.port).take(event)

    def run(self) -> None:
        """Do all that is due."""
        for circuit in self._circuits.values():
            circuit.run()

    def due(self) -> float | None:
        """When `run` must be called next."""
        times = (circuit.due() for circuit in self._circuits.values())
        return min((at for at in times if at is not None), default=None)

    def look(self) -> None:
        """A card of lines has been polled."""
        for circuit in self._circuits.values():
            if isinstance(circuit, CardCircuit):
                circuit.look()

    def change(self, settings: Settings, timeslots: Collection[int]) -> None:
        """These analogue lines are such from now on."""
        for timeslot in timeslots:
            circuit = self._circuits[timeslot]
            if isinstance(circuit, LineCircuit):
                circuit.change(settings)

    def learning(self) -> dict[int, LearningLine]:
        """Lines that learn, by timeslot."""
        lines = ((slot, circuit.channel) for slot, circuit in self._circuits.items())
        return {slot: line for slot, line in lines if isinstance(line, LearningLine)}

    def lose(self) -> None:
        """The span is lost."""
        for circuit in self._circuits.values():
            circuit.channel.lose()

    def told(self) -> Iterator[tuple[int, Any]]:
        """Carry out all orders; what was told, by timeslot."""
        for timeslot, circuit in self._circuits.items():
            for event in circuit.settle():
                yield timeslot, event

    def lend(self, timeslot: int) -> None:
        """Its port is another's."""
        self._circuits[timeslot].port_lost()

    def take_back(self, timeslot: int) -> None:
        """Its port is closed, and ours again."""
        circuit = self._circuits[timeslot]
        circuit.port_lost()
        if isinstance(circuit, LineCircuit):
            circuit.listen()

    # Calls.

    def place(self, timeslot: int, dnis: str, clid: str | None) -> None:
        """Call out. Raises ValueError for what cannot be sent, CallGoneError where the far end was first."""
        self._command(timeslot, lambda circuit: circuit.place(dnis, clid))

    def progress(self, call: CallNumber) -> None:
        """Bits have no word for it."""

    def alerting(self, call: CallNumber, *, inband: bool = False) -> None:
        """Somebody is rung; the ringing tone is sound always, `inband` the far end's own."""
        self._command(call, lambda circuit: circuit.alert())
        if not inband:
            self._circuits[call].ring_back()

    def answer(self, call: CallNumber) -> None:
        """Somebody has answered."""
        self._command(call, lambda circuit: circuit.answer())

    def hold(self, call: CallNumber) -> None:
        """Bits have no such wish."""

    def retrieve(self, call: CallNumber) -> None:
        """Nor this one."""

    def release(self, call: CallNumber, cause: int, made_at: Location | None = None, *, inband: bool = False) -> None:
        """Clear by what the state allows; bits have neither locations nor sound after it."""
        del made_at, inband
        self._command(call, lambda circuit: circuit.release(cause))

    def inband(self, timeslot: int) -> bool:
        """Whether its far end's tones are heard once the call is accepted."""
        return self._circuits[timeslot].inband

    def _command(self, timeslot: int, command: Callable[[Circuit[Any]], None]) -> None:
        try:
            command(self._circuits[timeslot])
        except CallStateError as error:
            raise CallGoneError(str(error)) from error

    # Ports.

    @property
    def samples(self) -> int:
        """The engine's clock now."""
        return self._switch.samples

    def open_timeslot(self, port: int) -> None:
        """A leg begins."""
        self._at(port).open()

    def close_port(self, port: int) -> None:
        """One side has let go."""
        self._at(port).leave()

    def _at(self, port: int) -> Circuit[Any]:
        return self._circuits[port % TIMESLOTS_PER_SPAN]
