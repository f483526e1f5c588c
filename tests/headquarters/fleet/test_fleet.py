# SPDX-License-Identifier: GPL-2.0-only
"""The fleet's own process and a real message server, with many small boxes: waves, stops, boxes that were away."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest

from appliance.cli import headquarters
from appliance.config.files import load_role
from appliance.config.headquarters import Headquarters
from appliance.config.history import fingerprint
from appliance.headquarters.fleet.groups import Groups, rendered
from appliance.simulator.branches import Branches
from appliance.uplink.connection import own_access
from appliance.wire.fleet import (
    AuditAsked,
    AuditTold,
    BoxesAsked,
    BoxesTold,
    DiffAsked,
    DiffTold,
    OrderPush,
    PushAsked,
    PushNow,
    PushTold,
    PushWish,
    StartPush,
)
from appliance.wire.service_messages import Refused
from tests.headquarters.fleet import network
from tests.headquarters.site import Site, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]
MANY = 20
OPENED = "fleet.door.opened"
_networks = itertools.count()


class Network:
    """Headquarters with a table of boxes that it has never heard of: number `first` and those after it."""

    def __init__(self, site: Site, first: int) -> None:
        self.site, self._first = site, first
        network.write(site.folder, range(first, first + MANY))

    def box(self, number: int) -> str:
        """The serial, from 1."""
        return f"BR-{self._first + number - 1:05}"

    def texts(self, boxes: Iterable[str] = ()) -> dict[str, str]:
        """What the files say of them now."""
        file = self.site.folder / "headquarters.yaml"
        fleet = load_role(file, Headquarters).fleet
        assert fleet is not None
        said = {one.box: one.text for one in rendered(Groups(file, fleet).targeted("all"))}
        return {box: said[box] for box in boxes} if boxes else said

    def change(self, old: str, new: str) -> None:
        """In the template."""
        file = self.site.folder / "small.yaml"
        file.write_text(file.read_text().replace(old, new))

    async def asked(self, asked: Any) -> Any:
        """As the CLI does."""
        return await asyncio.to_thread(headquarters.fleet, self.site.state, asked)

    async def started(self, target: str = "all", **more: Any) -> PushNow:
        told = await self.asked(StartPush(target=target, healthy_s=0.5, by="li", origin="console", **more))
        assert isinstance(told, PushTold), told
        assert told.now is not None
        return told.now

    async def push(self, so: Callable[[PushNow], bool], within_s: float = 15) -> PushNow:
        """The newest, as soon as it is so."""
        async with asyncio.timeout(within_s):
            while True:
                told = await self.asked(PushAsked())
                now: PushNow | None = told.now
                if now is not None and so(now):
                    return now
                await asyncio.sleep(0.1)

    @contextlib.asynccontextmanager
    async def boxes(self, texts: dict[str, str]) -> AsyncIterator[Branches]:
        """They live as long as the block."""
        boxes = Branches(self.site.config.server.listen, own_access(self.site.config), texts, 2, report_s=2)
        await boxes.start()
        async with asyncio.TaskGroup() as lives:
            life = lives.create_task(boxes.run())
            await _until(lambda: boxes.known == len(texts), 15)
            yield boxes
            life.cancel()
        await boxes.close()


async def _until(so: Callable[[], bool], within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not so():  # noqa: ASYNC110 - of what others do
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("fleet"))
    try:
        network.write(made.folder, ())
        made.start("nats-server")
        _start(made)
        yield made
    finally:
        made.close()


def _start(site: Site) -> None:
    """The fleet's process, for the first time or again."""
    before = site.log_of("fleet").count(OPENED) if (site.folder / "fleet.log").exists() else 0
    site.start("fleet")
    until(lambda: site.log_of("fleet").count(OPENED) > before, 20, "the fleet listens")


@pytest.fixture
def network_of(served: Site) -> Network:
    return Network(served, 1 + MANY * next(_networks))


def test_a_change_goes_wave_by_wave_and_all_of_it_can_be_read_afterwards(network_of: Network) -> None:
    async def story() -> None:
        async with network_of.boxes(network_of.texts()) as boxes:
            network_of.change("driver: cesopsn", "driver: cesopsn\n    side: network")
            told = await network_of.asked(DiffAsked(target="all"))
            assert isinstance(told, DiffTold)
            (changed,) = told.changed
            assert changed.lines == ("+ set spans telco side network",)
            assert len(changed.boxes) == MANY
            begun = await network_of.started(waves=("1", "25%", "all"), comment="networks from now on")
            assert [one.boxes for one in begun.waves] == [1, 5, 14]
            done = await network_of.push(lambda now: now.course == "done")
            assert [one.stages for one in done.waves] == [{"confirmed": 1}, {"confirmed": 5}, {"confirmed": 14}]
            assert {one.text for one in boxes.boxes.values()} == set(network_of.texts().values())
            audit = await network_of.asked(AuditAsked(box=network_of.box(7)))
            assert isinstance(audit, AuditTold)
            confirmed, *_ = audit.entries
            assert (confirmed.what, confirmed.by, confirmed.push) == ("confirmed", "li", done.number)
            assert confirmed.lines == ("+ set spans telco side network",)
            same = await network_of.asked(StartPush(target="all"))
            assert (same.code, same.sentence) == ("push.same", "all 20 boxes have it already")

    asyncio.run(story())


