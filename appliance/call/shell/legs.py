# SPDX-License-Identifier: GPL-2.0-only
"""What leg workers say: legs that come, change and go, and in a snapshot all that they hold.

What comes for a leg that no contact has any more is dropped with a DEBUG line; a leg that nobody wants is let go.
"""

from collections.abc import Callable

import msgspec
import structlog

from appliance.call import actions as a
from appliance.call import events as e
from appliance.call import recovery, routing, tandem
from appliance.call.contact import CallState, Contact, Party
from appliance.call.releasing import TEMPORARY_FAILURE
from appliance.call.settings import Default
from appliance.call.shell.contacts import Contacts
from appliance.call.shell.ports import Links, Switch
from appliance.call.transferring import attended, wishes
from appliance.config.tandem import way
from appliance.wire import legs as w
from appliance.wire.calls import ContactBegan
from appliance.wire.ids import IdSource
from appliance.wire.service_messages import Refused

log = structlog.get_logger()

# Q.850
USER_BUSY = 17
BEARER_NOT_IMPLEMENTED = 65
_REFUSALS = {"leg.number": 28, "leg.trunk": 3}
"""Why a worker would not place a leg: invalid number format, no route to destination."""
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


class Legs:
    """Of all workers."""

    def __init__(self, contacts: Contacts, links: Links, switch: Switch, ids: IdSource, default: Default) -> None:
        self._contacts = contacts
        self._links = links
        self._switch = switch
        self._ids = ids
        self._default = default

    def said(self, worker: str, body: object) -> None:
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
        contact, other = self._contacts.of(body.leg), self._contacts.of(body.replaces or "")
        if contact is None or not wishes.may_hand_on(contact, body.leg, other):
            self._links.to_worker(worker, w.TransferTold(leg=body.leg, done=False))
        elif other is None:
            self._contacts.happen(contact, e.TransferWanted(to=body.to, blind=True, phone=True))
        else:
            joined, parted = attended.join(contact, other, self._contacts.fresh())
            self._links.to_worker(worker, w.TransferTold(leg=body.leg, done=True))
            self._contacts.commit(contact, *joined)
            self._contacts.commit(other, *parted)

    def _placed(self, worker: str, body: w.LegPlaced) -> None:
        if self._wanted(body.leg.leg):
            self._leg_event(body.leg.leg, body)
        else:
            self._let_go(worker, body.leg)

    def _wanted(self, leg: str) -> bool:
        """Whether a contact holds it."""
        contact = self._contacts.of(leg)
        parties = contact.parties if contact is not None else ()
        return any(party.leg == leg and not party.released for party in parties)

    def _leg_event(self, leg: str, body: object) -> None:
        contact = self._contacts.of(leg)
        if contact is None:
            log.debug("call.leg.unowned", leg=leg, message=type(body).__name__)
            return
        held = contact.held is not None and contact.held.leg == leg
        kinds = _HELD_EVENTS if held else _CALLER_EVENTS if contact.caller.leg == leg else _AGENT_EVENTS
        make = kinds.get(type(body))
        if make is not None:
            self._contacts.happen(contact, make(body))

    def _offered(self, worker: str, leg: w.Leg) -> None:
        if self._contacts.of(leg.leg) is not None:
            return
        name = leg.contact or self._ids.contact()
        contact = Contact(
            contact=name,
            state=CallState.ROUTING,
            caller=Party(leg=leg.leg, worker=worker, port=leg.port, trunk=leg.trunk or "", inward=True),
            dnis=leg.dnis or "",
            clid=leg.clid,
            ani=leg.ani,
            withheld=leg.withheld,
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
        self._contacts.commit(None, after, (a.Record(began), *actions))

    def _first_step(self, contact: Contact, leg: w.Leg) -> tuple[Contact, tuple[a.Action, ...]]:
        trunks = self._default.trunks
        rule = way(trunks.rules, leg.trunk, contact.dnis)
        if rule is not None:
            return tandem.begin(contact, leg, rule, trunks.workers[rule.to], self._contacts.fresh())
        if not leg.bearer.is_sound:
            return routing.refuse(contact, BEARER_NOT_IMPLEMENTED, f"nobody here answers a call of {leg.bearer}")
        why, overflow = self._contacts.groups.too_many(tuple(self._contacts), leg.trunk)
        if why:
            return self._one_too_many(contact, leg, why, overflow)
        return routing.ask(contact, "offered", self._contacts.fresh())

    def _one_too_many(
        self, contact: Contact, leg: w.Leg, why: str, overflow: str
    ) -> tuple[Contact, tuple[a.Action, ...]]:
        contact = msgspec.structs.replace(contact, caller=msgspec.structs.replace(contact.caller, trunk=""))
        fresh = self._contacts.fresh()
        went_on = tandem.overflow(contact, leg, overflow, why, fresh, self._default) if overflow else None
        return went_on or routing.refuse(contact, USER_BUSY, why)

    def _reconcile(self, worker: str, legs: tuple[w.Leg, ...]) -> None:
        held = {leg.leg: leg for leg in legs}
        placing = self._links.placing(worker) - held.keys()
        for contact in self._contacts:
            for event in recovery.missed(contact, worker, held, self._switch.samples, placing):
                current = self._contacts.get(contact.contact)
                if current is not None:
                    self._contacts.happen(current, event)
        for leg in legs:
            if not self._wanted(leg.leg) and leg.state is not w.LegState.RELEASED:
                self._adopt(worker, leg)
        if placing:  # the snapshot came before the order: one from behind it will tell
            self._links.to_worker(worker, w.TakeSnapshot())

    def _adopt(self, worker: str, leg: w.Leg) -> None:
        """One that nobody here knows. A caller may have been told to wait just before our last life ended untold."""
        fresh = leg.state in {w.LegState.OFFERED, w.LegState.PROCEEDING}
        if fresh and leg.direction is w.Direction.INCOMING:
            self._offered(worker, leg)
            return
        self._let_go(worker, leg)

    def _let_go(self, worker: str, leg: w.Leg) -> None:
        log.warning("call.leg.orphaned", leg=leg.leg, worker=worker, state=str(leg.state))
        self._links.to_worker(worker, w.ReleaseLeg(leg=leg.leg, cause=TEMPORARY_FAILURE))
