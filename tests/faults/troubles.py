# SPDX-License-Identifier: GPL-2.0-only
"""What can befall a duplex and its branch: deaths by kill -9, a locked database, links that carry nothing."""

import asyncio
import random
import sqlite3
from collections.abc import Callable, Coroutine
from typing import Any

from tests.faults.site import BRANCH, HEADQUARTERS, SERVERS, FaultSite

AWAY_S = (0.5, 8.0)
"""How long a link, a box or the database is away; deaths end when the supervisor has started the process again."""
LOCKED_S = (1.0, 12.0)
"""Longer than a writer waits for another."""

Trouble = Callable[[FaultSite, random.Random], Coroutine[Any, Any, str]]
"""What has befallen. Raises MissedError."""


class MissedError(Exception):
    """It could not befall: what it is of was dead already, or held by somebody else."""


async def router_dies(site: FaultSite, chance: random.Random) -> str:
    """The active one or the standby."""
    return await _dies(site, chance.choice(HEADQUARTERS), "headquarters")


async def server_dies(site: FaultSite, chance: random.Random) -> str:
    """A message server."""
    return await _dies(site, chance.choice(SERVERS), "nats-server")


async def record_dies(site: FaultSite, chance: random.Random) -> str:
    """The process that writes a headquarters' record."""
    return await _dies(site, chance.choice(HEADQUARTERS), "record")


async def call_control_dies(site: FaultSite, _: random.Random) -> str:
    """At the branch."""
    return await _dies(site, BRANCH, "call")


async def uplink_dies(site: FaultSite, _: random.Random) -> str:
    """At the branch."""
    return await _dies(site, BRANCH, "uplink")


async def box_dies(site: FaultSite, chance: random.Random) -> str:
    """One of three, as by a power cut; it comes back."""
    box, away_s = chance.choice(SERVERS), chance.uniform(*AWAY_S)
    await asyncio.to_thread(site.boxes[box].kill_all)
    await asyncio.sleep(away_s)
    await asyncio.to_thread(site.boxes[box].start)
    return f"{box} dies for {away_s:.1f} s"


async def database_is_locked(site: FaultSite, chance: random.Random) -> str:
    """By a stranger's transaction."""
    box, locked_s = chance.choice(HEADQUARTERS), chance.uniform(*LOCKED_S)
    stranger = sqlite3.connect(site.boxes[box].state / "record.db", isolation_level=None, timeout=10)
    try:
        stranger.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(locked_s)
        stranger.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise MissedError(f"the record of {box} could not be locked: {error}") from error
    finally:
        stranger.close()
    return f"the record of {box} is locked for {locked_s:.1f} s"


async def link_is_cut(site: FaultSite, chance: random.Random) -> str:
    """The branch's: to all of headquarters."""
    return await _cut(site, SERVERS, chance.uniform(*AWAY_S))


async def path_is_cut(site: FaultSite, chance: random.Random) -> str:
    """To one of the message servers, while it lives."""
    return await _cut(site, (chance.choice(SERVERS),), chance.uniform(*AWAY_S))


TROUBLES: tuple[Trouble, ...] = (
    router_dies,
    server_dies,
    record_dies,
    box_dies,
    database_is_locked,
    link_is_cut,
    path_is_cut,
    call_control_dies,
    uplink_dies,
)


async def _dies(site: FaultSite, box: str, process: str) -> str:
    try:
        site.boxes[box].kill(process)
    except (ProcessLookupError, TypeError, FileNotFoundError) as error:
        raise MissedError(f"{box} {process} was dead") from error
    return f"{box} {process} dies"


async def _cut(site: FaultSite, boxes: tuple[str, ...], away_s: float) -> str:
    for box in boxes:
        site.paths[box].black_hole()
    await asyncio.sleep(away_s)
    for box in boxes:
        site.paths[box].heal()
    return f"no packet to {', '.join(boxes)} for {away_s:.1f} s"
