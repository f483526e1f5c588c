# SPDX-License-Identifier: GPL-2.0-only
"""Where the record is kept. SQLite in WAL mode with synchronous=FULL: what is answered after a commit is on the disk.

One writer (the headquarters process); readers have engines of their own and never block it.
"""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, create_engine, event

from appliance.headquarters.reports.schema import metadata

BUSY_S = 10


def path_of(state: Path) -> Path:
    """The store's file in a state directory."""
    return state / "record.db"


def open_writer(path: Path) -> Engine:
    """Make the tables that are missing. Raises sqlalchemy.exc.SQLAlchemyError where the store cannot be opened."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_S, "check_same_thread": False})
    event.listen(engine, "connect", _write_through)
    metadata.create_all(engine)
    path.chmod(0o600)
    return engine


def open_reader(path: Path) -> Engine:
    """Queries only: a write fails. The store must have been made by its writer."""
    return create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", connect_args={"timeout": BUSY_S})


def _write_through(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
