# SPDX-License-Identifier: GPL-2.0-only
"""The peripheral gateway: what one says is looked at before anybody hears of it (docs/peripheral.md).

A peripheral speaks for itself only. What it may not say, or says too often, too long or in another version is refused
with a sentence and changes nothing. The message server has seen to the subject; this is all that stands in the message.
"""

import time
from collections.abc import Callable, Iterable

import msgspec

from appliance.config.scalars import suggestion
from appliance.headquarters.desk import Desk
from appliance.router import slots
from appliance.router.rules import VOICE
from appliance.uplink.connection import inbox
from appliance.wire import envelope, routes
from appliance.wire.calls import (
    CallEvent,
    LegBegan,
    RecordingFailed,
    RecordingSealed,
    TalkBegan,
    VoicemailBegan,
    VoicemailEnded,
)
from appliance.wire.envelope import Envelope, UnknownMessageError
from appliance.wire.ids import box_of_contact, box_of_leg, is_incarnation
from appliance.wire.peripherals import AgentIs, AgentsChanged, PeripheralSnapshot, Truth

LONGEST = 65_536
LONGEST_MANY = 1_048_576
"""Of a batch of call events, a snapshot, and a heartbeat, which names all contacts."""
MANY = (".record", ".snapshot")
BEATS_S = 10
"""Heartbeats that are read in a second, beside the other messages."""


