# SPDX-License-Identifier: GPL-2.0-only
"""The record's transactions: many requests in one where many come, each in the inbox before it is answered.

Where few come each is a transaction, as it is where there is no inbox (a server syncs for itself). Called from one
thread at a time.
"""

import sqlite3
import time
from collections.abc import Callable

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.reports.inbox import Inbox
from appliance.headquarters.reports.requests import Answer, Moved, Request, Store
from appliance.headquarters.reports.writer import Writer

LONGEST_S = 1.0
EACH_S = 0.01
"""From one transaction to the next, for each event or entry that the last one held: from 100 a second on LONGEST_S."""

log = structlog.get_logger()


class Lots:
    """`perform` does a request by the writer, and raises what that does."""

    def __init__(self, writer: Writer, inbox: Inbox | None, perform: Callable[[Request], Answer]) -> None:
        self._writer = writer
        self._inbox = inbox
        self._perform = perform
        self._size = 0
        self._due_s = 0.0
        self._owes = inbox is not None and bool(inbox.pending())

    @property
    def wait_s(self) -> float | None:
        """Until what was answered is to be committed; None: all of it is."""
        return max(0.0, self._due_s - time.monotonic()) if self._owes else None

    def answer(self, octets: bytes) -> Answer:
        """To a request. Raises what the writer does; then nothing of it is stored."""
        request = msgspec.msgpack.decode(octets, type=Request)
        if self._inbox is None or not isinstance(request, Store | Moved):
            self.settle()
            return self._perform(request)
        self._open(self._inbox)
        answer = self._performed(request)
        if time.monotonic() < self._due_s and self._kept(self._inbox, octets):
            self._owes = True
        else:
            self._commit(self._inbox)
        return answer

    def settle(self) -> None:
        """Commit all that was answered. Raises SQLAlchemyError; then it is still in the inbox."""
        if self._inbox is not None and self._owes:
            self._open(self._inbox)
            self._commit(self._inbox)

    def close(self) -> None:
        """Commit what can be."""
        try:
            self.settle()
        except SQLAlchemyError as error:
            log.error("record.lot.refused", error=str(error))
        if self._inbox is not None:
            self._inbox.close()

    def _open(self, inbox: Inbox) -> None:
        """A transaction with all that was answered: of one that failed, or of a dead process, once more."""
        if self._writer.is_open:
            return
        self._writer.open()
        self._size = 0
        for octets in inbox.pending():
            try:
                self._performed(msgspec.msgpack.decode(octets, type=Request))
            except (msgspec.DecodeError, TypeError, ValueError):  # another version's
                log.exception("record.inbox.unknown")

    def _performed(self, request: Request) -> Answer:
        try:
            answer = self._perform(request)
        except SQLAlchemyError:  # the whole transaction may be gone with it
            self._writer.abandon()
            raise
        self._size += _size(request)
        return answer

    def _kept(self, inbox: Inbox, octets: bytes) -> bool:
        try:
            inbox.put(octets)
        except sqlite3.Error as error:
            log.error("record.inbox.refused", error=str(error))
            return False
        return True

    def _commit(self, inbox: Inbox) -> None:
        try:
            self._writer.commit()
        except SQLAlchemyError:
            self._writer.abandon()
            raise
        inbox.clear()
        self._due_s = time.monotonic() + min(LONGEST_S, self._size * EACH_S)
        self._size, self._owes = 0, False


def _size(request: Request) -> int:
    if isinstance(request, Store):
        return len(request.envelopes)
    return len(request.entries) if isinstance(request, Moved) else 1
