# SPDX-License-Identifier: GPL-2.0-only
"""The router as it runs: stamps the time, applies events one after another, lets go what came of them once journaled.

The one place where the router's state changes, within the event loop's turn.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from appliance.headquarters.desk.clock import Clock
from appliance.headquarters.desk.commits import Commits
from appliance.headquarters.leases import Leases
from appliance.router import slots
from appliance.router.apply import apply
from appliance.router.events import (
    AgentAnswer,
    AgentMoved,
    BranchSilent,
    Effect,
    Event,
    ForeignAgentsTold,
    LifeBegan,
    PeripheralReturned,
    Reconciled,
    RulesChanged,
    TimePassed,
)
from appliance.router.state import State
from appliance.router.view import agent_now, agents_now
from appliance.wire.agents import AgentNow


class Router:
    """`recalled` is what the journal knows of the last life; `ahead_ns` its clock less our steady one, if known.

    `let_go` is given the number of an entry that is written, and what came of it.
    """

    def __init__(
        self,
        recalled: tuple[State, int],
        ahead_ns: int | None,
        commits: Commits,
        leases: Leases,
        let_go: Callable[[int, tuple[Effect, ...]], None],
    ) -> None:
        self.state, self._last_ns = recalled
        self.agents: dict[str, AgentNow] = {}
        """As they are now, kept for those who ask often."""
        self.clock = Clock(self._last_ns, ahead_ns)
        self._commits = commits
        self._leases = leases
        self._let_go = let_go
        self._waiting: deque[tuple[int, tuple[Effect, ...], asyncio.Future[tuple[Effect, ...]]]] = deque()
        self._work = asyncio.Event()
        self._due: asyncio.TimerHandle | None = None

    def now_ns(self) -> int:
        """By its own clock: one on the wall that is set moves no timer."""
        return self.clock.now_ns()

    def follow_clock(self, now_ns: int) -> None:
        """It is so late by another router, with which places are exchanged."""
        self.clock.follow(now_ns, self._last_ns)

    def do(self, event: Event) -> asyncio.Future[tuple[Effect, ...]]:
        """Done once it is journaled. Nobody's agents are given out whose lease is over."""
        for box in self._leases.run_out(self.state.present):
            self._happen(BranchSilent(event.at_ns, box))
        return self._happen(event)

    def pass_time(self) -> None:
        """Let happen what is due by itself."""
        self.do(TimePassed(self.now_ns()))

    async def write_on(self) -> None:
        """Journal what happens, for ever; cancel to end."""
        while True:
            await self._work.wait()
            self._work.clear()
            await self._write()

    def try_again(self) -> None:
        """Where the disk has refused."""
        if self._commits.refused:
            self._work.set()

    async def close(self) -> None:
        """Write what is left, unless somebody else is the router now."""
        if self._due is not None:
            self._due.cancel()
        released = len(self._waiting)
        await self._commits.close(self.state)
        if not self._commits.over:
            self._release(released)
        for _, _, done in self._waiting:
            done.cancel()

    def _happen(self, event: Event) -> asyncio.Future[tuple[Effect, ...]]:
        self.state, effects = apply(self.state, event)
        self._last_ns = event.at_ns
        self._look(event, effects)
        done: asyncio.Future[tuple[Effect, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._commits.add(event, effects), effects, done))
        self._work.set()
        self._set_timer()
        return done

    def _look(self, event: Event, effects: tuple[Effect, ...]) -> None:
        """Keep what agents are now."""
        if isinstance(event, LifeBegan | RulesChanged):
            self._leases.rules_changed()
            self.agents = agents_now(self.state)
            return
        if isinstance(event, PeripheralReturned | ForeignAgentsTold | Reconciled):
            names = map(slots.agent_of, self.state.index.seats.get(event.box, ()))
            self.agents |= {agent: agent_now(self.state, agent) for agent in dict.fromkeys(names)}
            self._leases.changed((event.box,))
        for effect in effects:
            if isinstance(effect, AgentMoved | AgentAnswer) and (agent := slots.agent_of(effect.agent)) in self.agents:
                self.agents[agent] = agent_now(self.state, agent)
                self._leases.changed((self.agents[agent].box,))

    def _set_timer(self) -> None:
        """For what happens by itself next."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        due_ns = self.state.next_due_ns()
        if due_ns is not None:
            wait_s = max(0.0, (due_ns - self.now_ns()) / 1e9)
            self._due = asyncio.get_running_loop().call_later(wait_s, self.pass_time)

    async def _write(self) -> None:
        """All there is, in one commit; then what came of it may go."""
        released = len(self._waiting)
        await self._commits.write(self.state)
        self._release(released)

    def _release(self, count: int) -> None:
        for _ in range(count):
            seq, effects, done = self._waiting.popleft()
            self._let_go(seq, effects)
            if not done.cancelled():
                done.set_result(effects)
