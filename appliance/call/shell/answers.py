# SPDX-License-Identifier: GPL-2.0-only
"""What the IVR and the uplink say: treatments that end, answers to questions, and orders.

What comes for a treatment or a request that no contact has any more is dropped.
"""

import time

import structlog

from appliance.call import calling, routing
from appliance.call import events as e
from appliance.call.contact import CallState, Contact
from appliance.call.settings import Default
from appliance.call.shell.contacts import ASKED, Contacts
from appliance.call.shell.ports import Links
from appliance.call.transferring import holding, wishes
from appliance.wire.agents import CallAsked, OrderDone
from appliance.wire.callbacks import PlaceContact
from appliance.wire.ids import IdSource
from appliance.wire.routes import Label, RingAgent, RouteAnswer, RouteHeld, RouteSilent
from appliance.wire.treatments import TreatmentEnded, TreatmentSnapshot, TreatmentStep

log = structlog.get_logger()


class Answers:
    """To all contacts."""

    def __init__(self, contacts: Contacts, links: Links, ids: IdSource, default: Default) -> None:
        self._contacts = contacts
        self._links = links
        self._ids = ids
        self._default = default

    def treatment_said(self, body: object) -> None:
        """An event or snapshot of the IVR."""
        if isinstance(body, TreatmentSnapshot):
            for contact in self._contacts:
                if contact.transfer is not None and contact.transfer.music not in body.running:
                    self._contacts.commit(contact, contact, holding.hold(contact, self._default))
                if contact.state is CallState.TREATING:
                    self._treated(contact, body.running.get(contact.treatment))
        elif isinstance(body, TreatmentStep | TreatmentEnded):
            self._treatment_event(body)

    def _treated(self, contact: Contact, verb: int | None) -> None:
        """The IVR is at that verb, or knows nothing of it."""
        if verb is None:
            self._contacts.commit(contact, *routing.run(contact))
        elif verb != contact.verb:
            self._contacts.happen(contact, e.VerbBegan(verb=verb))

    def _treatment_event(self, body: TreatmentStep | TreatmentEnded) -> None:
        contact = self._contacts.of(body.treatment)
        if contact is None:
            return
        if isinstance(body, TreatmentStep):
            self._contacts.happen(contact, e.VerbBegan(verb=body.verb))
        else:
            self._contacts.happen(contact, e.TreatmentOver(reason=body.reason, digits=body.digits))

    def route_said(self, body: object) -> None:
        """An answer to a route request, one more to who waits, the news that there is none, or none yet, an order."""
        match body:
            case RouteAnswer():
                self._answered(body)
            case RouteSilent(request, reason):
                self._contacts.unanswered(request, reason)
            case RouteHeld():
                self._held(body)
            case PlaceContact():
                self._ordered(body)
            case CallAsked():
                self._links.done(OrderDone(order=body.order, refused=self._wished(body)))

    def _answered(self, answer: RouteAnswer) -> None:
        contact = self._contacts.of(answer.request)
        if contact is not None and contact.request == answer.request:
            if contact.state is CallState.TREATING and isinstance(answer.action, RingAgent | Label):
                self._contacts.happen(contact, e.Assigned(answer=answer))
                return
            if contact.state in ASKED:
                latency_ms = contact.asked_for_ms(time.monotonic_ns())
                self._contacts.happen(contact, e.Routed(answer=answer, latency_ms=latency_ms))
                return
        log.info("call.route.late", request=answer.request)

    def _held(self, body: RouteHeld) -> None:
        contact = self._contacts.of(body.request)
        if contact is not None and contact.request == body.request and contact.state in ASKED:
            self._contacts.wait_for_answer(contact.contact, body.seconds)

    def _ordered(self, order: PlaceContact) -> None:
        """A customer is to be called back; an order that is told twice is one."""
        if self._contacts.get(order.contact) is not None:
            log.info("call.order.known", contact=order.contact)
            return
        self._contacts.commit(
            None, *calling.begin(order, self._default.trunks, self._ids.leg(), self._contacts.fresh())
        )

    def _wished(self, asked: CallAsked) -> str:
        """What an agent wants of their call; why it cannot be, or nothing."""
        contact = self._contacts.get(asked.contact)
        if contact is None or not wishes.talks(contact, asked.agent):
            return "has no caller any more"
        wish = wishes.wish(asked)
        refused = wishes.refusal(contact, wish)
        if not refused:
            self._contacts.happen(contact, wish)
        return refused
