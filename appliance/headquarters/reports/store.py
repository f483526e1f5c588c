# SPDX-License-Identifier: GPL-2.0-only
"""Where the record is kept. SQLite in WAL mode with synchronous=FULL: what is answered after a commit is on the disk.

One writer (the headquarters process); readers have engines of their own and never block it. The writer brings the
record to this program's version as it opens it, in one transaction; one of a newer program is left alone.
"""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event

BUSY_S = 10
_MIGRATIONS = Path(__file__).with_name("migrations")


class NewerRecordError(Exception):
    """The record was written by a newer version of this program."""


def path_of(state: Path) -> Path:
    """The store's file in a state directory."""
    return state / "record.db"


def open_writer(path: Path) -> Engine:
    """Bring the tables to this version, whatever there is. Raises sqlalchemy.exc.SQLAlchemyError, NewerRecordError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_S, "check_same_thread": False})
    event.listen(engine, "connect", _write_through)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            _upgrade(connection, str(path))
    except BaseException:
        engine.dispose()
        raise
    path.chmod(0o600)
    return engine


def open_reader(path: Path) -> Engine:
    """Queries only: a write fails. To one connection the record stands still. It must have been made by its writer."""
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _begin_by_word)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _upgrade(connection: Connection, name: str) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    held = MigrationContext.configure(connection).get_current_revision()
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


def _begin_by_word(connection: sqlite3.Connection, _record: object) -> None:
    """Left to itself Python begins before the first change only, and not at all before one of tables."""
    connection.isolation_level = None
