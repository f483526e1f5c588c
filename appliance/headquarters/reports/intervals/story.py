# SPDX-License-Identifier: GPL-2.0-only
"""One contact's events → its visits: to a call type, to queues, to agents' phones, by a trunk, and what became of each.

Pure. The events may come in any order and from several lives of call control: they are put in the order in which the
box made them (its lives sort by their incarnations). Until ContactBegan is heard there is nothing to count.

A visit begins when the contact is offered: to its trunk and its first call type when it reaches the box, to another
call type when a decision names it, to a queue when a decision says that it waits there or rings that queue's agent, to
an agent when the phone is rung. A queue's visit goes on while the queue's agent, or another's, is rung. It has one
outcome:

- answered: the talk with an agent began, a consultation too (on a trunk, of a tandem call, with the far end);
- abandoned: the caller hung up before; in the IVR, in a queue, or while a phone rang (of it, where a queue or an agent
  is meant);
- overflow: the contact went on to another queue, node or call type, or to a number outside, where it was answered, or
  left a message (voicemail) and talked to nobody;
- redirected: another queue's agent, or the branch's default, answered; the contact left the queue because its agent
  did not answer; or, of an agent, the phone was refused, busy, not there, or rang for as long as it may (RONA);
- callback: the caller is called back instead. The contacts that try it are offered to agents alone, as all else has
  been counted where the caller was offered;
- released: by us, with or without a treatment, or by a fault, or the agent let go before the talk;
- waiting: none of these has been heard of yet.
"""

import enum
from collections.abc import Iterable

import msgspec

from appliance.headquarters.reports.intervals.agents import WrapUp
from appliance.wire import calls
from appliance.wire.envelope import Envelope
from appliance.wire.legs import Direction
from appliance.wire.routes import Action, Label, Release, RingAgent, Tandem, Treat
from appliance.wire.treatments import Music

_REFUSED = frozenset({"no-answer", "busy", "unreachable"})


class Kind(enum.StrEnum):
    """What a row is of."""

    CALL_TYPE = "call-type"
    QUEUE = "queue"
    AGENT = "agent"
    TRUNK = "trunk"


class Outcome(enum.StrEnum):
    """What became of a visit; each has one."""

    ANSWERED = "answered"
    ABANDONED_IVR = "abandoned_ivr"
    ABANDONED_QUEUE = "abandoned_queue"
    ABANDONED_RINGING = "abandoned_ringing"
    OVERFLOW = "overflow"
    REDIRECTED = "redirected"
    CALLBACK = "callback"
    RELEASED = "released"
    WAITING = "waiting"


class Visit(msgspec.Struct):
    """Being offered to `name`; `until` its outcome's event. A contact without a call type (yet) has the name ''.

    `transferred`: the agent who answered has handed the contact on.
    """

    kind: Kind
    name: str
    since: Envelope
    outcome: Outcome = Outcome.WAITING
    until: Envelope | None = None
    talk_samples: int = 0
    longest_talk_samples: int = 0
    transferred: bool = False
    hold_ns: int = 0
    wrap_up_ns: int = 0

    @property
    def waited_ns(self) -> int:
        """By the box's steady clock within one life of its call control, else by its UTC."""
        return 0 if self.until is None else _between_ns(self.since, self.until)


def _between_ns(since: Envelope, until: Envelope) -> int:
    same = since.incarnation == until.incarnation
    return max(0, until.mono_ns - since.mono_ns if same else until.at_ns - since.at_ns)


def visits(events: Iterable[Envelope], wrap_ups: Iterable[WrapUp] = ()) -> list[Visit]:
    """All of one contact's, as far as `events` tell; `wrap_ups` of agents who have talked to it."""
    story = None
    for event in sorted(events, key=lambda one: (one.incarnation, one.seq, one.process)):
        if story is not None:
            story.hear(event)
        elif isinstance(event.body, calls.ContactBegan):
            story = _Story(event, event.body)
    if story is None:
        return []
    for one in wrap_ups:
        story.wrapped_up(one)
    return story.visits


