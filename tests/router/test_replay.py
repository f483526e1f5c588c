# SPDX-License-Identifier: GPL-2.0-only
"""A recorded day once more: unchanged all is the same, changed each contact lives on by what is its own."""

import math
import os
import signal
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings

from appliance.config.outbound import Policy
from appliance.router.apply import apply
from appliance.router.events import BranchHeard, Effect, Event, LifeBegan, RouteAsked
from appliance.router.journal import Journal
from appliance.router.replay import deciding, simulation
from appliance.router.replay.estimates import Survival, drawn
from appliance.router.replay.figures import Row
from appliance.router.replay.recording import Did, Recording, read
from appliance.router.replay.simulation import Draft, Outcome, simulate
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import State
from appliance.router.states import AgentState
from appliance.script.nodes import If, Script
from tests.router import recorded as days
from tests.router import test_callbacks as callbacks
from tests.router import test_lookups as lookups
from tests.router.recorded import direct, menu, recorded
from tests.router.simulation import BOX
from tests.router.test_journal import BEGUN, live
from tests.router.test_router_apply import PAUSES, WALKS, check, contact_ended, leg_began, leg_ended, stamped

pytestmark = pytest.mark.system

S = 1_000_000_000
DAY_NS = 86_400 * S
CALLS = 500
Steps = list[tuple[Event, tuple[Effect, ...], State]]


def day(path: Path, from_ns: int = 0, to_ns: int = DAY_NS) -> Recording:
    journal = Journal(path, reads=True)
    found = read(journal, from_ns, to_ns)
    journal.close()
    assert found is not None
    return found


