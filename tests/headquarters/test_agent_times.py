# SPDX-License-Identifier: GPL-2.0-only
"""Where an agent's day went, from the router's changes of state."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from appliance.headquarters.reports import store
from appliance.headquarters.reports.intervals.agents import LOGGED_OUT, STATES, Spell, cut, times
from appliance.headquarters.reports.intervals.figures import BASE_NS
from appliance.headquarters.reports.writer import Writer
from appliance.wire.calls import AgentMove, AgentsMoved
from appliance.wire.envelope import Envelope
from tests.headquarters.told import DAY_NS, TEN_NS, S

pytestmark = pytest.mark.unit

MIDNIGHT_NS = TEN_NS - TEN_NS % DAY_NS
LATER_NS = MIDNIGHT_NS + 3 * DAY_NS


class Move(NamedTuple):
    agent: str
    state: str
    reason: str
    at_ns: int
    contact: str = ""


def moves(*steps: tuple[int, str], agent: str = "1001", at_ns: int = TEN_NS) -> list[Move]:
    """`not-ready lunch` is a state with its reason."""
    parted = [(at_ns + after * S, *state.partition(" ")) for after, state in steps]
    return [Move(agent, state, reason, moved_ns) for moved_ns, state, _, reason in parted]


MORNING = moves(
    (0, "not-ready"),
    (60, "available"),
    (240, "reserved"),
    (250, "busy"),
    (430, "wrap-up"),
    (460, "available"),
    (700, "not-ready lunch"),
    (1000, "not-ready training"),
    (1100, "logged-out"),
)


@pytest.fixture
def record(tmp_path: Path) -> tuple[Writer, Engine]:
    path = tmp_path / "record.db"
    return Writer(store.open_writer(path)), store.open_reader(path)


def tell(writer: Writer, told: Iterable[Move], first: int = 1) -> None:
    for seq, one in enumerate(told, first):
        writer.agents_moved([(seq, [one])])


def test_an_agent_s_morning_by_state_and_reason(record: tuple[Writer, Engine]) -> None:
    writer, reader = record
    tell(writer, MORNING)
    (row,) = times(reader, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, None, LATER_NS)
    assert row.flat() == {
        "name": "1001",
        "start": "2026-11-24T00:00:00Z",
        "start_ns": MIDNIGHT_NS,
        "login_ns": 1100 * S,
        "not_ready_ns": 460 * S,
        "available_ns": 420 * S,
        "reserved_ns": 10 * S,
        "busy_ns": 180 * S,
        "wrap_up_ns": 30 * S,
        "interrupted_ns": 0,
        "not_ready_by_reason_ns": {"": 60 * S, "lunch": 300 * S, "training": 100 * S},
        "occupancy": "34.38",
    }
    assert row.occupancy == Fraction(220, 640)


def test_a_talk_across_a_border_is_shared_out_between_the_intervals(record: tuple[Writer, Engine]) -> None:
    writer, reader = record
    tell(writer, MORNING)
    first, second, *_ = times(reader, TEN_NS, TEN_NS + 3600 * S, 300 * S, LATER_NS)
    assert (first.of("busy"), second.of("busy")) == (50 * S, 130 * S)
    assert (first.login_ns, second.login_ns) == (300 * S, 300 * S)


def test_what_is_told_again_is_kept_once_and_a_new_journal_s_first_entry_as_well(
    record: tuple[Writer, Engine],
) -> None:
    writer, reader = record
    for _ in range(2):
        tell(writer, MORNING)
    asked = (reader, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, None, LATER_NS)
    assert times(*asked)[0].login_ns == 1100 * S
    tell(writer, moves((0, "available"), (60, "logged-out"), at_ns=TEN_NS + 7200 * S))
    assert times(*asked)[0].login_ns == 1160 * S


def test_several_agents_moved_by_one_entry_are_all_kept(record: tuple[Writer, Engine]) -> None:
    writer, reader = record
    writer.agents_moved([(1, [*moves((0, "available")), *moves((0, "available"), agent="1002")])])
    told = times(reader, TEN_NS, TEN_NS + 3600 * S, None, TEN_NS + 90 * S)
    assert [(row.agent, row.login_ns) for row in told] == [("1001", 90 * S), ("1002", 90 * S)]


def test_who_is_still_logged_in_is_so_until_now_and_since_yesterday(record: tuple[Writer, Engine]) -> None:
    writer, reader = record
    tell(writer, moves((0, "available"), (60, "busy"), (120, "available")))
    tomorrow_ns = MIDNIGHT_NS + DAY_NS
    (row,) = times(reader, tomorrow_ns, tomorrow_ns + DAY_NS, None, tomorrow_ns + 60 * S)
    assert row.spent_ns == {("available", ""): 60 * S}
    assert row.occupancy == 0
    assert times(reader, tomorrow_ns + DAY_NS, tomorrow_ns + 2 * DAY_NS, None, tomorrow_ns) == []


def test_who_was_not_ready_all_day_has_no_occupancy(record: tuple[Writer, Engine]) -> None:
    writer, reader = record
    tell(writer, moves((0, "not-ready"), (60, "logged-out")))
    (row,) = times(reader, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, None, LATER_NS)
    assert row.flat()["occupancy"] is None


def test_a_state_that_nobody_knows_is_refused_and_nothing_kept(record: tuple[Writer, Engine]) -> None:
    writer, reader = record
    with pytest.raises(ValueError, match="'bussy' is no agent's state; did you mean 'busy'"):
        writer.agents_moved([(1, [*moves((0, "available")), *moves((1, "bussy"))])])
    assert times(reader, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, None, LATER_NS) == []


@given(st.integers(0, 2 * DAY_NS), st.integers(0, DAY_NS), st.sampled_from([1, 3, 6, 12]))
def test_a_spell_is_cut_without_loss(began_ns: int, lasted_ns: int, widths: int) -> None:
    spell = Spell("1001", "busy", "", began_ns, began_ns + lasted_ns)
    parts = list(cut(spell, DAY_NS, 2 * DAY_NS, widths * BASE_NS))
    within = max(0, min(spell.ended_ns, 2 * DAY_NS) - max(spell.began_ns, DAY_NS))
    assert sum(ns for _, ns in parts) == within
    assert all(0 < ns <= widths * BASE_NS and (start - DAY_NS) % (widths * BASE_NS) == 0 for start, ns in parts)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 90_000), st.sampled_from([*STATES, LOGGED_OUT, "not-ready lunch"]), st.booleans()),
        max_size=30,
    )
)
def test_intervals_of_a_day_are_the_day_whatever_order_it_was_told_in(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, bool]]
) -> None:
    path = tmp_path_factory.mktemp("record") / "record.db"
    writer, reader = Writer(store.open_writer(path)), store.open_reader(path)
    for seq, (after, state, second) in enumerate(steps, 1):
        writer.agents_moved([(seq, moves((after, state), agent="1002" if second else "1001", at_ns=MIDNIGHT_NS))])
    day = times(reader, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, None, LATER_NS)
    parts = times(reader, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, BASE_NS, LATER_NS)
    for row in day:
        for key, ns in row.spent_ns.items():
            assert sum(part.spent_ns.get(key, 0) for part in parts if part.agent == row.agent) == ns
    for part in parts:
        assert part.login_ns == part.of(*STATES) <= BASE_NS
        assert part.of("not-ready") == sum(part.reasons.values())
    reader.dispose()


def alone(writer: Writer, *told: tuple[int, str], seq: int, contact: str = "") -> None:
    """What a branch tells of 1001 by one event."""
    steps = [AgentMove(one.agent, one.state, one.reason, one.at_ns, contact) for one in moves(*told)]
    body = AgentsMoved(moves=tuple(steps))
    told_by = {"box": "BR-0001", "process": "uplink", "incarnation": "1", "seq": seq}
    writer.store([Envelope(id=f"{seq}", mono_ns=0, at_ns=TEN_NS, body=body, **told_by)])  # type: ignore[arg-type]


def test_what_agents_did_while_their_branch_decided_is_in_their_times_once_it_is_back(
    record: tuple[Writer, Engine],
) -> None:
    """Headquarters thought that the talk of before went on, then of wrap-up; the late word of the branch is so."""
    writer, reader = record
    tell(writer, moves((0, "busy"), (150, "wrap-up"), (160, "available"), (400, "not-ready lunch")))
    asked = (reader, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, None, TEN_NS + 500 * S)
    assert times(*asked)[0].of("busy") == 150 * S
    for _ in range(2):
        alone(writer, (100, "busy"), seq=1)
        alone(writer, (200, "available"), (250, "not-ready lunch"), seq=2)
        alone(writer, (410, ""), seq=3)
    (row,) = times(*asked)
    assert row.spent_ns == {
        ("busy", ""): 200 * S,
        ("available", ""): 50 * S,
        ("not-ready", "lunch"): 250 * S,
    }
    parts = times(reader, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, BASE_NS, TEN_NS + 500 * S)
    assert [part.login_ns for part in parts] == [300 * S, 200 * S]
    (later,) = times(reader, TEN_NS + 300 * S, TEN_NS + 900 * S, None, TEN_NS + 500 * S)
    assert later.spent_ns == {("not-ready", "lunch"): 200 * S}, "an interval that begins meanwhile"
    assert writer.newest_move_ns() == TEN_NS + 400 * S


def test_the_same_moment_is_in_the_order_in_which_the_branch_told_it(record: tuple[Writer, Engine]) -> None:
    writer, reader = record
    tell(writer, moves((0, "available")))
    alone(writer, (100, "reserved"), seq=1)
    alone(writer, (100, "busy"), seq=2)
    (row,) = times(reader, TEN_NS + 100 * S, TEN_NS + 200 * S, None, LATER_NS)
    assert row.spent_ns == {("busy", ""): 100 * S}
