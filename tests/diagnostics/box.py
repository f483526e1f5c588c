# SPDX-License-Identifier: GPL-2.0-only
"""A branch to be looked at: a real line worker in service, its supervisor's alarm, its stores; and who looks."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from appliance.config import Branch
from appliance.config.files import load_role
from appliance.diagnostics.metrics.series import PREFIX
from appliance.line.performance import store
from appliance.line.performance.history import Kept
from appliance.media import segment
from appliance.media.segment import Segment
from appliance.processes.diagnostics import Diagnostics
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.performance import Figures, Interval
from appliance.wire.service import Service
from tests.headquarters.site import Site, contacts
from tests.line.bench import Bench, started

ALARM = AlarmRaised(code="process.restarted", address="process=ivr", sentence="ivr ended by signal 11")
PATIENCE_S = 10.0


class Box:
    """What a test gets."""

    def __init__(self, state: Path, diagnostics: Diagnostics, bench: Bench) -> None:
        self.state, self.diagnostics, self.bench = state, diagnostics, bench

    async def told(self, *names: str) -> str:
        """The metrics, once all of these are among them."""
        until = asyncio.get_running_loop().time() + PATIENCE_S
        while not all(f"\n{PREFIX}{name}" in (text := self.diagnostics.scrape()) for name in names):
            assert asyncio.get_running_loop().time() < until, text
            await asyncio.sleep(0.05)
        return text


@contextlib.asynccontextmanager
async def watched(site: Site, diagnostics: str) -> AsyncIterator[Box]:
    """Its diagnostics as these keys of the file say."""
    file, state = site.folder / "branch.yaml", site.branch_state
    token = site.folder / "secrets" / "nats"
    token.touch(0o600)
    token.write_text("of nobody\n")
    file.write_text(f"{file.read_text()}diagnostics: {{{diagnostics}}}\n")
    (state / "run").mkdir(parents=True, exist_ok=True)
    site.tell(*contacts(0, 1))
    sealer = Sealer(Identity.take("BR-0001", "supervisor"))
    supervisor = Service(state / "run" / "supervisor.sock", sealer, "processes", lambda _: None, lambda: (ALARM,))
    await supervisor.start()
    kept = Kept("telco", quarters=[Interval(start_s=int(time.time()), near=Figures(seconds=600, es=3, uas=1))])
    store.write(state / "run" / "performance" / "span1.json", msgspec.json.encode(kept))
    made = Diagnostics(load_role(file, Branch), state, Segment(segment.create(20_000)))
    async with started(state / "run") as bench:
        task = asyncio.create_task(made.run())
        try:
            yield Box(state, made, bench)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await supervisor.close()
