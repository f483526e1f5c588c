# SPDX-License-Identifier: GPL-2.0-only
"""What branches say to the router, and what it tells them: questions, call events, heartbeats, leases, peripherals."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from appliance.headquarters.desk import clock
from appliance.headquarters.desk.commands import Commands
from appliance.headquarters.desk.commits import Commits
from appliance.headquarters.desk.router import Router
from appliance.headquarters.duplex.quorum import ALONE, Succession
from appliance.headquarters.leases import FOREVER, Leases, NotLeasedError
from appliance.headquarters.lookups.sources import Sources
from appliance.headquarters.lookups.values import LookupFailed
from appliance.router import slots
from appliance.router.apply import known
from appliance.router.branch_now import BranchNow
from appliance.router.domain import DomainRules, Lease, Terms, rules_of
from appliance.router.events import (
    AgentMoved,
    Answer,
    Assigned,
    BranchHeard,
    BranchSilent,
    CallTold,
    ContactOrdered,
    ContactsLost,
    Effect,
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
)
from appliance.router.journal import Journal
from appliance.router.lease import Lessee
from appliance.router.reconciling import now_at
from appliance.router.rules import Peripheral, Rules
from appliance.router.state import State
from appliance.router.view import contacts_at
from appliance.wire.callbacks import PlaceContact
from appliance.wire.envelope import Envelope
from appliance.wire.peripherals import AgentsChanged, PeripheralSnapshot
from appliance.wire.routes import LegInterrupted, RouteAnswer, RouteRequest

KEEP_S = 10.0
WATCH_S = 0.25
LATE_S = 1.0
SILENT_S = 4.0  # of whom nothing is heard for so long loses their agents, by WATCH_S within 5 s
RECOUNT_S = 60.0
AGAIN_S = 0.5  # heartbeats may follow at once, and what a branch asks is on its disk a moment later

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
        self.on_assigned: Callable[[str, RouteAnswer | PlaceContact], None] = lambda _box, _answer: None
        self.on_interrupted: Callable[[str, LegInterrupted], None] = lambda _box, _told: None
        self.on_moved: Callable[[int, tuple[AgentMoved, ...]], None] = lambda _seq, _moves: None
        self.leases = Leases(epoch)
        self._sources = sources or Sources(())
        self._commits = Commits(journal, succession, on_trouble)
        self._router = Router(recalled, succession.ahead_ns, self._commits, self.leases, self._let_go)
        self.floor = Commands(self._router, self.leases)
        self._asked: dict[str, list[asyncio.Future[RouteAnswer]]] = {}
        self._looking: set[asyncio.Task[None]] = set()
        self._heard_s: dict[str, float] = {}
        self._counted_s: dict[str, float] = {}  # when a branch's contacts are compared next
        self._missing: dict[str, AbstractSet[str]] = {}
        phones = {(seat.box, seat.extension): seat.agent for seat in rules.seats.values() if seat.extension}
        legs = tuple(
            (agent or phones.get((box, extension), ""), leg, contact)
            for box, agent, extension, leg, contact in open_legs
        )
        self.told(succession.missed, self._commits.told)
        self.began = self._router.do(LifeBegan(self.now_ns(), epoch, rules, legs))

    async def ask(self, box: str, request: RouteRequest) -> RouteAnswer:
        """Decide. Raises NotLeasedError: the branch is to ask again, or itself."""
        self._hear(box, request.lease)
        answered: asyncio.Future[RouteAnswer] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(request.request, []).append(answered)
        self._router.do(RouteAsked(self._router.now_ns(), box, request, time.time_ns()))
        answer = await answered
        log.info(
            "route.request.answered",
            contact=request.contact,
            outcome=request.outcome,
            action=type(answer.action).__name__,
            reason=answer.reason,
        )
        return answer

    def change(self, rules: Rules) -> None:
        """The administrator has decided otherwise."""
        self._router.do(RulesChanged(self._router.now_ns(), rules))

    def told(self, events: Iterable[Envelope], position: int = 0) -> None:
        """Call events that were committed; up to there in the record's stream. Those not heard before count."""
        self._commits.told = position
        self.hear(events)

    def hear(self, events: Iterable[Envelope]) -> None:
        """Call events, as they come: a record that is away or slow keeps the router from knowing nothing."""
        for envelope in events:
            source = envelope.process, envelope.incarnation, envelope.seq
            if known(self._router.state, envelope.box, *source):
                continue
            try:
                self._router.do(CallTold(self._router.now_ns(), envelope.box, envelope.body, *source))  # type: ignore[arg-type]  # read_batch has seen to it
            except Exception:  # ours; the record has it, and the next is not to be lost for it
                log.exception("router.event.failed", event=envelope.id)

    def heard(self, box: str, contacts: AbstractSet[str] | None = None) -> None:
        """A heartbeat, with the contacts in progress there; what it knows nothing of, twice, is over."""
        now_s = time.monotonic()
        if box not in self.leases:
            self._heard_s[box] = now_s
            if box not in self._router.state.rules.peripherals:
                self._come(box)
        if contacts is None or now_s < self._counted_s.get(box, 0.0):
            return
        missing = set(contacts_at(self._router.state, box)) - contacts
        lost = missing & self._missing.get(box, frozenset())
        self._missing[box] = missing - lost
        self._counted_s[box] = now_s + (AGAIN_S if self._missing[box] else RECOUNT_S)
        if lost:
            log.warning("router.contacts.lost", box=box, contacts=len(lost))
            self._router.do(ContactsLost(self._router.now_ns(), box, tuple(sorted(lost))))

    def missed(self, box: str) -> None:
        """It has left, or begun anew: until it says what is so there its agents are nobody's to choose."""
        if box in self._router.state.present:
            self._router.do(BranchSilent(self._router.now_ns(), box))

    def peripheral(self, box: str) -> Peripheral | None:
        """None: it is none, but a branch."""
        return self._router.state.rules.peripherals.get(box)

    def is_there(self, box: str) -> bool:
        """Whether its agents can be chosen."""
        return box in self._router.state.present

    @property
    def rules(self) -> Rules:
        """As they are now."""
        return self._router.state.rules

    def agents_at(self, box: str) -> tuple[str, ...]:
        """Whose phones (`1001`), or whose channels (`1001/chat`), are there."""
        return tuple(dict.fromkeys(map(slots.key_of, self._router.state.index.seats.get(box, ()))))

    def foreign(self, box: str, said: PeripheralSnapshot | AgentsChanged) -> Awaitable[object]:
        """What a peripheral says of its agents; to be awaited until it is in the journal."""
        self._heard_s[box] = time.monotonic()
        if isinstance(said, PeripheralSnapshot):
            self._counted_s.pop(box, None)
            return self._router.do(PeripheralReturned(self._router.now_ns(), box, said.agents, said.legs))
        return self._router.do(ForeignAgentsTold(self._router.now_ns(), box, said.agents))

    async def leased(self, box: str, lease: Lease) -> Terms:
        """A heartbeat of a branch that holds its agents itself; what it says is so there is journaled first."""
        self._heard_s.pop(box, None)
        self.leases.granted(box, lease)
        if self.leases.holds(box):
            if lease.snapshot is not None:
                await self._router.do(Reconciled(self._router.now_ns(), box, lease.snapshot))
            self._come(box)
        return self.leases.terms(box, lease, self._router.state, self._router.now_ns())

    def take(self, box: str, now: BranchNow) -> None:
        """A branch's own router: its agents are ours from now on, and what is so there is this."""
        self.leases.put(box, FOREVER)
        self._router.do(Reconciled(self._router.now_ns(), box, now))
        self._come(box)

    def leave(self, box: str) -> BranchNow:
        """They are not ours any more; what they are is told to whoever is next."""
        now = now_at(self._router.state, box)
        self.leases.put(box, Lessee())
        self._router.do(BranchSilent(self._router.now_ns(), box))
        return now

    def follow_clock(self, now_ns: int) -> None:
        """It is so late by another router, with which places are exchanged."""
        self._router.follow_clock(now_ns)

    async def domain_rules(self, box: str) -> DomainRules:
        """For its own router."""
        state = self._router.state
        return await asyncio.to_thread(rules_of, state.rules, box, self.leases.rules(state))

    def _come(self, box: str) -> None:
        if box not in self._router.state.present:
            self._counted_s.pop(box, None)
            self._router.do(BranchHeard(self._router.now_ns(), box))

    def _hear(self, box: str, lease: int) -> None:
        """A question is a heartbeat of a branch without a lease; one with a lease asks who has it."""
        if box not in self.leases and not lease:
            self._heard_s[box] = time.monotonic()
        elif box not in self.leases or not self.leases.holds(box):
            raise NotLeasedError(f"the agents of {box} are not headquarters' to assign; ask again, or decide yourself")

    async def run(self) -> None:
        """Write the journal, let reservations lapse, miss branches, for ever; cancel to end."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._router.write_on())
            parts.create_task(self._watch())

    async def beat(self) -> None:
        """Tell the standby of this life, for ever; cancel to end. Raises DeposedError."""
        if self._commits.quorum is not None:
            await self._commits.quorum.beat(self.now_ns)

    async def close(self) -> None:
        """Write what is left, unless somebody else is the router now."""
        for task in self._looking:
            task.cancel()
        await self._router.close()
        for answered in (one for asked in self._asked.values() for one in asked):
            answered.cancel()

    @property
    def epoch(self) -> int:
        """Of this life among those of several headquarters; 0 where there is one."""
        return self._commits.quorum.epoch if self._commits.quorum else 0

    @property
    def commit_s(self) -> float:
        """What the disk took for the last decisions."""
        return self._commits.took_s

    def now_ns(self) -> int:
        """The router's time."""
        return self._router.now_ns()

    async def keep_clock(self, path: Path) -> None:
        """For the next life on this boot, for ever; cancel to end."""
        while True:
            try:
                await asyncio.to_thread(clock.keep, path, self._router.clock.ahead_ns)
            except OSError as error:  # a full disk
                log.info("router.clock.unkept", error=str(error))
            await asyncio.sleep(KEEP_S)

    def _stamped(self, box: str, said: Said) -> Said:
        """A branch refuses what an older life has said, or an answer in another lease."""
        if isinstance(said, RouteAnswer):
            said = msgspec.structs.replace(said, lease=self.leases.epoch(box))
        return msgspec.structs.replace(said, epoch=self.epoch)

    async def _watch(self) -> None:
        """A branch is not missed while we were late ourselves: what it said may lie unread."""
        looked_s = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_S)
            self._router.clock.look()
            late, looked_s = time.monotonic() - looked_s > LATE_S, time.monotonic()
            for box in sorted(self._router.state.present) if not late else ():
                if time.monotonic() - self._heard_s.get(box, math.inf) > SILENT_S:
                    self._router.do(BranchSilent(self._router.now_ns(), box))
            if self.leases.run_out(self._router.state.present):
                self._router.pass_time()
            self._router.try_again()

    def _let_go(self, seq: int, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            self._tell(effect)
        moves = tuple(effect for effect in effects if isinstance(effect, AgentMoved))
        if moves:
            self.on_moved(seq, moves)
        _log(effects)

    def _tell(self, effect: Effect) -> None:
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
        self._router.do(LookupAnswered(self._router.now_ns(), asked.contact, asked.lookup, values, failed))


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
