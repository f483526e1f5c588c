# SPDX-License-Identifier: GPL-2.0-only
"""`make bench ARGS=fleet`: ten thousand boxes register, take one change, and are then simply there.

The message server and the fleet's process are the real ones; boxes are identities in this process, over 50 connections,
which send and hear the real messages. Acknowledged: checked at headquarters, given, kept as a version and told so.
"""

import asyncio
import contextlib
import logging
import os
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import structlog

from appliance.cli import headquarters
from appliance.config.files import load_role
from appliance.config.headquarters import Headquarters
from appliance.headquarters.fleet.groups import Groups, rendered
from appliance.simulator.branches import Branches
from appliance.uplink.connection import own_access
from appliance.wire.fleet import BoxesAsked, PushAsked, PushNow, StartPush
from tests.bench.program import FOLDER
from tests.bench.router.processes import cpu_s, peak_mib
from tests.bench.router.suite import Bar, Row
from tests.headquarters.fleet import network
from tests.headquarters.site import Site, until

SECONDS = 60.0
BOXES, CONNECTIONS = 10_000, 50
PROCESSES = ("nats-server", "fleet")
WITHIN_S = 180.0
LOOK_S = 0.25


class Seen(msgspec.Struct):
    """Seconds; `steady`: of a processor's, by process, and the boxes'."""

    registered_s: float = 0.0
    rendered_s: float = 0.0
    acknowledged_s: float = 0.0
    confirmed_s: float = 0.0
    lost: int = 0
    spent_s: dict[str, float] = {}
    steady: dict[str, float] = {}
    memory_mib: float = 0.0


def measured(seconds: float) -> list[Row]:
    """Measure all and print it; written to build/bench/fleet.json too."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # fifty connections
    print(f"  fleet: load average {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    text = Path(__file__).with_name("bars.toml").read_text(encoding="utf-8")
    known, table = {bar.name: bar for bar in msgspec.convert(tomllib.loads(text)["figure"], list[Bar])}, []
    for name, value, beside in figures(run(BOXES, CONNECTIONS, seconds)):
        bar = known[name]
        row = Row(name, value, bar.unit, bar.text, beside, bar.reached(value))
        verdict = ("ok" if row.passed else "FAIL") if bar.text else ""
        print(f"  {name:<28} {value:10.3f} {bar.unit:<11} {bar.text:>8}  {verdict:<4}  {beside}", flush=True)
        table.append(row)
    (FOLDER / "fleet.json").write_bytes(msgspec.json.format(msgspec.json.encode(table)))
    return [row for row in table if row.bar]


def figures(seen: Seen) -> Iterator[tuple[str, float, str]]:
    """Name, value, and what is beside it."""
    spent = ", ".join(f"{name} {took:.1f}" for name, took in seen.spent_s.items())
    steady = ", ".join(f"{name} {share:.1%}" for name, share in seen.steady.items())
    yield "fleet.registered", seen.registered_s, ""
    yield "fleet.rendered", seen.rendered_s, "every configuration checked as its box would"
    yield "fleet.acknowledged", seen.acknowledged_s, "rendering included"
    yield "fleet.confirmed", seen.confirmed_s, f"a second of trial each; CPU seconds: {spent}"
    yield "fleet.lost", seen.lost, "without the change, or with it twice"
    yield "fleet.steady", 100 * sum(seen.steady[name] for name in PROCESSES), steady
    yield "fleet.memory", seen.memory_mib, ""


def run(boxes: int, connections: int, seconds: float) -> Seen:
    """In a folder of its own."""
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix="fleet-") as name, _serving(Path(name), boxes) as site:
        return asyncio.run(_run(site, connections, seconds))


@contextlib.contextmanager
def _serving(folder: Path, boxes: int) -> Iterator[Site]:
    site = Site(folder)
    try:
        network.write(folder, range(1, boxes + 1))
        site.start("nats-server", "fleet")
        until(lambda: "fleet.door.opened" in site.log_of("fleet"), 60, "the fleet listens")
        yield site
    finally:
        site.close()


async def _run(site: Site, connections: int, seconds: float) -> Seen:
    seen, texts = Seen(), _texts(site)
    boxes = Branches(site.config.server.listen, own_access(site.config), texts, connections)
    await boxes.start()
    async with asyncio.TaskGroup() as lives:
        begun = time.monotonic()
        life = lives.create_task(boxes.run())
        await _until(lambda: boxes.known == len(texts))
        seen.registered_s = time.monotonic() - begun
        await _push(site, boxes, seen)
        await _steady(site, seconds, seen)
        life.cancel()
    await boxes.close()
    seen.memory_mib = peak_mib(site.pid("fleet"))
    return seen


async def _push(site: Site, boxes: Branches, seen: Seen) -> None:
    template = site.folder / "small.yaml"
    template.write_text(template.read_text().replace("timeout_ms: ${timeout}", "timeout_ms: 600"))
    before, begun = _spent(site), time.monotonic()
    told = await _asked(site, StartPush(target="all", waves=("all",), healthy_s=1, by="bench"))
    seen.rendered_s = time.monotonic() - begun
    if told.now is None:
        raise AssertionError(f"nothing was begun: {told}")
    await _stages(site, lambda stages: not stages.keys() & {"waiting", "ordered"})
    seen.acknowledged_s = time.monotonic() - begun
    await _stages(site, lambda stages: stages.keys() == {"confirmed"})
    seen.confirmed_s = time.monotonic() - begun
    seen.spent_s = {name: took - before[name] for name, took in _spent(site).items()}
    wanted = await asyncio.to_thread(_texts, site)
    seen.lost = sum(one.taken != 1 or one.text != wanted[box] for box, one in boxes.boxes.items())
    now = await _asked(site, BoxesAsked())
    seen.lost += sum(one.fingerprint != boxes.boxes[one.box].fingerprint or one.drift for one in now.boxes)


async def _steady(site: Site, seconds: float, seen: Seen) -> None:
    before, ours = _spent(site), time.process_time()
    await asyncio.sleep(seconds)
    seen.steady = {name: (took - before[name]) / seconds for name, took in _spent(site).items()}
    seen.steady["the bench's boxes"] = (time.process_time() - ours) / seconds


def _spent(site: Site) -> dict[str, float]:
    return {name: cpu_s(site.pid(name)) for name in PROCESSES}


async def _stages(site: Site, so: Callable[[dict[str, int]], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            now: PushNow = (await _asked(site, PushAsked())).now
            if so(now.waves[0].stages):
                return
            await asyncio.sleep(LOOK_S)


async def _asked(site: Site, asked: headquarters.FleetCommand) -> Any:
    return await asyncio.to_thread(headquarters.fleet, site.state, asked)


async def _until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not so():  # noqa: ASYNC110 - of what others do
            await asyncio.sleep(0.05)


def _texts(site: Site) -> dict[str, str]:
    """What every box shall say now."""
    file = site.folder / "headquarters.yaml"
    fleet = load_role(file, Headquarters).fleet
    if fleet is None:
        raise AssertionError("headquarters has no fleet")
    return {one.box: one.text for one in rendered(Groups(file, fleet).targeted("all"))}