def test_a_box_that_goes_back_stops_the_wave_and_what_was_given_can_be_taken_back(network_of: Network) -> None:
    async def story() -> None:
        before = network_of.texts()
        async with network_of.boxes(before) as boxes:
            worse = network_of.box(3)
            boxes.fails.add(worse)
            network_of.change("timeout_ms: ${timeout}", "timeout_ms: 600")
            begun = await network_of.started(waves=("5", "all"))
            stopped = await network_of.push(lambda now: now.course == "stopped")
            assert stopped.reason == f"1 of wave 1 and before: {worse} returned: worse than before"
            assert stopped.waves[1].stages == {"waiting": 15}
            refused = await network_of.asked(OrderPush(wish=PushWish.GO_ON, number=77))
            assert isinstance(refused, Refused)
            await network_of.asked(OrderPush(wish=PushWish.BACK, by="li", origin="console"))
            back = await network_of.push(lambda now: now.back_of == begun.number and now.course == "done")
            assert [one.boxes for one in back.waves] == [4]
            assert {box: one.text for box, one in boxes.boxes.items()} == before

    asyncio.run(story())


def test_a_box_that_was_changed_by_hand_is_shown_and_not_overwritten(network_of: Network) -> None:
    async def story() -> None:
        texts = network_of.texts()
        name = network_of.box(4)
        async with network_of.boxes(texts) as boxes:
            network_of.change("timeout_ms: ${timeout}", "timeout_ms: 600")
            await network_of.started(name, waves=("all",))
            await network_of.push(lambda now: now.course == "done")
            box = boxes.boxes[name]
            box.text = box.text.replace("timeout_ms: 600", "timeout_ms: 650")
            box.fingerprint, box.author, box.wants_text = fingerprint(box.text), "wu", True
            await boxes.report(name)
            await asyncio.sleep(1)
            told = await network_of.asked(BoxesAsked(drift=True))
            assert isinstance(told, BoxesTold)
            assert [(one.box, one.author, one.drift) for one in told.boxes] == [(name, "wu", True)]
            assert told.changed[0].lines == ("- set route timeout_ms 600", "+ set route timeout_ms 650")
            network_of.change("timeout_ms: 600", "timeout_ms: 700")
            refused = await network_of.asked(StartPush(target=name, waves=("all",)))
            assert refused.code == "push.drift"
            forced = await network_of.started(name, waves=("all",), force=True)
            await network_of.push(lambda now: now.number == forced.number and now.course == "done")
            assert box.text == network_of.texts()[name]

    asyncio.run(story())


def test_a_box_that_was_away_catches_up_once_and_with_the_newest_alone(network_of: Network) -> None:
    async def story() -> None:
        texts = network_of.texts()
        name = network_of.box(MANY)
        late = {name: texts.pop(name)}
        async with network_of.boxes(texts):
            for old, value in (("${timeout}", "600"), ("600", "700")):
                network_of.change(f"timeout_ms: {old}", f"timeout_ms: {value}")
                await network_of.started(waves=("all",))
                await network_of.push(lambda now: now.course == "done")
            network_of.site.kill("fleet")
            _start(network_of.site)
            async with network_of.boxes(late) as returned:
                box = returned.boxes[name]
                await _until(lambda: box.step == "confirmed", 15)
                assert box.taken == 1
                assert "timeout_ms: 700" in box.text
                done = await network_of.push(lambda now: now.course == "done")
                assert done.waves[0].stages == {"confirmed": MANY}

    asyncio.run(story())


def test_nothing_is_pushed_where_one_box_would_be_wrong(network_of: Network) -> None:
    async def story() -> None:
        async with network_of.boxes(network_of.texts()) as boxes:
            table = network_of.site.folder / "small.csv"
            row = network.row(int(network_of.box(9)[3:]))
            table.write_text(table.read_text().replace(row, f"{row}soon"))
            refused = await network_of.asked(StartPush(target="all"))
            assert refused.code == "push.invalid"
            assert refused.sentence.endswith(f"small.csv:10:5: box {network_of.box(9)}: 'soon' is not a whole number")
            assert {one.taken for one in boxes.boxes.values()} == {0}

    asyncio.run(story())
