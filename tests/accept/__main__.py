# SPDX-License-Identifier: GPL-2.0-only
"""`python -m tests.accept`: all stages on three systems, one after the other."""

import asyncio
import contextlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import structlog

from appliance.simulator.exchange import Exchange
from tests.accept import (
    agents,
    autonomy,
    callback,
    calls,
    console,
    deaths,
    diagnostics,
    duplex,
    faults,
    headquarters,
    legs,
    line,
    load,
    outside,
    peripheral,
    precision,
    pushed,
    queue,
    routing,
    signallings,
    sites,
    t1,
    tandem,
    transfer,
    troubles,
    zero_touch,
)
from tests.accept.sheet import Sheet
from tests.accept.site import EXTENSIONS, Site
from tests.accept.talk import Rig, exchange_of, in_service, phone_of

STAGES = (
    "calls",
    "queue",
    "precision",
    "agents",
    "transfer",
    "callback",
    "autonomy",
    "headquarters",
    "deaths",
    "line",
    "console",
    "diagnostics",
    "outside",
    "faults",
    "load",
    "t1",
    "signallings",
    "legs",
    "tandem",
    "routing",
    "duplex",
    "sites",
    "troubles",
    "peripheral",
    "pushed",
    "zero-touch",
)
PHONES = EXTENSIONS[:2]
DISK = "256m"
"""The branch's data disk of the first system: small enough to be filled."""


def main() -> int:
    """The sheet; exit status 0 if every promise is kept."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    wanted = tuple(filter(None, os.environ.get("ACCEPT_STAGES", "").split(","))) or STAGES
    unknown = set(wanted) - set(STAGES)
    if unknown:
        sys.stderr.write(f"ACCEPT_STAGES: no stage {', '.join(sorted(unknown))}; there are {', '.join(STAGES)}\n")
        return 2
    sheet = Sheet("make accept")
    folder = Path(tempfile.mkdtemp(prefix="branchline-accept-"))
    asyncio.run(_run(sheet, folder, wanted))
    if late := sheet.late_parts():
        again = Sheet("make accept")
        again.stage(f"once more, for a deadline was missed: {', '.join(late)}")
        (folder / "again").mkdir()
        asyncio.run(_run(again, folder / "again", late))
        sheet.settle(again)
    status = sheet.close(os.environ.get("ACCEPT_JSON"))
    if status:
        sys.stdout.write(f"logs of both systems: {folder}\n")
    else:
        shutil.rmtree(folder)
    return status


async def _run(sheet: Sheet, folder: Path, wanted: tuple[str, ...]) -> None:
    alone: dict[str, Callable[[], Awaitable[None]]] = {
        "load": lambda: _with_load(sheet, folder / "second"),
        "t1": lambda: _with_a_t1(sheet, folder / "third"),
        "signallings": lambda: asyncio.to_thread(signallings.run, sheet),
        "legs": lambda: legs.run(sheet),
        "tandem": lambda: tandem.run(sheet, folder),
        "routing": lambda: asyncio.to_thread(routing.run, sheet, folder / "routing"),
        "duplex": lambda: asyncio.to_thread(duplex.run, sheet, folder / "duplex"),
        "sites": lambda: _with_two_branches(sheet, folder / "sites"),
        "peripheral": lambda: asyncio.to_thread(peripheral.run, sheet, folder / "peripheral"),
        "troubles": lambda: troubles.run(sheet, folder / "troubles"),
        "pushed": lambda: pushed.run(sheet, folder / "pushed"),
        "zero-touch": lambda: asyncio.to_thread(zero_touch.run, sheet, folder / "zero-touch"),
    }
    if set(wanted) - set(alone):
        await _with_phones(sheet, folder / "first", wanted)
    for name, stage in alone.items():
        if name in wanted:
            sheet.part = name
            await stage()


async def _with_phones(sheet: Sheet, folder: Path, wanted: tuple[str, ...]) -> None:
    said = calls.sounds(folder / "sounds")
    stages: dict[str, Callable[[Rig], Awaitable[None]]] = {
        "calls": lambda rig: calls.run(rig, sheet, said),
        "queue": lambda rig: queue.run(rig, sheet),
        "precision": lambda rig: precision.run(rig, sheet),
        "agents": lambda rig: agents.run(rig, sheet),
        "transfer": lambda rig: transfer.run(rig, sheet),
        "callback": lambda rig: callback.run(rig, sheet),
        "autonomy": lambda rig: autonomy.run(rig, sheet),
        "headquarters": lambda rig: headquarters.run(rig, sheet),
        "deaths": lambda rig: deaths.run(rig, sheet, said),
        "line": lambda rig: line.run(rig, sheet, said),
        "console": lambda rig: console.run(rig, sheet),
        "diagnostics": lambda rig: diagnostics.run(rig, sheet),
        "outside": lambda rig: outside.run(rig, sheet),
        "faults": lambda rig: faults.run(rig, sheet, said),
    }
    with _small_disk(folder / "branch"), sheet.guarded("P1", "a system with two phones runs"):
        async with Site(folder, PHONES) as site, _exchange_at(site) as exchange:
            with contextlib.ExitStack() as held:
                phones = tuple(held.enter_context(phone_of(site, each, said["agent-alaw"])) for each in PHONES)
                rig = Rig(site, exchange, phones)
                for name in wanted:
                    if name in stages:
                        sheet.part = name
                        await stages[name](rig)


async def _with_load(sheet: Sheet, folder: Path) -> None:
    with sheet.guarded("P1", "a system with twenty phones runs"):
        async with Site(folder) as site, _exchange_at(site) as exchange:
            await load.run(site, exchange, sheet)


async def _with_a_t1(sheet: Sheet, folder: Path) -> None:
    said = calls.sounds(folder / "sounds")
    with sheet.guarded("P1", "a system with a T1 runs"):
        async with Site(folder, PHONES, "t1", t1.PROFILE) as site, _exchange_at(site) as exchange:
            with phone_of(site, PHONES[0], said["agent-alaw"]) as phone:
                await t1.run(Rig(site, exchange, (phone,)), sheet, said)


async def _with_two_branches(sheet: Sheet, folder: Path) -> None:
    said = calls.sounds(folder / "sounds")
    with sheet.guarded("P1", "a system with two branches runs"):
        async with sites.Sites(folder) as site, _exchange_at(site) as exchange:
            await sites.run(site, exchange, sheet, said)


@contextlib.asynccontextmanager
async def _exchange_at(site: Site) -> AsyncIterator[Exchange]:
    exchange = exchange_of(site)
    await exchange.start()
    try:
        await in_service(exchange, site)
        yield exchange
    finally:
        await exchange.close()


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """A disk of its own for the branch's state; needs root or sudo, as the set-up does."""
    folder.mkdir(parents=True)
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    owner = f"uid={os.getuid()},gid={os.getgid()}"
    subprocess.run([*as_root, "mount", "-t", "tmpfs", "-o", f"size={DISK},{owner}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.copytree(folder / "log", folder.with_name("branch-log"))  # what a failed run is explained by
        subprocess.run([*as_root, "umount", "--lazy", str(folder)], check=True)


if __name__ == "__main__":
    sys.exit(main())
