# SPDX-License-Identifier: GPL-2.0-only
"""The journal's log is copied into its file beside the commits: thousands of pages that no answer is to wait for."""

import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from appliance.router.journal import Journal

log = structlog.get_logger()


class Copies:
    """What fails is made up for by an append, once the log is long."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._thread = ThreadPoolExecutor(1, "journal-copy")
        self._copied: Future[None] | None = None

    def begin(self) -> None:
        """Copy what the log has, unless that is under way."""
        if self._copied is None:
            self._copied = self._thread.submit(self._journal.copy)

    def finish(self) -> None:
        """By the thread that appends, after each time: once all but a little is copied, begin the log anew."""
        if self._copied is None or not self._copied.done():
            return
        copied, self._copied = self._copied, None
        try:
            copied.result()
            self._journal.finish()
        except sqlite3.Error as error:
            log.error("router.journal.uncopied", error=str(error))

    def close(self) -> None:
        """Wait for what is under way."""
        self._thread.shutdown()