class _Story:
    """The contact as it stands after the events that were heard."""

    def __init__(self, event: Envelope, began: calls.ContactBegan) -> None:
        self.visits: list[Visit] = []
        self._caller = began.leg
        self._tries = bool(began.callback)
        self._call_type = None if self._tries else self._open(Kind.CALL_TYPE, "", event)
        self._trunk = self._open(Kind.TRUNK, began.trunk, event) if began.trunk and not self._tries else None
        self._queues: dict[str, Visit] = {}
        self._agents: dict[str, Visit] = {}
        self._place = Outcome.ABANDONED_IVR
        self._rung_for = ""
        self._outside = False  # to a number there, and for no agent of ours
        self._gone: Envelope | None = None  # the caller's leg is over
        self._message = False  # is left
        self._talking: list[Visit] = []
        self._talked: list[Visit] = []  # with the caller, last
        self._served: dict[str, list[Visit]] = {}  # by the leg of who talks
        self._held: Envelope | None = None  # since then, by who has talked to the caller
        self._handled: dict[str, list[Visit]] = {}  # by the agent who has talked, what their wrap-up is of

    def hear(self, event: Envelope) -> None:
        match event.body:
            case calls.RouteDecided():
                self._decided(event, event.body)
            case calls.LegBegan(direction=Direction.OUTGOING):
                self._placed(event, event.body)
            case calls.TalkBegan():
                self._talk_began(event, event.body)
            case calls.TalkEnded():
                self._talk_ended(event.body)
            case calls.TransferBegan(blind=False):
                self._held = event
            case calls.TransferEnded():
                self._transferred(event, event.body)
            case calls.VoicemailBegan() | calls.VoicemailEnded():
                self._message = getattr(event.body, "kept", True)
            case calls.LegEnded():
                self._leg_ended(event, event.body)
            case calls.ContactEnded():
                self._ended(event, event.body)
            case _:
                pass  # tells nothing that is counted

    def wrapped_up(self, wrap_up: WrapUp) -> None:
        """By an agent, after the talk with them."""
        for visit in self._handled.get(wrap_up.agent, ()):
            visit.wrap_up_ns += wrap_up.ns

    def _transferred(self, event: Envelope, body: calls.TransferEnded) -> None:
        self._taken_off(event)
        for visit in self._talked if body.outcome == "completed" else ():
            visit.transferred = visit.kind is not Kind.TRUNK

    def _taken_off(self, event: Envelope) -> None:
        """The caller is held no more."""
        held, self._held = self._held, None
        if held is not None:
            for visit in self._talked:
                visit.hold_ns += _between_ns(held, event)

    def _open(self, kind: Kind, name: str, event: Envelope) -> Visit:
        visit = Visit(kind, name, event)
        self.visits.append(visit)
        return visit

    def _decided(self, event: Envelope, body: calls.RouteDecided) -> None:
        if self._tries:
            return
        self._typed(event, body)
        if body.callback:
            self._called_back(event, body)
            return
        action = body.action
        self._outside = _is_outside(action)
        if body.origin:  # counted where the first call is, but for this one's trunk and agent
            self._place = Outcome.ABANDONED_RINGING
        elif isinstance(action, RingAgent) or (isinstance(action, Label) and action.queue):
            self._wait_in(event, {*self._queues, *body.queues, *filter(None, [action.queue])}, body.outcome)
            self._rung_for, self._place = action.queue, Outcome.ABANDONED_RINGING
        elif isinstance(action, Treat):
            # In records of before decisions told their queues, a hold says that the contact waits where it did.
            holds = any(isinstance(verb, Music) for verb in action.verbs)
            if body.queues or not holds:
                self._wait_in(event, set(body.queues), body.outcome)
            self._rung_for = ""
            self._place = Outcome.ABANDONED_QUEUE if body.queues or holds else Outcome.ABANDONED_IVR
        elif isinstance(action, Label):
            self._wait_in(event, set(), body.outcome)
            self._rung_for, self._place = "", Outcome.ABANDONED_RINGING
        elif isinstance(action, Tandem):
            self._place = Outcome.ABANDONED_RINGING
        elif not isinstance(action, Release):
            raise TypeError(f"{type(action).__name__} is no action")

    def _called_back(self, event: Envelope, body: calls.RouteDecided) -> None:
        self._wait_in(event, {*self._queues, *body.queues}, body.outcome)
        for visit in self.visits:
            if visit.kind is not Kind.AGENT:
                _close(visit, Outcome.CALLBACK, event)
        self._queues, self._rung_for, self._place = {}, "", Outcome.ABANDONED_IVR

    def _typed(self, event: Envelope, body: calls.RouteDecided) -> None:
        before = self._call_type
        if isinstance(body.action, Tandem) or body.origin:  # passes the contact center by; is a second call
            self.visits = [visit for visit in self.visits if visit is not before]
            self._call_type = None
        elif body.call_type and before is not None and before.name != body.call_type:
            if not before.name:
                before.name = body.call_type
            else:
                _close(before, Outcome.OVERFLOW, event)
                self._call_type = self._open(Kind.CALL_TYPE, body.call_type, event)

    def _wait_in(self, event: Envelope, names: set[str], outcome: str) -> None:
        for name in sorted(set(self._queues) - names):
            refused = name == self._rung_for and outcome in _REFUSED
            _close(self._queues.pop(name), Outcome.REDIRECTED if refused else Outcome.OVERFLOW, event)
        for name in sorted(names - set(self._queues)):
            self._queues[name] = self._open(Kind.QUEUE, name, event)

    def _placed(self, event: Envelope, body: calls.LegBegan) -> None:
        if body.taken_by:
            self._agents[body.leg] = self._open(Kind.AGENT, body.taken_by, event)

    def _talk_began(self, event: Envelope, body: calls.TalkBegan) -> None:
        agents = self._served_by(event, body.leg)
        whole = [one for one in (self._trunk, self._call_type) if one is not None]
        for visit in (*whole, *agents):
            _close(visit, Outcome.OVERFLOW if self._outside else Outcome.ANSWERED, event)
        # Agents' words among themselves are the second agent's and their queue's time, not the caller's.
        self._talking = agents if body.consult else [*whole, *agents]
        for visit in agents:
            if visit.kind is Kind.AGENT:
                self._handled[visit.name] = self._talking
        if not body.consult:
            self._talked = self._talking

    def _served_by(self, event: Envelope, leg: str) -> list[Visit]:
        """The agent's visit and that of the queue that found them: in a later talk on this leg, the same."""
        first, queues, self._queues = leg not in self._served, self._queues, {}
        served = self._served.setdefault(leg, [self._agents[leg]] if leg in self._agents else [])
        for name, queue in queues.items():
            if first and name == self._rung_for:
                served.append(queue)
            else:
                _close(queue, Outcome.REDIRECTED, event)
        return served

    def _talk_ended(self, body: calls.TalkEnded) -> None:
        for visit in self._talking:
            visit.talk_samples += body.samples
            visit.longest_talk_samples = max(visit.longest_talk_samples, body.samples)
        self._talking = []

    def _leg_ended(self, event: Envelope, body: calls.LegEnded) -> None:
        if body.leg == self._caller:
            self._gone = event
            self._taken_off(event)
        elif self._gone is None:
            if body.leg in self._agents:
                _close(self._agents[body.leg], Outcome.REDIRECTED, event)
            self._place = Outcome.ABANDONED_QUEUE if self._queues else Outcome.ABANDONED_IVR

    def _ended(self, event: Envelope, body: calls.ContactEnded) -> None:
        self._taken_off(event)
        over = self._gone or event
        for visit in self.visits:
            if self._message and visit.kind is not Kind.AGENT:
                _close(visit, Outcome.OVERFLOW, over)
            _close(visit, self._abandoned(visit) if body.by == "caller" else Outcome.RELEASED, over)

    def _abandoned(self, visit: Visit) -> Outcome:
        if visit.kind is Kind.AGENT:
            return Outcome.ABANDONED_RINGING
        if visit.kind is Kind.QUEUE and visit.name != self._rung_for:
            return Outcome.ABANDONED_QUEUE
        return self._place


def _is_outside(action: Action | Tandem) -> bool:
    return (isinstance(action, Label) and not action.token) or (isinstance(action, Tandem) and bool(action.overflow))


def _close(visit: Visit, outcome: Outcome, event: Envelope) -> None:
    """Its first outcome stands."""
    if visit.outcome is Outcome.WAITING:
        visit.outcome, visit.until = outcome, event
