# SPDX-License-Identifier: GPL-2.0-only
"""A contact that an agent hands on: to a number's script or to one agent, with its context, its place and its notes."""

import msgspec
import pytest

from appliance.router import direct, shown
from appliance.router.apply import ENGINE, apply
from appliance.router.events import AgentAnswer, BranchHeard, CallTold, ContactNoted, Effect, Event
from appliance.router.journal import Snapshot, encoded
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import State
from appliance.router.states import AgentState
from appliance.script.nodes import ContextField, If, Kind, Node, Queue, Release, Script, Set, Text
from appliance.wire.agents import AgentNoted, Note
from appliance.wire.calls import TransferEnded
from appliance.wire.routes import Release as ReleaseLabel
from appliance.wire.routes import RingAgent, RouteAnswer, Treat
from tests.router.test_router_apply import BOX, S, answers, ask, begin, connected, contact_ended, leg_began, leg_ended

pytestmark = pytest.mark.unit

CONTEXT = {
    "tier": ContextField(Kind.TEXT),
    "pin": ContextField(Kind.TEXT, secret=True),
}
CARD: dict[str, Node] = {
    "set": Set(fields={"tier": "'gold'", "pin": "'4711'"}, next="card", failed="gone"),
    "card": Queue(queues=("card",), otherwise="gone"),
    "gone": Release(cause=17),
}
LOAN: dict[str, Node] = {
    "if": If(that="tier == 'gold' and outcome == 'transferred'", then="loan", otherwise="gone"),
    "loan": Queue(queues=("loan",), otherwise="gone", hold=("song",), wait_s=60),
    "gone": Release(cause=21),
}
RULES = Rules(
    call_types={"95588": CallType("card", "95588", "card"), "95599": CallType("loan", "95599", "loan")},
    queues={"card": skill_group("1001"), "loan": skill_group("1002")},
    seats={
        "1001": Seat("1001", "Li Na", BOX, "8001"),
        "1002": Seat("1002", "Wang Wei", BOX, "8002"),
        "1003": Seat("1003", "Zhang Min", BOX, "8003", automatic=False),
    },
    scripts={
        "card": Script("card", "v1", Text(start="set", nodes=CARD, context=CONTEXT)),
        "loan": Script("loan", "v1", Text(start="if", nodes=LOAN, context={"tier": CONTEXT["tier"]})),
    },
)
CURSOR = "card/v1/card/2"


class Day:
    """Contact c1 talks to 1001, who was found by the script; what follows is told to the router."""

    def __init__(self) -> None:
        self.state: State = begin(RULES, "epoch", 0)
        self.effects: list[Effect] = []
        self.hear(BranchHeard(0, BOX), ask(S, cursor="", clid="13800000001", ced="1"))
        (answer,) = self.answers
        assert isinstance(answer.action, RingAgent)
        self.hear(leg_began(S, "1001", "l1", reserved=answer.action.token), connected(2 * S, "l1"))

    def hear(self, *events: Event) -> "Day":
        self.effects = []
        for event in events:
            self.state, effects = apply(self.state, event)
            self.effects += effects
        return self

    @property
    def answers(self) -> list[RouteAnswer]:
        return answers(self.effects)

    def hand_on(self, to: str, outcome: str = "transferred", at_ns: int = 60 * S) -> RouteAnswer:
        question = ask(at_ns, cursor=CURSOR, clid="13800000001", ced="1", outcome=outcome, transfer_to=to)
        request = msgspec.structs.replace(question.request, transferred_by="1001")
        (answer,) = self.hear(msgspec.structs.replace(question, request=request)).answers
        return answer

    def note(self, agent: str, text: str) -> str:
        self.hear(ContactNoted(50 * S, AgentNoted(agent=agent, text=text)))
        (answer,) = (effect for effect in self.effects if isinstance(effect, AgentAnswer))
        return answer.refused


def test_a_number_leads_to_its_call_type_s_script_with_the_context_that_there_was() -> None:
    answer = Day().hand_on("95599")
    assert isinstance(answer.action, RingAgent)
    assert (answer.action.agent, answer.call_type, answer.script) == ("1002", "loan", "loan")
    assert answer.path == ("if", "loan"), "the field and the outcome were seen"


def test_a_contact_that_is_handed_to_a_queue_keeps_its_age() -> None:
    day = Day()
    queued_ns = day.state.places["c1"].queued_ns
    day.hear(leg_began(3 * S, "1002", "l2", "c2"))
    answer = day.hand_on("95599")
    assert isinstance(answer.action, Treat)
    assert day.state.waiting["c1"].place.queued_ns == queued_ns == S
    day.hear(leg_ended(70 * S, "l2", "c2"))
    assert day.state.agents["1002"].state is AgentState.RESERVED


