# SPDX-License-Identifier: GPL-2.0-only
"""Leg workers and their sockets as call control meets them, event by event: either side may die, or be cut off.

A command waits for its worker and is repeated to the same life of it; a new life never hears it (docs/wire.md).
"""

from collections import deque
from collections.abc import Callable
from random import Random

import msgspec

from appliance.wire import legs as wire
from appliance.wire.legs import Direction, Leg, LegState, ReleasedBy
from appliance.wire.service_messages import Refused

UNANSWERED = {LegState.OFFERED, LegState.PLACED, LegState.PROCEEDING, LegState.ALERTING}
LegCommand = wire.PlaceLeg | wire.ProceedLeg | wire.AlertLeg | wire.AnswerLeg | wire.ReleaseLeg | wire.TransferTold
Command = LegCommand | wire.TakeSnapshot
Said = wire.LegSnapshot | wire.LegOffered | wire.LegPlaced | wire.LegAlerting | wire.LegAnswered | wire.LegReleased


class Worker:
    """`name`, and the trunk that it has. `legs` are those that are up."""

    def __init__(self, name: str, trunk: str, first_port: int, random: Random) -> None:
        self.name = name
        self.legs: dict[str, Leg] = {}
        self.says: Callable[[Said], bool] = lambda _: False
        """Whether anybody heard."""
        self._trunk = trunk
        self._first_port = first_port
        self._random = random
        self._unheard: list[Leg] = []
        self._count = 0
        self.life = 0
        self.answers: dict[int, Refused | None] = {}

    def die(self) -> None:
        """With all its legs; the next life knows nothing."""
        self.life += 1
        self.legs, self._unheard, self.answers = {}, [], {}

    def snapshot(self) -> wire.LegSnapshot:
        """Whoever attaches gets it; what ended unheard is in it once."""
        unheard, self._unheard = self._unheard, []
        return wire.LegSnapshot(legs=(*self.legs.values(), *unheard))

    def offer(self, dnis: str) -> None:
        """A call comes."""
        leg = self._new(f"{self.name}.{self.life}.{self._count}", Direction.INCOMING, LegState.OFFERED, dnis=dnis)
        self.says(wire.LegOffered(leg=leg))

    def far(self, leg: Leg) -> None:
        """The far end of a leg does something."""
        if self._random.random() < 0.35:
            self.release(leg.leg, self._random.choice((16, 17, 31)), ReleasedBy.PEER)
        elif leg.direction is Direction.OUTGOING and leg.state in UNANSWERED:
            if leg.state is LegState.PLACED and self._random.random() < 0.5:
                self._enter(leg, LegState.ALERTING)
                self.says(wire.LegAlerting(leg=leg.leg, inband=self._random.random() < 0.5))
            else:
                self._answer(leg)

    def release(self, name: str, cause: int, by: ReleasedBy) -> None:
        """A leg ends."""
        leg = self.legs.pop(name)
        if not self.says(wire.LegReleased(leg=name, cause=cause, by=by, sample=0)):
            gone = msgspec.structs.replace(leg, state=LegState.RELEASED, cause=cause, by=by, released_sample=0)
            self._unheard.append(gone)

    def hear(self, command: Command) -> Refused | None:
        """Carry it out."""
        if isinstance(command, wire.TakeSnapshot):
            self.says(self.snapshot())
            return None
        return self._take(command, self.legs.get(command.leg))

    def _take(self, command: LegCommand, leg: Leg | None) -> Refused | None:
        match command:
            case wire.PlaceLeg(contact=contact):
                leg = self._new(command.leg, Direction.OUTGOING, LegState.PLACED, contact=contact)
                self.says(wire.LegPlaced(leg=leg))
            case wire.ReleaseLeg(cause=cause):
                if leg is not None:
                    self.release(leg.leg, cause, ReleasedBy.US)
            case wire.TransferTold():
                return None
            case _ if leg is None:
                return Refused(code="leg.unknown", sentence="there is no such leg")
            case wire.ProceedLeg(contact=contact):
                self.legs[leg.leg] = msgspec.structs.replace(leg, contact=contact)
            case _ if leg.state not in UNANSWERED:
                return Refused(code="leg.state", sentence="it takes no such step")
            case wire.AlertLeg():
                self._enter(leg, LegState.ALERTING)
            case wire.AnswerLeg():
                self._answer(leg)
        return None

    def _new(self, name: str, direction: Direction, state: LegState, **more: str) -> Leg:
        self._count += 1
        port = self._first_port + self._count % 30
        leg = Leg(leg=name, direction=direction, state=state, channel="c", port=port, trunk=self._trunk, **more)  # type: ignore[arg-type]
        self.legs[name] = leg
        return leg

    def _enter(self, leg: Leg, state: LegState) -> None:
        self.legs[leg.leg] = msgspec.structs.replace(leg, state=state)

    def _answer(self, leg: Leg) -> None:
        self.legs[leg.leg] = msgspec.structs.replace(leg, state=LegState.ANSWERED, answered_sample=0)
        self.says(wire.LegAnswered(leg=leg.leg, sample=0))


class Attachment:
    """Call control's client of a worker's socket, with what is on its way in each direction."""

    def __init__(
        self, worker: Worker, heard: Callable[[str, Said], None], refused: Callable[[Command, Refused], None]
    ) -> None:
        self.worker = worker
        self.attached = False
        self._heard = heard
        self._refused = refused
        self._waiting: dict[int, Command] = {}
        self._served_by: int | None = None
        self._greeted = False
        self._down: deque[int] = deque()
        self._up: deque[Callable[[], None]] = deque()
        worker.says = self._said

    def send(self, number: int, command: Command) -> None:
        """Of call control's; numbers are never used twice."""
        self._waiting[number] = command
        if self._greeted:
            self._down.append(number)

    def placing(self) -> set[str]:
        """Legs that the worker may not have heard of."""
        return {command.leg for command in self._waiting.values() if isinstance(command, wire.PlaceLeg)}

    def attach(self) -> None:
        """Unless it is."""
        if not self.attached:
            self.attached = True
            life, snapshot = self.worker.life, self.worker.snapshot()
            self._up.append(lambda: self._greet(life))
            self._up.append(lambda: self._heard(self.worker.name, snapshot))

    def cut(self) -> None:
        """What was on its way is lost."""
        self.attached = self._greeted = False
        self._up.clear()
        self._down.clear()

    def hear(self) -> bool:
        """One message of the worker's."""
        if self._up:
            self._up.popleft()()
            return True
        return False

    def order(self) -> bool:
        """One command reaches the worker; one that it has answered before has no second effect."""
        if not self._down:
            return False
        number = self._down.popleft()
        command = self._waiting.get(number)
        if command is not None:
            answers = self.worker.answers
            answer = answers[number] if number in answers else answers.setdefault(number, self.worker.hear(command))
            self._up.append(lambda: self._acknowledge(number, answer))
        return True

    def _said(self, body: Said) -> bool:
        if self.attached:
            self._up.append(lambda: self._heard(self.worker.name, body))
        return self.attached

    def _greet(self, life: int) -> None:
        if self._served_by not in (None, life):
            self._waiting.clear()
        self._served_by, self._greeted = life, True
        self._down.extend(self._waiting)

    def _acknowledge(self, number: int, answer: Refused | None) -> None:
        command = self._waiting.pop(number, None)
        if command is not None and answer is not None:
            self._refused(command, answer)
