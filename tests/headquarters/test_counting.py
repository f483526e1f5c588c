# SPDX-License-Identifier: GPL-2.0-only
"""Statistics as they happen are those of a recount, whatever comes late, twice, out of order, or not at all."""

import operator
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import OperationalError

from appliance.headquarters.reports import schema, store
from appliance.headquarters.reports.intervals import counting
from appliance.headquarters.reports.intervals.facts import facts
from appliance.headquarters.reports.intervals.figures import NONE, Figures, Key
from appliance.headquarters.reports.intervals.thresholds import DEFAULT, Threshold, Thresholds, wanted_by
from appliance.headquarters.reports.writer import Writer
from appliance.wire.calls import CallEvent
from appliance.wire.envelope import Envelope
from tests.headquarters.site import ROOT, Site, until
from tests.headquarters.told import (
    ANSWERED,
    ASKS,
    BUSY,
    DAY_NS,
    HOLD,
    TEN_NS,
    WAITED,
    S,
    batches,
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

HAPPENINGS: list[CallEvent] = [
    decided(ASKS),
    decided(HOLD, "gold"),
    decided(HOLD, "gold", "silver"),
    decided(HOLD, "silver", outcome="no-answer"),
    decided(HOLD, call_type="loans"),
    decided(BUSY),
    decided(ring(), outcome="waiting"),
    msgspec.structs.replace(decided(ASKS, "gold", outcome="digits"), callback="1.7"),
    decided(ring("silver", "1002"), "gold"),
    rung(),
    rung("L3", "1002"),
    unanswered(),
    unanswered("L3"),
    talk(),
    talk("L3"),
    talked(7),
    caller_gone(),
    ended(),
    ended("us"),
    ended("agent"),
]
TRIED = st.sampled_from(["", "", "", "1.7"])


@st.composite
def contacts(draw: st.DrawFn) -> list[Envelope]:
    """What boxes tell of a few contacts, some of it missing, twice, in any order."""
    events: list[Envelope] = []
    for number in range(draw(st.integers(1, 4))):
        rest = draw(st.lists(st.tuples(st.integers(0, 700), st.sampled_from(HAPPENINGS)), max_size=12))
        steps: list[tuple[float, CallEvent]] = [
            (0, msgspec.structs.replace(began(draw(st.sampled_from([None, "telco"]))), callback=draw(TRIED))),
            *sorted(rest, key=operator.itemgetter(0)),
        ]
        events += story(*steps, contact=f"BR-0001.x.{number}", at_ns=TEN_NS + draw(st.integers(0, 900)) * S)
    chosen = draw(st.lists(st.sampled_from(events), max_size=2 * len(events)))
    return draw(st.permutations([*chosen, *(one for one in events if draw(st.integers(0, 5)))]))


def recounted(events: list[Envelope]) -> dict[Key, Figures]:
    by_contact: dict[str, dict[tuple[str, int], Envelope]] = {}
    for one in events:
        by_contact.setdefault(one.body.contact, {})[one.incarnation, one.seq] = one  # type: ignore[union-attr]  # all are call events
    rows: dict[Key, Figures] = {}
    for told in by_contact.values():
        for key, row in facts(told.values(), Thresholds()).items():
            rows[key] = rows.get(key, NONE) + row
    return rows


@pytest.mark.unit
@given(contacts(), st.randoms(use_true_random=False))
def test_the_identity_holds_and_no_order_matters(events: list[Envelope], chance: object) -> None:
    rows = recounted(events)
    assert all(row.offered == row.accounted for row in rows.values())
    assert all(row.level_answered + row.level_abandoned <= row.level_offered <= row.offered for row in rows.values())
    shuffled = list(events)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis's Random
    assert recounted(shuffled) == rows


@pytest.mark.unit
@settings(max_examples=25, deadline=None)
@given(contacts(), st.integers(1, 9))
def test_counted_as_they_come_they_are_as_counted_at_once(
    tmp_path_factory: pytest.TempPathFactory, events: list[Envelope], size: int
) -> None:
    path = tmp_path_factory.mktemp("record") / "record.db"
    engine = store.open_writer(path)
    writer = Writer(engine)
    for batch in batches(events, size):
        writer.store(batch)
    assert intervals(engine) == recounted(events)
    assert differences(path) == []
    engine.dispose()


@pytest.mark.unit
def test_a_branch_cut_off_for_hours_revises_the_intervals_of_then(tmp_path: Path) -> None:
    engine = store.open_writer(tmp_path / "record.db")
    writer = Writer(engine)
    late = story(*ANSWERED, contact="BR-0001.x.2", at_ns=TEN_NS + 60 * S)
    writer.store(story(*WAITED))
    writer.store(story(*WAITED, contact="BR-0001.x.3", at_ns=TEN_NS + 4 * 3600 * S))
    assert revisions(engine)["gold", TEN_NS] == 1
    writer.store(late[:4])
    writer.store(late)
    assert revisions(engine)["gold", TEN_NS] == 3
    assert revisions(engine)["gold", TEN_NS + 4 * 3600 * S] == 1
    writer.store(late)
    assert revisions(engine)["gold", TEN_NS] == 3
    rows = {key: row for key, row in intervals(engine).items() if key.start_ns == TEN_NS}
    assert (row_of(rows, "queue", "gold")["offered"], row_of(rows, "queue", "gold")["answered"]) == (2, 1)
    assert differences(tmp_path / "record.db") == []


@pytest.mark.unit
def test_the_longest_wait_that_turns_out_shorter_gives_way_to_the_second(tmp_path: Path) -> None:
    engine = store.open_writer(tmp_path / "record.db")
    writer = Writer(engine)
    steps = (
        (0, began()),
        (1, decided(HOLD, "gold")),
        (100, decided(ASKS)),
        (110, decided(HOLD, "gold")),
        (150, ended()),
    )
    events = story(*steps)
    writer.store(story(*WAITED, contact="BR-0001.x.2"))
    writer.store([*events[:2], events[4]])
    assert row_of(intervals(engine), "queue", "gold")["longest_abandon_wait_ms"] == 149_000
    writer.store(events[2:4])
    assert row_of(intervals(engine), "queue", "gold")["longest_abandon_wait_ms"] == 40_000
    writer.store(story((0, began()), (131, decided(HOLD, "gold"))))
    assert differences(tmp_path / "record.db") == []


@pytest.mark.unit
def test_contacts_on_two_sides_of_midnight_are_each_their_day_s(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    engine = store.open_writer(path)
    midnight = TEN_NS - TEN_NS % DAY_NS + DAY_NS
    writer = Writer(engine)
    writer.store(story(*ANSWERED, at_ns=midnight - 2 * S))
    writer.store(story(*ANSWERED, contact="BR-0001.x.2", at_ns=midnight + 2 * S))
    assert sorted(key.start_ns for key in intervals(engine) if key.kind == "queue") == [midnight - 300 * S, midnight]
    with engine.begin() as connection:
        late = schema.interval.c.start_ns >= midnight
        connection.execute(update(schema.interval).where(late, schema.interval.c.kind == "queue").values(answered=7))
    assert differences(path, midnight - DAY_NS, midnight) == []
    (found,) = differences(path, midnight, midnight + DAY_NS)
    assert (found.key, found.figure) == (Key("queue", "gold", midnight), "answered")
    assert (found.stored, found.counted) == (7, 1)


@pytest.mark.unit
def test_a_fact_that_was_altered_is_found_before_it_does_harm(tmp_path: Path) -> None:
    engine = store.open_writer(tmp_path / "record.db")
    Writer(engine).store(story(*ANSWERED))
    with engine.begin() as connection:
        connection.execute(update(schema.fact).where(schema.fact.c.kind == "trunk").values(offered=2))
    (found,) = differences(tmp_path / "record.db")
    assert (found.key.name, found.figure, found.stored, found.counted) == ("telco", "offered", 2, 1)


@pytest.mark.unit
def test_a_threshold_that_is_changed_changes_no_report_of_before(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    engine = store.open_writer(path)
    Writer(engine, {("queue", "gold"): Threshold(20)}).store(story(*ANSWERED))
    future_ns = time.time_ns() + 3600 * S
    ahead = story(*ANSWERED, contact="BR-0001.x.2", at_ns=future_ns)
    Writer(engine, {("queue", "gold"): Threshold(20)}).store(ahead)
    Writer(engine, {("queue", "gold"): Threshold(3)})
    in_time = {key.start_ns: row.level_answered for key, row in intervals(engine).items() if key.kind == "queue"}
    assert in_time == {TEN_NS: 1, future_ns - future_ns % (300 * S): 0}
    assert differences(path) == []
    Writer(engine, {DEFAULT: Threshold(20)})
    in_time = {key.start_ns: row.level_answered for key, row in intervals(engine).items() if key.kind == "queue"}
    assert set(in_time.values()) == {1}
    assert differences(path) == []


@pytest.mark.unit
def test_a_threshold_holds_on_though_headquarters_clock_was_set_back(tmp_path: Path) -> None:
    engine = store.open_writer(tmp_path / "record.db")
    for now_ns, seconds in ((TEN_NS, 20), (TEN_NS + 100 * S, 30), (TEN_NS + 50 * S, 40)):
        with engine.begin() as connection:
            counting.begin(connection, {("queue", "gold"): Threshold(seconds)}, now_ns)
    with engine.begin() as connection:
        held = counting.begin(connection, {("queue", "gold"): Threshold(40)}, TEN_NS)
    told = [held.of("queue", "gold", TEN_NS + after * S).service_level_s for after in (0, 99, 100, 101, 10**6)]
    assert told == [20, 20, 30, 40, 40]


@pytest.mark.system
def test_the_administrator_s_thresholds_hold_for_call_types_and_queues(site: Site) -> None:
    assert wanted_by(site.config) == {
        ("", ""): Threshold(20, 5),
        ("call-type", "card-service"): Threshold(20, 5),
        ("queue", "card"): Threshold(20, 5),
    }


@pytest.mark.unit
def test_a_record_counted_by_other_rules_is_counted_anew_and_what_came_out_the_same_is_not_revised(
    tmp_path: Path,
) -> None:
    engine = store.open_writer(tmp_path / "record.db")
    Writer(engine).store(story(*ANSWERED))
    with engine.begin() as connection:
        connection.execute(update(schema.counting).values(rules=counting.RULES - 1))
        connection.execute(update(schema.interval).where(schema.interval.c.kind == "queue").values(offered=5))
        connection.execute(update(schema.fact).where(schema.fact.c.kind == "agent").values(offered=5))
    recount(Writer(engine))
    assert differences(tmp_path / "record.db") == []
    assert revisions(engine)["gold", TEN_NS] == 2
    assert revisions(engine)["telco", TEN_NS] == 1


@pytest.mark.unit
def test_calls_are_stored_and_read_while_a_record_is_counted_anew_and_a_death_goes_on_from_there(
    tmp_path: Path,
) -> None:
    """An update that counts otherwise kept the record's process from starting until a year was counted."""
    path = tmp_path / "record.db"
    engine = store.open_writer(path)
    writer = Writer(engine)
    for number in range(300):
        writer.store(story(*ANSWERED, contact=f"BR-0001.x.{number:03}"))
    with engine.begin() as connection:
        connection.execute(update(schema.counting).values(rules=counting.RULES - 1))
        connection.execute(update(schema.fact).where(schema.fact.c.kind == "agent").values(talk_samples=1))
        connection.execute(update(schema.interval).where(schema.interval.c.kind == "agent").values(talk_samples=300))
    writer, lots, done = Writer(engine), 0, [writer.counted()]
    while writer.count_on():
        lots += 1
        new = story(*WAITED, contact=f"BR-0001.x.9{lots:02}", at_ns=TEN_NS + 3600 * S * (lots % 2))
        began_s = time.monotonic()
        writer.store(new)
        assert time.monotonic() - began_s < 1.0
        gold = sum(row.offered for key, row in intervals(engine).items() if (key.kind, key.name) == ("queue", "gold"))
        assert gold == 300 + lots, "each reading has every call once"
        done.append(writer.counted())
        if lots == 3:
            writer = Writer(engine)  # the process was killed, and begins
    assert lots > 5
    assert done[-1] is None or max(one for one in done if one is not None) > 0.8
    assert writer.counted() is None
    assert differences(path) == []
    rows = intervals(engine)
    assert (
        row_of(rows, "agent", "1001")["talk_samples"]
        == 300 * row_of(recounted(story(*ANSWERED)), "agent", "1001")["talk_samples"]
    )


def recount(writer: Writer) -> None:
    while writer.count_on():
        pass


_STORES = """
import sys
from pathlib import Path
from appliance.headquarters.reports import store
from appliance.headquarters.reports.writer import Writer
from tests.headquarters.told import ANSWERED, batches, story
writer = Writer(store.open_writer(Path(sys.argv[1])))
for first in range(100_000):
    for batch in batches([one for n in range(9) for one in story(*ANSWERED, contact=f"BR-0001.x.{first}.{n}")], 7):
        writer.store(batch)
"""


@pytest.mark.system
def test_killed_while_it_stores_it_leaves_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "record.db"
    for life in range(4):
        command = [sys.executable, "-c", _STORES.replace("x.{first}", f"x{life}.{{first}}"), str(path)]
        child = subprocess.Popen(command, cwd=ROOT)
        try:
            until(lambda: stored(path) > 100 * (life + 1), 20, "events are stored")  # noqa: B023
            time.sleep(0.01 * life)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        assert differences(path) == []


def stored(path: Path) -> int:
    if not path.exists():
        return 0
    engine = store.open_reader(path)
    try:
        with engine.connect() as connection:
            return len(connection.execute(select(schema.event.c.place)).all())
    except OperationalError:  # not made yet
        return 0
    finally:
        engine.dispose()


def revisions(engine: Engine) -> dict[tuple[str, int], int]:
    table = schema.interval.c
    with engine.connect() as reader:
        rows = reader.execute(select(table.name, table.start_ns, table.revision))
        return {(row[0], row[1]): row[2] for row in rows}