def in_pieces(path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """By two processes, however few this machine has, from each snapshot to the next."""
    monkeypatch.setattr(deciding, "_processors", lambda: 2)
    with closing(Journal(path, reads=True)) as journal:
        assert len(journal.apart(0, DAY_NS, days.SNAPSHOT)) > 2
        found = read(journal, 0, DAY_NS, piece=days.SNAPSHOT)
    assert found is not None
    return found


def watched(monkeypatch: pytest.MonkeyPatch, module: object) -> Steps:
    """What the router is told there, what came of it, and its state then."""
    steps: Steps = []

    def watching(state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
        state, effects = apply(state, event)
        steps.append((event, effects, state))
        return state, effects

    monkeypatch.setattr(module, "apply", watching)
    return steps


def effects_of(steps: Steps) -> list[Effect]:
    return [effect for _, effects, _ in steps for effect in effects]


def decided(outcome: Outcome, recording: Recording) -> dict[str, tuple[Row, Row]]:
    before, after = recording.count.queues(recording.to_ns, 20), outcome.count.queues(recording.to_ns, 20)
    return {name: (before.get(name, Row()), after.get(name, Row())) for name in before.keys() | after.keys()}


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_unchanged_rules_decide_all_the_same_whatever_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    crowd = recorded(tmp_path / "router.db", CALLS, seed=seed, faults=True)
    assert min(crowd.kinds[kind] for kind in ("LifeBegan", "RulesChanged", "BranchSilent", "AgentWished")) > 1
    was, now = watched(monkeypatch, deciding), watched(monkeypatch, simulation)
    recording = day(tmp_path / "router.db")
    outcome = simulate(recording, Draft())
    assert (outcome.same, outcome.otherwise, outcome.first) == (recording.decisions, 0, ())
    assert recording.decisions > 2 * CALLS
    assert effects_of(now) == effects_of(was), "word for word, tokens and times as well"
    assert outcome.count.fates == recording.count.fates
    assert all(before == after for before, after in decided(outcome, recording).values())
    assert outcome.count.call_types(20) == recording.count.call_types(20)


@pytest.mark.parametrize("seed", [1, 2])
def test_pieces_decided_beside_each_other_are_the_same_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    crowd = recorded(tmp_path / "router.db", CALLS, seed=seed, faults=True)
    assert crowd.kinds["RulesChanged"] > 1
    alone, beside = day(tmp_path / "router.db"), in_pieces(tmp_path / "router.db", monkeypatch)
    for name in set(Recording.__struct_fields__) - {"count"}:
        assert getattr(alone, name) == getattr(beside, name), name
    assert alone.count.fates == beside.count.fates
    assert alone.count.queues(alone.to_ns, 20) == beside.count.queues(alone.to_ns, 20)
    outcome = simulate(beside, Draft())
    assert (outcome.same, outcome.otherwise) == (beside.decisions, 0)


@pytest.mark.parametrize("processors", [1, 2])
def test_what_the_router_goes_on_to_write_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    path = tmp_path / "router.db"
    crowd = recorded(path, CALLS, faults=False)
    monkeypatch.setattr(deciding, "_processors", lambda: processors)
    with closing(Journal(path, reads=True)) as reading, closing(Journal(path)) as journal:
        event = BranchHeard(crowd.now_ns, BOX)
        journal.append([journal.entry(event, apply(crowd.state, event)[1])])
        found = read(reading, 0, DAY_NS, piece=days.SNAPSHOT)
        assert found is not None
        assert found.entries == reading.seq == journal.seq - 1


FORGED = (
    ("UPDATE entry SET decided = zeroblob(16) WHERE seq = ?", "event {} is decided otherwise than it was"),
    ("UPDATE entry SET engine = engine - 1 WHERE seq = ?", "event {} was decided by another version of the router"),
)


@pytest.mark.parametrize(("forge", "told"), FORGED)
def test_what_was_not_decided_so_is_told_by_its_number_in_one_piece_or_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forge: str, told: str
) -> None:
    path = tmp_path / "router.db"
    recorded(path, CALLS, faults=False)
    with closing(Journal(path)) as journal:
        middle = journal.seq // 2
        journal._store.execute(forge, (middle,))
    for reading in (day, partial(in_pieces, monkeypatch=monkeypatch)):
        with pytest.raises(ValueError, match=told.format(middle)):
            reading(path)


def test_a_piece_that_does_not_end_where_the_next_begins_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "router.db"
    recorded(path, CALLS, faults=False)
    with closing(Journal(path)) as journal:
        first, second, *_ = journal.apart(0, DAY_NS, days.SNAPSHOT)
        (before,) = journal.at(first)
        journal._store.execute("UPDATE snapshot SET state = ? WHERE seq = ?", (before.state, second))
    with pytest.raises(ValueError, match=f"the state after event {second} is not what it was"):
        in_pieces(path, monkeypatch)


def test_a_process_that_is_killed_is_told_and_nothing_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(tmp_path / "router.db", CALLS, faults=False)
    monkeypatch.setattr(deciding, "_piece", died)
    with pytest.raises(ValueError, match="a process that read a piece of it was killed"):
        in_pieces(tmp_path / "router.db", monkeypatch)


def died(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@settings(max_examples=60, deadline=None)
@given(WALKS, PAUSES)
def test_whatever_was_told_in_whatever_order_is_decided_the_same(
    tmp_path_factory: pytest.TempPathFactory, walk: list[Event], pauses: list[int]
) -> None:
    path = tmp_path_factory.mktemp("walk") / "router.db"
    journal = Journal(path)
    live(journal, [BEGUN, *stamped(walk, pauses)])
    journal.close()
    with pytest.MonkeyPatch.context() as patch:
        was, now = watched(patch, deciding), watched(patch, simulation)
        recording = day(path)
        outcome = simulate(recording, Draft())
        assert (outcome.same, outcome.otherwise) == (recording.decisions, 0)
        assert effects_of(now) == effects_of(was)
        simulate(recording, Draft(scripts={"welcome": direct("welcome", "card")}))
        check(now[-1][2])
        simulate(recording, Draft(plain(1)))
        check(now[-1][2])


@pytest.mark.parametrize("part", [(0.3, 0.6), (0.55, 2.0)])
def test_a_part_of_a_day_begins_with_the_contacts_that_are_there(tmp_path: Path, part: tuple[float, float]) -> None:
    crowd = recorded(tmp_path / "router.db", CALLS, seed=6, faults=True)
    recording = day(tmp_path / "router.db", *(round(share * crowd.now_ns) for share in part))
    assert recording.start.waiting
    assert any(agent.legs for agent in recording.start.agents.values())
    outcome = simulate(recording, Draft())
    assert 0 < outcome.same == recording.decisions
    assert 0 < len(recording.count.fates) < CALLS
    assert outcome.count.fates == recording.count.fates


def test_figures_are_those_of_the_crowd(tmp_path: Path) -> None:
    crowd = recorded(tmp_path / "router.db", CALLS, faults=True)
    rows = day(tmp_path / "router.db").count.call_types(20)
    assert sum(row.offered for row in rows.values()) == CALLS
    assert sum(row.answered for row in rows.values()) == crowd.counts["answered"]
    assert sum(row.abandoned for row in rows.values()) == crowd.counts["abandoned"]


def test_a_script_that_says_the_same_in_another_version_changes_nothing(tmp_path: Path) -> None:
    recorded(tmp_path / "router.db", CALLS, faults=True)
    recording = day(tmp_path / "router.db")
    before = days.rules().scripts["menu"]
    again = msgspec.structs.replace(before, version="beef")
    outcome = simulate(recording, Draft(scripts={"menu": again}))
    assert (outcome.same, outcome.otherwise) == (recording.decisions, 0)


def test_a_changed_script_sends_who_pressed_a_digit_elsewhere_and_nobody_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(tmp_path / "router.db", CALLS, faults=True)
    recording = day(tmp_path / "router.db")
    steps = watched(monkeypatch, simulation)
    outcome = simulate(recording, Draft(scripts={"menu": menu("menu", second="gold")}))
    assert 0 < outcome.same < recording.decisions
    assert decided(outcome, recording)["loans"][1].offered == 0
    assert decided(outcome, recording)["gold"][1].offered > decided(outcome, recording)["gold"][0].offered
    before, after = recording.count.fates, outcome.count.fates
    assert before.keys() == after.keys()
    assert {name: fate.came_ns for name, fate in before.items()} == {name: fate.came_ns for name, fate in after.items()}
    assert all(fate.ended_ns is not None for fate in after.values()), "the day is over, so is every call"
    digits = {event.request.contact: event.request.ced for event, _, _ in steps if isinstance(event, RouteAsked)}
    own = {
        step.event.request.contact: step.event.request.ced
        for chain in recording.chains.values()
        for step in chain
        if isinstance(step, Did) and isinstance(step.event, RouteAsked)
    }
    assert {name: ced for name, ced in digits.items() if ced} == {name: ced for name, ced in own.items() if ced}
    for _, _, state in steps[:: len(steps) // 50]:
        check(state)
    assert {agent.state for agent in steps[-1][2].agents.values()} == {AgentState.AVAILABLE}, "nobody is kept for ever"
    assert not steps[-1][2].places


def test_the_first_that_goes_otherwise_is_told_with_both_reasons(tmp_path: Path) -> None:
    recorded(tmp_path / "router.db", 60, faults=False)
    recording = day(tmp_path / "router.db")
    outcome = simulate(recording, Draft(scripts={"gold": direct("gold", "card", 1)}))
    first = outcome.first[0]
    assert (first.recorded[-4:], first.draft[-4:]) == ("gold", "card")
    assert first.recorded_ns == first.draft_ns == recording.count.fates[first.contact].queued_ns
    assert outcome.otherwise >= len(outcome.first) > 0


def test_without_agents_each_caller_hangs_up_by_their_own_patience(tmp_path: Path) -> None:
    recorded(tmp_path / "router.db", CALLS, faults=True)
    recording = day(tmp_path / "router.db")
    draft = Draft(gone(recording.rules()[-1]), {"menu": menu("menu", wait_s=600)})
    outcome = simulate(recording, draft)
    assert not any(fate.answered_ns for fate in outcome.count.fates.values())
    pairs = [
        (fate, outcome.count.fates[name]) for name, fate in recording.count.fates.items() if fate.call_type == "menu"
    ]
    left = [(was.ended_ns, now.ended_ns) for was, now in pairs if was.abandoned]
    assert left
    assert all(was == now for was, now in left), "to the nanosecond as recorded"
    longer = [(was.answered_ns, now.ended_ns) for was, now in pairs if was.answered_ns and now.abandoned]
    assert longer, "whose patience was not seen has one"
    assert all(now is not None and now >= was for was, now in longer), "of what was seen at least"


def gone(rules: Rules) -> Rules:
    """Everybody sits at a branch that is never heard."""
    seats = {name: Seat(name, name, "BR-9999", name) for name in rules.seats}
    return msgspec.structs.replace(rules, seats=seats)


def test_more_agents_give_what_a_crowd_of_so_many_has(tmp_path: Path) -> None:
    """The draft is foretold from a day of few agents, and held against a day that had them."""
    few, many = plain(14), plain(17)
    recorded(tmp_path / "few.db", 3000, known=few, faults=False, arrivals_s=1.6)
    recorded(tmp_path / "many.db", 3000, known=many, faults=False, arrivals_s=1.6)
    recording = day(tmp_path / "few.db")
    foretold = simulate(recording, Draft(many)).count.queues(recording.to_ns, 20)["card"]
    there = day(tmp_path / "many.db").count.queues(DAY_NS, 20)["card"]
    was = recording.count.queues(recording.to_ns, 20)["card"]
    assert was.service_level is not None
    assert foretold.service_level is not None
    assert there.service_level is not None
    assert foretold.asa_s is not None
    assert there.asa_s is not None
    assert abs(foretold.service_level - there.service_level) < 3 < there.service_level - was.service_level
    assert math.isclose(foretold.asa_s, there.asa_s, rel_tol=0.25)
    assert math.isclose(foretold.occupied_ns, there.occupied_ns, rel_tol=0.05)


def plain(agents: int) -> Rules:
    names = tuple(f"a{number:02}" for number in range(agents))
    return Rules(
        call_types={"1": CallType("card", "1", "card")},
        queues={"card": skill_group(*names, wrap_up_s=2)},
        seats={name: Seat(name, name, BOX, name) for name in names},
        scripts={"card": direct("card", "card")},
    )


def test_a_journal_that_was_altered_is_not_replayed(tmp_path: Path) -> None:
    recorded(tmp_path / "router.db", 20, faults=False)
    with sqlite3.connect(tmp_path / "router.db") as store:
        store.execute("UPDATE entry SET decided = x'00' WHERE seq = 9")
    with pytest.raises(ValueError, match="event 9 is decided otherwise"):
        day(tmp_path / "router.db")


def test_kaplan_and_meier_s_estimate() -> None:
    """Freireich's 6-MP group, whose estimate stands in every book of survival analysis; + is censored."""
    text = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
    survival = Survival((int(one.rstrip("+")), not one.endswith("+")) for one in text.split())
    wanted = {5: 1.0, 6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448, 35: 0.448}
    assert {week: round(survival.alive(week), 3) for week in wanted} == wanted
    assert survival.beyond(0, 0.999) == 6
    assert survival.beyond(9, 0.9999) == 10
    assert survival.beyond(9, 0.75) == 22, "0.807 * 0.75 = 0.605"
    assert survival.beyond(9, 0.5) is None, "0.403 was never reached"
    assert not Survival([(5, False)])


def test_a_draw_is_the_same_each_time_and_spreads() -> None:
    pool = range(10)
    draws = [drawn(pool, f"c{number}", "talk") for number in range(10_000)]
    assert draws == [drawn(pool, f"c{number}", "talk") for number in range(10_000)]
    assert all(900 < draws.count(one) < 1100 for one in pool)


def test_what_was_looked_up_that_day_is_answered_as_it_was(tmp_path: Path) -> None:
    events: list[Event] = [
        LifeBegan(S, "epoch", lookups.RULES),
        BranchHeard(S, BOX),
        lookups.ASKED,
        lookups.found(lookups.SOON, tier="gold", n="7"),
        leg_began(2 * S, "1001", "l1", "c1", "epoch.2"),
        leg_ended(60 * S, "l1", "c1"),
        contact_ended(61 * S, "c1"),
    ]
    journal = Journal(tmp_path / "router.db")
    live(journal, events)
    journal.close()
    recording = day(tmp_path / "router.db")
    assert simulate(recording, Draft()).same == recording.decisions == 1
    text = lookups.RULES.scripts["card"].text
    stricter = {**text.nodes, "ask": If(that="orders > 50", then="gold", otherwise="gone")}
    other = Script("card", "e2", msgspec.structs.replace(text, nodes=stricter))
    outcome = simulate(recording, Draft(scripts={"card": other}))
    assert (outcome.same, outcome.otherwise) == (0, 1)
    assert outcome.first[0].draft == "script card releases the caller at gone"


def test_who_was_called_back_is_so_again_and_otherwise_nobody_is_reached(tmp_path: Path) -> None:
    order = callbacks.ordered()[1]
    events: list[Event] = [
        callbacks.BEGUN,
        BranchHeard(S // 2, BOX),
        *callbacks.BUSY,
        callbacks.ask(3, "c1"),
        callbacks.ask(13, "c1", callbacks.CURSOR),
        contact_ended(14 * S, "c1"),
        leg_ended(30 * S, "l0", "c0"),
        callbacks.rings(31, order),
        callbacks.answered(35, order),
        callbacks.talks(40, order),
        leg_ended(60 * S, "l1", order.contact),
        callbacks.ended(60, order, 16, "caller"),
        callbacks.ask(70, "c2", clid="02500000002"),
    ]
    journal = Journal(tmp_path / "router.db")
    live(journal, events)
    journal.close()
    recording = day(tmp_path / "router.db")
    outcome = simulate(recording, Draft())
    assert (outcome.same, outcome.otherwise, recording.tries) == (recording.decisions, 0, {order.contact})
    assert outcome.count.fates.keys() == {"c0", "c1", "c2"}, "the try is no caller"
    impatient = msgspec.structs.replace(callbacks.RULES, outbound=Policy())
    outcome = simulate(recording, Draft(rules=impatient))
    assert [one.contact for one in outcome.first] == ["c1"]
    assert outcome.first[0].draft.endswith(
        "outbound.numbers does not allow 02512345678; script card releases the caller at sorry"
    )
