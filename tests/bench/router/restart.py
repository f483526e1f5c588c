# SPDX-License-Identifier: GPL-2.0-only
"""A router that died at the worst moment: everybody busy, thousands waiting, the last snapshot as old as can be."""

import asyncio
import contextlib
import time
from pathlib import Path

import msgspec
import nats.errors

from appliance.headquarters.desk import SNAPSHOT_ENTRIES, Desk, clock
from appliance.headquarters.duplex.quorum import ALONE
from appliance.headquarters.reports import store
from appliance.headquarters.reports.requests import socket_in
from appliance.headquarters.reports.writer import Writer
from appliance.router.journal import Entry, Journal, encoded, fingerprint, path_of
from appliance.router.rules import Rules
from appliance.router.state import State
from appliance.uplink.connection import Access, connect
from appliance.wire.calls import ContactBegan, LegBegan
from appliance.wire.envelope import Envelope, Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction
from appliance.wire.routes import RouteAnswer, RouteRequest
from tests.bench.router.decision import SECOND_NS, Flow
from tests.bench.router.processes import PROCESSES, cpu_s, peak_mib
from tests.headquarters.site import Site, answers, until

GROUP = 100  # entries a commit
ASK_S, AGAIN_S = 1.0, 0.02
AWAY_NS = 1_000_000_000  # what the supervisor takes to start it again


class Restart(msgspec.Struct, frozen=True):
    """`alone_s`: until the state is there; `ready_s`: until the first answer could leave, `cpu_s` of them at work."""

    entries: int
    waiting: int
    alone_s: float
    ready_s: float
    cpu_s: float
    before: str
    after: str


def died(
    path: Path, rules: Rules, queued: int, entries: int = SNAPSHOT_ENTRIES - 1, begins_ns: int = SECOND_NS
) -> State:
    """Write the journal of a life that ends `entries` after a snapshot; its last state."""
    journal = Journal(path)
    unwritten: list[Entry] = []
    flow = Flow(rules, 1.0, queued, lambda event, effects: unwritten.append(journal.entry(event, effects)), begins_ns)
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
    began, ours = time.monotonic(), time.process_time()
    journal, (state, at_ns) = Journal.opened(path)
    alone_s = time.monotonic() - began
    entries = journal.seq - journal.snapshot().seq
    goes_on = ALONE._replace(ahead_ns=at_ns + AWAY_NS - time.monotonic_ns())  # the flow's clock is none of the wall
    desk = Desk(rules, "bench2", journal, (state, at_ns), legs, succession=goes_on)
    await desk.close()
    ready_s, cpu_s = time.monotonic() - began, time.process_time() - ours
    was, now = fingerprint(before).hex(), fingerprint(state).hex()
    return Restart(entries, len(state.waiting), alone_s, ready_s, cpu_s, was, now)


def spawned(site: Site) -> tuple[float, float, float]:
    """Seconds from the spawn of headquarters to its first answer, of them on the processor; the most MiB of all.

    The real processes go on from the journal that is there.
    """
    with contextlib.closing(Journal(path_of(site.state), reads=True)) as journal:
        state, at_ns = journal.recall()
    clock.keep(site.state / "run" / "router.clock", at_ns + AWAY_NS - time.monotonic_ns())
    _tell_record(site, state)
    site.start("nats-server", "record")
    until(lambda: answers(socket_in(site.state)), 60, "the record's process listens")
    began = time.monotonic()
    site.start_alone("headquarters")
    asyncio.run(_first_answer(site, state))
    took_s, pid = time.monotonic() - began, site.pid("headquarters")
    return took_s, cpu_s(pid), sum(peak_mib(site.pid(one)) for one in PROCESSES)


def _tell_record(site: Site, state: State) -> None:
    """Of the legs of all agents, as their branches have told it."""
    writer = Writer(store.open_writer(store.path_of(site.state)))
    sealers: dict[str, Sealer] = {}
    told = list[Envelope]()
    for leg, name in state.index.legs.items():
        seat = state.rules.seats[name]
        sealer = sealers.setdefault(seat.box, Sealer(Identity.take(seat.box, "call")))
        contact, phone = state.agents[name].legs[leg], seat.extension
        for event in (
            ContactBegan(contact=contact, leg=f"{contact}.in", channel="span 1 timeslot 1", dnis="0"),
            LegBegan(
                contact=contact, leg=leg, direction=Direction.OUTGOING, channel=f"sip {phone}", to=phone, agent=name
            ),
        ):
            told.append(sealer.seal(event))
    writer.store(told)


async def _first_answer(site: Site, state: State) -> None:
    """Asked again and again, as branches do; by one whose callers have waited."""
    server, box = site.config.server, min(seat.box for seat in state.rules.seats.values())
    client = await connect((server.listen,), Access(server.secret), "bench restart")
    dnis = min(one.dnis for one in state.rules.call_types.values())
    question = RouteRequest(request="first", contact=f"{box}.bench.first", dnis=dnis)
    sealed = encode(Sealer(Identity.take(box, "uplink")).seal(question))
    try:
        while True:
            try:
                body = decode((await client.request(f"route.request.{box}", sealed, timeout=ASK_S)).data).body
            except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
                await asyncio.sleep(AGAIN_S)
                continue
            if not isinstance(body, RouteAnswer):
                raise TypeError(f"{box} was answered {body}")
            return
    finally:
        await client.close()
