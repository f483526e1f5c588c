# SPDX-License-Identifier: GPL-2.0-only
"""The shell around states.step: workers, IVR, uplink, engine and outbox on one side, pure transitions on the other.

One asyncio thread. A step's record and the contact's new state go to the outbox together, then its actions are carried
out in order. What comes for a leg, treatment or request that no contact has any more is dropped with a DEBUG line. A
fault in one contact's step ends that contact, never the process.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec
import structlog

from appliance.call import actions as a
from appliance.call import calling, recovery, routing, tandem, transferring
from appliance.call import events as e
from appliance.call.contact import CallState, Contact, Party
from appliance.call.ports import Links, Switch
from appliance.call.releasing import TEMPORARY_FAILURE
from appliance.call.settings import NO_TRUNKS, Default, Fresh, Trunks
from appliance.call.states import NoTransitionError, step
from appliance.config import outbound
from appliance.config.tandem import way
from appliance.wire import legs as w
from appliance.wire.agents import CallAsked, OrderDone
from appliance.wire.callbacks import PlaceContact
from appliance.wire.calls import CallEvent, ContactBegan, ContactEnded
from appliance.wire.ids import IdSource
from appliance.wire.routes import RingAgent, RouteAnswer, RouteHeld, RouteRequest, RouteSilent
from appliance.wire.service_messages import Refused
from appliance.wire.treatments import TreatmentEnded, TreatmentSnapshot, TreatmentStep

log = structlog.get_logger()

# Q.850
BEARER_NOT_IMPLEMENTED = 65
_REFUSALS = {"leg.number": 28, "leg.trunk": 3}
"""Why a worker would not place a leg: invalid number format, no route to destination."""
_ASKED = frozenset({CallState.ROUTING, CallState.ASKING})
_TIMED = frozenset({CallState.RINGING, CallState.CALLING, CallState.DIALLING})
_AGENT_EVENTS: dict[type, Callable[..., e.Event]] = {
    w.LegAlerting: lambda body: e.AgentAlerting(inband=body.inband),
    w.LegAnswered: lambda body: e.AgentAnswered(sample=body.sample),
    w.LegReleased: lambda body: e.AgentReleased(body.cause, body.by, body.sample, body.location),
    w.LegPlaced: lambda body: e.AgentPlaced(port=body.leg.port, channel=body.leg.channel),
}
_HELD_EVENTS: dict[type, Callable[..., e.Event]] = {
    w.LegReleased: lambda body: e.HeldReleased(body.cause, body.by, body.sample, body.location),
}
_CALLER_EVENTS: dict[type, Callable[..., e.Event]] = {
    w.LegPlaced: lambda body: e.CallerPlaced(port=body.leg.port),
    w.LegAlerting: lambda body: e.CallerAlerting(inband=body.inband),
    w.LegAnswered: lambda body: e.CallerAnswered(sample=body.sample),
    w.LegReleased: lambda body: e.CallerReleased(body.cause, body.by, body.sample, body.location),
}


class Control:
    """All contacts of the box. `links` reaches the other processes, `switch` the engine.

    `peers`: other branches whose phones can be rung.
    """

    def __init__(
        self,
        links: Links,
        switch: Switch,
        ids: IdSource,
        default: Default,
        route_timeout_s: float,
        trunks: Trunks = NO_TRUNKS,
        peers: tuple[str, ...] = (),
    ) -> None:
        self._links = links
        self._switch = switch
        self._ids = ids
        self._default = default
        self._route_timeout_s = route_timeout_s
        self._trunks = trunks
        self._peers = peers
        self._contacts: dict[str, Contact] = {}
        self._owners: dict[str, str] = {}  # leg, request or treatment → contact
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """Those in progress."""
        return tuple(self._contacts.values())

    def restore(self, kept: dict[str, bytes]) -> None:
        """Take up the contacts that a former life of this process kept."""
        for key, value in kept.items():
            try:
                contact = msgspec.json.decode(value, type=Contact)
            except msgspec.DecodeError as error:
                log.error("call.contact.unreadable", contact=key, error=str(error))
                continue
            after, actions = recovery.resume(contact, self._fresh())
            log.info("call.contact.restored", contact=contact.contact, state=str(contact.state))
            self._commit(None, after, actions)

    # What the workers say.

    def leg_said(self, worker: str, body: object) -> None:
        """An event or snapshot of a leg worker."""
        if isinstance(body, w.LegSnapshot):
            self._reconcile(worker, body.legs)
        elif isinstance(body, w.LegOffered):
            self._offered(worker, body.leg)
        elif isinstance(body, w.LegPlaced):
            self._placed(worker, body)
        elif isinstance(body, w.TransferAsked):
            self._transfer_asked(worker, body)
        elif isinstance(body, w.LegAlerting | w.LegAnswered | w.LegReleased):
            self._leg_event(body.leg, body)

    def refused(self, command: object, refusal: Refused) -> None:
        """A worker would not carry out a command: a leg that it could not place, or does not know, is over."""
        log.info("call.command.refused", command=type(command).__name__, code=refusal.code, why=refusal.sentence)
        if isinstance(command, w.PlaceLeg) or (isinstance(command, w.AnswerLeg) and refusal.code == "leg.unknown"):
            cause = _REFUSALS.get(refusal.code, TEMPORARY_FAILURE)
            by, sample = w.ReleasedBy.FAULT, self._switch.samples
            self._leg_event(command.leg, w.LegReleased(leg=command.leg, cause=cause, by=by, sample=sample))

    def _transfer_asked(self, worker: str, body: w.TransferAsked) -> None:
        """At an agent's phone: its talk goes on to a number, or to whom the phone has called itself."""
        contact, other = self._owner(body.leg), self._owner(body.replaces or "")
        if contact is None or not transferring.may_hand_on(contact, body.leg, other):
            self._links.to_worker(worker, w.TransferTold(leg=body.leg, done=False))
        elif other is None:
            self._happen(contact, e.TransferWanted(to=body.to, blind=True, phone=True))
        else:
            joined, parted = transferring.attended(contact, other, self._fresh())
            self._links.to_worker(worker, w.TransferTold(leg=body.leg, done=True))
            self._commit(contact, *joined)
            self._commit(other, *parted)

    def _placed(self, worker: str, body: w.LegPlaced) -> None:
        if self._wanted(body.leg.leg):
            self._leg_event(body.leg.leg, body)
        else:
            self._let_go(worker, body.leg)

    def _wanted(self, leg: str) -> bool:
        """Whether a contact holds it."""
        contact = self._owner(leg)
        parties = contact.parties if contact is not None else ()
        return any(party.leg == leg and not party.released for party in parties)

    def _leg_event(self, leg: str, body: object) -> None:
        contact = self._owner(leg)
        if contact is None:
            log.debug("call.leg.unowned", leg=leg, message=type(body).__name__)
            return
        held = contact.held is not None and contact.held.leg == leg
        kinds = _HELD_EVENTS if held else _CALLER_EVENTS if contact.caller.leg == leg else _AGENT_EVENTS
        make = kinds.get(type(body))
        if make is not None:
            self._happen(contact, make(body))

    def _offered(self, worker: str, leg: w.Leg) -> None:
        if leg.leg in self._owners:
            return
        name = self._ids.contact()
        contact = Contact(
            contact=name,
            state=CallState.ROUTING,
            caller=Party(leg=leg.leg, worker=worker, port=leg.port),
            dnis=leg.dnis or "",
            clid=leg.clid,
            ani=leg.ani,
        )
        began = ContactBegan(
            contact=name,
            leg=leg.leg,
            channel=leg.channel,
            dnis=contact.dnis,
            clid=leg.clid,
            ani=leg.ani,
            trunk=leg.trunk,
        )
        proceed = w.ProceedLeg(leg=leg.leg, contact=name)
        self._links.to_worker(worker, proceed)
        after, actions = self._first_step(contact, leg)
        self._commit(None, after, (a.Record(began), *actions))

    def _first_step(self, contact: Contact, leg: w.Leg) -> tuple[Contact, tuple[a.Action, ...]]:
        rule = way(self._trunks.rules, leg.trunk, contact.dnis)
        if rule is not None:
            return tandem.begin(contact, leg, rule, self._trunks.workers[rule.to], self._fresh())
        if not leg.bearer.is_sound:
            return routing.refuse(contact, BEARER_NOT_IMPLEMENTED, f"nobody here answers a call of {leg.bearer}")
        return routing.ask(contact, "offered", self._fresh())

    def _reconcile(self, worker: str, legs: tuple[w.Leg, ...]) -> None:
        held = {leg.leg: leg for leg in legs}
        placing = self._links.placing(worker) - held.keys()
        for contact in tuple(self._contacts.values()):
            for event in recovery.missed(contact, worker, held, self._switch.samples, placing):
                current = self._contacts.get(contact.contact)
                if current is not None:
                    self._happen(current, event)
        for leg in legs:
            if not self._wanted(leg.leg) and leg.state is not w.LegState.RELEASED:
                self._adopt(worker, leg)
        if placing:  # the snapshot came before the order: one from behind it will tell
            self._links.to_worker(worker, w.TakeSnapshot())

    def _adopt(self, worker: str, leg: w.Leg) -> None:
        fresh = leg.state in {w.LegState.OFFERED, w.LegState.PROCEEDING} and leg.contact is None
        if fresh and leg.direction is w.Direction.INCOMING:
            self._offered(worker, leg)
            return
        self._let_go(worker, leg)

    def _let_go(self, worker: str, leg: w.Leg) -> None:
        log.warning("call.leg.orphaned", leg=leg.leg, worker=worker, state=str(leg.state))
        self._links.to_worker(worker, w.ReleaseLeg(leg=leg.leg, cause=TEMPORARY_FAILURE))

    # What the IVR and the uplink say.

    def treatment_said(self, body: object) -> None:
        """An event or snapshot of the IVR."""
        if isinstance(body, TreatmentSnapshot):
            for contact in tuple(self._contacts.values()):
                if contact.state is CallState.TREATING and contact.treatment not in body.running:
                    self._commit(contact, *routing.run(contact))
                if contact.transfer is not None and contact.transfer.music not in body.running:
                    self._commit(contact, contact, transferring.hold(contact, self._default))
        elif isinstance(body, TreatmentStep | TreatmentEnded):
            self._treatment_event(body)

    def _treatment_event(self, body: TreatmentStep | TreatmentEnded) -> None:
        contact = self._owner(body.treatment)
        if contact is None:
            return
        if isinstance(body, TreatmentStep):
            self._happen(contact, e.VerbBegan(verb=body.verb))
        else:
            self._happen(contact, e.TreatmentOver(reason=body.reason, digits=body.digits))

    def route_said(self, body: object) -> None:
        """An answer to a route request, one more to who waits, the news that there is none, or none yet, an order."""
        if isinstance(body, RouteHeld):
            self._held(body)
        if isinstance(body, PlaceContact):
            self._ordered(body)
            return
        if isinstance(body, CallAsked):
            self._links.done(OrderDone(order=body.order, refused=self._wished(body)))
            return
        if not isinstance(body, RouteAnswer | RouteSilent):
            return
        contact = self._owner(body.request)
        if contact is None or contact.request != body.request:
            log.info("call.route.late", request=body.request)
            return
        if contact.state is CallState.TREATING and isinstance(body, RouteAnswer) and isinstance(body.action, RingAgent):
            self._happen(contact, e.Assigned(answer=body))
            return
        if contact.state not in _ASKED:
            log.info("call.route.late", request=body.request)
            return
        latency = (time.monotonic_ns() - contact.asked_ns) / 1e6
        if isinstance(body, RouteAnswer):
            self._happen(contact, e.Routed(answer=body, latency_ms=latency))
        else:
            self._happen(contact, e.RouteMissing(reason=body.reason, latency_ms=latency))

    def _held(self, body: RouteHeld) -> None:
        contact = self._owner(body.request)
        if contact is not None and contact.request == body.request and contact.state in _ASKED:
            self._start_timer(contact.contact, body.seconds, self._route_timed_out)

    def _ordered(self, order: PlaceContact) -> None:
        """A customer is to be called back; an order that is told twice is one."""
        if order.contact in self._contacts:
            log.info("call.order.known", contact=order.contact)
            return
        found = outbound.way(self._trunks.ways, order.number)
        worker = self._trunks.workers[found.to] if found is not None else ""
        self._commit(None, *calling.begin(order, found, worker, self._ids.leg(), self._fresh()))

    def _wished(self, asked: CallAsked) -> str:
        """What an agent wants of their call; why it cannot be, or nothing."""
        contact = self._contacts.get(asked.contact)
        if contact is None or not transferring.talks(contact, asked.agent):
            return "has no caller any more"
        wish = transferring.wish(asked)
        refused = transferring.refusal(contact, wish)
        if not refused:
            self._happen(contact, wish)
        return refused

    # Steps.

    def _owner(self, key: str) -> Contact | None:
        name = self._owners.get(key)
        return None if name is None else self._contacts.get(name)

    def _fresh(self) -> Fresh:
        return Fresh(
            leg=self._ids.leg(),
            request=self._ids.command(),
            treatment=self._ids.command(),
            recording=self._ids.number(),
            now_ns=time.monotonic_ns(),
            sample=self._switch.samples,
        )

    def _happen(self, contact: Contact, event: e.Event) -> None:
        try:
            after, actions = step(contact, event, self._fresh(), self._default)
        except NoTransitionError as error:
            log.info("call.event.unexpected", contact=contact.contact, error=str(error))
            return
        except Exception:
            log.exception("call.contact.failed", contact=contact.contact, step=type(event).__name__)
            self._abandon(contact)
            return
        log.debug("call.contact.stepped", contact=contact.contact, was=str(contact.state), now=str(after.state))
        self._commit(contact, after, actions)

    def _abandon(self, contact: Contact) -> None:
        """Let go of everything a broken contact holds, and close its record."""
        for party in contact.parties:
            if not party.released:
                self._links.to_worker(party.worker, w.ReleaseLeg(leg=party.leg, cause=TEMPORARY_FAILURE))
        ended = ContactEnded(contact=contact.contact, cause=TEMPORARY_FAILURE, by="fault")
        over = msgspec.structs.replace(contact, state=CallState.ENDED)
        self._commit(contact, over, (a.Record(ended),))

    def _commit(self, before: Contact | None, after: Contact, actions: tuple[a.Action, ...]) -> None:
        said: list[CallEvent] = [action.event for action in actions if isinstance(action, a.Record)]
        over = after.state is CallState.ENDED
        if after != before or said:
            self._links.record(said, after.contact, None if over else msgspec.json.encode(after))
        self._index(before, after)
        if before is not None and before.state is not after.state:
            self._cancel_timer(after.contact)
        for action in actions:
            self._carry_out(after, action)

    def _index(self, before: Contact | None, after: Contact) -> None:
        for key in _keys(before):
            if self._owners.get(key) == after.contact:
                del self._owners[key]
        if after.state is CallState.ENDED:
            self._contacts.pop(after.contact, None)
            return
        self._contacts[after.contact] = after
        for key in _keys(after):
            self._owners[key] = after.contact

    def _carry_out(self, contact: Contact, action: a.Action) -> None:
        match action:
            case a.ToWorker(worker, command):
                self._links.to_worker(worker, command)
            case a.ToIvr(command):
                self._links.to_ivr(command)
            case a.Ask(request):
                self._ask(contact, request)
            case a.StartRingTimer(seconds):
                self._start_timer(contact.contact, seconds, self._ring_ended)
            case a.RingBack(port):
                self._switch.ring_back(port)
            case a.Silence(port):
                self._switch.silence(port)
            case a.Join():
                self._switch.join(action)
            case a.Part(port, recording):
                self._switch.part(port, recording)
            case a.Record():
                pass  # written with the contact's state in _commit

    def _ask(self, contact: Contact, request: RouteRequest) -> None:
        self._start_timer(contact.contact, self._route_timeout_s, self._route_timed_out)
        reaches = tuple(peer for peer in self._peers if peer not in contact.out_of_reach)
        if not self._links.ask(msgspec.structs.replace(request, reaches=reaches)):
            silent = RouteSilent(request=request.request, reason="the uplink is not running")
            asyncio.get_running_loop().call_soon(self.route_said, silent)

    # Timers, one a contact; each belongs to the state that started it.

    def _start_timer(self, name: str, seconds: float, fire: Callable[[str], None]) -> None:
        self._cancel_timer(name)
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, fire, name)

    def _cancel_timer(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _ring_ended(self, name: str) -> None:
        contact = self._contacts.get(name)
        if contact is not None and contact.state in _TIMED:
            self._happen(contact, e.RingEnded())

    def _route_timed_out(self, name: str) -> None:
        contact = self._contacts.get(name)
        if contact is not None and contact.state in _ASKED:
            waited = f"headquarters did not answer within {(time.monotonic_ns() - contact.asked_ns) / 1e6:.0f} ms"
            self.route_said(RouteSilent(request=contact.request, reason=waited))


def _keys(contact: Contact | None) -> list[str]:
    if contact is None:
        return []
    return [*(party.leg for party in contact.parties), *(key for key in (contact.request, contact.treatment) if key)]
