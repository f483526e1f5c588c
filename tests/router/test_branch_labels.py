# SPDX-License-Identifier: GPL-2.0-only
"""What a branch may dial for a script, and how the agents of a branch are reached whose network way is full."""

import msgspec
import pytest

from appliance.config.outbound import Policy, label_verdict
from appliance.config.peripherals import TranslationRoute
from appliance.router.apply import apply
from appliance.router.domain import rules_of
from appliance.router.events import BranchHeard, LifeBegan, RouteAsked
from appliance.router.rules import CallType, Peripheral, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.script.nodes import Busy, Label, Node, Queue, Script, Text
from appliance.wire.routes import Label as Told
from appliance.wire.routes import Release, RouteAnswer, RouteRequest
from tests.router.test_router_apply import S, answers

pytestmark = pytest.mark.unit

NEAR, FAR, PBX = "BR-0001", "BR-0002", "PX-0001"
POLICY = Policy(numbers=("025", "6"))
ROUTE = TranslationRoute(name="to-b", from_boxes=(NEAR,), to=FAR, dnis=("7001",), within_s=10)
FULL = "wan has 2 of 2 calls out"
NODES: dict[str, Node] = {"out": Label(label="ced", otherwise="no", ring_s=15), "no": Busy()}
QUEUES: dict[str, Node] = {"in": Queue(queues=("far",), otherwise="no", hold=("song",)), "no": Busy()}
RULES = Rules(
    call_types={"1": CallType("out", "1", "out"), "2": CallType("in", "2", "in")},
    queues={"far": skill_group("2001")},
    seats={"2001": Seat("2001", "Li Na", FAR, "8101")},
    scripts={
        "out": Script("out", "v1", Text(start="out", nodes=NODES)),
        "in": Script("in", "v1", Text(start="in", nodes=QUEUES)),
    },
    outbound=POLICY,
    peripherals={PBX: Peripheral(PBX, "the PBX", ("route",), 200)},
    translation_routes=(ROUTE,),
)


def asked(box: str, rules: Rules = RULES, **more: object) -> tuple[State, RouteAnswer]:
    state, _ = apply(EMPTY, LifeBegan(0, "one", rules))
    for one in (NEAR, FAR):
        state, _ = apply(state, BranchHeard(1, one))
    request = RouteRequest(request="r", contact="c", **{"dnis": "1", **more})  # type: ignore[arg-type]
    state, effects = apply(state, RouteAsked(9 * S, box, request, 0))
    return state, answers(effects)[-1]


def test_a_branch_dials_what_the_policy_allows_and_a_peripheral_takes_what_it_understands() -> None:
    assert asked(NEAR, ced="6001")[1].action == Told("6001", ring_s=15)
    _, refused = asked(NEAR, ced="13800000001")
    assert refused.action == Release(cause=17)
    assert refused.reason.startswith("outbound.numbers does not allow 13800000001; ")
    assert asked(PBX, ced="13800000001")[1].action == Told("13800000001", ring_s=15)


def test_a_branch_that_is_alone_keeps_to_the_same_policy() -> None:
    mine = rules_of(RULES, NEAR, "1").rules
    assert asked(NEAR, mine, ced="6001")[1].action == Told("6001", ring_s=15)
    assert asked(NEAR, mine, ced="13800000001")[1].action == Release(cause=17)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("110", ""),
        ("02512345678", ""),
        ("6", ""),
        ("1105555", "numbers that begin with 110 are refused by outbound.refused"),
        ("16801234567", "numbers that begin with 168 are refused by outbound.refused"),
        ("voicemail", "'voicemail' is no number that a branch can dial"),
        ("4", "outbound.numbers does not allow 4"),
    ],
)
def test_what_a_label_may_be(number: str, why: str) -> None:
    assert label_verdict(POLICY, number) == why


def test_j3_a_full_way_makes_the_call_go_by_number_and_the_record_says_why() -> None:
    _, by_network = asked(NEAR, dnis="2", reaches=(FAR,))
    assert by_network.action.box == FAR  # type: ignore[union-attr]
    _, by_number = asked(NEAR, dnis="2", full={FAR: FULL})
    label = by_number.action
    assert isinstance(label, Told)
    assert (label.label, label.agent, label.within_s, label.ring_s) == ("7001", "2001", 10, 30)
    assert by_number.reason.endswith(f"the call goes to {FAR} as 7001, as {FULL}")


def test_without_a_translation_route_the_caller_waits_and_the_record_says_why() -> None:
    _, waits = asked(NEAR, msgspec.structs.replace(RULES, translation_routes=()), dnis="2", full={FAR: FULL})
    assert waits.queues == ("far",)
    assert waits.values["far"] == f"2001 at another branch ({FULL})"
