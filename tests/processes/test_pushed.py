# SPDX-License-Identifier: GPL-2.0-only
"""A change from headquarters at a real branch: lands beside a call, goes back where it costs a line, is never lost."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import headquarters
from appliance.config.history import History, fingerprint
from appliance.simulator.phone import Phone
from appliance.wire.fleet import AuditAsked, BoxesAsked, DiffAsked, PushAsked, PushNow, StartPush
from tests.accept.site import Site
from tests.accept.talk import Rig, exchange_of, in_service
from tests.ports import free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(150)]
BOX = "BR-0001"
FLEET = "fleet: {groups: [{name: branches, template: template.yaml, boxes: boxes.csv}]}\n"


class Floor:
    """A branch with its exchange and a phone, and the files that headquarters would give it."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.site = rig, rig.site
        self.history = History(self.site.branch.configuration)
        self.folder = self.site.headquarters.configuration.parent

    def change(self, old: str, new: str) -> None:
        """In the template."""
        file = self.folder / "template.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    async def asked(self, asked: Any) -> Any:
        """As the CLI does."""
        return await asyncio.to_thread(headquarters.fleet, self.site.headquarters.state, asked)

    async def start(self, comment: str) -> None:
        """A push to all there are."""
        told = await self.asked(
            StartPush(target="all", healthy_s=2, drain_s=20, comment=comment, by="li", origin="console")
        )
        assert told.now is not None, told

    async def push(self, so: Callable[[PushNow], bool], within_s: float = 40) -> PushNow:
        """The newest, as soon as it is so."""
        async with asyncio.timeout(within_s):
            while True:
                told = await self.asked(PushAsked())
                now: PushNow | None = told.now
                if now is not None and so(now):
                    return now
                await asyncio.sleep(0.2)

    def versions(self, comment: str) -> list[tuple[str, int]]:
        """Author and number of those with that comment."""
        return [(one.author, one.number) for one in self.history.versions() if one.comment == comment]


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def floor(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    opened = _floor(tmp_path_factory.mktemp("pushed"))
    yield loop.run(opened.__aenter__())
    loop.run(opened.__aexit__(None, None, None))


@contextlib.asynccontextmanager
async def _floor(folder: Path) -> AsyncIterator[Floor]:
    site = Site(folder, ("8001",))
    file = site.headquarters.configuration
    template = site.branch.configuration.read_text().replace(f"box: {BOX}", "box: ${box}")
    (file.parent / "template.yaml").write_text(template)
    (file.parent / "boxes.csv").write_text(f"box\n{BOX}\n")
    file.write_text(file.read_text() + FLEET)
    async with site:
        exchange = exchange_of(site)
        await exchange.start()
        try:
            await in_service(exchange, site)
            with Phone("8001@branch.test", site.secret("8001"), site.proxy, folder / "phone") as phone:
                yield Floor(Rig(site, exchange, (phone,)))
        finally:
            await exchange.close()


def _runs(floor: Floor) -> str:
    return fingerprint(floor.site.branch.configuration.read_text())


async def _known(floor: Floor) -> None:
    """The box has told what it runs."""
    async with asyncio.timeout(30):
        while (await floor.asked(DiffAsked(target=BOX))).unknown:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.2)


def test_p4_a_change_from_headquarters_lands_beside_a_call(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        await _known(floor)
        call, _ = await floor.rig.talking("02512380001")
        before = floor.site.branch.pid("line1"), floor.site.branch.pid("sip"), floor.site.branch.pid("engine")
        floor.change("timeout_ms: 500", "timeout_ms: 600")
        (changed,) = (await floor.asked(DiffAsked(target="all"))).changed
        assert changed.lines == ("- set route timeout_ms 500", "+ set route timeout_ms 600")
        await floor.start("longer waits")
        done = await floor.push(lambda now: now.course == "done")
        assert done.waves[0].stages == {"confirmed": 1}
        assert floor.history.trial() is None
        assert "timeout_ms: 600" in floor.site.branch.configuration.read_text()
        assert [author for author, _ in floor.versions("longer waits")] == ["li"]
        after = floor.site.branch.pid("line1"), floor.site.branch.pid("sip"), floor.site.branch.pid("engine")
        assert after == before
        call.hang_up(16)
        await call.result()
        await floor.rig.quiet()
        (entry, *_) = (await floor.asked(AuditAsked(box=BOX))).entries
        assert (entry.what, entry.by, entry.lines) == ("confirmed", "li", changed.lines)

    loop.run(story())


@pytest.mark.soak
def test_p4_a_box_that_was_cut_off_catches_up_once(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        await _known(floor)
        floor.site.path.black_hole()
        floor.change("reserve_mb: 50", "reserve_mb: 60")
        await floor.start("more room")
        await asyncio.sleep(2)
        assert floor.versions("more room") == []
        floor.site.path.heal()
        await floor.push(lambda now: now.course == "done")
        assert len(floor.versions("more room")) == 1
        (box,) = (await floor.asked(BoxesAsked(target=BOX))).boxes
        assert (box.author, box.comment, box.drift) == ("li", "more room", False)

    loop.run(story())


@pytest.mark.soak
def test_p4_a_change_that_costs_a_line_goes_back_by_itself_and_stops_the_push(
    loop: asyncio.Runner, floor: Floor
) -> None:
    async def story() -> None:
        await _known(floor)
        before, begun = _runs(floor), time.monotonic()
        local = f"local: 127.0.0.1:{floor.site.ports.line_branch}"
        floor.change(local, f"local: 127.0.0.1:{free_port()}")
        await floor.start("another port")
        stopped = await floor.push(lambda now: now.course == "stopped", 120)
        assert time.monotonic() - begun < 120
        assert "the signal of telco" in stopped.reason
        assert stopped.waves[0].stages == {"returned": 1}
        assert _runs(floor) == before
        await in_service(floor.rig.exchange, floor.site)

    loop.run(story())
