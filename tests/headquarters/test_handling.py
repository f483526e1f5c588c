# SPDX-License-Identifier: GPL-2.0-only
"""What a contact costs its agents: talk, hold while they consult, and wrap-up; the three are the handle time (AHT)."""

import itertools
from pathlib import Path

import pytest

from appliance.headquarters.reports import store
from appliance.headquarters.reports.intervals.figures import Figures
from appliance.headquarters.reports.intervals.levels import averages_ms
from appliance.headquarters.reports.intervals.reading import rows
from appliance.headquarters.reports.writer import Writer
from appliance.router.events import AgentMoved
from appliance.wire.calls import TransferBegan, TransferEnded
from appliance.wire.envelope import Envelope
from tests.headquarters.test_agent_times import MIDNIGHT_NS, Move, alone, tell
from tests.headquarters.test_intervals import consult
from tests.headquarters.told import (
    ANSWERED,
    DAY_NS,
    TEN_NS,
    C,
    S,
    began,
    caller_gone,
    decided,
    differences,
    ended,
    intervals,
    ring,
    row_of,
    rung,
    story,
    talk,
    talked,
    unanswered,
)
from tests.router import test_agents as agents
from tests.router import test_router_apply as router

pytestmark = [pytest.mark.unit, pytest.mark.timeout(30)]

WRAPS = (
    Move("1001", "busy", "", TEN_NS + 1 * S),
    Move("1001", "wrap-up", "", TEN_NS + 67 * S, C),
    Move("1001", "available", "", TEN_NS + 97 * S),
    Move("1002", "wrap-up", "", TEN_NS + 67 * S, "BR-0001.x.7"),
    Move("1002", "available", "", TEN_NS + 70 * S),
)


def handed_on() -> list[Envelope]:
    """1001 talks for 60 s, holds the caller for 24 s and consults 1002, who talks to them for 30 s."""
    word, end = consult("L3", 20)
    begins = TransferBegan(contact="", by="1001", leg="L2", to="8002")
    ends = TransferEnded(contact="", by="1001", to="8002", outcome="completed", agent="1002")
    return story(
        *((0, began()), (1, decided(ring())), (1, rung()), (6, talk()), (66, talked(60)), (66, begins)),
        (66, decided(ring("loans", "1002"), outcome="consulting", call_type="loans")),
        *((66, rung("L3", "1002")), (70, word), (90, end), (90, ends)),
        *((90, unanswered("L2", 16)), (90, talk("L3")), (120, talked(30)), (120, caller_gone()), (120, ended())),
    )


def test_aht_is_talk_and_hold_and_wrap_up() -> None:
    row = Figures(offered=3, answered=2, talk_samples=100 * 8000, hold_ms=10_000, wrap_up_ms=30_000)
    told = averages_ms(row)
    assert [told[name] for name in ("talk", "hold", "wrap_up", "handle")] == [50_000, 5_000, 15_000, 70_000]
    assert averages_ms(Figures(offered=1))["handle"] is None


def test_a_caller_who_is_held_while_the_agent_consults_costs_the_first_agent_that_time(tmp_path: Path) -> None:
    engine = store.open_writer(tmp_path / "record.db")
    Writer(engine).store(handed_on())
    told = intervals(engine)
    for kind, name in (("agent", "1001"), ("queue", "gold"), ("call-type", "card")):
        assert row_of(told, kind, name)["hold_ms"] == 24_000, kind
    assert "hold_ms" not in row_of(told, "agent", "1002")
    assert differences(tmp_path / "record.db") == []


def test_a_caller_who_gives_up_on_hold_was_held_until_then(tmp_path: Path) -> None:
    engine = store.open_writer(tmp_path / "record.db")
    begins = TransferBegan(contact="", by="1001", leg="L2", to="8002")
    steps = ((0, began()), (1, decided(ring())), (1, rung()), (6, talk()), (66, talked(60)), (66, begins))
    Writer(engine).store(story(*steps, (76, caller_gone()), (77, ended())))
    assert row_of(intervals(engine), "queue", "gold")["hold_ms"] == 10_000


@pytest.mark.parametrize("order", sorted(itertools.permutations(range(3))))
def test_wrap_up_is_its_contact_s_whatever_comes_first(tmp_path: Path, order: tuple[int, ...]) -> None:
    """Calls, what agents did, and the same again, in any order; each once."""
    path = tmp_path / "record.db"
    engine = store.open_writer(path)
    writer = Writer(engine)
    for number in order:
        if number != 1:
            writer.store(story(*ANSWERED))
        if number != 0:
            tell(writer, WRAPS)
        assert differences(path) == []
    for kind, name in (("agent", "1001"), ("queue", "gold"), ("call-type", "card"), ("trunk", "telco")):
        assert row_of(intervals(engine), kind, name)["wrap_up_ms"] == 30_000, kind
    (row,) = rows(store.open_reader(path), "queue", MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, None)
    assert (row.flat()["average_talk_ms"], row.flat()["average_handle_ms"]) == (60_000, 90_000)


def test_a_wrap_up_that_is_not_over_is_counted_when_it_is(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    engine = store.open_writer(path)
    writer = Writer(engine)
    writer.store(story(*ANSWERED))
    tell(writer, WRAPS[:2])
    assert "wrap_up_ms" not in row_of(intervals(engine), "queue", "gold")
    assert differences(path) == []
    tell(writer, WRAPS[2:], 3)
    assert row_of(intervals(engine), "queue", "gold")["wrap_up_ms"] == 30_000
    assert differences(path) == []


@pytest.mark.parametrize("order", sorted(itertools.permutations(range(3))))
def test_wrap_up_at_a_branch_that_was_alone_is_as_the_branch_says(tmp_path: Path, order: tuple[int, ...]) -> None:
    """Headquarters has thought that the agent was available, in the midst of it."""
    path = tmp_path / "record.db"
    engine = store.open_writer(path)
    writer = Writer(engine)
    for number in order:
        if number == 0:
            writer.store(story(*ANSWERED))
        elif number == 1:
            tell(writer, (WRAPS[0], Move("1001", "available", "", TEN_NS + 80 * S)))
        else:
            alone(writer, (50, "busy"), seq=1)
            alone(writer, (67, "wrap-up"), seq=2, contact=C)
            alone(writer, (97, "available"), seq=3)
            alone(writer, (100, ""), seq=4)
        assert differences(path) == []
    assert row_of(intervals(engine), "queue", "gold")["wrap_up_ms"] == 30_000


def test_both_agents_of_a_contact_that_was_handed_on_wrap_up_for_their_own(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    engine = store.open_writer(path)
    writer = Writer(engine)
    second = (
        Move("1002", "wrap-up", "", TEN_NS + 120 * S, C),
        Move("1002", "not-ready", "lunch", TEN_NS + 125 * S),
    )
    tell(writer, (*WRAPS[:3], *second))
    writer.store(handed_on())
    told = intervals(engine)
    assert [row_of(told, "agent", name)["wrap_up_ms"] for name in ("1001", "1002")] == [30_000, 5_000]
    assert [row_of(told, "call-type", name)["wrap_up_ms"] for name in ("card", "loans")] == [30_000, 5_000]
    assert differences(path) == []


def test_the_router_tells_whose_wrap_up_it_is() -> None:
    _, effects = agents.run(*agents.CALL, router.leg_ended(64 * S, "l1"))
    assert [one for one in effects if isinstance(one, AgentMoved)][-1] == AgentMoved(
        "1001", "wrap-up", "", 64 * S, "c1"
    )
