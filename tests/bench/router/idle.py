# SPDX-License-Identifier: GPL-2.0-only
"""What the machine does while nothing else is asked of it: beside a deadline it shows whose the time was."""

import contextlib
import os
import statistics
import threading
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from appliance.config import Endpoint
from appliance.uplink.connection import Access, connect

TIMES = 300
BESIDE_S = 0.25
LEAST = 2
PAGE = bytes(4096)


class Spread(msgspec.Struct, frozen=True):
    """Of many times."""

    p50: float
    p99: float
    longest: float

    @classmethod
    def of(cls, times: list[float]) -> "Spread":
        """At least two of them."""
        hundredths = statistics.quantiles(times, n=100, method="inclusive")
        return cls(hundredths[49], hundredths[98], max(times))


def sync_ms(folder: Path) -> Spread:
    """A page to the same disk."""
    with (folder / "idle").open("wb", buffering=0) as file:
        return Spread.of([_synced_ms(file) for _ in range(TIMES)])


@contextlib.contextmanager
def syncing(folder: Path) -> Iterator[list[float]]:
    """A page to the same disk now and then, in ms, while something else is measured: what the disk alone takes."""
    times: list[float] = []
    over = threading.Event()

    def work() -> None:
        with (folder / "beside").open("wb", buffering=0) as file:
            while not over.wait(BESIDE_S) or len(times) < LEAST:
                times.append(_synced_ms(file))

    thread = threading.Thread(target=work, name="disk")
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()


def _synced_ms(file: FileIO) -> float:
    began = time.perf_counter()
    file.write(PAGE)
    os.fdatasync(file.fileno())
    return (time.perf_counter() - began) * 1000


async def request_ms(server: Endpoint, secret: Path) -> Spread:
    """There and back over the same message server, from one client to another."""
    asking, answering = [await connect((server,), Access(secret), f"idle {number}") for number in range(2)]
    try:
        await answering.subscribe("bench.idle", cb=_answer)
        await answering.flush()
        return Spread.of([await _asked_ms(asking) for _ in range(TIMES)])
    finally:
        await asking.close()
        await answering.close()


async def _answer(message: Msg) -> None:
    await message.respond(b"")


async def _asked_ms(client: Client) -> float:
    began = time.perf_counter()
    await client.request("bench.idle", b"", timeout=5)
    return (time.perf_counter() - began) * 1000


def copy_us() -> float:
    """A mapping of 10,000 copied, in CPU time: what a decision consists of."""
    mapping = {f"a{number}": number for number in range(10_000)}
    times = []
    for _ in range(TIMES):
        began_ns = time.thread_time_ns()
        mapping.copy()
        times.append((time.thread_time_ns() - began_ns) / 1000)
    return statistics.median(times)
