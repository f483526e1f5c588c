# SPDX-License-Identifier: GPL-2.0-only
"""The router's figures with their bars: decisions alone, the real processes under load, a restart.

`make bench ARGS=router`, and with `--seconds 600` the long form, which also replays the whole 100,000 calls.
"""

import asyncio
import contextlib
import functools
import gc
import os
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.router.journal import path_of
from appliance.router.rules import Rules
from tests.bench.program import FOLDER
from tests.bench.router import idle, load, octets, replay, restart
from tests.bench.router.channels import mixed
from tests.bench.router.decision import Flow
from tests.bench.router.idle import Spread
from tests.bench.router.network import Network
from tests.bench.router.processes import PROCESSES, cpu_s, peak_mib
from tests.headquarters.site import Site, until
from tests.router.simulation import Crowd

SECONDS = 60.0
DECISIONS = 3_000
MORE = 1.02  # callers than the bar asks for, since they come at random times
SMALL, LARGE = Network(agents=1_000, queues=100), Network(agents=10_000, queues=500)
QUEUED = 5_000
DAY, PART = 100_000, 10_000
"""Calls that are replayed: in the long form, and else, from which the whole is reckoned."""
LONG_S = 600.0
CALLS_PER_BUSY_HOUR = 30
HOUR_AGENTS, HOUR_TALK_S = 1_000, 95.0

Told = tuple[str, float, str]
"""Name, value, and what the machine does when it is idle."""


class Bar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure's unit and what it must reach."""

    name: str
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    def reached(self, value: float) -> bool:
        """Without a bar always."""
        low = -float("inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        return low <= value <= high

    @property
    def text(self) -> str:
        """For the table."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return "" if self.at_least is None else f"≥ {self.at_least:g}"


class Row(msgspec.Struct, frozen=True):
    """One line of the table."""

    name: str
    value: float
    unit: str
    bar: str
    idle: str
    passed: bool


def bars() -> dict[str, Bar]:
    """By figure, in order. Raises msgspec.ValidationError for a wrong key."""
    text = Path(__file__).with_name("bars.toml").read_text(encoding="utf-8")
    return {bar.name: bar for bar in msgspec.convert(tomllib.loads(text)["figure"], list[Bar])}


def measured(seconds: float) -> list[Row]:
    """Measure all, printing each figure as it is there; written to build/bench/router.json too."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    known, table = bars(), []
    print(f"  router: load average {_load()} of {os.cpu_count()} cores")
    for name, value, beside in _figures(seconds):
        bar = known[name]
        row = Row(name, value, bar.unit, bar.text, beside, bar.reached(value))
        verdict = ("ok" if row.passed else "FAIL") if bar.text else ""
        print(f"  {name:<28} {value:10.3f} {bar.unit:<9} {bar.text:>8}  {verdict:<4}  {beside}", flush=True)
        table.append(row)
    (FOLDER / "router.json").write_bytes(msgspec.json.format(msgspec.json.encode(table)))
    print(f"  router: load average {_load()} at the end, ours included")
    return [row for row in table if row.bar]


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _figures(seconds: float) -> Iterator[Told]:
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix="router-") as name:
        folder = Path(name)
        yield from decisions("1000_agents", SMALL.rules(folder / "small"))
        yield from decisions("10000_agents", LARGE.rules(folder / "large"))
        yield from decisions("5000_queued", LARGE.rules(folder / "queued"), QUEUED)
        yield from decisions("1000_channels", mixed(SMALL, folder / "small-mixed"))
        yield from decisions("10000_channels", mixed(LARGE, folder / "large-mixed"))
        yield from _kept(folder / "octets")
        yield from simulated()
        yield from _replayed(folder / "replay", DAY if seconds >= LONG_S else PART)
        yield from _loaded("answer", folder / "answer", 100, seconds)
        yield from _loaded("burst", folder / "burst", 300, min(seconds, SECONDS))
        yield from _restarted(folder / "restart")


def decisions(name: str, rules: Rules, queued: int = 0) -> Iterator[Told]:
    """`apply()` alone."""
    flow = Flow(rules, load.OCCUPANCY, queued)
    flow.run(DECISIONS)
    beside = f"copy of 10,000 {idle.copy_us():.0f} us; {flow.occupancy:.0%} busy, {len(flow.state.waiting)} wait"
    spread = Spread.of([took / 1e6 for took in flow.took_ns["RouteAsked"]])
    yield f"decision.{name}.p50", spread.p50, beside
    yield f"decision.{name}.p99", spread.p99, beside
    if not queued:
        yield f"decision.{name}.life", flow.life_ns / 1000, beside


def _kept(folder: Path) -> Iterator[Told]:
    found = octets.of_decisions(SMALL, folder, DECISIONS)
    beside = f"at most {max(found)}; a script of ten nodes, twenty agents looked at; {len(found):,} decisions"
    yield "decision.octets", sum(found) / len(found), beside


def simulated() -> Iterator[Told]:
    """An hour of many agents."""
    calls, began_s = HOUR_AGENTS * CALLS_PER_BUSY_HOUR, time.process_time()
    crowd = Crowd(seed=1, agents=HOUR_AGENTS, arrivals_s=3600 / calls, talk_s=HOUR_TALK_S)
    crowd.run(calls)
    told = f"{crowd.counts['answered']:,} of {calls:,} calls answered, {crowd.counts['events']:,} events"
    yield "hour.1000_agents", time.process_time() - began_s, told


