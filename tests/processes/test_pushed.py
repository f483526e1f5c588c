# SPDX-License-Identifier: GPL-2.0-only
"""A change from headquarters at a real branch goes back where it costs a line, and is never lost.

That it lands beside a call is a stage of `make accept` (pushed).
"""

import asyncio
import time
from collections.abc import Iterator

import pytest

from appliance.wire.fleet import BoxesAsked
from tests.accept.pushed import BOX, Floor, floor_in, runs
from tests.accept.talk import in_service
from tests.ports import free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(150)]


@pytest.fixture(scope="module")
def floor(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    opened = floor_in(tmp_path_factory.mktemp("pushed"))
    yield loop.run(opened.__aenter__())
    loop.run(opened.__aexit__(None, None, None))


@pytest.mark.soak
def test_p4_a_box_that_was_cut_off_catches_up_once(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        await floor.known()
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
        await floor.known()
        before, begun = runs(floor), time.monotonic()
        local = f"local: 127.0.0.1:{floor.site.ports.line_branch}"
        floor.change(local, f"local: 127.0.0.1:{free_port()}")
        await floor.start("another port")
        stopped = await floor.push(lambda now: now.course == "stopped", 120)
        assert time.monotonic() - begun < 120
        assert "the signal of telco" in stopped.reason
        assert stopped.waves[0].stages == {"returned": 1}
        assert runs(floor) == before
        await in_service(floor.rig.exchange, floor.site)

    loop.run(story())
