# SPDX-License-Identifier: GPL-2.0-only
"""Call control: workers, IVR, uplink, engine and outbox on one side, pure transitions on the other.

One asyncio thread. `legs.py` hears the leg workers, `answers.py` the IVR and the uplink; `contacts.py` takes the steps.
`door.py` serves who asks for calls, `testing.py` makes one to see, `health.py` those that the box makes by itself.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from appliance.call import recovery
from appliance.call.contact import Contact
from appliance.call.settings import NO_TRUNKS, Default, Trunks
from appliance.call.shell.answers import Answers
from appliance.call.shell.contacts import Contacts
from appliance.call.shell.door import CallDoor, TestDoor
from appliance.call.shell.health import HealthCalls
from appliance.call.shell.legs import Legs
from appliance.call.shell.ports import Links, Switch
from appliance.call.shell.testing import Ear, Tester, without
from appliance.call.trunks import GroupNow
from appliance.config.testing import TestedNumber
from appliance.wire import legs as w
from appliance.wire.envelope import Sealer
from appliance.wire.ids import IdSource
from appliance.wire.service_messages import Refused
from appliance.wire.spans import SpanChanged

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
        self._testers: tuple[Tester, ...] = ()
        self._health: HealthCalls | None = None
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

    async def serve(
        self, run: Path, sealer: Sealer, ear: Ear, wanted: Sequence[tuple[TestedNumber, bool]] = ()
    ) -> HealthCalls:
        """Who asks for calls, and for one that is made to see, from now on; the box's own test calls are to be run."""
        common = sealer, self._links, ear, self._ids, self._trunks
        door = TestDoor(run / "test.call.sock", *common, self._full)
        self._health = HealthCalls(run / "health.call.sock", *common, wanted, lambda: self._full(beside=1))
        self._testers = door.tester, self._health.tester
        await CallDoor(run / "call.sock", sealer, self._contacts, self._links, self._switch).start()
        await door.start()
        return self._health

    def _full(self, beside: int = 0) -> Mapping[str, str]:
        return self._contacts.groups.full_out(self.contacts, beside)

    def _owner(self, leg: str) -> Tester | None:
        return next((tester for tester in self._testers if tester.owns(leg)), None)

    def leg_said(self, worker: str, body: object) -> None:
        """An event or snapshot of a leg worker."""
        if isinstance(body, w.LegSnapshot):
            held = {leg.leg for leg in body.legs}
            for one in self._testers:
                one.lost(worker, held)
            body = w.LegSnapshot(without(body.legs, lambda leg: self._owner(leg) is not None))
        elif isinstance(body, SpanChanged) and self._health is not None:
            self._health.channels(body.span.name, body.span.channels)
        tester = self._owner(_leg_of(body))
        if tester is not None:
            tester.said(body)
        else:
            self._legs.said(worker, body)

    def refused(self, command: object, refusal: Refused) -> None:
        """A worker would not carry out a command."""
        tester = self._owner(command.leg) if isinstance(command, w.PlaceLeg) else None
        if tester is not None:
            tester.refused(refusal)
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