@pytest.mark.parametrize("number", ["1002", "8002"])
def test_an_agent_is_rung_by_id_or_extension_and_the_contact_stays_in_its_script(number: str) -> None:
    day = Day()
    answer = day.hand_on(number, "consulting")
    assert isinstance(answer.action, RingAgent)
    assert (answer.action.agent, answer.script, answer.cursor) == ("1002", "", CURSOR)
    assert answer.reason == "1001 asks for Wang Wei (1002)"
    assert day.state.agents["1002"].state is AgentState.RESERVED
    assert day.state.agents["1001"].state is AgentState.BUSY


@pytest.mark.parametrize(
    ("number", "cause", "why"),
    [
        ("77777", 1, "no call type for called number 77777"),
        ("1001", 17, "Li Na (1001) cannot be rung: busy"),
        ("1003", 17, "Zhang Min (1003) cannot be rung: logged-out"),
    ],
)
def test_no_way_is_told_with_its_reason_and_nothing_has_changed(number: str, cause: int, why: str) -> None:
    day = Day()
    answer = day.hand_on(number)
    assert (answer.action, answer.reason) == (ReleaseLabel(cause=cause), why)
    assert day.state.agents["1001"].state is AgentState.BUSY
    assert not day.state.reservations


def test_the_next_agent_is_shown_fields_digits_notes_and_by_whom_but_no_secret() -> None:
    day = Day()
    assert day.note("1001", "lost card") == ""
    answer = day.hand_on("95599")
    assert isinstance(answer.action, RingAgent)
    rings = shown.contact_of(day.state, "1002")
    day.hear(leg_began(61 * S, "1002", "l2", reserved=answer.action.token))
    now = shown.contact_of(day.state, "1002")
    assert now is not None
    assert rings == now, "before the phone rings"
    assert (now.contact, now.dnis, now.clid, now.call_type, now.ced) == ("c1", "95588", "13800000001", "loan", "1")
    assert now.fields == {"tier": "gold"}
    assert now.notes == (Note("1001", "lost card"),)
    assert now.transfers == ("1001",)
    assert "4711" not in str(now)


def test_an_agent_who_took_the_caller_back_has_not_handed_him_on() -> None:
    day = Day()
    day.hand_on("1002", "consulting")
    back = TransferEnded(contact="c1", by="1001", to="1002", outcome="reconnected", reason="1002 did not answer")
    day.hear(CallTold(70 * S, BOX, back))
    now = shown.contact_of(day.state, "1001")
    assert now is not None
    assert now.transfers == ()


def test_what_is_shown_outlives_a_restart_and_goes_with_the_contact() -> None:
    day = Day()
    day.note("1001", "lost card")
    day.state = Snapshot(1, ENGINE, 0, encoded(day.state)).decoded()
    now = shown.contact_of(day.state, "1001")
    assert now is not None
    assert now.notes == (Note("1001", "lost card"),)
    day.hear(contact_ended(80 * S, "c1"))
    assert not day.state.shown
    assert shown.contact_of(day.state, "1001") is None


def test_notes_are_no_longer_than_a_context_may_be() -> None:
    day = Day()
    assert day.note("1002", "x") == "has no contact to write into"
    assert day.note("1001", "x" * 10_000) == ""
    assert day.note("1001", "x" * 10_000).startswith("cannot write so much: the contact would have 20")
    now = shown.contact_of(day.state, "1001")
    assert now is not None
    assert len(now.notes) == 1


def test_an_agent_s_own_phone_reaches_another_agent_by_extension_a_caller_does_not() -> None:
    day = Day()
    (mine,) = day.hear(ask(5 * S, "c9", cursor="", dnis="8002", clid="8001")).answers
    assert isinstance(mine.action, RingAgent)
    (theirs,) = day.hear(ask(6 * S, "c8", cursor="", dnis="8002", clid="13900000000")).answers
    assert theirs.action == ReleaseLabel(cause=1)


def test_a_leg_that_comes_to_another_contact_keeps_its_agent_busy_there() -> None:
    """Attended transfer: whom the phone has called goes on with the caller."""
    day = Day()
    day.hear(leg_began(5 * S, "1002", "l2", "c9"), connected(6 * S, "l2", "c9"))
    day.hear(leg_began(7 * S, "1002", "l2", "c1"), contact_ended(8 * S, "c9"))
    assert day.state.agents["1002"].legs == {"l2": "c1"}
    assert day.state.index.calls["c1"] == ("l1", "l2")
    day.hear(contact_ended(9 * S, "c1"))
    assert day.state.agents["1002"].state is AgentState.AVAILABLE


def test_what_can_be_dialled_is_known_for_who_mistypes() -> None:
    state = Day().state
    assert {"95588", "95599", "1001", "8001"} <= set(direct.numbers(state, BOX))
    assert direct.at(state, "BR-0002", "8001") is None, "extensions are their branch's"
