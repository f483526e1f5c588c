# SPDX-License-Identifier: GPL-2.0-only
"""A day of the crowd in a router's journal: menus, several queues, agents with wishes, and what may go wrong.

crowd = recorded(path, calls=500, faults=True)
"""

import hashlib
import itertools
import random
from collections import Counter
from functools import partial
from pathlib import Path

import msgspec

from appliance.router.events import (
    AgentMoved,
    AgentWished,
    CallTold,
    Effect,
    Event,
    LifeBegan,
    RulesChanged,
    TimePassed,
)
from appliance.router.journal import Entry, Journal, encoded
from appliance.router.rules import CallType, QueueRule, QueueStep, Rules, Seat, skill_group
from appliance.script.nodes import Collect, Node, Play, Queue, Release, Script, Switch, Text
from appliance.script.nodes import Field as On
from appliance.wire.agents import AgentAsked, AgentWish
from appliance.wire.calls import ContactBegan, LegBegan, LegConnected
from appliance.wire.legs import Direction
from appliance.wire.routes import RingAgent, RouteAnswer, Treat
from appliance.wire.treatments import Collect as CollectVerb
from tests.router.simulation import BOX, SECOND_NS, Caller, Crowd

SNAPSHOT = 700
HOLD = ("music",)


def menu(name: str, *, wait_s: int = 60, second: str = "loans") -> Script:
    """Greets, asks for a digit, and queues by it."""
    nodes: dict[str, Node] = {
        "greet": Play(prompts=("hello",), next="ask"),
        "ask": Collect(prompts=("press",), next="choose"),
        "choose": Switch(on=On.CED, cases={"1": "first", "2": "second"}, otherwise="first"),
        "first": Queue(queues=("card",), otherwise="gone", hold=HOLD, wait_s=wait_s),
        "second": Queue(queues=(second, "card"), otherwise="gone", hold=HOLD, wait_s=wait_s),
        "gone": Release(cause=17),
    }
    text = Text(start="greet", nodes=nodes)
    return Script(name, hashlib.sha256(msgspec.json.encode(text)).hexdigest()[:12], text)


def direct(name: str, queue: str, priority: int = 5) -> Script:
    """Queues at once."""
    nodes: dict[str, Node] = {
        "wait": Queue(queues=(queue,), otherwise="gone", hold=HOLD, wait_s=90, priority=priority),
        "gone": Release(cause=17),
    }
    return Script(name, "d1", Text(start="wait", nodes=nodes))


def rules(agents: int = 9) -> Rules:
    """A menu and a gold number; a skill group, another, and a queue that widens."""
    names = tuple(f"a{number}" for number in range(agents))
    third = agents // 3
    gold = QueueRule((QueueStep(names[:2], wait_s=6), QueueStep(names[:third])), wrap_up_s=3)
    return Rules(
        call_types={"1": CallType("menu", "1", "menu"), "2": CallType("gold", "2", "gold")},
        queues={"card": skill_group(*names[:-third], wrap_up_s=5), "loans": skill_group(*names[-third:]), "gold": gold},
        seats={name: Seat(name, name, BOX, name) for name in names},
        scripts={"menu": menu("menu"), "gold": direct("gold", "gold", 1)},
        no_answer_not_ready=True,
    )


def large(agents: int = 1000, queues: int = 20) -> Rules:
    """As many agents as a bank has, each in one queue, and a number for each queue."""
    names = [f"a{number:04}" for number in range(agents)]
    kinds = [f"q{number}" for number in range(queues)]
    return Rules(
        call_types={str(number): CallType(kind, str(number), kind) for number, kind in enumerate(kinds, 1)},
        queues={kind: skill_group(*names[place::queues], wrap_up_s=10) for place, kind in enumerate(kinds)},
        seats={name: Seat(name, name, BOX, name) for name in names},
        scripts={kind: direct(kind, kind) for kind in kinds},
        no_answer_not_ready=True,
    )


