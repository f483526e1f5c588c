# SPDX-License-Identifier: GPL-2.0-only
"""Call control: workers, IVR, uplink, engine and outbox on one side, pure transitions on the other.

One asyncio thread. `legs.py` hears the leg workers, `answers.py` the IVR and the uplink; `contacts.py` takes the steps.
`door.py` serves who asks for calls, `testing.py` makes one to see.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from appliance.call import recovery
from appliance.call.contact import Contact
from appliance.call.settings import NO_TRUNKS, Default, Trunks
from appliance.call.shell.answers import Answers
from appliance.call.shell.contacts import Contacts
from appliance.call.shell.door import CallDoor
from appliance.call.shell.legs import Legs
from appliance.call.shell.ports import Links, Switch
from appliance.call.shell.testing import CallTests, Ear, without
from appliance.call.trunks import GroupNow
from appliance.wire import legs as w
from appliance.wire.envelope import Sealer
from appliance.wire.ids import IdSource
from appliance.wire.service_messages import Refused

log = structlog.get_logger()


class Control:
    """`links` reaches the other processes, `switch` the engine. `peers`: other branches whose phones can be rung."""

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
        default = msgspec.structs.replace(default, trunks=trunks)
        self._links, self._switch, self._ids, self._trunks = links, switch, ids, trunks
        self._tests: CallTests | None = None
        self._contacts = Contacts(links, switch, ids, default, route_timeout_s, peers)
        self._legs = Legs(self._contacts, links, switch, ids, default)
        self._answers = Answers(self._contacts, links, ids, default)

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """Those in progress."""
        return tuple(self._contacts)

    @property
    def groups(self) -> tuple[GroupNow, ...]:
        """Trunk groups as they are now."""
        return self._contacts.groups.now(self.contacts)

    def restore(self, kept: dict[str, bytes]) -> None:
        """Take up the contacts that a former life of this process kept."""
        for key, value in kept.items():
            try:
                contact = msgspec.json.decode(value, type=Contact)
            except msgspec.DecodeError as error:
                log.error("call.contact.unreadable", contact=key, error=str(error))
                continue
            after, actions = recovery.resume(contact, self._contacts.fresh())
            log.info("call.contact.restored", contact=contact.contact, state=str(contact.state))
            self._contacts.commit(None, after, actions)

    async def serve(self, run: Path, sealer: Sealer, ear: Ear) -> None:
        """Who asks for calls, and for one that is made to see, from now on."""
        tests = CallTests(run / "test.call.sock", sealer, self._links, ear, self._ids, self._trunks, self._full)
        await CallDoor(run / "call.sock", sealer, self._contacts, self._links, self._switch).start()
        await tests.start()
        self._tests = tests

    def _full(self) -> Mapping[str, str]:
        return self._contacts.groups.full_out(self.contacts)

    def leg_said(self, worker: str, body: object) -> None:
        """An event or snapshot of a leg worker."""
        tests = self._tests
        if tests is not None and isinstance(body, w.LegSnapshot):
            tests.lost(worker, {leg.leg for leg in body.legs})
            body = w.LegSnapshot(without(body.legs, tests.owns))
        if tests is not None and tests.owns(_leg_of(body)):
            tests.said(body)
        else:
            self._legs.said(worker, body)

    def refused(self, command: object, refusal: Refused) -> None:
        """A worker would not carry out a command."""
        if self._tests is not None and isinstance(command, w.PlaceLeg) and self._tests.owns(command.leg):
            self._tests.refused(refusal)
        else:
            self._legs.refused(command, refusal)

    def treatment_said(self, body: object) -> None:
        """An event or snapshot of the IVR."""
        self._answers.treatment_said(body)

    def route_said(self, body: object) -> None:
        """The uplink's word."""
        self._answers.route_said(body)


def _leg_of(body: object) -> str:
    leg = getattr(body, "leg", "")
    return leg.leg if isinstance(leg, w.Leg) else str(leg)
