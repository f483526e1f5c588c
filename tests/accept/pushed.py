# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters changes a branch's configuration while a caller talks: it lands, and the talk hears nothing of it.

One by which nobody can be called outside any more, though every line is well, goes back by the branch's own test call.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from appliance.cli import headquarters
from appliance.config.history import History, fingerprint
from appliance.simulator.caller import Answerer, AwaitRelease, Script, Talk
from appliance.simulator.phone import Phone
from appliance.wire.fleet import AuditAsked, DiffAsked, PushAsked, PushNow, StartPush
from tests.accept.sheet import Sheet
from tests.accept.site import Site, hum, write_secrets
from tests.accept.talk import Rig, exchange_of, in_service
from tests.ports import HOST, free_port
from tests.sound.speech import write_wav

BOX = "BR-0001"
FLEET = "fleet: {groups: [{name: branches, template: template.yaml, boxes: boxes.csv}]}\n"
CONFIRMED_S = 30.0
BACK_S = 120.0
OUTSIDE = "outbound: [{to: telco}]"
AWAY = "BR-0002"
"""A branch that is not there."""
TESTED = "02512349999"
"""A machine at the exchange."""
ANNOUNCEMENT_HZ = 440


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

    async def known(self) -> None:
        """Until the box has told what it runs."""
        async with asyncio.timeout(30):
            while (await self.asked(DiffAsked(target=BOX))).unknown:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.2)

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


@contextlib.asynccontextmanager
async def floor_in(folder: Path) -> AsyncIterator[Floor]:
    """In service, with one phone."""
    site = Site(folder, ("8001",))
    file, branch = site.headquarters.configuration, site.branch.configuration
    write_secrets(file.parent, "peer")
    peer = f"{{box: {AWAY}, proxy: {HOST}:{free_port()}, domain: away.test, secret: secrets/peer}}"
    tests = f'{{name: pstn, number: "{TESTED}"}}'
    branch.write_text(f"{branch.read_text()}peers: [{peer}]\ntest_calls: [{tests}]\n")
    template = branch.read_text().replace(f"box: {BOX}", "box: ${box}")
    (file.parent / "template.yaml").write_text(template)
    (file.parent / "boxes.csv").write_text(f"box\n{BOX}\n")
    file.write_text(file.read_text() + FLEET)
    async with site:
        exchange = exchange_of(site)
        await exchange.start()
        write_wav(folder / "announcement.wav", hum(ANNOUNCEMENT_HZ))
        said = Talk((str(folder / "announcement.wav"),), repeat=10)
        exchange.answer(TESTED, Answerer(Script((said, AwaitRelease()))))
        try:
            await in_service(exchange, site)
            with Phone("8001@branch.test", site.secret("8001"), site.proxy, folder / "phone") as phone:
                yield Floor(Rig(site, exchange, (phone,)))
        finally:
            await exchange.close()


async def run(sheet: Sheet, folder: Path) -> None:
    """One box in one wave."""
    sheet.stage("headquarters changes a branch's configuration")
    with sheet.guarded("P4", "a change is pushed"):
        async with floor_in(folder) as floor:
            await floor.known()
            await _pushed(floor, sheet)
    with sheet.guarded("P4", "a change by which only the test call fails goes back"):
        async with floor_in(folder / "back") as floor:
            await floor.known()
            await _went_back(floor, sheet)


async def _pushed(floor: Floor, sheet: Sheet) -> None:
    call, _ = await floor.rig.talking("02512380001")
    before = _workers(floor)
    floor.change("timeout_ms: 500", "timeout_ms: 600")
    (changed,) = (await floor.asked(DiffAsked(target="all"))).changed
    lines = ("- set route timeout_ms 500", "+ set route timeout_ms 600")
    sheet.holds("P4", "push: the difference is told before", changed.lines == lines)
    began = time.monotonic()
    await floor.start("longer waits")
    done = await floor.push(lambda now: now.course in ("done", "stopped"))
    sheet.equal("P4", "push: how it ended", f"{done.course} {done.waves[0].stages}", "done {'confirmed': 1}")
    sheet.at_most(
        "P4", "push: start to confirmed, two test calls and 2 s of health", time.monotonic() - began, CONFIRMED_S, "s"
    )
    text = floor.site.branch.configuration.read_text()
    sheet.holds("P4", "push: the branch runs it", "timeout_ms: 600" in text and floor.history.trial() is None)
    versions = floor.versions("longer waits")
    sheet.equal("P4", "push: versions at the branch, by its author", [author for author, _ in versions], ["li"])
    sheet.holds("P4", "push: the call's processes are the same", _workers(floor) == before)
    call.hang_up(16)
    await call.result()
    await floor.rig.quiet()
    (entry, *_) = (await floor.asked(AuditAsked(box=BOX))).entries
    told = (entry.what, entry.by, entry.lines) == ("confirmed", "li", lines)
    sheet.holds("P4", "push: the audit tells who, what and which lines", told)


async def _went_back(floor: Floor, sheet: Sheet) -> None:
    call, _ = await floor.rig.talking("02512380002")
    before, ran = _workers(floor), runs(floor)
    floor.change(OUTSIDE, f"outbound: [{{to: {AWAY}}}]")
    began = time.monotonic()
    await floor.start("another way out")
    stopped = await floor.push(lambda now: now.course in ("done", "stopped"), BACK_S + 10)
    taken_s = time.monotonic() - began
    sheet.equal("P4", "push that costs the way out: how it ended", stopped.waves[0].stages, {"returned": 1})
    sheet.at_most("P4", "push that costs the way out: start to back", taken_s, BACK_S, "s")
    why = "was worse than what was before (test call pstn: the far end let go"
    sheet.holds("P4", "push that costs the way out: headquarters hears which test call, and why", why in stopped.reason)
    back = runs(floor) == ran and floor.history.trial() is None
    sheet.holds("P4", "push that costs the way out: the branch runs what it ran", back)
    sheet.holds("P4", "push that costs the way out: the call's processes are the same", _workers(floor) == before)
    call.hang_up(16)
    await call.result()
    await floor.rig.quiet()
    await floor.site.record_of("02512380002")
    callers = [row["clid"] for row in floor.site.record().calls_before()]
    sheet.equal("P4", "push that costs the way out: callers in the record", callers, ["02512380002"])


def runs(floor: Floor) -> str:
    """What the branch lives by."""
    return fingerprint(floor.site.branch.configuration.read_text())


def _workers(floor: Floor) -> tuple[int, ...]:
    return tuple(floor.site.branch.pid(name) for name in ("line1", "sip", "engine"))
