# SPDX-License-Identifier: GPL-2.0-only
"""Callers at a line, and troubles one after another from a seed; then what must hold whatever befell.

Each kind of trouble comes once before any comes by chance.

story = Story(site, seed=7)
await story.run(exchange, seconds=60)
story.faults()                     # what must not be, by its name
"""

import asyncio
import contextlib
import datetime as dt
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator

import structlog
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.reports.intervals import counting
from appliance.headquarters.reports.intervals.reading import WIDTHS, rows
from appliance.headquarters.reports.intervals.story import Kind
from appliance.router.events import Answer, Assigned
from appliance.router.state import EMPTY, State, Waiting
from appliance.router.verify import verify
from appliance.simulator.call import Call
from appliance.simulator.caller import AwaitAnswer, AwaitRelease, HangUp, Rest, Script
from appliance.simulator.channels import NoChannelError
from appliance.simulator.exchange import Exchange
from appliance.wire.routes import RingAgent, RouteAnswer
from tests.accept.site import QUEUE, until
from tests.faults.site import HEADQUARTERS, FaultSite
from tests.faults.troubles import TROUBLES, MissedError

CALM_S = (0.5, 4.0)
"""Between two troubles; some come before the last is over for its victims."""
HOLD_S = (1.0, 7.0)
EVERY_S = 0.2
SETTLED_S = 60.0
LAPSED_S = 15.0
SAME_NS = 20_000_000
"""An end and the next beginning are told by two processes."""
DAY_NS = 86_400 * 10**9

log = structlog.get_logger()