class RecordedCrowd(Crowd):
    """Writes its journal. With `faults` agents do not answer and come back, rules change, branches and lives end."""

    def __init__(
        self,
        journal: Journal,
        *,
        known: Rules,
        seed: int = 5,
        arrivals_s: float = 2.4,
        talk_s: float = 15.0,
        faults: bool,
        begun_ns: int = SECOND_NS,
    ) -> None:
        self._journal, self._begun_ns = journal, begun_ns
        self._entries: list[Entry] = []
        self._wrap_ups = itertools.cycle((5, 9))
        self.kinds: Counter[str] = Counter()
        self._own = random.Random(seed)  # noqa: S311 - the same day each time
        super().__init__(seed=seed, agents=0, arrivals_s=arrivals_s, talk_s=talk_s, faults=faults, known=known)

    @property
    def now_ns(self) -> int:
        """Its clock."""
        return self._now_ns

    def close(self) -> None:
        """Write what is left."""
        self._journal.append(self._entries)
        self._journal.close()

    # Callers.

    def _ask(self, caller: Caller, outcome: str) -> None:
        if caller.asked == 0:
            came = ContactBegan(contact=caller.name, leg=f"{caller.name}.leg", channel="1", dnis=caller.dnis)
            self._tell(CallTold(self._now_ns, BOX, came))
        super()._ask(caller, outcome)

    def _dnis(self) -> str:
        return self._own.choice(sorted(self._rules.call_types)) if self._own.random() < 0.9 else "1"

    def _answered(self, answer: RouteAnswer) -> None:
        caller, action = self._requests[answer.request], answer.action
        if not isinstance(action, Treat) or not isinstance(action.verbs[-1], CollectVerb):
            super()._answered(answer)
            return
        caller.cursor, asked = answer.cursor, caller.asked
        self._later(self._own.uniform(2.0, 9.0), lambda: self._pressed(caller, asked))

    def _pressed(self, caller: Caller, asked: int) -> None:
        if caller.asked == asked and not caller.gone:
            caller.ced = self._own.choice(("1", "2", "2", ""))
            self._ask(caller, "digits" if caller.ced else "no-digits")

    def _ring(self, caller: Caller, label: RingAgent) -> None:
        leg = caller.leg = f"l{next(self._serial)}"
        self._later(self._own.uniform(0.01, 0.2), lambda: self._rings(caller, label, leg))

    def _rings(self, caller: Caller, label: RingAgent, leg: str) -> None:
        if caller.leg != leg:
            return
        began = LegBegan(
            contact=caller.name,
            leg=leg,
            direction=Direction.OUTGOING,
            channel="sip",
            to=label.extension,
            agent=label.agent,
            token=label.token,
        )
        self._tell(CallTold(self._now_ns, BOX, began))
        if self._faults and self._own.random() < 0.12:
            self._later(self._own.uniform(4.0, 12.0), lambda: self._not_taken(caller, label.agent))
        else:
            self._later(self._own.uniform(1.0, 8.0), lambda: self._connects(caller, leg))

    def _connects(self, caller: Caller, leg: str) -> None:
        if caller.leg == leg:
            caller.talked = True
            self._tell(CallTold(self._now_ns, BOX, LegConnected(contact=caller.name, leg=leg, sample=0)))
            self._later(self._own.expovariate(1 / self._talk_s), lambda: self._end(caller, "answered"))

    # What goes wrong.

    def _trouble(self, calls: int) -> None:
        chance = self._own.random()
        if chance < 0.4:
            queue = min(self._rules.queues)
            changed = msgspec.structs.replace(self._rules.queues[queue], wrap_up_s=next(self._wrap_ups))
            self._rules = msgspec.structs.replace(self._rules, queues={**self._rules.queues, queue: changed})
            self._tell(RulesChanged(self._now_ns, self._rules))
        elif chance < 0.7:
            self._wish(self._own.choice(sorted(self._rules.seats)), AgentWish.NOT_READY, "break")
        super()._trouble(calls)

    def _wish(self, agent: str, to: AgentWish, reason: str = "") -> None:
        self._tell(AgentWished(self._now_ns, AgentAsked(agent=agent, to=to, reason=reason, by=agent)))
        if to is AgentWish.NOT_READY:
            self._later(self._own.uniform(10.0, 40.0), lambda: self._wish(agent, AgentWish.READY))

    def _live(self) -> None:
        """One leg or none has ended while no router lived."""
        self._lives += 1
        self._now_ns = max(self._now_ns, self._begun_ns)
        legs = [
            (agent, leg, one.legs[leg]) for agent, one in sorted(self.state.agents.items()) for leg in sorted(one.legs)
        ]
        if legs and self._own.random() < 0.5:
            legs.pop(self._own.randrange(len(legs)))
        self._tell(LifeBegan(self._now_ns, f"life{self._lives}", self._rules, tuple(legs)))

    # The router.

    def _tell(self, event: Event) -> None:
        if isinstance(event, TimePassed):  # a timer is late, and never so late that something else came before
            late_ns = self._now_ns + self._own.randrange(2_000_000)
            self._now_ns = min(late_ns, self._due[0][0]) if self._due else late_ns
            event = TimePassed(self._now_ns)
        super()._tell(event)

    def _write(self, event: Event, effects: tuple[Effect, ...]) -> None:
        self.kinds[type(event).__name__] += 1
        self._entries.append(self._journal.entry(event, effects))
        if len(self._entries) >= SNAPSHOT:
            self._journal.append(self._entries)
            self._journal.keep(encoded(self.state), self._journal.seq, event.at_ns)
            self._entries = []
        for effect in effects:
            if isinstance(effect, AgentMoved) and effect.reason == "no answer":
                self._later(self._own.uniform(5.0, 30.0), partial(self._wish, effect.agent, AgentWish.READY))


def recorded(path: Path, calls: int, *, known: Rules | None = None, **crowd: object) -> RecordedCrowd:
    """A whole day of it in that file."""
    written = RecordedCrowd(Journal(path), known=known or rules(), **crowd)  # type: ignore[arg-type]  # of the crowd
    written.run(calls)
    written.close()
    return written
