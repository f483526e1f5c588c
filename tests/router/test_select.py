# SPDX-License-Identifier: GPL-2.0-only
"""Which agent, and which of several queues: longest available, least occupied, next, minimum expected delay."""

import statistics
from collections import defaultdict

import msgspec
import pytest

from appliance.router.apply import apply
from appliance.router.events import BranchHeard, Effect, Event, LifeBegan, RouteAsked
from appliance.router.rules import CallType, QueueRule, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.script.nodes import Node, Queue, Release, Script, Select, Text
from appliance.wire.routes import RingAgent
from tests.router import test_router_apply as tests
from tests.router.expectations import TALK_S, Expecting, Pattern
from tests.router.simulation import Caller
from tests.router.test_router_apply import BOX, S, answers, check, connected, contact_ended, leg_began, leg_ended, rung

AGENTS = ("1001", "1002", "1003")
NUMBERS = {select: str(number) for number, select in enumerate(Select, 1)}
EAST, WEST = "BR-0001", "BR-0002"


def site(queues: dict[str, QueueRule], seats: dict[str, str], queue: Queue) -> Rules:
    """Agents by their branch; a call type for each `select`."""
    nodes: dict[Select, dict[str, Node]] = {
        select: {"card": msgspec.structs.replace(queue, select=select), "gone": Release(cause=17)} for select in Select
    }
    return Rules(
        call_types={NUMBERS[select]: CallType(select, NUMBERS[select], select) for select in Select},
        queues=queues,
        seats={agent: Seat(agent, agent, box, agent) for agent, box in seats.items()},
        scripts={select: Script(select, "v", Text(start="card", nodes=nodes[select])) for select in Select},
    )


RULES = site(
    {"card": skill_group(*AGENTS)}, dict.fromkeys(AGENTS, BOX), Queue(queues=("card",), otherwise="gone", wait_s=60)
)


def run(*events: Event, state: State | None = None) -> tuple[State, list[Effect]]:
    after, effects = tests.run(list(events), state or apply(EMPTY, LifeBegan(0, "epoch", RULES))[0])
    check(after)
    return after, effects


def ask(at_ns: int, contact: str, select: Select) -> RouteAsked:
    return tests.ask(at_ns, contact, cursor="", dnis=NUMBERS[select])


def talk(agent: str, contact: str, from_ns: int, to_ns: int) -> list[Event]:
    leg = f"{contact}-{agent}"
    return [leg_began(from_ns, agent, leg, contact), connected(from_ns, leg, contact), leg_ended(to_ns, leg, contact)]


@pytest.mark.unit
def test_the_least_occupied_is_who_has_worked_the_smallest_share_of_the_time_since_log_in() -> None:
    worked = [
        *talk("1002", "c1", 1 * S, 3 * S),
        *talk("1001", "c2", 4 * S, 60 * S),
        *talk("1003", "c3", 60 * S, 64 * S),
    ]
    state, effects = run(BranchHeard(1, BOX), *worked, ask(100 * S, "c9", Select.LEAST_OCCUPIED))
    assert rung(effects) == ["1002"]
    assert answers(effects)[-1].reason == "1002 (1002) is least occupied in card"
    _, effects = run(ask(100 * S, "c8", Select.LONGEST_AVAILABLE), state=state)
    assert rung(effects) == ["1001"]


@pytest.mark.unit
def test_next_is_the_one_after_the_last_whatever_he_did_since() -> None:
    state, effects = run(BranchHeard(1, BOX))
    heard: list[str] = []
    for number in range(5):
        at_ns = (10 + number) * S
        state, effects = run(ask(at_ns, f"c{number}", Select.NEXT), state=state)
        heard += rung(effects)
        state, _ = run(contact_ended(at_ns + 1, f"c{number}"), state=state)
    assert heard == ["1001", "1002", "1003", "1001", "1002"]


class TwoSites(Expecting):
    """Agents 60 to 40 at two sites, a queue each; who waited how long at which."""

    def __init__(self, select: Select, load: float, calls: int) -> None:
        self._select = select
        self.site_waits_s: dict[str, list[float]] = defaultdict(list)
        agents = {f"e{number:02}": EAST for number in range(12)} | {f"w{number:02}": WEST for number in range(8)}
        queues = {
            name: skill_group(*(agent for agent, box in agents.items() if box == at))
            for name, at in (("east", EAST), ("west", WEST))
        }
        known = site(queues, agents, Queue(queues=("east", "west"), otherwise="gone", hold=("song",), wait_s=3600))
        super().__init__(Pattern("two sites", 20, lambda _: load, calls=calls), known=known)
        self._tell(BranchHeard(self._now_ns, WEST))

    def _dnis(self) -> str:
        return NUMBERS[self._select]

    def _tell(self, event: Event) -> None:
        if isinstance(event, RouteAsked):
            event = msgspec.structs.replace(event, request=msgspec.structs.replace(event.request, reaches=(WEST,)))
        super()._tell(event)

    def _ring(self, caller: Caller, label: RingAgent) -> None:
        self.site_waits_s[label.queue].append((self._now_ns - caller.came_ns) / S)
        super()._ring(caller, label)

    def asa_s(self) -> tuple[float, float]:
        """Of both."""
        return statistics.fmean(self.site_waits_s["east"]), statistics.fmean(self.site_waits_s["west"])


@pytest.mark.system
@pytest.mark.timeout(60)
def test_two_sites_of_12_and_8_agents_answer_as_fast_by_minimum_expected_delay() -> None:
    """A6: their ASA differs by less than 10 %, and each has its share of the calls."""
    crowd = TwoSites(Select.MINIMUM_EXPECTED_DELAY, load=1.05, calls=1500)
    crowd.run(1500)
    east, west = crowd.asa_s()
    assert min(east, west) > TALK_S / 10
    assert abs(east - west) < 0.1 * min(east, west), (east, west)
    assert crowd.counts["answered"] == 1500
    share = len(crowd.site_waits_s["east"]) / 1500
    assert share == pytest.approx(0.6, abs=0.03)
