# SPDX-License-Identifier: GPL-2.0-only
"""`report queue` and `report verify`, as they are typed at headquarters."""

import datetime as dt
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from appliance.cli import report, terminal
from appliance.cli.__main__ import main
from appliance.headquarters.reports import schema, store
from appliance.headquarters.reports.intervals import counting
from appliance.headquarters.reports.intervals.story import Kind
from appliance.headquarters.reports.writer import Writer
from tests.config.test_groupings import configured
from tests.headquarters.test_agent_times import MORNING
from tests.headquarters.test_handling import handed_on
from tests.headquarters.told import (
    ANSWERED,
    ASKS,
    BUSY,
    HOLD,
    TEN_NS,
    WAITED,
    S,
    began,
    caller_gone,
    decided,
    ended,
    ring,
    rung,
    story,
    talk,
    talked,
)

pytestmark = pytest.mark.unit

DAY = "2026-11-25"
NOON_NS = round(dt.datetime(2026, 11, 25, 12).astimezone().timestamp()) * 10**9


@pytest.fixture
def box(tmp_path: Path) -> Path:
    engine = store.open_writer(store.path_of(tmp_path))
    writer = Writer(engine)
    writer.store(story(*ANSWERED, at_ns=NOON_NS))
    writer.store(story(*WAITED, contact="BR-0001.x.2", at_ns=NOON_NS + 60 * S))
    writer.store(story((0, began()), (0, decided(HOLD, "silver")), (2, ended()), contact="BR-0001.x.3", at_ns=NOON_NS))
    writer.store(story(*ANSWERED, contact="BR-0001.x.4", at_ns=NOON_NS + 20 * 60 * S))
    engine.dispose()
    return tmp_path


def typed(box: Path, *words: str, language: str = "en") -> int:
    return main(["report", *words, "--state", str(box), "--language", language])


