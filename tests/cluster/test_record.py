# SPDX-License-Identifier: GPL-2.0-only
"""The record in PostgreSQL is the record in a file: the same calls, the same statistics, the same refusals."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from appliance.cli.__main__ import main
from appliance.config import Headquarters
from appliance.config.files import load_role
from appliance.headquarters.reports import schema, store
from appliance.headquarters.reports.intervals import counting
from appliance.headquarters.reports.intervals.agents import times
from appliance.headquarters.reports.reading import Record
from appliance.headquarters.reports.writer import Writer
from appliance.wire.envelope import Envelope
from tests.cluster.postgresql import Server
from tests.headquarters.site import ROOT, Site, contacts, until
from tests.headquarters.test_agent_times import MORNING
from tests.headquarters.test_counting import HAPPENINGS
from tests.headquarters.test_record import SEALED, STORY, C, sealed
from tests.headquarters.told import ANSWERED, DAY_NS, TEN_NS, S, batches, began, intervals, story

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

MIDNIGHT_NS = TEN_NS - TEN_NS % DAY_NS


def differences(engine: Engine) -> list[counting.Difference]:
    with engine.connect() as reader:
        return counting.differences(reader, 0, 4 * 10**18)[1]


def crowd(seed: int) -> list[Envelope]:
    """What boxes tell of 60 contacts, in no order, a third of it twice."""
    chance = random.Random(seed)  # noqa: S311  # the same crowd each time
    events: list[Envelope] = []
    for number in range(60):
        rest = sorted((chance.uniform(0, 700), place) for place in range(chance.randrange(12)))
        steps = [(0.0, began()), *((after, chance.choice(HAPPENINGS)) for after, _ in rest)]
        events += story(*steps, contact=f"BR-0001.x.{number}", at_ns=TEN_NS + chance.randrange(900) * S)
    events += chance.sample(events, len(events) // 3)
    chance.shuffle(events)
    return events


def test_a_call_is_told_as_from_a_file(server: Server) -> None:
    writer, record = Writer(store.open_writer(server.place)), Record(store.open_reader(server.place))
    assert len(writer.store(sealed(*STORY))) == len(STORY)
    writer.store(sealed(SEALED, process="recorder"))
    writer.recording_here("0123456789abcdef", "")
    (row,) = record.calls_before()
    assert (row["contact"], row["ced"], row["agent"], row["talk_samples"]) == (C, "1", "1001", 40_000)
    assert row["recording"] == "0123456789abcdef"
    call = record.call(C)
    assert call is not None
    assert [one["reason"] for one in call["decisions"]] == ["script welcome treats the caller at ask", "Li Na"]
    assert writer.open_agent_legs() == []


def test_statistics_are_those_of_a_file_to_the_last_figure(server: Server, tmp_path: Path) -> None:
    engines = [store.open_writer(place) for place in (server.place, tmp_path / "record.db")]
    for engine in engines:
        writer = Writer(engine)
        for batch in batches(crowd(7), 9):
            writer.store(batch)
    assert intervals(engines[0]) == intervals(engines[1]) != {}
    assert differences(engines[0]) == []
    with engines[0].begin() as connection:
        connection.execute(update(schema.interval).where(schema.interval.c.kind == "trunk").values(waiting=77))
    assert {one.figure for one in differences(engines[0])} == {"waiting"}


def test_where_the_agents_time_went_is_kept_there_too(server: Server) -> None:
    writer = Writer(store.open_writer(server.place))
    for seq, one in enumerate([*MORNING, *MORNING]):
        writer.agents_moved([(seq % len(MORNING), [one])])
    (row,) = times(store.open_reader(server.place), MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS, None, MIDNIGHT_NS + DAY_NS)
    assert (row.login_ns, row.of("busy")) == (1100 * S, 180 * S)


def test_its_tables_are_those_of_the_schema_and_a_newer_record_is_refused(server: Server) -> None:
    engine = store.open_writer(server.place)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(store.NewerRecordError, match="record of version 9999") as caught:
        store.open_writer(server.place)
    assert server.secret.read_text().strip() not in str(caught.value)


def test_a_reader_changes_nothing_and_a_wrong_password_is_let_in_nowhere(server: Server) -> None:
    Writer(store.open_writer(server.place)).store(story(*ANSWERED))
    with (
        pytest.raises(DBAPIError, match="read-only transaction"),
        store.open_reader(server.place).begin() as connection,
    ):
        connection.execute(update(schema.interval).values(offered=0))
    server.secret.write_text("guess\n")
    with pytest.raises(OperationalError, match="password authentication failed"):
        store.open_writer(server.place)


_STORES = """
import sys
from pathlib import Path
from appliance.config.headquarters import Record
from appliance.headquarters.reports import store
from appliance.headquarters.reports.writer import Writer
from tests.headquarters.told import ANSWERED, batches, story
setting = Record(sys.argv[1], Path(sys.argv[2]), tls="disable")
writer = Writer(store.open_writer(store.place_of(Path(), setting)))
for first in range(100_000):
    for batch in batches([one for n in range(9) for one in story(*ANSWERED, contact=f"{sys.argv[3]}.{first}.{n}")], 7):
        writer.store(batch)
