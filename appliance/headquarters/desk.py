# SPDX-License-Identifier: GPL-2.0-only
"""The router's desk: stamps the time, applies events one after another, lets go what came of them once it is journaled.

The one place where the router's state changes, within the event loop's turn; the journal is written in a thread, all
that has come meanwhile in one commit. A disk that refuses is an alarm, and routing goes on: what is not written stays
in memory and is written first when it can be.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import structlog

from appliance.config import Headquarters
from appliance.router.apply import apply
from appliance.router.events import (
    Answer,
    Assigned,
    BranchHeard,
    BranchSilent,
    CallTold,
    Effect,
    Event,
    LifeBegan,
    ReservationEnded,
    RouteAsked,
    TimePassed,
)
from appliance.router.journal import Entry, Journal, encoded
from appliance.router.rules import CallType, Rules, Seat
from appliance.router.state import State
from appliance.script.loading import load
from appliance.wire.envelope import Envelope
from appliance.wire.routes import RouteAnswer, RouteRequest

WATCH_S = 0.25
SILENT_S = 5.0
RETRY_S = 1.0
SNAPSHOT_ENTRIES = 10_000
MEND = "make room on headquarters' data disk; calls are routed, but a restart would not know of them"

log = structlog.get_logger()


def rules_of(config: Headquarters) -> Rules:
    """What the configuration and its scripts say. Raises ConfigurationError."""
    groups = {group.name: group.agents for group in config.skill_groups}
    names = sorted({one.script for one in config.call_types})
    return Rules(
        call_types={dnis: CallType(one.name, dnis, one.script) for one in config.call_types for dnis in one.dnis},
        skill_groups=groups,
        seats={one.id: Seat(one.id, one.name, one.box, one.extension) for one in config.agents},
        scripts={name: load(config.scripts / f"{name}.yaml", groups) for name in names},
    )


class Desk:
    """`epoch` names this life of the router, `recalled` is what the journal knows of the last one.

    `open_legs` are (box, agent, extension, leg) from the record. `on_trouble` is told what ails the journal, None when
    it is over; `on_assigned` tells a branch of an agent for a contact that waits there.
    """

    def __init__(
        self,
        rules: Rules,
        epoch: str,
        journal: Journal,
        recalled: tuple[State, int],
        open_legs: Iterable[tuple[str, str, str, str]] = (),
        on_trouble: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        self.on_assigned: Callable[[str, RouteAnswer], None] = lambda _box, _answer: None
        self._journal = journal
        self._disk = ThreadPoolExecutor(1, "journal")
        self._on_trouble = on_trouble
        self._state, last_ns = recalled
        self._ahead_ns = max(time.time_ns(), last_ns + 1) - time.monotonic_ns()
        self._unwritten: list[Entry] = []
        self._waiting: deque[tuple[tuple[Effect, ...], asyncio.Future[tuple[Effect, ...]]]] = deque()
        self._snapshot_at = journal.seq + SNAPSHOT_ENTRIES
        self._heard_s: dict[str, float] = {}
        self._work = asyncio.Event()
        self._retry_s: float | None = None  # the disk has refused
        legs = tuple((agent or rules.agent_at(box, extension) or "", leg) for box, agent, extension, leg in open_legs)
        self._do(LifeBegan(self._now_ns(), epoch, rules, legs))

    async def ask(self, box: str, request: RouteRequest) -> RouteAnswer:
        """Decide."""
        self._heard_s[box] = time.monotonic()
        effects = await self._do(RouteAsked(self._now_ns(), box, request, time.time_ns()))
        (answer,) = (effect.answer for effect in effects if isinstance(effect, Answer))
        log.info(
            "route.request.answered",
            contact=request.contact,
            outcome=request.outcome,
            action=type(answer.action).__name__,
            reason=answer.reason,
        )
        return answer

    def told(self, events: Iterable[Envelope]) -> None:
        """Call events that were committed for the first time."""
        for envelope in events:
            self._do(CallTold(self._now_ns(), envelope.box, envelope.body))  # type: ignore[arg-type]  # read_batch has seen to it

    def heard(self, box: str) -> None:
        """A heartbeat."""
        self._heard_s[box] = time.monotonic()
        if box not in self._state.present:
            self._do(BranchHeard(self._now_ns(), box))

    async def run(self) -> None:
        """Write the journal, let reservations lapse, miss branches, for ever; cancel to end."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._write_on())
            parts.create_task(self._watch())

    async def close(self) -> None:
        """Write what is left."""
        self._retry_s = 0.0 if self._retry_s is not None else None
        await self._write()
        self._disk.shutdown()
        self._journal.close()

    def _now_ns(self) -> int:
        """UTC when the life began, steady since: a clock on the wall that is set moves no timer."""
        return time.monotonic_ns() + self._ahead_ns

    def _do(self, event: Event) -> asyncio.Future[tuple[Effect, ...]]:
        self._state, effects = apply(self._state, event)
        self._unwritten.append(self._journal.entry(event, effects))
        done: asyncio.Future[tuple[Effect, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append((effects, done))
        self._work.set()
        return done

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            expiry = self._state.next_expiry_ns()
            if expiry is not None and expiry <= self._now_ns():
                self._do(TimePassed(self._now_ns()))
            for box in sorted(self._state.present):
                if time.monotonic() - self._heard_s[box] > SILENT_S:
                    self._do(BranchSilent(self._now_ns(), box))
            if self._retry_s is not None:
                self._work.set()

    async def _write_on(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            await self._write()

    async def _write(self) -> None:
        """All there is, in one commit; then what came of it may go."""
        released = len(self._waiting)
        if self._unwritten and (self._retry_s is None or self._retry_s <= time.monotonic()):
            await self._commit()
        for _ in range(released):
            effects, done = self._waiting.popleft()
            for effect in effects:
                if isinstance(effect, Assigned):
                    self.on_assigned(effect.box, effect.answer)
            _log(effects)
            if not done.cancelled():
                done.set_result(effects)

    async def _commit(self) -> None:
        entries, self._unwritten = self._unwritten, []
        seq, at_ns = entries[-1].seq, entries[-1].at_ns
        snapshot = encoded(self._state) if seq >= self._snapshot_at else None
        if snapshot is not None:
            self._snapshot_at = seq + SNAPSHOT_ENTRIES

        def write() -> None:
            self._journal.append(entries)
            if snapshot is not None:
                try:
                    self._journal.keep(snapshot, seq, at_ns)
                except sqlite3.Error as error:
                    log.error("router.snapshot.refused", error=str(error))  # the next one does as well

        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, write)
        except sqlite3.Error as error:
            self._unwritten = entries + self._unwritten
            if self._retry_s is None:
                log.error("router.journal.refused", error=str(error))
                self._on_trouble(f"the router's journal cannot be written ({error}): {MEND}")
            self._retry_s = time.monotonic() + RETRY_S
            return
        if self._retry_s is not None:
            self._retry_s = None
            log.info("router.journal.written")
            self._on_trouble(None)


def _log(effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        if isinstance(effect, ReservationEnded):
            log.info("route.reservation.ended", agent=effect.agent, contact=effect.contact, why=effect.why)
        elif isinstance(effect, Assigned):
            log.info("route.contact.assigned", request=effect.answer.request, reason=effect.answer.reason)