class Story:
    """`done` says what befell, `kinds` how often each has.

    `readings`: how often the statistics were read, `unbalanced`: when they did not add up.
    """

    def __init__(self, site: FaultSite, seed: int) -> None:
        self.site = site
        self.done: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.readings = 0
        self.unbalanced: list[str] = []
        self.called: list[str] = []
        self.answered = 0
        self._chance = random.Random(seed)  # noqa: S311  # the same troubles again
        self._began = time.monotonic()

    async def run(self, exchange: Exchange, seconds: float) -> None:
        """Calls and troubles for so long, and until each kind has befallen.

        Then until all that was said is written at both headquarters.
        """
        self._began = time.monotonic()
        ends_s = self._began + seconds
        async with asyncio.TaskGroup() as parts:
            reading = parts.create_task(self._read())
            async with asyncio.TaskGroup() as works:
                troubles = works.create_task(self._trouble(ends_s))
                works.create_task(self._call(exchange, troubles))
            await exchange.all_cleared(30)
            await until(self._settled, SETTLED_S, "what was said is not written at both headquarters")
            await until(self._lapsed, LAPSED_S, "a reservation has not lapsed")
            reading.cancel()

    async def _trouble(self, ends_s: float) -> None:
        await asyncio.sleep(2.0)
        due = self._chance.sample(TROUBLES, len(TROUBLES))
        while due or time.monotonic() < ends_s:
            began_s = time.monotonic() - self._began
            trouble = due.pop(0) if due else self._chance.choice(TROUBLES)
            try:
                told = await trouble(self.site, self._chance)
                self.kinds[trouble.__name__] += 1
            except MissedError as missed:
                told = str(missed)
                due += [trouble] if not self.kinds[trouble.__name__] else []
            self.done.append(f"{began_s:.1f} s: {told}")
            await asyncio.sleep(self._chance.uniform(*CALM_S))

    async def _call(self, exchange: Exchange, troubles: asyncio.Task[None]) -> None:
        """A caller each EVERY_S who hangs up after a while, as long as there is a channel for one, and trouble."""
        holds = random.Random(0)  # noqa: S311  # troubles draw from their own, whatever callers do
        async with asyncio.TaskGroup() as callers:
            while not troubles.done():
                await asyncio.sleep(EVERY_S)
                script = Script((AwaitAnswer(30), Rest(holds.uniform(*HOLD_S)), HangUp(), AwaitRelease(10)))
                with contextlib.suppress(NoChannelError):
                    clid = f"139{len(self.called):08d}"
                    call = exchange.place(QUEUE, clid, script)
                    self.called.append(clid)
                    callers.create_task(self._ended(call))

    async def _ended(self, call: Call) -> None:
        result = await call.result()
        self.answered += result.answered is not None

    # Readings.

    async def _read(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for box in HEADQUARTERS:
                await asyncio.to_thread(self._balance, box)

    def _balance(self, box: str) -> None:
        """Offered = answered + abandoned + short + overflow + redirected + callback + released + waiting."""
        try:
            found = list(self._figures(box))
        except SQLAlchemyError as error:  # of a box that has no record yet
            log.info("faults.reading.missing", box=box, error=str(error))
            return
        self.readings += 1
        self.unbalanced += [f"{box}: {name} {told}" for name, offered, told in found if offered != told]

    def _figures(self, box: str) -> Iterator[tuple[str, int, int]]:
        record = self.site.record(box)
        today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        from_ns = int(today.timestamp()) * 10**9
        try:
            for kind in (Kind.CALL_TYPE, Kind.QUEUE):
                for row in rows(record.engine, kind.value, from_ns, from_ns + DAY_NS, WIDTHS["day"]):
                    one = row.figures
                    became = (one.answered, one.abandoned, one.short, one.overflow, one.redirected, one.callback)
                    yield f"{kind} {row.start_ns}", one.offered, sum(became) + one.released + one.waiting
        finally:
            record.engine.dispose()

    # What must hold.

    def _lapsed(self) -> bool:
        """What a branch that decided alone had reserved goes over with it, and lapses by itself."""
        for box in HEADQUARTERS:
            journal = self.site.journal(box)
            try:
                state, _ = journal.recall()
            finally:
                journal.close()
            if state.reservations:
                return False
        return True

    def _settled(self) -> bool:
        if self.site.unsent():
            return False
        stored = [self._events(box) for box in HEADQUARTERS]
        return stored[0] == stored[1] and all(self._open(box) == 0 for box in HEADQUARTERS)

    def _query(self, box: str, query: str) -> list[tuple[object, ...]]:
        record = self.site.record(box)
        try:
            with record.engine.connect() as reading:
                return [tuple(row) for row in reading.exec_driver_sql(query)]
        finally:
            record.engine.dispose()

    def _events(self, box: str) -> set[tuple[object, ...]]:
        return set(self._query(box, "SELECT box, process, incarnation, seq FROM event"))

    def _open(self, box: str) -> int:
        return len(self._query(box, "SELECT 1 FROM contact WHERE ended_ns IS NULL"))

    def faults(self) -> dict[str, list[str]]:
        """By what must not be; each list shall be empty."""
        never = [one.__name__ for one in TROUBLES if not self.kinds[one.__name__]]
        found = {"readings of the statistics that do not add up": self.unbalanced, "troubles that never came": never}
        for box in HEADQUARTERS:
            for what, those in (self._callers(box) | self._journal(box)).items():
                found.setdefault(what, []).extend(f"{box}: {one}" for one in those)
        return found

    def _callers(self, box: str) -> dict[str, list[str]]:
        told = Counter(str(row[0]) for row in self._query(box, "SELECT clid FROM contact"))
        return {
            "callers lost": sorted(set(self.called) - set(told)),
            "callers with more records than one": sorted(one for one, times in told.items() if times > 1),
            "records of nobody": sorted(set(told) - set(self.called)),
            "callers who were cut off": self._cut_off(box),
            "agents given to two callers at once": self._doubled(box),
            "statistics that differ when counted anew": self._recounted(box),
        }

    def _cut_off(self, box: str) -> list[str]:
        """By whom, with the cause: each hangs up himself, whatever dies."""
        ended = self._query(box, 'SELECT clid, "by", cause FROM contact WHERE "by" != \'caller\'')
        return [f"{clid} by {by}, cause {cause}" for clid, by, cause in ended]

    def _doubled(self, box: str) -> list[str]:
        """By headquarters, whose labels name the agent; a branch that decides by itself rings whom it may."""
        query = "SELECT agent, began_ns, ended_ns, contact FROM leg WHERE agent != '' AND direction = 'outgoing'"
        had: dict[str, tuple[int, str]] = {}
        found = []
        for agent, began_ns, ended_ns, contact in self._query(box, f"{query} ORDER BY began_ns"):
            until_ns, other = had.get(str(agent), (0, ""))
            if int(str(began_ns)) < until_ns - SAME_NS:
                found.append(f"{agent}: {other} and {contact}")
            had[str(agent)] = max(had.get(str(agent), (0, "")), (int(str(ended_ns)), str(contact)))
        return found

    def _recounted(self, box: str) -> list[str]:
        record = self.site.record(box)
        try:
            with record.engine.connect() as reading:
                now_ns = time.time_ns()
                return [str(one) for one in counting.differences(reading, now_ns - DAY_NS, now_ns + DAY_NS)[1]]
        finally:
            record.engine.dispose()

    def _journal(self, box: str) -> dict[str, list[str]]:
        """Each number follows the last, each decision comes out the same, and the oldest was served first."""
        journal = self.site.journal(box)
        try:
            seqs = [entry.seq for entry in journal.entries(0)]
            verified = verify(journal, 0, time.time_ns() * 2)
            overtaken, last = _overtaken(journal.decided(journal.snapshot(0)))
        finally:
            journal.close()
        return {
            "gaps in the journal": [f"before {seq}" for was, seq in itertools.pairwise(seqs) if seq != was + 1],
            "decisions that come out otherwise": [f"entry {verified.differs}"] if verified.differs else [],
            "decisions of another engine": ["so many"] * verified.other_engine,
            "callers overtaken": overtaken,
            "places, reservations and legs left over": [
                *last.places,
                *last.reservations,
                *(name for name, one in last.agents.items() if one.legs),
            ],
        }


def _overtaken(decided: Iterator[tuple[object, State, tuple[object, ...]]]) -> tuple[list[str], State]:
    """Who was given an agent before somebody more urgent or older who might have had them too; the last state."""
    found: list[str] = []
    state = EMPTY
    for _, state, effects in decided:
        for answer in (one.answer for one in effects if isinstance(one, Answer | Assigned)):
            found += _before(state, answer)
    return found, state


def _before(state: State, answer: RouteAnswer) -> list[str]:
    ring = answer.action
    if not isinstance(ring, RingAgent):
        return []
    contact = state.reservations[ring.token].contact if ring.token in state.reservations else ""
    place = state.places.get(contact)
    if place is None:
        return []
    mine = (place.priority, place.queued_ns, place.tie)
    waits = [one for one in state.waiting.values() if one.token is None and ring.agent not in one.reach.refused]
    return [f"{one.contact} by {contact}" for one in waits if _key(one) < mine]


def _key(waits: Waiting) -> tuple[int, int, int]:
    return waits.place.priority, waits.place.queued_ns, waits.place.tie
