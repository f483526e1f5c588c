# SPDX-License-Identifier: GPL-2.0-only
"""What goes with a branch's callers and promises from one router to the other, and comes back."""

import msgspec
import pytest

from appliance.router import knowing
from appliance.router.apply import apply
from appliance.router.branch_now import BranchNow
from appliance.router.callbacks.states import CallbackState
from appliance.router.domain import rules_of
from appliance.router.events import BranchHeard, BranchSilent, ContactNoted, LifeBegan, Reconciled, TimePassed
from appliance.router.reconciling import now_at
from appliance.router.state import EMPTY, State
from appliance.script.nodes import ContextField, Kind
from appliance.wire.agents import AgentNoted
from appliance.wire.routes import Release, RingAgent
from tests.router import test_callbacks as callbacks
from tests.router import test_script_stops as scripts
from tests.router.test_router_apply import BOX, S, answers, leg_began, leg_ended, rung

pytestmark = pytest.mark.unit

C1 = f"{BOX}.x.1"
OWN = apply(EMPTY, LifeBegan(0, "own", rules_of(callbacks.RULES, BOX, "1").rules))[0]
TAKEN = Reconciled(2 * S, BOX, BranchNow((callbacks.BUSY[0].request.contact,))), BranchHeard(2 * S, BOX)
HEADQUARTERS = callbacks.run(BranchHeard(S, BOX))[0]


# What is known of a caller.


def at_headquarters(**fields: object) -> tuple[State, str, str]:
    """A caller has keyed in an agent's number, which is in a field; what the branch keeps, and the bookmark."""
    state, effects = scripts.run(scripts.ask(S, "fields", C1, ced="1001", lease=7), **fields)  # type: ignore[arg-type]
    return state, answers(effects)[-1].known, answers(effects)[-1].cursor


def test_the_fields_of_a_caller_go_on_at_the_branch_and_come_back() -> None:
    hq, known, cursor = at_headquarters()
    own, _ = scripts.run(state=apply(EMPTY, LifeBegan(0, "own", rules_of(scripts.RULES, BOX, "1").rules))[0])
    own, _ = scripts.run(Reconciled(4 * S, BOX, BranchNow((C1,), known={C1: known})), state=own)
    own, effects = scripts.run(scripts.ask(5 * S, "fields", C1, cursor=cursor), state=own)
    assert rung(effects) == ["1001"], "by the field that headquarters' script has set"
    own, _ = scripts.run(leg_began(6 * S, "1001", "l1", C1), state=own)
    own, _ = scripts.run(ContactNoted(7 * S, AgentNoted(agent="1001", text="lost card")), state=own)
    hq, _ = scripts.run(leg_began(6 * S, "1001", "l1", C1), state=hq)
    hq, _ = scripts.run(ContactNoted(7 * S, AgentNoted(agent="1001", text="calls again")), state=hq)
    told = msgspec.structs.replace(now_at(own, BOX), contacts=(C1,))
    hq, _ = scripts.run(Reconciled(9 * S, BOX, told), state=hq)
    assert hq.contexts[C1].fields == '{"wanted":"1001"}'
    shown = hq.shown[C1].now
    assert (shown.fields, shown.call_type) == ({"wanted": "1001"}, "type-fields")
    assert [note.text for note in shown.notes] == ["calls again", "lost card"], "of both sides"


def test_a_secret_field_goes_along_and_stays_secret() -> None:
    context = {"wanted": ContextField(Kind.TEXT, secret=True)}
    script = scripts.RULES.scripts["fields"]
    script = msgspec.structs.replace(script, text=msgspec.structs.replace(script.text, context=context))
    rules = msgspec.structs.replace(scripts.RULES, scripts={**scripts.RULES.scripts, "fields": script})
    _, known, cursor = at_headquarters(state=apply(EMPTY, LifeBegan(0, "hq", rules))[0])
    own, _ = scripts.run(state=apply(EMPTY, LifeBegan(0, "own", rules_of(rules, BOX, "1").rules))[0])
    own, _ = scripts.run(Reconciled(4 * S, BOX, BranchNow((C1,), known={C1: known})), state=own)
    own, effects = scripts.run(scripts.ask(5 * S, "fields", C1, cursor=cursor), state=own)
    assert answers(effects)[-1].values["agent"] == "***: failed, a secret would be told"
    assert "1001" not in "".join(answers(effects)[-1].values.values())
    assert own.contexts[C1].fields == '{"wanted":"1001"}'