OF_SOUND = (RecordingSealed, RecordingFailed, VoicemailBegan, VoicemailEnded)
"""What only a branch can tell."""


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
    """Between the intake and the desk, for whoever is a peripheral; a branch passes.

    `mutual`: boxes prove who they are, so a branch too is answered below its own inbox only: headquarters may say
    anything to anybody, and would say it in the place of whoever asks.
    """

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self.mutual = False
        self._desk = desk
        self._rate = Rate(clock)
        self._spoke: dict[str, tuple[str, int]] = {}  # of its agents last: incarnation, seq
        self._lives: dict[str, str] = {}  # whose heartbeats came last: incarnation

    def admit(self, box: str, subject: str, octets: int, reply: str) -> None:
        """Before it is read. Raises ForeignMessageError."""
        one = self._desk.peripheral(box)
        if one is not None or self.mutual:
            self.replies(box, reply)
        if one is None:
            return
        beats = subject.startswith("heartbeat.")
        allowed = BEATS_S if beats else one.messages_s
        if not self._rate.take(f"{box} beats" if beats else box, allowed):
            raise ForeignMessageError("peripheral.rate", f"{box} has said more than {allowed} messages in a second")
        longest = LONGEST_MANY if beats or subject.endswith(MANY) else LONGEST
        if octets > longest:
            raise ForeignMessageError("peripheral.long", f"{octets} octets in one message; {longest} at most")

    def replies(self, box: str, reply: str) -> None:
        """Whether it may be answered there. Raises ForeignMessageError."""
        if reply and not reply.startswith(f"{inbox(box)}."):
            raise ForeignMessageError("peripheral.reply", f"{box} is answered below {inbox(box)} only, not at {reply}")

    def beats(self, box: str, incarnation: str) -> None:
        """A life that begins within the time of silence has to be told from the one before."""
        if self._desk.peripheral(box) is None:
            return
        self._incarnation(incarnation)
        if incarnation > self._lives.setdefault(box, incarnation):
            self._lives[box] = incarnation
            self._desk.missed(box)

    def asked(self, box: str, said: Envelope, request: routes.RouteRequest) -> routes.RouteRequest:
        """A route request, without what is between routers of ours. Raises ForeignMessageError."""
        if self._desk.peripheral(box) is None:
            return request
        self._head(said)
        self._own(box, "contact", request.contact)
        self._channel(request.kind)
        if request.reaches:
            sentence = f"{box} reaches {', '.join(request.reaches)} by a translation route only; leave `reaches` out"
            raise ForeignMessageError("peripheral.reaches", sentence)
        return msgspec.structs.replace(request, callback="", place=None, lease=0)

    def recorded(self, box: str, batch: Iterable[Envelope]) -> None:
        """Call events. Raises ForeignMessageError."""
        if self._desk.peripheral(box) is None:
            return
        for said in batch:
            self._head(said)
            self._event(box, said.body)  # type: ignore[arg-type]  # read_batch has seen to it

    def read(self, box: str, payload: bytes) -> AgentsChanged | PeripheralSnapshot:
        """What it says of its agents. Raises UnknownMessageError."""
        if self._desk.peripheral(box) is None:
            raise ForeignMessageError("peripheral.unknown", f"{box} is no peripheral that headquarters.yaml names")
        said = envelope.decode(payload)
        self._head(said)
        if said.box != box:
            raise ForeignMessageError("peripheral.box", f"{box} cannot speak for {said.box}")
        if not isinstance(said.body, AgentsChanged | PeripheralSnapshot):
            name = type(said.body).__name__
            raise ForeignMessageError("message.unknown", f"{name} says nothing of agents; AgentsChanged does")
        for one in said.body.agents:
            self._agent(box, one.agent)
            self._state(one)
        if isinstance(said.body, PeripheralSnapshot):
            for leg in said.body.legs:
                self._agent(box, slots.in_channel(leg.agent, leg.kind))
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

    def _head(self, said: Envelope) -> None:
        self._incarnation(said.incarnation)
        if said.v != envelope.VERSION:
            sentence = f"version {said.v} of the protocol is not spoken here; {envelope.VERSION} is"
            raise ForeignMessageError("peripheral.version", sentence)

    def _incarnation(self, name: str) -> None:
        if not is_incarnation(name):
            sentence = f"incarnation {name[:40]!r} is not 16 characters 0-9a-v"
            raise ForeignMessageError("peripheral.name", sentence)

    def _event(self, box: str, event: CallEvent) -> None:
        self._own(box, "contact", event.contact)
        if isinstance(event, OF_SOUND) or (isinstance(event, TalkBegan) and event.recording):
            raise ForeignMessageError("peripheral.recording", f"{box} is a peripheral, whose recordings are its own")
        leg = getattr(event, "leg", None)
        if leg is not None:
            self._own(box, "leg", leg)
        self._channel(getattr(event, "kind", VOICE))
        if isinstance(event, LegBegan) and event.taken_by is not None:
            self._agent(box, event.taken_by)

    def _own(self, box: str, what: str, name: str) -> None:
        whose, form = (box_of_contact, "") if what == "contact" else (box_of_leg, "process.")
        if whose(name) != box:
            sentence = f"{what} {name[:80]!r} is not {box}'s: its own are called {box}.{form}incarnation.n"
            raise ForeignMessageError("peripheral.box", sentence)

    def _channel(self, kind: str) -> None:
        known = (VOICE, *self._desk.rules.channels)
        if kind not in known:
            sentence = f"headquarters has no channel {kind!r}; {suggestion(kind, known)}"
            raise ForeignMessageError("peripheral.channel", sentence)

    def _agent(self, box: str, name: str) -> None:
        """`1001` with a telephone there, `1001/chat` with that channel."""
        agent, _, channel = name.partition("/")
        seat = self._desk.rules.seats.get(slots.slot(agent, channel or VOICE, 1))
        if seat is None or seat.box != box or slots.key_of(seat.agent) != name:
            sentence = f"agent {name!r} is not at {box}; {suggestion(name, self._desk.agents_at(box))}"
            raise ForeignMessageError("peripheral.agent", sentence)

    def _state(self, one: AgentIs) -> None:
        if "/" in one.agent and one.state in (Truth.BUSY, Truth.WRAP_UP):
            sentence = f"{one.agent} is {one.state} by its legs; say logged-out, not-ready or available of a channel"
            raise ForeignMessageError("peripheral.state", sentence)
