# SPDX-License-Identifier: GPL-2.0-only
"""`run/call.sock`: the calls there are, for who attaches; one that hangs is cleared."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from appliance.call.contact import Contact
from appliance.call.shell.contacts import Contacts
from appliance.call.shell.ports import Links, Switch
from appliance.wire import legs as w
from appliance.wire.call_control import CallNow, CallsNow, ClearCall
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.service import CommandRefusedError, Service

NORMAL = 16
PATIENCE_S = 3.0
"""Workers let go within; what is left of the contact then is forgotten."""

log = structlog.get_logger()


class CallDoor:
    """`start` inside a running loop."""

    def __init__(self, path: Path, sealer: Sealer, contacts: Contacts, links: Links, switch: Switch) -> None:
        self._service = Service(path, sealer, "calls", self._handle, self._snapshot)
        self._contacts, self._links, self._switch = contacts, links, switch

    async def start(self) -> None:
        """Serve."""
        await self._service.start()

    def _snapshot(self) -> Iterable[Body]:
        yield CallsNow(calls=tuple(_now(one, self._switch.samples) for one in self._contacts))

    def _handle(self, envelope: Envelope) -> None:
        order = envelope.body
        if not isinstance(order, ClearCall):
            raise CommandRefusedError("message.unknown", f"{type(order).__name__} is no command of calls")
        contact = self._contacts.get(order.call) or self._contacts.of(order.call)
        if contact is None:
            raise CommandRefusedError("call.unknown", f"there is no call {order.call} here; show calls names them")
        log.warning("call.contact.cleared", contact=contact.contact, by=order.by)
        first = contact.held or contact.caller
        self._links.to_worker(first.worker, w.ReleaseLeg(leg=first.leg, cause=NORMAL))
        asyncio.get_running_loop().call_later(PATIENCE_S, self._forget, contact.contact)

    def _forget(self, name: str) -> None:
        """A contact that its workers' legs did not end."""
        contact = self._contacts.get(name)
        if contact is not None:
            log.warning("call.contact.forgotten", contact=name, state=str(contact.state))
            self._contacts.abandon(contact)


def _now(contact: Contact, sample: int) -> CallNow:
    talk = max(0, sample - contact.talk_from) // 8000 if contact.talk_from is not None else None
    return CallNow(
        contact=contact.contact,
        state=str(contact.state),
        clid=contact.clid or "",
        dnis=contact.dnis,
        agent=contact.ring.agent if contact.ring else "",
        talk_s=talk,
        legs=tuple(_legs(contact)),
    )


def _legs(contact: Contact) -> Iterator[tuple[str, str, bool]]:
    for party in contact.parties:
        if not party.released:
            yield party.leg, party.trunk, party.answered_sample is not None
