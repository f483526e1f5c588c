# SPDX-License-Identifier: GPL-2.0-only
"""Whoever dies, and whenever: afterwards no leg is left and no contact, and each has ended once."""

import asyncio
import itertools
from collections import Counter
from random import Random

import pytest

from appliance.call.settings import Trunks
from appliance.call.shell.control import Control
from appliance.config.tandem import Tandem
from appliance.wire.calls import ContactBegan, ContactEnded
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import Direction, ReleasedBy
from tests.call.test_control import DEFAULT, FakeBox
from tests.call.workers import Attachment, Worker

pytestmark = pytest.mark.unit

RULES = (Tandem(span="telco", to="pbx", taken=("95588",)), Tandem(span="pbx", to="telco"))
TRUNKS = Trunks({"telco": "line1", "pbx": "line2"}, RULES)
STEPS = 600


class Site(FakeBox):
    """Two trunks with calls through and for agents, headquarters away."""

    rules: tuple[Tandem, ...] = RULES
    deaths = (1.5, 1.5, 0.5)
    """Weights of a cut, of a worker's death and of call control's."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.uplink = False
        self._random = Random(seed)  # noqa: S311
        self._numbers = itertools.count()
        places = (("line1", "telco", 0), ("line2", "pbx", 32), ("sip", "", 256))
        self._workers = [Worker(name, trunk, port, self._random) for name, trunk, port in places]
        self._born()

    def to_worker(self, worker: str, command: object) -> None:
        self._clients[worker].send(next(self._numbers), command)  # type: ignore[arg-type]  # a leg command

    def placing(self, worker: str) -> set[str]:
        return self._clients[worker].placing()

    def _born(self) -> None:
        ids = IdSource(Identity.take("BR-1", "call"))
        self.control = Control(self, self, ids, DEFAULT, 5.0, TRUNKS)
        self._clients = {
            worker.name: Attachment(worker, self.control.leg_said, self.control.refused) for worker in self._workers
        }
        self.control.restore(dict(self.kept))

    async def live(self) -> None:
        """Calls, and deaths among them."""
        for _ in range(STEPS):
            worker = self._random.choice(self._workers)
            client = self._clients[worker.name]
            happens = (self._call, client.hear, client.order, client.attach, client.cut, worker.die, self._die)
            (what,) = self._random.choices(happens, (30, 30, 30, 5, *self.deaths))
            if what == worker.die:
                client.cut()
            what()
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Every caller hangs up."""
        await self._quiet()
        for worker in self._workers:
            for leg in tuple(worker.legs.values()):
                if leg.direction is Direction.INCOMING:
                    worker.release(leg.leg, 16, ReleasedBy.PEER)
        await self._quiet()

    def left(self) -> tuple[object, ...]:
        """What should be nothing."""
        return *(leg for worker in self._workers for leg in worker.legs), *self.control.contacts, *self.kept

    def _call(self) -> None:
        worker = self._random.choice(self._workers)
        if worker.name != "sip" and (not worker.legs or self._random.random() < 0.4):
            worker.offer(self._random.choice(("95588", "8001")))
        elif worker.legs:
            worker.far(self._random.choice(tuple(worker.legs.values())))

    def _die(self) -> None:
        for client in self._clients.values():
            client.cut()
        self._born()

    async def _quiet(self) -> None:
        moved = True
        while moved:
            for client in self._clients.values():
                client.attach()
            moved = any([client.hear() | client.order() for client in self._clients.values()])  # noqa: C419 - all
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_left_whoever_dies(seed: int) -> None:
    async def story() -> None:
        site = Site(seed)
        await site.live()
        await site.end()
        assert site.left() == ()
        told = Counter((type(event), event.contact) for event in site.events)
        began = {contact for kind, contact in told if kind is ContactBegan}
        assert len(began) > 10
        assert {told[ContactEnded, contact] for contact in began} == {1}

    asyncio.run(story())
