# SPDX-License-Identifier: GPL-2.0-only
"""Where the record is kept: a SQLite file of headquarters' own, or a PostgreSQL.

What is answered after a commit is on the disk: WAL with synchronous=FULL there, synchronous_commit=on here. One writer
(the headquarters process); readers have engines of their own and never block it. The writer brings the record to this
program's version as it opens it, in one transaction; one of a newer program is left alone.
"""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from appliance.config import read_secret
from appliance.config.headquarters import Record as Setting

BUSY_S = 10
CACHE_KIB = 65_536  # more than a busy second changes: pages that do not fit would be written twice
CHECKPOINT_PAGES = 4_000  # the same few hundred pages change all the time
# A second writer would count a contact by halves; it waits, as it does at a file. The number is ours by its letters.
_LOCK = f"SELECT pg_advisory_xact_lock({int.from_bytes(b'branchln')})"
# Of a server whose machine is gone the connection says nothing by itself; so it is over after some 15 s.
_SILENT = {"keepalives_idle": "5", "keepalives_interval": "3", "keepalives_count": "3", "tcp_user_timeout": "15000"}
_MIGRATIONS = Path(__file__).with_name("migrations")

Place = Path | URL


class NewerRecordError(Exception):
    """The record was written by a newer version of this program."""


def path_of(state: Path) -> Path:
    """The store's file in a state directory."""
    return state / "record.db"


def place_of(state: Path, record: Setting | None) -> Place:
    """Where this headquarters has its record. Raises OSError where the password cannot be read."""
    if record is None:
        return path_of(state)
    words = {"sslmode": record.tls, "application_name": "branchline", "connect_timeout": str(BUSY_S), **_SILENT}
    url = make_url(record.url).set(drivername="postgresql+psycopg", password=read_secret(record.secret))
    return url.update_query_dict(words)


def open_writer(place: Place, migrations: Path = _MIGRATIONS, table: str = "alembic_version") -> Engine:
    """Bring the tables to this version, whatever there is; `table` has which one it is.

    Raises sqlalchemy.exc.SQLAlchemyError, NewerRecordError.
    """
    engine = _written_file(place) if isinstance(place, Path) else _written_server(place)
    try:
        with engine.begin() as connection:
            _upgrade(connection, str(place), migrations, table)
    except BaseException:
        engine.dispose()
        raise
    if isinstance(place, Path):
        place.chmod(0o600)
    return engine


def open_reader(place: Place) -> Engine:
    """Queries only: a write fails. To one connection the record stands still. It must have been made by its writer."""
    if not isinstance(place, Path):
        options = {"options": "-c default_transaction_read_only=on"}
        return create_engine(place, connect_args=options, isolation_level="REPEATABLE READ", pool_pre_ping=True)
    engine = create_engine(f"sqlite:///file:{place}?mode=ro&uri=true", connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _begin_by_word)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _written_file(path: Path) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_S, "check_same_thread": False})
    event.listen(engine, "connect", _write_through)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _written_server(url: URL) -> Engine:
    options = {"options": "-c synchronous_commit=on"}
    engine = create_engine(url, connect_args=options, pool_pre_ping=True)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(_LOCK))
    return engine


def _upgrade(connection: Connection, name: str, migrations: Path, table: str) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    held = MigrationContext.configure(connection, opts={"version_table": table}).get_current_revision()
    if held is not None and held not in known:
        newest = max(known)
        raise NewerRecordError(
            f"{name} is a record of version {held}, this program knows up to {newest}: start the newer program again, "
            "or give headquarters a record of before"
        )
    command.upgrade(config, "head")


def _write_through(connection: sqlite3.Connection, _record: object) -> None:
    _begin_by_word(connection, _record)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA temp_store=MEMORY")  # what a part of a transaction would take back
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")


def _begin_by_word(connection: sqlite3.Connection, _record: object) -> None:
    """Left to itself Python begins before the first change only, and not at all before one of tables."""
    connection.isolation_level = None
