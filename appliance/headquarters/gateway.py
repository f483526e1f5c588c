# SPDX-License-Identifier: GPL-2.0-only
"""The peripheral gateway: what one says is looked at before anybody hears of it (docs/peripheral.md).

A peripheral speaks for itself only. What it may not say, or says too often, too long or in another version is refused
with a sentence and changes nothing. The message server has seen to the subject; this is all that stands in the message.
"""

import time
from collections.abc import Callable, Iterable

from appliance.config.scalars import suggestion
from appliance.headquarters.desk import Desk
from appliance.router.rules import Peripheral
from appliance.wire import envelope, routes
from appliance.wire.calls import CallEvent, LegBegan, RecordingFailed, RecordingSealed, TalkBegan
from appliance.wire.envelope import Envelope, UnknownMessageError
from appliance.wire.peripherals import AgentsChanged, PeripheralSnapshot

LONGEST = 65_536
LONGEST_MANY = 1_048_576
"""Of a batch of call events and of a snapshot."""
BEATS_S = 10
"""Heartbeats that are read in a second, beside the other messages."""


class ForeignMessageError(UnknownMessageError):
    """What a peripheral may not say; `code` is stable."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Rate:
    """So many a second, and as many at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, whose: str, a_second: int) -> bool:
        """Whether one more may be."""
        now_s = self._clock()
        left, then_s = self._left.get(whose, (float(a_second), now_s))
        left = min(float(a_second), left + (now_s - then_s) * a_second)
        self._left[whose] = (left - 1 if left >= 1 else left, now_s)
        return left >= 1


class Gateway:
    """Between the intake and the desk, for whoever is a peripheral; a branch passes."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._rate = Rate(clock)
        self._spoke: dict[str, tuple[str, int]] = {}  # of its agents last: incarnation, seq

    def admit(self, box: str, subject: str, octets: int, reply: str) -> None:
        """Before it is read. Raises ForeignMessageError."""
        one = self._desk.peripheral(box)
        if one is None:
            return
        if reply and not reply.startswith(f"_INBOX.{box}."):
            raise ForeignMessageError("peripheral.reply", f"{box} is answered below _INBOX.{box} only, not at {reply}")
        beats = subject.startswith("heartbeat.")
        allowed = BEATS_S if beats else one.messages_s
        if not self._rate.take(f"{box} beats" if beats else box, allowed):
            raise ForeignMessageError("peripheral.rate", f"{box} has said more than {allowed} messages in a second")
        longest = LONGEST_MANY if subject.endswith((".record", ".snapshot")) else LONGEST
        if octets > longest:
            raise ForeignMessageError("peripheral.long", f"{octets} octets in one message; {longest} at most")

    def asked(self, box: str, said: Envelope, request: routes.RouteRequest) -> None:
        """A route request. Raises ForeignMessageError."""
        if self._desk.peripheral(box) is None:
            return
        self._version(said)
        self._own(box, "contact", request.contact)
        if request.reaches:
            sentence = f"{box} reaches {', '.join(request.reaches)} by a translation route only; leave `reaches` out"
            raise ForeignMessageError("peripheral.reaches", sentence)

    def recorded(self, box: str, batch: Iterable[Envelope]) -> None:
        """Call events. Raises ForeignMessageError."""
        if self._desk.peripheral(box) is None:
            return
        for said in batch:
            self._version(said)
            self._event(box, said.body)  # type: ignore[arg-type]  # read_batch has seen to it

    def read(self, box: str, payload: bytes) -> AgentsChanged | PeripheralSnapshot:
        """What it says of its agents. Raises UnknownMessageError."""
        one = self._desk.peripheral(box)
        if one is None:
            raise ForeignMessageError("peripheral.unknown", f"{box} is no peripheral that headquarters.yaml names")
        said = envelope.decode(payload)
        self._version(said)
        if said.box != box:
            raise ForeignMessageError("peripheral.box", f"{box} cannot speak for {said.box}")
        if not isinstance(said.body, AgentsChanged | PeripheralSnapshot):
            name = type(said.body).__name__
            raise ForeignMessageError("message.unknown", f"{name} says nothing of agents; AgentsChanged does")
        self._agents(one, [one.agent for one in said.body.agents])
        if isinstance(said.body, PeripheralSnapshot):
            self._agents(one, [leg.agent for leg in said.body.legs])
            for leg in said.body.legs:
                self._own(box, "leg", leg.leg)
                self._own(box, "contact", leg.contact)
        elif not self._desk.is_there(box):
            raise ForeignMessageError("peripheral.snapshot", f"{box} is not there yet: say PeripheralSnapshot first")
        self._in_order(box, said)
        return said.body

    def _in_order(self, box: str, said: Envelope) -> None:
        """What was overtaken, by a later word or a later life, is not so any more."""
        before = self._spoke.get(box, ("", 0))
        if (said.incarnation, said.seq) <= before:
            sentence = f"{said.incarnation}/{said.seq} comes after {before[0]}/{before[1]}, and is older"
            raise ForeignMessageError("peripheral.order", sentence)
        self._spoke[box] = (said.incarnation, said.seq)

    def _version(self, said: Envelope) -> None:
        if said.v != envelope.VERSION:
            sentence = f"version {said.v} of the protocol is not spoken here; {envelope.VERSION} is"
            raise ForeignMessageError("peripheral.version", sentence)

    def _event(self, box: str, event: CallEvent) -> None:
        self._own(box, "contact", event.contact)
        if isinstance(event, RecordingSealed | RecordingFailed) or (isinstance(event, TalkBegan) and event.recording):
            raise ForeignMessageError("peripheral.recording", f"{box} is a peripheral, whose recordings are its own")
        leg = getattr(event, "leg", None)
        if leg is not None:
            self._own(box, "leg", leg)
        one = self._desk.peripheral(box)
        if isinstance(event, LegBegan) and event.agent is not None and one is not None:
            self._agents(one, [event.agent])

    def _own(self, box: str, what: str, name: str) -> None:
        if not name.startswith(f"{box}."):
            sentence = f"{what} {name!r} is not {box}'s: its own are called {box}.…"
            raise ForeignMessageError("peripheral.box", sentence)

    def _agents(self, one: Peripheral, agents: Iterable[str]) -> None:
        mine = self._desk.agents_at(one.box)
        for agent in agents:
            if agent not in mine:
                sentence = f"agent {agent!r} is not at {one.box}; {suggestion(agent, mine)}"
                raise ForeignMessageError("peripheral.agent", sentence)