"""


def count(server: Server) -> int:
    engine = store.open_reader(server.place)
    try:
        with engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(schema.event)).scalar_one()
    finally:
        engine.dispose()


def test_killed_while_it_stores_it_leaves_no_difference(server: Server) -> None:
    Writer(store.open_writer(server.place))
    for life in range(3):
        words = (server.setting.url, str(server.secret), f"BR-0001.x{life}")
        child = subprocess.Popen([sys.executable, "-c", _STORES, *words], cwd=ROOT)
        try:
            until(lambda: count(server) > 100 * (life + 1), 20, "events are stored")  # noqa: B023
            time.sleep(0.01 * life)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        assert differences(store.open_writer(server.place)) == []


def test_a_server_that_dies_loses_nothing_that_was_answered(server: Server) -> None:
    writer = Writer(store.open_writer(server.place))
    told = story(*ANSWERED)
    writer.store(told)
    server.kill()
    with pytest.raises(OperationalError):
        writer.store(story(*ANSWERED, contact="BR-0001.x.2"))
    server.start()
    assert len(writer.store(story(*ANSWERED, contact="BR-0001.x.2"))) == len(ANSWERED)
    assert writer.store(told) == []
    assert differences(store.open_writer(server.place)) == []


def test_a_branch_s_calls_outlast_the_record_s_server_and_are_told_at_the_terminal(
    server: Server, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    file = site.folder / "headquarters.yaml"
    setting = f"{{url: {server.setting.url}, secret: {server.secret}, tls: disable}}"
    file.write_text(f"{file.read_text()}record: {setting}\n")
    assert load_role(file, Headquarters).record == server.setting
    site.start("nats-server", "headquarters", "uplink")
    site.tell(*contacts(0, 20))
    until(lambda: site.waiting() == 0, 20, "all is stored")
    server.kill()
    site.tell(*contacts(20, 20))
    until(lambda: "intake.storing.refused" in site.log_of("headquarters"), 20, "headquarters has tried")
    assert site.waiting() == 40
    server.start()
    until(lambda: site.waiting() == 0, 30, "what was kept is stored")
    assert count(server) == 80
    words = ["--state", str(site.state), "--config", str(file), "--language", "en"]
    assert main(["report", "verify", *words]) == 0
    assert "all the same" in capsys.readouterr().out
    assert main(["report", "call-type", *words]) == 0
    assert capsys.readouterr().out.splitlines()[-3].split()[2] == "40"
    assert not (site.state / "record.db").exists()
    assert server.secret.read_text().strip() not in site.log_of("headquarters")
