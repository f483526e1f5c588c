# SPDX-License-Identifier: GPL-2.0-only
"""All contacts of the box, and how one goes a step: the shell around states.step.

A step's record and the contact's new state go to the outbox together, then its actions are carried out in order. A
fault in one contact's step ends that contact, never the process.
"""

import asyncio
import time
from collections.abc import Callable, Iterator

import msgspec
import structlog

from appliance.call import actions as a
from appliance.call import events as e
from appliance.call.contact import CallState, Contact
from appliance.call.releasing import TEMPORARY_FAILURE
from appliance.call.settings import Default, Fresh
from appliance.call.shell.ports import Links, Switch
from appliance.call.states import NoTransitionError, step
from appliance.call.trunks import Groups
from appliance.wire import legs as w
from appliance.wire.calls import CallEvent, ContactEnded
from appliance.wire.ids import IdSource
from appliance.wire.routes import RouteRequest

log = structlog.get_logger()

ASKED = frozenset({CallState.ROUTING, CallState.ASKING})
_TIMED = frozenset({CallState.RINGING, CallState.CALLING, CallState.DIALLING})


class Contacts:
    """Those in progress; iterating goes over what they were at its begin."""

    def __init__(
        self,
        links: Links,
        switch: Switch,
        ids: IdSource,
        default: Default,
        route_timeout_s: float,
        peers: tuple[str, ...],
    ) -> None:
        self._links = links
        self._switch = switch
        self._ids = ids
        self._default = default
        self.groups = Groups(default.trunks.groups)
        self._route_timeout_s = route_timeout_s
        self._peers = peers
        self._contacts: dict[str, Contact] = {}
        self._owners: dict[str, str] = {}  # leg, request or treatment → contact
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def __iter__(self) -> Iterator[Contact]:
        return iter(tuple(self._contacts.values()))

    def get(self, name: str) -> Contact | None:
        """By its name."""
        return self._contacts.get(name)

    def of(self, key: str) -> Contact | None:
        """Whose leg, request or treatment that is."""
        name = self._owners.get(key)
        return None if name is None else self._contacts.get(name)

    # Steps.

    def fresh(self) -> Fresh:
        """What a step may need now."""
        return Fresh(
            leg=self._ids.leg(),
            request=self._ids.command(),
            treatment=self._ids.command(),
            recording=self._ids.number(),
            now_ns=time.monotonic_ns(),
            sample=self._switch.samples,
            full=self.groups.full_out(tuple(self)),
        )

    def happen(self, contact: Contact, event: e.Event) -> None:
        """One step."""
        try:
            after, actions = step(contact, event, self.fresh(), self._default)
        except NoTransitionError as error:
            log.info("call.event.unexpected", contact=contact.contact, error=str(error))
            return
        except Exception:
            log.exception("call.contact.failed", contact=contact.contact, step=type(event).__name__)
            self.abandon(contact)
            return
        log.debug("call.contact.stepped", contact=contact.contact, was=str(contact.state), now=str(after.state))
        self.commit(contact, after, actions)

    def abandon(self, contact: Contact) -> None:
        """Let go of everything a broken contact holds, and close its record."""
        for party in contact.parties:
            if not party.released:
                self._links.to_worker(party.worker, w.ReleaseLeg(leg=party.leg, cause=TEMPORARY_FAILURE))
        ended = ContactEnded(contact=contact.contact, cause=TEMPORARY_FAILURE, by="fault")
        over = msgspec.structs.replace(contact, state=CallState.ENDED)
        self.commit(contact, over, (a.Record(ended),))

    def commit(self, before: Contact | None, after: Contact, actions: tuple[a.Action, ...]) -> None:
        """Record and state to the outbox, then the actions."""
        said: list[CallEvent] = [action.event for action in actions if isinstance(action, a.Record)]
        over = after.state is CallState.ENDED
        self.groups.happened(before, after)
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
                self._start_timer(contact.contact, seconds, self.ring_ended)
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
        self.wait_for_answer(contact.contact, self._route_timeout_s)
        full = self.groups.full_out(tuple(self))
        peers = tuple(peer for peer in self._peers if peer not in contact.out_of_reach)
        request = msgspec.structs.replace(
            request,
            reaches=tuple(peer for peer in peers if peer not in full),
            full={peer: full[peer] for peer in peers if peer in full},
        )
        if not self._links.ask(request):
            loop = asyncio.get_running_loop()
            loop.call_soon(self.unanswered, request.request, "the uplink is not running")

    # Timers, one a contact; each belongs to the state that started it.

    def wait_for_answer(self, name: str, seconds: float) -> None:
        """To its question, from now on."""
        self._start_timer(name, seconds, self.route_timed_out)

    def _start_timer(self, name: str, seconds: float, fire: Callable[[str], None]) -> None:
        self._cancel_timer(name)
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, fire, name)

    def _cancel_timer(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def ring_ended(self, name: str) -> None:
        """It rang for as long as it may."""
        contact = self._contacts.get(name)
        if contact is not None and contact.state in _TIMED:
            self.happen(contact, e.RingEnded())

    def route_timed_out(self, name: str) -> None:
        """Nobody has answered in time."""
        contact = self._contacts.get(name)
        if contact is not None and contact.state in ASKED:
            waited = f"headquarters did not answer within {contact.asked_for_ms(time.monotonic_ns()):.0f} ms"
            self.unanswered(contact.request, waited)

    def unanswered(self, request: str, reason: str) -> None:
        """There is no answer to that question; one that nobody waits for any more is late."""
        contact = self.of(request)
        if contact is None or contact.request != request or contact.state not in ASKED:
            log.info("call.route.late", request=request)
            return
        self.happen(contact, e.RouteMissing(reason=reason, latency_ms=contact.asked_for_ms(time.monotonic_ns())))


def _keys(contact: Contact | None) -> list[str]:
    if contact is None:
        return []
    return [*(party.leg for party in contact.parties), *(key for key in (contact.request, contact.treatment) if key)]
