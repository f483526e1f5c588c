# SPDX-License-Identifier: GPL-2.0-only
"""Whatever happens to callers of two sites with two numbers between them: what must always be so."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.config.peripherals import TranslationRoute
from appliance.router import translation
from appliance.router.apply import apply
from appliance.router.events import (
    Answer,
    Assigned,
    BranchHeard,
    BranchSilent,
    CallTold,
    Event,
    LifeBegan,
    RouteAsked,
    RulesChanged,
    TimePassed,
)
from appliance.router.indexing import indexed
from appliance.router.rules import Rules, Seat
from appliance.router.state import EMPTY, State
from appliance.router.states import AgentState
from appliance.wire.calls import ContactEnded, LegBegan
from appliance.wire.legs import Direction
from appliance.wire.routes import Label, RingAgent, RouteRequest
from tests.router import test_router_apply as tests
from tests.router.test_precision import RULES
from tests.router.test_router_apply import BOX, S
from tests.router.test_walks import restored

pytestmark = pytest.mark.unit

FAR = "PX-0001"
NUMBERS = ("7001", "7002")
ROUTE = TranslationRoute(name="out", from_boxes=(BOX,), to=FAR, dnis=NUMBERS, within_s=5, same_caller=True)
SEATS = {
    agent: Seat(agent, seat.name, FAR if agent != "1001" else BOX, seat.extension)
    for agent, seat in RULES.seats.items()
}
SITES: Rules = msgspec.structs.replace(RULES, seats=SEATS, translation_routes=(ROUTE,))
OTHERS = msgspec.structs.replace(SITES, translation_routes=(msgspec.structs.replace(ROUTE, dnis=("7002", "7003")),))
CONTACTS = st.sampled_from([f"c{number}" for number in range(6)])


def asks(box: str, contact: str, dnis: str, cursor: str, clid: str) -> RouteAsked:
    request = RouteRequest(request=f"{contact}/{cursor}", contact=contact, dnis=dnis, cursor=cursor, clid=clid)
    return RouteAsked(0, box, request, 0)


def trunk_leg(contact: str) -> Event:
    leg = LegBegan(contact=contact, leg=f"t{contact}", direction=Direction.OUTGOING, channel="t", to="7001", trunk="t")
    return CallTold(0, BOX, leg)


STEPS = st.one_of(
    st.builds(
        lambda c, queue: asks(BOX, c, "1", f"{queue}/v1/card/1", f"0251234567{c[1]}"),
        CONTACTS,
        st.sampled_from(["gold", "card", "urgent"]),
    ),
    st.builds(
        lambda c, dnis, clid: asks(FAR, f"far{c}", dnis, "", clid and f"0251234567{clid[1]}"),
        CONTACTS,
        st.sampled_from([*NUMBERS, "7003"]),
        st.one_of(CONTACTS, st.just("")),
    ),
    st.builds(trunk_leg, CONTACTS),
    st.builds(
        lambda c, by: CallTold(0, BOX, ContactEnded(contact=c, cause=16, by=by)),
        CONTACTS,
        st.sampled_from(["us", "caller"]),
    ),
    st.builds(lambda c: tests.contact_ended(0, f"far{c}"), CONTACTS),
    st.builds(lambda a, c: tests.leg_began(0, a, f"l{a}", f"far{c}"), st.sampled_from(sorted(SEATS)), CONTACTS),
    st.builds(lambda a: tests.leg_ended(0, f"l{a}"), st.sampled_from(sorted(SEATS))),
    st.builds(lambda box: BranchHeard(0, box), st.sampled_from([BOX, FAR])),
    st.builds(lambda: BranchSilent(0, FAR)),
    st.just(TimePassed(0)),
    st.just(RulesChanged(0, OTHERS)),
    st.just(LifeBegan(0, "again", SITES)),
)


def check(state: State) -> None:
    tests.check(state)
    for key, one in state.translations.items():
        assert key not in state.resting
        held = state.reservations[one.token]
        assert (held.contact, state.agents[held.agent].state) == (one.contact, AgentState.RESERVED)
    far = {held.token for held in state.reservations.values() if not held.contact.startswith("far")}
    far = {token for token in far if state.reservations[token].agent != "1001"}
    assert far == {one.token for one in state.translations.values()}, "each has a number, and each number one"


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=50), st.lists(st.integers(0, 4 * S), min_size=50, max_size=50))
def test_a_number_is_one_contact_s_and_goes_back(walk: list[Event], pauses: list[int]) -> None:
    state = apply(EMPTY, LifeBegan(0, "epoch", SITES))[0]
    met: set[str] = set()
    for event in tests.stamped(walk, pauses):
        before = state
        state, effects = apply(state, event)
        check(state)
        kept = restored(state)
        assert kept == state == indexed(kept)
        for told in (one.answer for one in effects if isinstance(one, Answer | Assigned)):
            if isinstance(told.action, Label):
                assert translation.key_of(FAR, told.action.label) not in before.resting
            if told.origin:
                assert isinstance(told.action, RingAgent)
                assert told.action.token not in met, "who is awaited arrives once"
                met.add(told.action.token)
    end = apply(state, TimePassed(10**15))[0]
    assert not end.translations
    assert not end.resting
