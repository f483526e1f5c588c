# SPDX-License-Identifier: GPL-2.0-only
"""A new version of the router takes over what is open: callers who wait, callbacks, what agents are, and places."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from appliance.router.apply import ENGINE, apply
from appliance.router.callbacks.states import CallbackState
from appliance.router.carrying import taken_over
from appliance.router.events import AgentWished, BranchHeard, LifeBegan, TimePassed
from appliance.router.journal import Journal, encoded
from appliance.router.state import State
from appliance.router.states import AgentState
from appliance.router.verify import verify
from appliance.wire.agents import AgentAsked, AgentWish
from tests.router import test_callbacks as callbacks
from tests.router.test_journal import by_another_engine, live
from tests.router.test_router_apply import BOX, S, answers, contact_ended, leg_ended

pytestmark = pytest.mark.system

KEPT = Path(__file__).parent / "kept"
LUNCH = AgentWished(15 * S, AgentAsked(agent="1002", to=AgentWish.NOT_READY, reason="lunch"))
DAY = (
    callbacks.BEGUN,
    *callbacks.BUSY,
    callbacks.ask(3, "c1"),
    callbacks.ask(5, "c2", clid="02500000002"),
    callbacks.ask(13, "c1", callbacks.CURSOR),
    contact_ended(14 * S, "c1"),
    LUNCH,
)
"""1001 talks to c0, c1 is to be called back, c2 waits behind it, 1002 is at lunch."""
NEXT = LifeBegan(20 * S, "next", callbacks.RULES, (("1001", "l0", "c0"),))


def day(journal: Journal) -> State:
    return live(journal, list(DAY))


def follows(state: State) -> None:
    """The new version's day: who was first is first."""
    began, _ = apply(state, NEXT)
    began, _ = apply(began, BranchHeard(20 * S, BOX))
    assert (began.agents["1001"].state, began.agents["1002"].reason) == (AgentState.BUSY, "lunch")
    assert began.places["c2"].queued_ns == 5 * S
    began, effects = apply(began, leg_ended(21 * S, "l0", "c0"))
    (order,) = callbacks.orders(effects)
    assert order.number == callbacks.NUMBER, "the callback has the older place"
    assert callbacks.only(began).state is CallbackState.RESERVED


@pytest.mark.parametrize("snapshot", [0, 4, len(DAY)])
def test_an_update_keeps_who_waits_who_is_to_be_called_back_and_who_is_at_lunch(tmp_path: Path, snapshot: int) -> None:
    """The old version was killed after its last event; it had kept its state after so many of them, or never."""
    path = tmp_path / "router.db"
    journal = Journal(path)
    state = live(journal, list(DAY[:snapshot]))
    if snapshot:
        journal.keep(encoded(state), journal.seq, DAY[snapshot - 1].at_ns)
    state = live(journal, list(DAY[snapshot:]), state)
    journal.close()
    by_another_engine(path)
    journal, (recalled, at_ns) = Journal.opened(path)
    assert (recalled, at_ns) == (state, 15 * S)
    follows(recalled)
    live(journal, [NEXT, BranchHeard(20 * S, BOX), leg_ended(21 * S, "l0", "c0")], recalled)
    told = verify(journal, 0, 100 * S)
    assert (told.entries, told.other_engine, told.differs) == (len(DAY) + 3, len(DAY), 0)
    last = journal.recall()
    journal.close()
    for _ in range(2):
        journal, again = Journal.opened(path)
        journal.close()
        assert again == last, "later lives go on from the new version's state"


