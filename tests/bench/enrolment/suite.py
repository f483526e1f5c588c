# SPDX-License-Identifier: GPL-2.0-only
"""`make bench ARGS=enrolment`: two hundred boxes enrol, and come to the message server by mutual TLS.

Message server and enrolment process are the real ones. The boxes are in this process, with keys on the disk as theirs,
so a machine that is shared by both sides is slower than headquarters alone; `cpu` is the enrolment process' own.
"""

import asyncio
import os
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench.program import FOLDER
from tests.bench.router.processes import cpu_s
from tests.bench.router.suite import Bar, Row
from tests.headquarters.fleet.rig import Fleet, NewBox
from tests.headquarters.site import Site

BOXES, AT_ONCE = 200, 8


class Seen(msgspec.Struct):
    """Seconds."""

    enrolled_s: float = 0.0
    slowest_s: float = 0.0
    cpu_s: float = 0.0
    admitted_s: float = 0.0
    refused: int = 0


def measured() -> list[Row]:
    """Measure all and print it; written to build/bench/enrolment.json too."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(f"  enrolment: load average {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    text = Path(__file__).with_name("bars.toml").read_text(encoding="utf-8")
    known, table = {bar.name: bar for bar in msgspec.convert(tomllib.loads(text)["figure"], list[Bar])}, []
    for name, value in figures(run(BOXES)):
        bar = known[name]
        row = Row(name, value, bar.unit, bar.text, "", bar.reached(value))
        verdict = ("ok" if row.passed else "FAIL") if bar.text else ""
        print(f"  {name:<28} {value:10.3f} {bar.unit:<11} {bar.text:>8}  {verdict}", flush=True)
        table.append(row)
    (FOLDER / "enrolment.json").write_bytes(msgspec.json.format(msgspec.json.encode(table)))
    return [row for row in table if row.bar]


def figures(seen: Seen) -> Iterator[tuple[str, float]]:
    """Name and value."""
    yield "enrolment.rate", BOXES / seen.enrolled_s
    yield "enrolment.slowest", seen.slowest_s
    yield "enrolment.cpu", 1000 * seen.cpu_s / BOXES
    yield "enrolment.admitted", BOXES / seen.admitted_s
    yield "enrolment.refused", seen.refused


def run(count: int) -> Seen:
    """In a folder of its own."""
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix="enrolment-") as name:
        site = Site(Path(name))
        try:
            fleet = Fleet(site)
            fleet.start()
            return asyncio.run(_run(fleet, count))
        finally:
            site.close()


async def _quiet(_: Exception) -> None:
    """It is tried again."""


async def _run(fleet: Fleet, count: int) -> Seen:
    seen, room = Seen(), asyncio.Semaphore(AT_ONCE)
    serials = [f"SN-{number}" for number in range(1, count + 1)]
    codes = {serial: fleet.claim(serial) for serial in serials}
    boxes = {serial: fleet.box(serial) for serial in serials}
    for box in boxes.values():
        box.credentials.key()  # the box's own work

    async def enrol(serial: str) -> None:
        async with room:
            begun = time.monotonic()
            await boxes[serial].door.enrol(fleet.url, serial, codes[serial][0])
            seen.slowest_s = max(seen.slowest_s, time.monotonic() - begun)

    async def admit(serial: str, box: NewBox) -> None:
        async with room:
            client = await box.connected(codes[serial][1].box, error_cb=_quiet)
            await client.flush()
            await client.close()

    pid = fleet.site.pid("enrolment")
    before, begun = cpu_s(pid), time.monotonic()
    told = await asyncio.gather(*(enrol(serial) for serial in serials), return_exceptions=True)
    seen.enrolled_s, seen.cpu_s = time.monotonic() - begun, cpu_s(pid) - before
    begun = time.monotonic()
    told += await asyncio.gather(*(admit(*one) for one in boxes.items()), return_exceptions=True)
    seen.admitted_s = time.monotonic() - begun
    seen.refused = sum(isinstance(one, BaseException) for one in told)
    return seen
