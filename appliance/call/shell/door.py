# SPDX-License-Identifier: GPL-2.0-only
"""`run/call.sock`: the calls there are, for who attaches; one that hangs is cleared.

`run/test.call.sock`: one call that is made to see, which ends with whoever asked for it.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import structlog

from appliance.call import testing
from appliance.call.contact import Contact
from appliance.call.settings import Trunks
from appliance.call.shell.contacts import Contacts
from appliance.call.shell.ports import Links, Switch
from appliance.call.shell.testing import Ear, Tester
from appliance.wire import legs as w
from appliance.wire.call_control import CallNow, CallsNow, CallTested, ClearCall, TestCall
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.ids import IdSource
from appliance.wire.line_tests import LineStep
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


class TestDoor:
    """`full`: trunks without room, with a sentence each. `start` inside a running loop."""

    def __init__(
        self,
        path: Path,
        sealer: Sealer,
        links: Links,
        ear: Ear,
        ids: IdSource,
        trunks: Trunks,
        full: Callable[[], Mapping[str, str]],
    ) -> None:
        self._service = Service(path, sealer, "test calls", self._handle, tuple, self._changed, self._idle)
        self.tester = Tester(links, ear, ids, self._service.publish, self._over)
        self._trunks, self._full = trunks, full

    async def start(self) -> None:
        """Serve."""
        await self._service.start()

    def _handle(self, envelope: Envelope) -> None:
        order = envelope.body
        if not isinstance(order, TestCall):
            raise CommandRefusedError("message.unknown", f"{type(order).__name__} is no test call")
        if not self.tester.idle:
            raise CommandRefusedError("call.busy", "a test call is under way; wait for its end")
        trunk, clid = testing.way(self._trunks, order, self._full())
        self.tester.begin(order, self._trunks.worker(trunk), trunk, clid)

    def _changed(self, attached: bool) -> None:  # noqa: FBT001 - the service's callback
        if not attached:
            self.tester.stop()

    def _idle(self) -> bool:
        return self.tester.idle

    def _over(self, told: CallTested, _steps: tuple[LineStep, ...]) -> None:
        self._service.publish(told)


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
