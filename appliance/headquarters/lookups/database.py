# SPDX-License-Identifier: GPL-2.0-only
"""One row of a SELECT, from any database that SQLAlchemy reaches.

Queries run in threads of the source's own. One that has waited for a thread until nobody waits for it any more is not
run: a database that comes back is not met by what was asked while it was away.
"""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from appliance.config.lookups import DatabaseLookup
from appliance.config.secrets import read_secret
from appliance.headquarters.lookups.values import LookupFailed, as_text

THREADS = 4


class Database:
    """A source."""

    def __init__(self, lookup: DatabaseLookup) -> None:
        self._lookup = lookup
        self._query = text(lookup.query)
        self._threads = ThreadPoolExecutor(THREADS, f"lookup-{lookup.name}")
        self._engine: Engine | None = None

    async def ask(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Its columns as text, of the first row. Raises LookupFailed, also where there is none."""
        until_s = time.monotonic() + self._lookup.timeout_ms / 1000
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._row, dict(parameters), until_s)

    async def close(self) -> None:
        """Without waiting for what hangs."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)

    def _row(self, parameters: dict[str, str], until_s: float) -> dict[str, str]:
        if time.monotonic() >= until_s:
            raise LookupFailed("asked too late")
        try:
            with self._opened().connect() as store:
                row = store.execute(self._query, parameters).mappings().first()
        except (SQLAlchemyError, OSError, ImportError) as error:
            raise LookupFailed(_cause(error)) from error
        if row is None:
            raise LookupFailed("no such row")
        return {str(name): as_text(value) for name, value in row.items()}

    def _opened(self) -> Engine:
        if self._engine is None:
            url = make_url(self._lookup.url)
            if self._lookup.secret is not None:
                url = url.set(password=read_secret(self._lookup.secret))
            limits = {"options": f"-c statement_timeout={self._lookup.timeout_ms}", "connect_timeout": 2}
            postgresql = url.get_backend_name() == "postgresql"
            self._engine = create_engine(
                url, pool_size=THREADS, pool_pre_ping=True, connect_args=limits if postgresql else {}
            )
        return self._engine


def _cause(error: Exception) -> str:
    """Without the statement and what it was asked with: a server's word quotes the value, its SQLSTATE does not."""
    cause = getattr(error, "orig", None) or error
    if state := getattr(cause, "sqlstate", None):
        return f"{type(cause).__name__}, SQLSTATE {state}"
    told = str(cause)
    return told.splitlines()[0] if told else type(cause).__name__
