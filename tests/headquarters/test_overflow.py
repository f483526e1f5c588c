# SPDX-License-Identifier: GPL-2.0-only
"""A limit of calls, and what is beyond it: at another branch, or a busy tone; and the reports that tell both."""

from pathlib import Path

import pytest

from appliance.config import ConfigurationError
from appliance.headquarters.reports.intervals.facts import facts
from appliance.headquarters.reports.intervals.figures import Figures, Key
from appliance.headquarters.reports.intervals.thresholds import Thresholds
from appliance.router.apply import apply
from appliance.router.events import BranchHeard, CallTold, LifeBegan, RouteAsked
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.script.loading import load_all
from appliance.wire import calls
from appliance.wire.envelope import Envelope
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest
from tests.headquarters.told import TEN_NS, S, began, caller_gone, ended, row_of, rung, story, talk, talked
from tests.router.test_router_apply import answers

pytestmark = pytest.mark.unit

NEAR, FAR = "BR-0001", "BR-0002"
CARD = """\
start: room
nodes:
  room: {do: if, that: calls('card') < 5, then: here, otherwise: over}
  here: {do: queue, queues: [near], hold: [song], otherwise: shut}
  over: {do: requalify, call_type: overflow}
  shut: {do: busy}
"""
OVERFLOW = """\
start: room
nodes:
  room: {do: if, that: calls('overflow') < 1, then: there, otherwise: shut}
  there: {do: queue, queues: [far], hold: [song], otherwise: shut}
  shut: {do: busy}
"""
TYPES = {"card": ("card",), "overflow": ("overflow",)}


def loaded(folder: Path, card: str = CARD) -> Rules:
    (folder / "card.yaml").write_text(card)
    (folder / "overflow.yaml").write_text(OVERFLOW)
    seats = [(f"10{number:02}", NEAR) for number in range(6)] + [("2001", FAR)]
    return Rules(
        call_types={"95588": CallType("card", "95588", "card")},
        queues={
            name: skill_group(*(agent for agent, box in seats if box == at))
            for name, at in (("near", NEAR), ("far", FAR))
        },
        seats={agent: Seat(agent, agent, box, agent) for agent, box in seats},
        scripts=load_all(folder, ["card"], TYPES, ["near", "far"]),
        unnumbered=(CallType("overflow", "", "overflow"),),
    )


@pytest.fixture
def state(tmp_path: Path) -> State:
    begun, _ = apply(EMPTY, LifeBegan(0, "epoch", loaded(tmp_path)))
    for box in (NEAR, FAR):
        begun, _ = apply(begun, BranchHeard(1, box))
    return begun


def comes(state: State, number: int) -> tuple[State, RouteAnswer]:
    request = RouteRequest(request=f"r{number}", contact=f"c{number}", dnis="95588", reaches=(FAR,))
    state, effects = apply(state, RouteAsked(number * S, NEAR, request, number * S))
    return state, answers(effects)[-1]


def leaves(state: State, number: int, at_ns: int) -> State:
    over = calls.ContactEnded(contact=f"c{number}", cause=16, by="caller")
    return apply(state, CallTold(at_ns, NEAR, over))[0]


def recorded(number: int, answer: RouteAnswer) -> list[Envelope]:
    """As its branch tells it: an agent talks for a minute, or it is released."""
    decided = calls.RouteDecided(
        contact="",
        by="headquarters",
        latency_ms=1.0,
        action=answer.action,
        reason=answer.reason,
        call_type=answer.call_type,
        queues=answer.queues,
    )
    if isinstance(answer.action, RingAgent):
        steps = ((1, decided), (1, rung(agent=answer.action.agent)), (6, talk()), (66, talked(60)), (67, caller_gone()))
        return story((0, began()), *steps, (67, ended()), contact=f"c{number}", at_ns=TEN_NS + number * S)
    steps = ((1, decided), (1, ended("us", answer.action.cause)))  # type: ignore[union-attr,assignment]
    return story((0, began()), *steps, contact=f"c{number}", at_ns=TEN_NS + number * S)


def test_the_sixth_call_of_five_is_answered_at_the_other_branch_and_both_reports_agree(state: State) -> None:
    """A8, and B4 with the seventh: cause 17 before the answer, counted at its trunk."""
    rows: dict[Key, Figures] = {}
    told = []
    for number in range(1, 8):
        state, answer = comes(state, number)
        told.append(answer)
        for key, row in facts(recorded(number, answer), Thresholds()).items():
            assert row.offered == row.accounted
            rows[key] = rows.get(key, Figures()) + row
    boxes = [one.action.box for one in told if isinstance(one.action, RingAgent)]
    assert boxes == ["", "", "", "", "", FAR]
    assert told[5].values["calls(card)"] == "5"
    assert (told[6].action.cause, told[6].call_type) == (17, "overflow")  # type: ignore[union-attr]

    near, far, trunk = row_of(rows, "queue", "near"), row_of(rows, "queue", "far"), row_of(rows, "trunk", "telco")
    assert (near["offered"], near["answered"]) == (5, 5)
    assert (far["offered"], far["answered"]) == (1, 1)
    assert (trunk["offered"], trunk["answered"], trunk["released"]) == (7, 6, 1)
    card, over = row_of(rows, "call-type", "card"), row_of(rows, "call-type", "overflow")
    assert card["offered"] == near["offered"], "what overflowed in the same decision was never offered here"
    assert (over["offered"], over["answered"], over["released"]) == (2, 1, 1)
    assert trunk["offered"] == card["offered"] + over["offered"]


def test_a_call_that_is_over_makes_room_and_a_restart_knows_the_count(state: State, tmp_path: Path) -> None:
    for number in range(1, 6):
        state, _ = comes(state, number)
    state, _ = apply(state, LifeBegan(9 * S, "next", loaded(tmp_path)))
    state, sixth = comes(state, 10)
    assert sixth.call_type == "overflow"
    state = leaves(state, 3, 11 * S)
    _, seventh = comes(state, 12)
    assert seventh.call_type == "card"


def test_a_limit_of_no_call_type_is_told_before_a_caller_meets_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"call type 'cards' is unknown; did you mean 'card'\?"):
        loaded(tmp_path, CARD.replace("calls('card')", "calls('cards')"))
