# SPDX-License-Identifier: GPL-2.0-only
"""The router's desk: stamps the time, applies events one after another, lets go what came of them once it is journaled.

The one place where the router's state changes, within the event loop's turn; the journal is written in a thread, all
that has come meanwhile in one commit. A disk that refuses is an alarm, and routing goes on: what is not written stays
in memory (beyond UNWRITTEN only the state) and is written first when it can be. With a quorum nothing leaves that it
has not acknowledged.
"""

import asyncio
import itertools
import math
import sqlite3
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
import structlog

from appliance.config.scalars import suggestion
from appliance.headquarters.duplex.quorum import ALONE, Succession
from appliance.headquarters.leases import FOREVER, Leases, NotLeasedError
from appliance.headquarters.lookups.sources import Sources
from appliance.headquarters.lookups.values import LookupFailed
from appliance.router import direct, slots
from appliance.router.apply import ENGINE, apply, known
from appliance.router.branch_now import BranchNow
from appliance.router.domain import DomainRules, Lease, Terms
from appliance.router.events import (
    AgentAnswer,
    AgentMoved,
    AgentWished,
    Answer,
    Assigned,
    BranchHeard,
    BranchSilent,
    CallbackAnswer,
    CallbackWished,
    CallTold,
    ContactNoted,
    ContactOrdered,
    ContactsLost,
    Effect,
    Event,
    ForeignAgentsTold,
    Interrupted,
    LifeBegan,
    LookupAnswered,
    LookupAsked,
    PeripheralReturned,
    Reconciled,
    ReservationEnded,
    RouteAsked,
    RulesChanged,
    TimePassed,
)
from appliance.router.journal import Journal, Snapshot, encoded
from appliance.router.lease import Lessee
from appliance.router.reconciling import now_at
from appliance.router.rules import VOICE, Peripheral, Rules
from appliance.router.shown import contact_of
from appliance.router.state import State
from appliance.router.view import agent_now, agents_now, callback_now, contacts_at, queue_now
from appliance.wire.agents import (
    AgentAsked,
    AgentNoted,
    AgentNow,
    AgentTold,
    CallAsked,
    CallWish,
    ContactTold,
    OrderDone,
    QueueNow,
)
from appliance.wire.callbacks import AddCallback, CallbackNow, CallbackTold, CancelCallback, PlaceContact
from appliance.wire.envelope import Envelope
from appliance.wire.peripherals import AgentsChanged, PeripheralSnapshot
from appliance.wire.routes import LegInterrupted, RouteAnswer, RouteRequest
from appliance.wire.service_messages import Refused

WATCH_S = 0.25
LATE_S = 1.0
SILENT_S = 4.0  # of whom nothing is heard for so long loses their agents, by WATCH_S within 5 s
RETRY_S = 1.0
RECOUNT_S = 60.0
AGAIN_S = 0.5  # heartbeats may follow at once, and what a branch asks is on its disk a moment later
SNAPSHOT_ENTRIES = 5_000
UNWRITTEN = 200_000
"""Entries that wait in memory for a disk that refuses; of more only the state is written, once it can be."""
MEND = "make room on headquarters' data disk; calls are routed, but a restart would not know of them"

Said = TypeVar("Said", RouteAnswer, PlaceContact)
log = structlog.get_logger()


