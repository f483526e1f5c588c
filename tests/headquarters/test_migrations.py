# SPDX-License-Identifier: GPL-2.0-only
"""A record of any version before is brought to this one with all that is in it; a newer one is left alone."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import OperationalError

from appliance.headquarters.reports import schema, store
from appliance.headquarters.reports.reading import Record
from appliance.headquarters.reports.writer import Writer
from appliance.wire.envelope import encode
from tests.headquarters.site import ROOT, Site
from tests.headquarters.test_counting import recount
from tests.headquarters.told import ANSWERED, WAITED, C, differences, intervals, row_of, story

UNNUMBERED = Path(__file__).parent / "records/unnumbered.sql"
_EVENT = "INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return made(tmp_path / "record.db")


def made(path: Path) -> Path:
    """A record of before versions were numbered, with two calls."""
    record = sqlite3.connect(path)
    record.execute("PRAGMA journal_mode=WAL")
    record.executescript(UNNUMBERED.read_text())
    for one in (*story(*ANSWERED), *story(*WAITED, contact="BR-0001.x.2")):
        contact, kind = one.body.contact, type(one.body).__name__  # type: ignore[union-attr]  # all are call events
        key = (one.box, one.process, one.incarnation, one.seq)
        record.execute(_EVENT, (*key, contact, kind, one.at_ns, one.mono_ns, one.at_ns, encode(one).decode()))
    record.execute("INSERT INTO contact (contact, box, began_ns, ended_ns) VALUES (?, 'BR-0001', 1, 2)", [C])
    record.commit()
    record.close()
    return path


def renumber(path: Path) -> None:
    record = sqlite3.connect(path)
    record.execute("UPDATE alembic_version SET version_num = '9999'")
    record.commit()
    record.close()


@pytest.mark.unit
def test_a_record_of_before_is_adopted_with_its_calls_and_its_statistics_are_made(old: Path) -> None:
    engine = store.open_writer(old)
    recount(Writer(engine))
    rows = intervals(engine)
    assert row_of(rows, "queue", "gold")["offered"] == 2
    assert row_of(rows, "queue", "gold")["answered"] == 1
    assert differences(old) == []
    assert [row["contact"] for row in Record(store.open_reader(old)).calls_before()] == [C]
    assert (old.stat().st_mode & 0o777) == 0o600


@pytest.mark.unit
def test_a_record_adopted_and_one_made_anew_have_the_tables_of_the_schema(old: Path, tmp_path: Path) -> None:
    for path in (old, tmp_path / "new" / "record.db"):
        engine = store.open_writer(path)
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


@pytest.mark.unit
def test_a_step_that_fails_leaves_the_record_as_it_was(old: Path) -> None:
    with sqlite3.connect(old) as record:
        record.execute("CREATE TABLE threshold (stranger INTEGER)")
        before = set(record.execute("SELECT name FROM sqlite_master"))
    with pytest.raises(OperationalError, match="threshold already exists"):
        store.open_writer(old)
    with sqlite3.connect(old) as record:
        assert set(record.execute("SELECT name FROM sqlite_master")) == before


@pytest.mark.unit
def test_a_record_opened_again_keeps_its_revisions(old: Path) -> None:
    for _ in range(3):
        recount(Writer(store.open_writer(old)))
    with sqlite3.connect(old) as record:
        assert record.execute("SELECT DISTINCT revision FROM interval").fetchall() == [(1,)]


@pytest.mark.unit
def test_a_record_of_a_newer_version_is_refused_and_left_alone(old: Path) -> None:
    Writer(store.open_writer(old))
    renumber(old)
    with pytest.raises(store.NewerRecordError, match=r"record of version 9999, this program knows up to 0008"):
        store.open_writer(old)
    with sqlite3.connect(old) as record:
        assert record.execute("SELECT count(*) FROM event").fetchone() == (len(ANSWERED) + len(WAITED),)


@pytest.mark.system
def test_headquarters_with_a_newer_record_says_so_and_is_not_started_again(site: Site) -> None:
    site.state.mkdir(parents=True)
    path = made(store.path_of(site.state))
    Writer(store.open_writer(path))
    renumber(path)
    environment = {"BRANCHLINE_CONFIG": str(site.folder / "headquarters.yaml"), "BRANCHLINE_STATE": str(site.state)}
    ended = subprocess.run(
        [sys.executable, "-m", "appliance.processes.record"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 2
    assert "is a record of version 9999" in ended.stderr
