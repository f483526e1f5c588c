# SPDX-License-Identifier: GPL-2.0-only
"""What agents did while the branch decided by itself, from its router's journal to the record: each change once.

How far it was told stands beside the events, in one transaction; what a death lost is read from the journal.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import structlog

from appliance.router.events import AgentMoved
from appliance.router.journal import Journal
from appliance.wire.calls import AgentMove, AgentsMoved
from appliance.wire.outbox import Outbox

MARK = "moves"
KNOWN_AGAIN = ""

log = structlog.get_logger()


class Told(msgspec.Struct, frozen=True):
    """Up to this change and the entry that it came of, of these agents. A journal that was lost counts from 1 again."""

    at_ns: int
    seq: int
    agents: tuple[str, ...]


class History:
    """`now_ns`: the router's time. Nothing is told of agents whom headquarters knows."""

    def __init__(self, outbox: Outbox, now_ns: Callable[[], int]) -> None:
        self._outbox = outbox
        self._now_ns = now_ns
        kept = outbox.kept().get(MARK)
        self._told = msgspec.json.decode(kept, type=Told) if kept is not None else None

    def catch_up(self, journal: Path) -> None:
        """What the last life did not get to."""
        if self._told is None:
            return
        try:
            reading = Journal(journal, reads=True)
            try:
                for seq, moves in reading.moves(self._told.at_ns):
                    self.moved(seq, moves)
            finally:
                reading.close()
        except (sqlite3.Error, msgspec.DecodeError) as error:
            log.error("history.journal.unreadable", error=str(error))

    def moved(self, seq: int, moves: Iterable[AgentMoved]) -> None:
        """They are in the journal as that entry's; what was told before is not told again."""
        told = self._told or Told(0, 0, ())
        now = [AgentMove(one.agent, one.state, one.reason, one.at_ns, one.contact) for one in moves]
        if not now or (now[-1].at_ns, seq) <= (told.at_ns, told.seq):
            return
        self._told = Told(now[-1].at_ns, seq, tuple(sorted({*told.agents, *(one.agent for one in now)})))
        self._outbox.append(AgentsMoved(moves=tuple(now)), keep={MARK: msgspec.json.encode(self._told)})

    def over(self) -> None:
        """Headquarters knows again what they are."""
        if self._told is None:
            return
        at_ns = max(self._now_ns(), self._told.at_ns)
        moves = tuple(AgentMove(agent, KNOWN_AGAIN, "", at_ns) for agent in self._told.agents)
        self._told = None
        self._outbox.append(AgentsMoved(moves=moves), keep={MARK: None})