class Desk:
    """`epoch` names this life of the router, `recalled` is what the journal knows of the last one.

    `open_legs` are (box, agent, extension, leg, contact) from the record. `on_trouble` is told what ails the journal,
    None when it is over; `on_assigned` tells a branch of an agent for a contact that waits, `on_interrupted` a
    peripheral of a leg whose agent has other work first, `on_moved` what agents did, by entry of the journal.
    """

    def __init__(
        self,
        rules: Rules,
        epoch: str,
        journal: Journal,
        recalled: tuple[State, int],
        open_legs: Iterable[tuple[str, str, str, str, str]] = (),
        on_trouble: Callable[[str | None], None] = lambda _: None,
        sources: Sources | None = None,
        succession: Succession = ALONE,
    ) -> None:
        self._sources = sources or Sources(())
        self.on_assigned: Callable[[str, RouteAnswer | PlaceContact], None] = lambda _box, _answer: None
        self.on_order: Callable[[str, CallAsked], Awaitable[OrderDone | Refused]] = _nobody_to_order
        self.on_interrupted: Callable[[str, LegInterrupted], None] = lambda _box, _told: None
        self.on_moved: Callable[[int, tuple[AgentMoved, ...]], None] = lambda _seq, _moves: None
        self._journal = journal
        self._disk = ThreadPoolExecutor(1, "journal")
        self._on_trouble = on_trouble
        self._state, self._last_ns = recalled
        self._quorum = succession.quorum
        self._told = self._quorum.mark.told if self._quorum else 0
        ahead_ns = succession.ahead_ns
        now_ns = time.time_ns() if ahead_ns is None else time.monotonic_ns() + ahead_ns
        self._ahead_ns = max(now_ns, self._last_ns + 1) - time.monotonic_ns()
        self._unwritten = list(succession.unwritten)
        self._waiting: deque[tuple[int, tuple[Effect, ...], asyncio.Future[tuple[Effect, ...]]]] = deque()
        self._snapshot_at = journal.seq + (0 if self._quorum else SNAPSHOT_ENTRIES)
        self._asked: dict[str, list[asyncio.Future[RouteAnswer]]] = {}
        self._orders = itertools.count(1)
        self._looking: set[asyncio.Task[None]] = set()
        self._agents: dict[str, AgentNow] = {}
        self.leases = Leases(epoch)
        self._heard_s: dict[str, float] = {}
        self._counted_s: dict[str, float] = {}  # when a branch's contacts are compared next
        self._missing: dict[str, AbstractSet[str]] = {}
        self._work = asyncio.Event()
        self._due: asyncio.TimerHandle | None = None
        self._retry_s: float | None = None  # the disk has refused
        self._gap = succession.gap  # for so long that entries were let go
        phones = {(seat.box, seat.extension): seat.agent for seat in rules.seats.values() if seat.extension}
        legs = tuple(
            (agent or phones.get((box, extension), ""), leg, contact)
            for box, agent, extension, leg, contact in open_legs
        )
        self.told(succession.missed, self._told)
        self.began = self._do(LifeBegan(self.now_ns(), epoch, rules, legs))

    async def ask(self, box: str, request: RouteRequest) -> RouteAnswer:
        """Decide. Raises NotLeasedError: the branch is to ask again, or itself."""
        self._hear(box, request.lease)
        answered: asyncio.Future[RouteAnswer] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(request.request, []).append(answered)
        self._do(RouteAsked(self.now_ns(), box, request, time.time_ns()))
        answer = await answered
        log.info(
            "route.request.answered",
            contact=request.contact,
            outcome=request.outcome,
            action=type(answer.action).__name__,
            reason=answer.reason,
        )
        return answer

    async def command(self, asked: AgentAsked) -> AgentTold | Refused:
        """Change an agent's state, at once or when their work is over."""
        agent = slots.agent_of(asked.agent)
        if (unknown := self._unknown(agent)) is not None:
            return unknown
        if not slots.meant(self._state, asked.agent):
            channels = VOICE, *(one.channel for one in self._agents[agent].channels)
            channel = asked.agent.partition("/")[2]
            sentence = f"agent {agent} has no channel {channel!r}; {suggestion(channel, channels)}"
            return Refused(code="agent.channel", sentence=sentence)
        done = self._do(AgentWished(self.now_ns(), asked))
        now = self._agents[agent]
        (answer,) = (effect for effect in await done if isinstance(effect, AgentAnswer))
        log.info("agent.state.asked", agent=asked.agent, to=str(asked.to), by=asked.by, refused=answer.refused or None)
        if answer.refused:
            return Refused(code="agent.state", sentence=answer.refused)
        return AgentTold(now=now)

    async def command_callback(self, asked: AddCallback | CancelCallback) -> CallbackTold | Refused:
        """Have a number called, or not any more."""
        done = self._do(CallbackWished(self.now_ns(), asked))
        (answer,) = (effect for effect in await done if isinstance(effect, CallbackAnswer))
        log.info("callback.asked", callback=answer.callback or None, by=asked.by, refused=answer.refused or None)
        if answer.refused:
            return Refused(code="callback.refused", sentence=answer.refused)
        return CallbackTold(now=callback_now(self._state, answer.callback))

    def callbacks_now(self) -> tuple[CallbackNow, ...]:
        """All that are open, and those that were over lately."""
        return tuple(callback_now(self._state, name) for name in self._state.callbacks)

    async def order(self, asked: CallAsked) -> AgentTold | Refused:
        """What an agent wants of their call, carried to the branch that has it."""
        if (unknown := self._unknown(asked.agent)) is not None:
            return unknown
        name, now = self._named(asked.agent), contact_of(self._state, asked.agent)
        if now is None:
            return Refused(code="agent.call", sentence=f"{name} has no call")
        box = now.contact.partition(".")[0]
        if box in self.rules.peripherals:
            return Refused(code="agent.call", sentence=f"{name} has a call of {box}, which hands it on by itself")
        if asked.to in (CallWish.TRANSFER, CallWish.CONSULT) and direct.at(self._state, box, asked.number) is None:
            near = suggestion(asked.number, direct.numbers(self._state, box))
            sentence = f"nobody can be reached by {asked.number or 'no number'}; {near}"
            return Refused(code="agent.number", sentence=sentence)
        order = f"{self._state.epoch}.{next(self._orders)}"
        told = await self.on_order(box, msgspec.structs.replace(asked, contact=now.contact, order=order))
        log.info("agent.call.asked", agent=asked.agent, to=str(asked.to), by=asked.by, contact=now.contact)
        if isinstance(told, Refused):
            return told
        if told.refused:
            return Refused(code="agent.call", sentence=f"{name} {told.refused}")
        return AgentTold(now=self._agents[asked.agent])

    async def note(self, noted: AgentNoted) -> ContactTold | Refused:
        """Write into the agent's contact; answered once it is in the journal."""
        if (unknown := self._unknown(noted.agent)) is not None:
            return unknown
        done = self._do(ContactNoted(self.now_ns(), noted))
        now = contact_of(self._state, noted.agent)
        (answer,) = (effect for effect in await done if isinstance(effect, AgentAnswer))
        if answer.refused:
            return Refused(code="agent.note", sentence=f"{self._named(noted.agent)} {answer.refused}")
        return ContactTold(agent=noted.agent, now=now)

    def contact_of(self, agent: str) -> ContactTold | Refused:
        """What the agent has before them."""
        return self._unknown(agent) or ContactTold(agent=agent, now=contact_of(self._state, agent))

    def _unknown(self, agent: str) -> Refused | None:
        agents = self._state.rules.seats
        if agent in agents:
            return None
        return Refused(code="agent.unknown", sentence=f"agent {agent!r} is unknown; {suggestion(agent, agents)}")

    def _named(self, agent: str) -> str:
        return f"{self._state.rules.seats[agent].name} ({agent})"

    def agents_now(self) -> tuple[AgentNow, ...]:
        """All agents."""
        return tuple(self._agents.values())

    def queues_now(self) -> tuple[QueueNow, ...]:
        """All queues."""
        return tuple(queue_now(self._state, queue, self.now_ns()) for queue in self._state.rules.queues)

    def change(self, rules: Rules) -> None:
        """The administrator has decided otherwise."""
        self._do(RulesChanged(self.now_ns(), rules))

    def told(self, events: Iterable[Envelope], position: int = 0) -> None:
        """Call events that were committed; up to there in the record's stream. Those not heard before count."""
        self._told = position
        self.hear(events)

    def hear(self, events: Iterable[Envelope]) -> None:
        """Call events, as they come: a record that is away or slow keeps the router from knowing nothing."""
        for envelope in events:
            source = envelope.process, envelope.incarnation, envelope.seq
            if known(self._state, envelope.box, *source):
                continue
            try:
                self._do(CallTold(self.now_ns(), envelope.box, envelope.body, *source))  # type: ignore[arg-type]  # read_batch has seen to it
            except Exception:  # ours; the record has it, and the next is not to be lost for it
                log.exception("router.event.failed", event=envelope.id)

    def heard(self, box: str, contacts: AbstractSet[str] | None = None) -> None:
        """A heartbeat, with the contacts in progress there; what it knows nothing of, twice, is over."""
        now_s = time.monotonic()
        if box not in self.leases:
            self._heard_s[box] = now_s
            if box not in self._state.rules.peripherals:
                self._come(box)
        if contacts is None or now_s < self._counted_s.get(box, 0.0):
            return
        missing = set(contacts_at(self._state, box)) - contacts
        lost = missing & self._missing.get(box, frozenset())
        self._missing[box] = missing - lost
        self._counted_s[box] = now_s + (AGAIN_S if self._missing[box] else RECOUNT_S)
        if lost:
            log.warning("router.contacts.lost", box=box, contacts=len(lost))
            self._do(ContactsLost(self.now_ns(), box, tuple(sorted(lost))))

    def missed(self, box: str) -> None:
        """It has left, or begun anew: until it says what is so there its agents are nobody's to choose."""
        if box in self._state.present:
            self._do(BranchSilent(self.now_ns(), box))

    def peripheral(self, box: str) -> Peripheral | None:
        """None: it is none, but a branch."""
        return self._state.rules.peripherals.get(box)

    def is_there(self, box: str) -> bool:
        """Whether its agents can be chosen."""
        return box in self._state.present

    @property
    def rules(self) -> Rules:
        """As they are now."""
        return self._state.rules

    def agents_at(self, box: str) -> tuple[str, ...]:
        """Whose phones (`1001`), or whose channels (`1001/chat`), are there."""
        return tuple(dict.fromkeys(map(slots.key_of, self._state.index.seats.get(box, ()))))

    def foreign(self, box: str, said: PeripheralSnapshot | AgentsChanged) -> Awaitable[object]:
        """What a peripheral says of its agents; to be awaited until it is in the journal."""
        self._heard_s[box] = time.monotonic()
        if isinstance(said, PeripheralSnapshot):
            self._counted_s.pop(box, None)
            return self._do(PeripheralReturned(self.now_ns(), box, said.agents, said.legs))
        return self._do(ForeignAgentsTold(self.now_ns(), box, said.agents))

    async def leased(self, box: str, lease: Lease) -> Terms:
        """A heartbeat of a branch that holds its agents itself; what it says is so there is journaled first."""
        self._heard_s.pop(box, None)
        self.leases.granted(box, lease)
        if self.leases.holds(box):
            if lease.snapshot is not None:
                await self._do(Reconciled(self.now_ns(), box, lease.snapshot))
            self._come(box)
        return self.leases.terms(box, lease, self._state, self.now_ns())

    def take(self, box: str, now: BranchNow) -> None:
        """A branch's own router: its agents are ours from now on, and what is so there is this."""
        self.leases.put(box, FOREVER)
        self._do(Reconciled(self.now_ns(), box, now))
        self._come(box)

    def leave(self, box: str) -> BranchNow:
        """They are not ours any more; what they are is told to whoever is next."""
        now = now_at(self._state, box)
        self.leases.put(box, Lessee())
        self._do(BranchSilent(self.now_ns(), box))
        return now

    def follow_clock(self, now_ns: int) -> None:
        """It is so late by another router, with which places are exchanged."""
        self._ahead_ns = max(now_ns, self._last_ns + 1) - time.monotonic_ns()

    def domain_rules(self, box: str) -> DomainRules:
        """For its own router."""
        return self.leases.rules(box, self._state)

    def _come(self, box: str) -> None:
        if box not in self._state.present:
            self._counted_s.pop(box, None)
            self._do(BranchHeard(self.now_ns(), box))

    def _hear(self, box: str, lease: int) -> None:
        """A question is a heartbeat of a branch without a lease; one with a lease asks who has it."""
        if box not in self.leases and not lease:
            self._heard_s[box] = time.monotonic()
        elif box not in self.leases or not self.leases.holds(box):
            raise NotLeasedError(f"the agents of {box} are not headquarters' to assign; ask again, or decide yourself")

    async def run(self) -> None:
        """Write the journal, let reservations lapse, miss branches, for ever; cancel to end."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._write_on())
            parts.create_task(self._watch())

    async def beat(self) -> None:
        """Tell the standby of this life, for ever; cancel to end. Raises DeposedError."""
        if self._quorum is not None:
            await self._quorum.beat(self.now_ns)

    async def close(self) -> None:
        """Write what is left, unless somebody else is the router now."""
        for task in self._looking:
            task.cancel()
        if self._due is not None:
            self._due.cancel()
        self._retry_s = 0.0 if self._retry_s is not None else None
        if self._quorum is None or not self._quorum.over:
            await self._write()
        for _, _, done in self._waiting:
            done.cancel()
        for answered in (one for asked in self._asked.values() for one in asked):
            answered.cancel()
        self._disk.shutdown()
        self._journal.close()

    @property
    def epoch(self) -> int:
        """Of this life among those of several headquarters; 0 where there is one."""
        return self._quorum.epoch if self._quorum else 0

    def now_ns(self) -> int:
        """UTC when the life began, steady since: a clock on the wall that is set moves no timer."""
        return time.monotonic_ns() + self._ahead_ns

    def _stamped(self, box: str, said: Said) -> Said:
        """A branch refuses what an older life has said, or an answer in another lease."""
        if isinstance(said, RouteAnswer):
            said = msgspec.structs.replace(said, lease=self.leases.epoch(box))
        return msgspec.structs.replace(said, epoch=self.epoch)

    def _do(self, event: Event) -> asyncio.Future[tuple[Effect, ...]]:
        """Nobody's agents are given out whose lease is over."""
        for box in self.leases.run_out(self._state.present):
            self._happen(BranchSilent(event.at_ns, box))
        return self._happen(event)

    def _happen(self, event: Event) -> asyncio.Future[tuple[Effect, ...]]:
        self._state, effects = apply(self._state, event)
        self._last_ns = event.at_ns
        self._look(event, effects)
        entry = self._journal.entry(event, effects)
        self._unwritten.append(entry)
        done: asyncio.Future[tuple[Effect, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry.seq, effects, done))
        self._work.set()
        self._set_timer()
        return done

    def _look(self, event: Event, effects: tuple[Effect, ...]) -> None:
        """Keep what agents are now for those who ask often."""
        if isinstance(event, LifeBegan | RulesChanged):
            self.leases.rules_changed()
            self._agents = agents_now(self._state)
            return
        if isinstance(event, PeripheralReturned | ForeignAgentsTold):
            names = map(slots.agent_of, self.agents_at(event.box))
            self._agents |= {agent: agent_now(self._state, agent) for agent in dict.fromkeys(names)}
        for effect in effects:
            if isinstance(effect, AgentMoved | AgentAnswer) and (agent := slots.agent_of(effect.agent)) in self._agents:
                self._agents[agent] = agent_now(self._state, agent)
                self.leases.changed((self._agents[agent].box,))

    def _set_timer(self) -> None:
        """For what happens by itself next."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        due_ns = self._state.next_due_ns()
        if due_ns is not None:
            wait_s = max(0.0, (due_ns - self.now_ns()) / 1e9)
            self._due = asyncio.get_running_loop().call_later(wait_s, self._time_passed)

    def _time_passed(self) -> None:
        self._do(TimePassed(self.now_ns()))

    async def _watch(self) -> None:
        """A branch is not missed while we were late ourselves: what it said may lie unread."""
        looked_s = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_S)
            late, looked_s = time.monotonic() - looked_s > LATE_S, time.monotonic()
            for box in sorted(self._state.present) if not late else ():
                if time.monotonic() - self._heard_s.get(box, math.inf) > SILENT_S:
                    self._do(BranchSilent(self.now_ns(), box))
            if self.leases.run_out(self._state.present):
                self._time_passed()
            if self._retry_s is not None:
                self._work.set()

    async def _write_on(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            await self._write()

    async def _write(self) -> None:
        """All there is, in one commit; then what came of it may go."""
        released, count, snapshot = len(self._waiting), len(self._unwritten), self._snapshot()
        if self._quorum is not None:
            await self._quorum.put(self._unwritten[:count], self._told, snapshot)
        if count and (self._retry_s is None or self._retry_s <= time.monotonic()):
            await self._commit(count, snapshot)
        for _ in range(released):
            seq, effects, done = self._waiting.popleft()
            for effect in effects:
                self._let_go(effect)
            moves = tuple(effect for effect in effects if isinstance(effect, AgentMoved))
            if moves:
                self.on_moved(seq, moves)
            _log(effects)
            if not done.cancelled():
                done.set_result(effects)

    def _let_go(self, effect: Effect) -> None:
        match effect:
            case Assigned():
                self.on_assigned(effect.box, self._stamped(effect.box, effect.answer))
            case ContactOrdered():
                self.on_assigned(effect.box, self._stamped(effect.box, effect.order))
            case Interrupted():
                self.on_interrupted(effect.box, effect.told)
            case Answer():
                for answered in self._asked.pop(effect.answer.request, ()):
                    if not answered.done():
                        answered.set_result(self._stamped(effect.box, effect.answer))
            case LookupAsked():
                task = asyncio.create_task(self._look_up(effect))
                self._looking.add(task)
                task.add_done_callback(self._looking.discard)

    async def _look_up(self, asked: LookupAsked) -> None:
        values: Mapping[str, str] = {}
        failed = ""
        try:
            values = await self._sources.ask(asked.source, asked.parameters)
        except LookupFailed as error:
            failed = str(error)
        self._do(LookupAnswered(self.now_ns(), asked.contact, asked.lookup, values, failed))

    def _snapshot(self) -> Snapshot | None:
        """Of the state now, where one is due."""
        if not self._unwritten or not (self._gap or self._unwritten[-1].seq >= self._snapshot_at):
            return None
        last = self._unwritten[-1]
        self._snapshot_at = last.seq + SNAPSHOT_ENTRIES
        return Snapshot(last.seq, ENGINE, last.at_ns, encoded(self._state))

    async def _commit(self, count: int, snapshot: Snapshot | None) -> None:
        entries = tuple(self._unwritten[:count])
        mark, gap = self._quorum.mark.encoded() if self._quorum else b"", self._gap

        def write() -> None:
            if gap and snapshot is not None:
                if mark:
                    self._journal.restart(snapshot, mark)
                else:
                    self._journal.keep(snapshot.state, snapshot.seq, snapshot.at_ns)
                return
            self._journal.append(entries, mark)
            if snapshot is not None:
                try:
                    self._journal.keep(snapshot.state, snapshot.seq, snapshot.at_ns)
                except sqlite3.Error as error:
                    log.error("router.snapshot.refused", error=str(error))  # the next one does as well

        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, write)
        except sqlite3.Error as error:
            if self._retry_s is None:
                log.error("router.journal.refused", error=str(error))
                self._on_trouble(f"the router's journal cannot be written ({error}): {MEND}")
            self._retry_s = time.monotonic() + RETRY_S
            if len(self._unwritten) > UNWRITTEN:
                self._gap = True
                self._unwritten.clear()
            return
        self._gap = False
        del self._unwritten[: len(entries)]
        if self._retry_s is not None:
            self._retry_s = None
            log.info("router.journal.written")
            self._on_trouble(None)


async def _nobody_to_order(box: str, asked: CallAsked) -> OrderDone | Refused:
    del asked
    return Refused(code="call.silent", sentence=f"branch {box} cannot be reached")


def _log(effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        if isinstance(effect, ReservationEnded):
            log.info("route.reservation.ended", agent=effect.agent, contact=effect.contact, why=effect.why)
        elif isinstance(effect, AgentMoved):
            log.info("agent.state.changed", agent=effect.agent, state=effect.state, reason=effect.reason or None)
        elif isinstance(effect, Assigned):
            log.info("route.contact.assigned", request=effect.answer.request, reason=effect.answer.reason)
        elif isinstance(effect, ContactOrdered):
            log.info("route.contact.ordered", contact=effect.order.contact, reason=effect.order.reason)
