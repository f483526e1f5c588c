# SPDX-License-Identifier: GPL-2.0-only
"""Whoever dies while customers are called back: nothing is left, each try ends once and dials once at most."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from appliance.call.settings import Trunks
from appliance.call.shell.control import Control
from appliance.config.outbound import Way
from appliance.wire.callbacks import PlaceContact
from appliance.wire.calls import ContactBegan, ContactEnded, TalkBegan
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import PlaceLeg, ReleasedBy
from appliance.wire.routes import Dial, RingAgent, RouteAnswer, RouteRequest
from appliance.wire.service_messages import Refused
from tests.call.test_control import DEFAULT
from tests.call.test_deaths import Site
from tests.call.workers import Attachment, Command, Worker

pytestmark = pytest.mark.unit

WAYS = Trunks({"telco": "line1", "pbx": "line2"}, ways=(Way(to="telco"), Way(to="pbx", numbers=("8",))))


class CallbackSite(Site):
    """Orders alone; headquarters answers, or its answer is lost."""

    deaths = (0.5, 0.5, 0.5)

    def __init__(self, seed: int) -> None:
        self.orders = 0
        self.dialled: Counter[str] = Counter()
        super().__init__(seed)
        self.uplink = True
        for worker in self._workers:
            worker.hear = self._counted(worker, worker.hear)  # type: ignore[assignment, method-assign]

    def _born(self) -> None:
        self.control = Control(self, self, IdSource(Identity.take("BR-1", "call")), DEFAULT, 5.0, WAYS)
        self._clients = {
            one.name: Attachment(one, self.control.leg_said, self.control.refused) for one in self._workers
        }
        self.control.restore(dict(self.kept))
        for client in self._clients.values():
            client.attach()

    def _counted(
        self, worker: Worker, hear: Callable[[Command], Refused | None]
    ) -> Callable[[Command], Refused | None]:
        def counted(command: Command) -> Refused | None:
            if isinstance(command, PlaceLeg) and worker.name != "sip":
                self.dialled[command.contact] += 1
            return hear(command)

        return counted

    def ask(self, request: RouteRequest) -> bool:
        if self._random.random() < 0.9:
            answer = RouteAnswer(request=request.request, action=Dial(request.dnis), reason="")
            asyncio.get_running_loop().call_soon(lambda: self.control.route_said(answer))
        return self._random.random() < 0.95

    def _call(self) -> None:
        legs = [(worker, leg) for worker in self._workers for leg in worker.legs.values()]
        if len(self.control.contacts) < 3:
            self.orders += 1
            number = self._random.choice(("02512345678", "80012345"))
            ring = RingAgent(agent="1001", extension="8001", queue="card", token="t")
            name = f"BR-1.epoch.{self.orders}"
            order = PlaceContact(contact=name, callback="epoch.1", number=number, ring=ring, reason="free")
            self.control.route_said(order)
        elif legs:
            worker, leg = self._random.choice(legs)
            worker.far(leg)

    async def end(self) -> None:
        """Everybody hangs up, as often as somebody new is rung for it."""
        for _ in range(10):
            await self._quiet()
            for worker in self._workers:
                for leg in tuple(worker.legs.values()):
                    worker.release(leg.leg, 16, ReleasedBy.PEER)
        for contact in self.control.contacts:
            self.control._contacts.route_timed_out(contact.contact)
        await self._quiet()


def test_no_try_is_left_over_ended_twice_or_dials_twice() -> None:
    async def story(seed: int) -> int:
        site = CallbackSite(seed)
        for _ in range(4):
            await site.live()
        await site.end()
        assert site.left() == ()
        told = Counter((type(event), event.contact) for event in site.events)
        began = {contact for kind, contact in told if kind is ContactBegan}
        assert {told[ContactEnded, contact] for contact in began} == {1}
        assert set(site.dialled.values()) == {1}
        return sum(kind is TalkBegan for kind, _ in told)

    assert sum(asyncio.run(story(seed)) for seed in range(10)) > 10, "and some have talked"