def test_a_full_disk_at_an_update_costs_nothing_that_is_open(tmp_path: Path) -> None:
    path = tmp_path / "router.db"
    journal = Journal(path)
    state = day(journal)
    journal.close()
    by_another_engine(path)

    class Full(Journal):
        def keep(self, *_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    journal, (recalled, _) = Full.opened(path)
    assert recalled == state
    live(journal, [NEXT], recalled)
    assert verify(journal, 0, 100 * S).differs == 0
    journal.close()


def test_a_state_of_which_a_part_cannot_be_read_is_taken_over_without_it() -> None:
    state, _ = callbacks.run(*DAY[1:])
    state, _ = callbacks.run(leg_ended(16 * S, "l0", "c0"), state=state)
    assert callbacks.only(state).state is CallbackState.RESERVED
    told = msgspec.json.decode(encoded(state))
    told["agents"]["1002"]["state"] = "in a state of which only the other version knows"
    told["waiting"] = {"c2": "of a form of which only the other version knows"}
    told["turns"] = 7
    with capture_logs() as log:
        kept = taken_over(msgspec.json.encode(told))
    dropped = next(one for one in log if one["event"] == "router.state.dropped")
    assert (dropped["agents"], dropped["waiting"]) == (1, 1)
    assert kept.agents["1001"].state is AgentState.AVAILABLE
    assert kept.places["c2"].queued_ns == 5 * S
    began, effects = apply(kept, msgspec.structs.replace(NEXT, open_legs=()))
    assert not callbacks.orders(effects), "nobody is rung for a branch that is not heard yet"
    began, effects = apply(began, BranchHeard(20 * S, BOX))
    assert [order.number for order in callbacks.orders(effects)] == [callbacks.NUMBER]
    began, effects = apply(began, callbacks.ask(21, "c2", callbacks.CURSOR, "02500000002"))
    assert answers(effects)
    apply(began, TimePassed(10**6 * S))


def test_a_customer_in_the_talk_is_not_called_again_after_an_update_that_could_not_read_all() -> None:
    state, order = callbacks.dialled()
    state, _ = callbacks.run(callbacks.talks(40, order), state=state)
    told = msgspec.json.decode(encoded(state)) | {"waiting": [], "turns": []}
    kept = taken_over(msgspec.json.encode(told))
    assert callbacks.only(kept).state is CallbackState.TALKING
    began, _ = apply(kept, LifeBegan(50 * S, "next", callbacks.RULES, (("1001", "l1", order.contact),)))
    began, _ = apply(began, callbacks.ended(60, order, 16))
    assert callbacks.only(began).state is CallbackState.OVER
    assert callbacks.only(began).outcome == "reached"


def test_what_the_new_version_cannot_bear_of_the_old_one_s_events_is_told_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "router.db"
    journal = Journal(path)
    state = day(journal)
    journal.append([msgspec.structs.replace(journal.entry(LUNCH, ()), event=b'{"type":"OfAnotherVersion","at_ns":1}')])
    journal.close()
    by_another_engine(path)
    with capture_logs() as log:
        journal, (recalled, _) = Journal.opened(path)
    journal.close()
    assert recalled == state
    assert any(one["event"] == "router.entry.unread" for one in log)


def test_minutes_without_a_router_order_no_callback_again_and_again() -> None:
    """Its reservation lapsed, and another was made, every eight seconds before the next life had begun."""
    state, order = callbacks.ordered()
    began, effects = apply(state, LifeBegan(400 * S, "next", callbacks.RULES))
    assert callbacks.orders(effects) == []
    began, effects = apply(began, BranchHeard(401 * S, BOX))
    began, more = apply(began, TimePassed(450 * S))
    assert [one.number for one in callbacks.orders((*effects, *more))][:1] == [order.number]
    assert len(callbacks.orders((*effects, *more))) <= 1 + 50 // 8


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.json")), ids=lambda one: one.stem)
def test_what_a_version_has_kept_is_read_whole_by_those_after_it(path: Path) -> None:
    """Each file is `encoded` of the state after DAY, by the engine it is named after; a field is only ever added."""
    with capture_logs() as log:
        state = taken_over(path.read_bytes())
    assert log == []
    follows(state)


def test_this_version_has_such_a_file_or_keeps_the_same_as_the_last() -> None:
    newest = max(KEPT.glob("*.json"), key=lambda one: int(one.stem))
    state, _ = callbacks.run(*DAY[1:])
    assert int(newest.stem) <= ENGINE
    assert taken_over(newest.read_bytes()) == state


def test_a_snapshot_with_an_open_callback_can_be_read_again(tmp_path: Path) -> None:
    """Its node had no `otherwise`, which no reader took: the whole journal was put aside as damaged."""
    journal = Journal(tmp_path / "router.db")
    state = day(journal)
    journal.keep(encoded(state), journal.seq, 15 * S)
    journal.close()
    journal, recalled = Journal.opened(tmp_path / "router.db")
    journal.close()
    assert recalled == (state, 15 * S)
