# SPDX-License-Identifier: GPL-2.0-only
"""A router that died at the worst moment: everybody busy, thousands waiting, the last snapshot as old as can be."""

import asyncio
import time
from pathlib import Path

import msgspec

from appliance.headquarters.desk import SNAPSHOT_ENTRIES, Desk
from appliance.router.journal import Entry, Journal, encoded, fingerprint
from appliance.router.rules import Rules
from appliance.router.state import State
from tests.bench.router.decision import Flow

GROUP = 100  # entries a commit


class Restart(msgspec.Struct, frozen=True):
    """`alone_s`: until the state is there; `ready_s`: until the first answer could leave."""

    entries: int
    waiting: int
    alone_s: float
    ready_s: float
    before: str
    after: str


def digest(state: State) -> str:
    """The same for the same state, in whatever order its mappings and sets came to be."""
    return fingerprint(state).hex()


def died(path: Path, rules: Rules, queued: int, entries: int = SNAPSHOT_ENTRIES - 1) -> State:
    """Write the journal of a life that ends `entries` after a snapshot; its last state."""
    journal = Journal(path)
    unwritten: list[Entry] = []
    flow = Flow(rules, 1.0, queued, lambda event, effects: unwritten.append(journal.entry(event, effects)))
    journal.append(unwritten)
    journal.keep(encoded(flow.state), journal.seq, unwritten[-1].at_ns)
    last = journal.seq + entries
    while journal.seq < last:
        unwritten.clear()
        while len(unwritten) < GROUP and journal.seq < last:
            flow.step()
        journal.append(unwritten)
    journal.close()
    return flow.state


def restarted(path: Path, rules: Rules, before: State) -> Restart:
    """A new life from that journal, and from a record that knows the same legs."""
    seats = rules.seats
    legs = [
        (seats[name].box, name, seats[name].extension, leg, before.agents[name].legs[leg])
        for leg, name in before.index.legs.items()
    ]
    return asyncio.run(_restarted(path, rules, before, legs))


async def _restarted(path: Path, rules: Rules, before: State, legs: list[tuple[str, str, str, str, str]]) -> Restart:
    began = time.monotonic()
    journal, (state, at_ns) = Journal.opened(path)
    alone_s = time.monotonic() - began
    entries = journal.seq - journal.snapshot().seq
    desk = Desk(rules, "bench2", journal, (state, at_ns), legs)
    await desk.close()
    ready_s = time.monotonic() - began
    return Restart(entries, len(state.waiting), alone_s, ready_s, digest(before), digest(state))