def test_who_speaks_of_no_lease_is_told_nothing_that_a_script_knows() -> None:
    _, effects = scripts.run(scripts.ask(S, "fields", C1, ced="1001"))
    assert answers(effects)[-1].known == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fields":"["}', '{"fields":"[1]"}', '{"fields":"{\\"a\\":[1]}"}'])
def test_what_is_damaged_on_the_way_changes_nothing(text: str) -> None:
    state, _, _ = at_headquarters()
    assert knowing.know(state, C1, text, 9 * S) == state


# Callbacks.


def promised() -> State:
    """Alone since the second second, the branch promises at the thirteenth; its agent is free from the fifteenth."""
    talk = leg_began(2 * S, "1001", "l0", "c0", "epoch.1")
    asked = callbacks.ask(3, "c1"), callbacks.ask(13, "c1", callbacks.CURSOR)
    state, effects = callbacks.run(*TAKEN, talk, *asked, leg_ended(15 * S, "l0", "c0"), state=OWN)
    answer = answers(effects)[-1]
    assert answer.action == Release(cause=16)
    assert "kept until headquarters is back" in answer.values["offer"]
    return state


def told_by(branch: State, at_s: int) -> Reconciled:
    return Reconciled(at_s * S, BOX, msgspec.structs.replace(now_at(branch, BOX), contacts=("c0",)))


def test_a_callback_that_a_branch_promises_alone_is_made_by_headquarters_in_its_place() -> None:
    branch, effects = callbacks.run(TimePassed(40 * S), state=promised())
    assert callbacks.orders(effects) == [], "nobody is rung for it there"
    assert callbacks.only(branch).state is CallbackState.PAUSED
    state, effects = callbacks.run(told_by(branch, 50), TimePassed(51 * S), state=HEADQUARTERS)
    (order,) = callbacks.orders(effects)
    assert (order.number, order.ring.agent, order.origin) == (callbacks.NUMBER, "1001", "c1")
    assert state.places[order.callback].queued_ns == 3 * S


def test_it_is_made_once_however_often_it_is_told() -> None:
    branch = promised()
    state, first = callbacks.run(told_by(branch, 50), told_by(branch, 51), TimePassed(52 * S), state=HEADQUARTERS)
    order = callbacks.orders(first)[-1]
    assert len(state.callbacks) == 1
    done = callbacks.rings(53, order), callbacks.answered(54, order), callbacks.talks(55, order)
    state, _ = callbacks.run(*done, callbacks.ended(60, order, 16), state=state)
    assert callbacks.only(state).state is CallbackState.OVER
    state, effects = callbacks.run(told_by(branch, 70), TimePassed(71 * S), state=state)
    assert callbacks.orders(effects) == []
    assert callbacks.only(state).outcome == "reached"


def test_who_is_called_back_already_is_not_called_by_both() -> None:
    state, name = callbacks.wished()
    state, _ = callbacks.run(told_by(promised(), 50), state=state)
    assert callbacks.only(state).callback == name


def test_one_whose_window_is_over_or_whose_queue_is_gone_is_said_to_be_over() -> None:
    state, effects = callbacks.run(told_by(promised(), 700), TimePassed(701 * S), state=HEADQUARTERS)
    assert callbacks.orders(effects) == []
    assert callbacks.only(state).outcome == "expired"
    rules = msgspec.structs.replace(callbacks.RULES, queues={}, scripts={}, call_types={})
    state, _ = callbacks.run(told_by(promised(), 50), state=apply(EMPTY, LifeBegan(0, "hq", rules))[0])
    assert callbacks.only(state).outcome == "its queue is gone"


def test_the_branch_keeps_it_over_a_death_and_no_longer_than_headquarters_lacks_it() -> None:
    left = now_at(promised(), BOX)
    again, _ = apply(promised(), LifeBegan(60 * S, "again", OWN.rules))
    assert now_at(again, BOX).promises == left.promises
    kept, _ = callbacks.run(Reconciled(64 * S, BOX, left), state=again)
    assert now_at(kept, BOX).promises == left.promises
    gone, _ = callbacks.run(BranchSilent(65 * S, BOX), Reconciled(90 * S, BOX, BranchNow()), state=kept)
    assert now_at(gone, BOX).promises == ()
    _, effects = callbacks.run(BranchHeard(90 * S, BOX), callbacks.ask(91, "c7", clid=callbacks.NUMBER), state=gone)
    assert isinstance(answers(effects)[-1].action, RingAgent)
