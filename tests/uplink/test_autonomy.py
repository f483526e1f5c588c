# SPDX-License-Identifier: GPL-2.0-only
"""A branch is cut off while callers wait: its own router goes on in their order, and hands over when it is back."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from appliance.script.loading import load
from tests.accept.tcp_path import TcpPath
from tests.headquarters.site import ROOT, Site
from tests.ports import free_port
from tests.uplink.calls import Calls, so

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

CUT_S = 5.0
"""The bar of a lost branch."""


@asynccontextmanager
async def branch(site: Site) -> AsyncIterator[tuple[Calls, TcpPath]]:
    """Two agents, and callers who wait for them; a path between the boxes."""
    script = site.folder / "scripts" / "welcome.yaml"
    script.write_text(script.read_text().replace("    ring_s: 20\n", "    ring_s: 20\n    hold: [vm-press]\n"))
    path = TcpPath(free_port(), ("127.0.0.1", site.nats_port))
    file = site.folder / "branch.yaml"
    file.write_text(file.read_text().replace(f"server: 127.0.0.1:{site.nats_port}", f"server: 127.0.0.1:{path.port}"))
    await path.start()
    await asyncio.to_thread(site.start, "nats-server", "headquarters", "uplink")
    await so(lambda: "domain.rules.changed" in site.log_of("uplink"), 10, "the branch has its rules")
    calls = Calls(site.branch_state, f"welcome/{load(script, ['card']).version}/ask/2")
    work = asyncio.create_task(calls.client.run())
    try:
        yield calls, path
    finally:
        work.cancel()
        calls.close()
        await path.close()


def story(site: Site, tell: Callable[[Calls, TcpPath], Awaitable[None]]) -> None:
    async def run() -> None:
        async with branch(site) as (calls, path):
            await tell(calls, path)

    asyncio.run(run())


async def queued(calls: Calls, *contacts: str) -> None:
    """Each waits, or rings, before the next one comes."""
    for contact in contacts:
        calls.begin(contact)
        before = len(calls.answers)
        calls.ask(contact, "digits")
        await so(lambda n=before: len(calls.answers) > n, 2, f"{contact} is answered")  # type: ignore[misc]


@pytest.mark.parametrize(
    "ways",
    [("down",), pytest.param(("up",), marks=pytest.mark.soak), pytest.param(("up", "down"), marks=pytest.mark.soak)],
)
def test_a_branch_that_is_cut_off_rings_its_own_agents_in_the_callers_order(site: Site, ways: tuple[str, ...]) -> None:
    async def tell(calls: Calls, path: TcpPath) -> None:
        await queued(calls, "c1", "c2", "c3", "c4")
        assert [(name, ring.agent) for name, ring in calls.rung] == [("c1", "1001"), ("c2", "1002")]
        path.black_hole(*ways)
        took_s = await so(lambda: "domain.lease.over" in site.log_of("uplink"), 8, "the branch acts alone")
        assert took_s < CUT_S
        assert len(calls.rung) == 2
        calls.end("c1")
        await so(lambda: len(calls.rung) == 3, 1, "who waits longest is rung")
        assert (calls.rung[2][0], calls.rung[2][1].agent) == ("c3", "1001")
        await queued(calls, "c5")
        assert calls.answers[-1].by == "branch"
        calls.end("c2")
        await so(lambda: len(calls.rung) == 4, 1, "the next one is rung")
        assert (calls.rung[3][0], calls.rung[3][1].agent) == ("c4", "1002")
        await queued(calls, "c6")
        path.heal()
        granted = site.log_of("uplink").count("domain.lease.granted")
        await so(lambda: site.log_of("uplink").count("domain.lease.granted") > granted, 5, "headquarters has it again")
        await asyncio.sleep(0.5)
        assert len(calls.rung) == 4, "both agents talk"
        calls.end("c3")
        await so(lambda: len(calls.rung) == 5, 2, "headquarters rings who waits longest")
        assert (calls.rung[4][0], calls.rung[4][1].agent) == ("c5", "1001")
        assert calls.answers[-1].by == "headquarters"
        calls.end("c4")
        await so(lambda: len(calls.rung) == 6, 2, "and then the other")
        assert (calls.rung[5][0], calls.rung[5][1].agent) == ("c6", "1002")
        for contact in ("c5", "c6"):
            calls.end(contact)
        await so(lambda: not site.waiting(), 5, "the record has all of it")
        await asyncio.to_thread(verified, site)

    story(site, tell)


def verified(site: Site) -> None:
    """The statistics are those of all events counted anew."""
    command = [sys.executable, "-m", "appliance.cli", "report", "verify", "--state", str(site.state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