def _replayed(folder: Path, calls: int) -> Iterator[Told]:
    replay.day(folder, calls)
    unchanged, draft = (replay.replayed(folder, changed=changed) for changed in (False, True))
    for name, one in (("unchanged", unchanged), ("draft", draft)):
        told = f"{one.contacts:,} calls took {one.passed_s:.1f} s, {one.cpu_s:.1f} s of CPU"
        reckoned = "" if calls == DAY else ", from which the whole is reckoned"
        yield f"replay.{name}", one.of(DAY), f"{told}{reckoned}"
    otherwise = unchanged.decisions - unchanged.same
    yield "replay.otherwise", otherwise, f"of {unchanged.decisions:,}; {draft.decisions - draft.same:,} by the draft"


def _loaded(name: str, folder: Path, calls_s: float, seconds: float) -> Iterator[Told]:
    with serving(folder, SMALL) as site:
        server, secret = site.config.server.listen, site.config.server.secret
        request, sync = asyncio.run(idle.request_ms(server, secret)), idle.sync_ms(folder)
        before, ours = [cpu_s(site.pid(one)) for one in PROCESSES], time.process_time()
        tell = functools.partial(print, f"  {name}, {calls_s * MORE:.0f} callers a second:", flush=True)
        tell(f"{seconds:.0f} s to come")
        gc.collect()
        gc.freeze()  # what was measured before is nothing that the callers' clock has to stand still for
        with idle.syncing(folder) as times:
            seen = asyncio.run(load.run(SMALL, server, secret, calls_s * MORE, seconds, tell))
        disk = Spread.of(times)
        spent = [cpu_s(site.pid(one)) - was for one, was in zip(PROCESSES, before, strict=True)]
        ours = time.process_time() - ours
        memory = sum(peak_mib(site.pid(one)) for one in PROCESSES)
        lives, lost, doubled = kept(site, seen)
    answers = Spread.of(seen.answers_ms)
    carried = lives / seen.seconds
    middle = f"request {request.p50:.1f} ms + sync {sync.p50:.1f} ms"
    tail = f"request {request.p99:.1f} ms + sync {sync.p99:.1f} ms"
    yield f"{name}.p50", answers.p50, middle
    yield f"{name}.p99", answers.p99, tail
    yield f"{name}.longest", answers.longest, f"request {request.longest:.1f} ms + sync {sync.longest:.1f} ms"
    yield f"{name}.lives", carried, f"{seen.asked} questions, {len(seen.told)} events in {seen.seconds:.0f} s"
    yield f"{name}.unanswered", seen.unanswered, f"a page to the disk took {disk.longest:.0f} ms once meanwhile"
    yield f"{name}.disk_p99", disk.p99, f"half of them {disk.p50:.1f} ms"
    yield f"{name}.lost", lost, ""
    yield f"{name}.doubled", doubled, ""
    yield f"{name}.event_p99", Spread.of(seen.ages_ms).p99, tail
    yield f"{name}.waiting_more", growth(seen.waiting), f"at most {max(seen.waiting)}"
    yield f"{name}.untold_more", growth(seen.untold), f"at most {max(seen.untold)}"
    yield f"{name}.memory", memory, ""
    told = ", ".join(f"{one} {took * 1000 / lives:.2f}" for one, took in zip(PROCESSES, spent, strict=True))
    yield f"{name}.cpu", sum(spent) * 1000 / lives, f"{told}; and the bench's callers {ours * 1000 / lives:.2f}"
    yield f"{name}.agents", carried * 3600 / CALLS_PER_BUSY_HOUR, "30 calls an agent and busy hour"


def _restarted(folder: Path) -> Iterator[Told]:
    folder.mkdir(parents=True)
    site = Site(folder)
    LARGE.write(site)
    rules = LARGE.rules(site.config.scripts)
    path = path_of(site.state)
    state = restart.died(path, rules, QUEUED, begins_ns=time.time_ns())
    sync = idle.sync_ms(folder)
    told = restart.restarted(path, rules, state)
    beside = (
        f"copy of 10,000 {idle.copy_us():.0f} us, sync {sync.p50:.1f} ms; {told.entries} entries, {told.waiting} wait"
    )
    yield "restart.recalled", told.alone_s, beside
    yield "restart.ready", told.ready_s, f"{told.cpu_s:.2f} s of them on the processor"
    yield "restart.otherwise", float(told.before != told.after), told.after
    with contextlib.closing(site):
        took_s, at_work_s, memory = restart.spawned(site)
    yield "restart.spawned", took_s, f"{at_work_s:.2f} s of them on the processor; the files are read first"
    yield "restart.memory", memory, " + ".join(PROCESSES)


# The real processes.


@contextlib.contextmanager
def serving(folder: Path, network: Network) -> Iterator[Site]:
    """Headquarters' processes for a network, in a folder of their own."""
    folder.mkdir(parents=True)
    site = Site(folder)
    try:
        network.write(site)
        site.start("nats-server", "headquarters")
        until(lambda: "headquarters.intake.opened" in site.log_of("headquarters"), 60, "headquarters listens")
        yield site
    finally:
        site.close()


def kept(site: Site, seen: load.Seen) -> tuple[int, int, int]:
    """Complete lives, events that are missing, events that are there twice: in the record."""
    with site.record() as store:
        rows = store.execute("SELECT box, seq FROM event").fetchall()
    whole = "began_ns IS NOT NULL AND talk_ns IS NOT NULL AND ended_ns IS NOT NULL"
    lives = site.stored(f"SELECT count(*) FROM contact WHERE {whole}")  # noqa: S608 - ours
    return lives, len(seen.told - set(rows)), len(rows) - len(set(rows))


def growth(samples: list[int]) -> float:
    """Of the last quarter's mean over the second's."""
    quarter = len(samples) // 4
    second, last = samples[quarter : 2 * quarter], samples[-quarter:]
    return sum(last) / len(last) - sum(second) / len(second)