def test_a_day_s_queues_are_a_table(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(box, "queue", "--day", DAY) == 0
    head, gold, silver, form, averages, total = capsys.readouterr().out.splitlines()
    assert head.split()[:7] == ["from", "name", "offd", "answ", "ivr", "que", "rng"]
    assert gold.split() == ["00:00", "gold", "3", "2", "0", "1", *["0"] * 8, "66.67", "5.0", "60.0"]
    assert silver.split() == ["00:00", "silver", "1", "0", "0", "0", "0", "1", *["0"] * 6, "-", "-", "-"]
    assert form == "SL (ignored): answered in time, of all but who abandoned in time"
    assert averages == "ASA: answer wait; AHT: talk, hold and wrap-up; in seconds"
    assert total.startswith("offd: the sum of answ to wait; ivr, que, rng: abandoned there")
    assert max(map(len, (head, gold, silver, form, averages, total))) <= 80


BECAME = {
    "answered": ANSWERED,
    "abandoned_ivr": ((0, began()), (1, decided(ASKS)), (31, caller_gone()), (31, ended())),
    "abandoned_queue": WAITED,
    "abandoned_ringing": ((0, began()), (1, decided(ring())), (1, rung()), (31, caller_gone()), (31, ended())),
    "short": ((0, began()), (0, decided(HOLD, "gold")), (2, ended())),
    "overflow": (
        (0, began()),
        (1, decided(HOLD, "gold")),
        (21, decided(HOLD, "silver", outcome="played", call_type="loans")),
        (31, caller_gone()),
        (31, ended()),
    ),
    "redirected": (
        (0, began()),
        (1, decided(HOLD, "gold", "silver")),
        (9, decided(ring("silver", "2001"))),
        (9, rung(agent="2001")),
        (12, talk()),
        (20, talked(8)),
        (21, ended()),
    ),
    "callback": (
        (0, began()),
        (1, decided(HOLD, "gold")),
        (9, msgspec.structs.replace(decided(ASKS, "gold", outcome="digits"), callback="1.7")),
    ),
    "released": ((0, began()), (1, decided(HOLD, "gold")), (5, decided(BUSY)), (5, ended("us", 17))),
    "waiting": ((0, began()), (1, decided(HOLD, "gold"))),
}
"""One caller of each kind, by what has become of the visit to the queue gold, or to the call type card."""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_whatever_becomes_of_callers_each_row_s_outcomes_add_up_to_the_offered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    chinese = language == "zh"
    writer = Writer(store.open_writer(store.path_of(tmp_path)))
    for number, steps in enumerate(BECAME.values()):
        writer.store(story(*steps, contact=f"BR-0001.x.{number}", at_ns=NOON_NS))
    seen: Counter[str] = Counter()
    for kind in Kind:
        assert typed(tmp_path, kind.value, "--day", DAY, language=language) == 0
        page = capsys.readouterr().out.splitlines()
        head, *lines = (line.split() for line in page)
        first, last = head.index(report.OUTCOMES["answered"][chinese]), head.index(report.OUTCOMES["waiting"][chinese])
        rows = [line for line in lines if line[0] == "00:00"]
        for row in rows:
            assert sum(map(int, row[first : last + 1])) == int(row[2]) > 0, row
            seen.update({name: int(count) for name, count in zip(report.OUTCOMES, row[first:], strict=False)})
        assert rows
        assert max(map(terminal.columns, page)) <= 100
    assert set(+seen) == set(report.OUTCOMES) == set(BECAME)


def test_it_is_told_by_quarters_of_an_hour_and_with_the_level_that_is_wanted(
    box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(box, "call-type", "--day", DAY, "--interval", "15m", "--level", "handled", language="zh") == 0
    head, *lines, form, _, _ = capsys.readouterr().out.splitlines()
    assert "呼入" in head
    assert form == "服务水平（handled）：及时接听 ÷ 接听"
    assert [line.split()[:4] for line in lines] == [["12:00", "card", "3", "1"], ["12:15", "card", "1", "1"]]
    assert lines[0].split()[14] == "100.00"


def test_call_types_of_a_service_and_agents_of_a_team_are_reported_as_one(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Writer(store.open_writer(store.path_of(box))).store(
        story((0, began()), (0, decided(HOLD, "gold", "loans")), (9, ended()), contact="BR-0001.x.5", at_ns=NOON_NS)
    )
    file = configured(tmp_path / "hq")
    assert typed(box, "service", "--day", DAY, "--config", str(file)) == 0
    _, cards, form, _, _ = capsys.readouterr().out.splitlines()
    assert cards.split()[:4] == ["00:00", "cards", "5", "2"]
    assert form.startswith("SL (ignored)")
    assert typed(box, "site", "--day", DAY, "--config", str(file)) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:4] == ["00:00", "Shanghai", "2", "2"]
    assert typed(box, "team", "--day", DAY) == 2
    assert "teams stand in headquarters' file" in capsys.readouterr().err


def test_where_the_agents_time_went(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = Writer(store.open_writer(store.path_of(box)))
    for seq, one in enumerate(MORNING):
        writer.agents_moved([(seq, [one._replace(at_ns=one.at_ns - TEN_NS + NOON_NS)])])
    assert typed(box, "agent-time", "--day", DAY) == 0
    _, row, *reasons = capsys.readouterr().out.splitlines()
    assert row.split() == [
        *("00:00", "1001", "0:18:20", "0:07:00", "0:00:10", "0:03:00", "0:00:30", "0:07:40", "34.38"),
    ]
    assert [line.split(maxsplit=1) for line in reasons] == [
        ["0:01:00", "no reason"],
        ["0:05:00", "lunch"],
        ["0:01:40", "training"],
    ]
    assert typed(box, "agent-time", "--day", "2026-11-01") == 1
    assert "nobody was logged in" in capsys.readouterr().out


def test_a_day_is_counted_once_more(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(box, "verify", DAY) == 0
    told = capsys.readouterr().out
    assert told == f"{DAY}: 9 rows of statistics, all the same as counted anew from the events\n"
    assert typed(box, "verify", DAY, language="zh") == 0
    assert "9行统计数据" in capsys.readouterr().out


def test_a_record_that_is_being_counted_anew_says_how_far_it_is(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = store.open_writer(store.path_of(box))
    with engine.begin() as connection:
        connection.execute(update(schema.counting).values(rules=counting.RULES - 1))
    writer = Writer(engine)
    assert typed(box, "verify", DAY) == 1
    assert "0 % is done, ask again then" in capsys.readouterr().out
    while writer.count_on():
        pass
    assert typed(box, "verify", DAY) == 0


def test_a_caller_who_was_handed_on_is_told_where_he_was_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Writer(store.open_writer(store.path_of(tmp_path))).store(handed_on())
    typed(tmp_path, "queue", "--day", "2026-11-24")
    head, gold, *_ = capsys.readouterr().out.splitlines()
    told = dict(zip(head.split(), gold.split(), strict=True))
    assert (told["answ"], told["trf"], told["AHTs"]) == ("1", "1", "84.0")


def test_what_was_altered_is_told_row_by_row(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = store.open_writer(store.path_of(box))
    with engine.begin() as connection:
        gold = (schema.interval.c.name == "gold") & (schema.interval.c.start_ns == NOON_NS)
        connection.execute(update(schema.interval).where(gold).values(answered=4))
    assert typed(box, "verify", DAY) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first == f"{DAY} 12:00 queue gold: answered is stored as 4, counted as 1"
    assert last.startswith(f"{DAY}: 1 figures differ: the record was altered")


def test_a_day_without_calls_and_a_box_without_record(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(box, "queue", "--day", "2026-11-01") == 1
    assert capsys.readouterr().out == "2026-11-01: nobody was offered to any queue\n"
    assert typed(box, "verify", "2026-11-01") == 1
    assert "no statistics of this day" in capsys.readouterr().out
    assert typed(box / "branch", "queue") == 2
    assert "only headquarters has a record" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        typed(box, "queues")
    assert "invalid choice: 'queues'" in capsys.readouterr().err
