# SPDX-License-Identifier: GPL-2.0-only
"""The recorded events decided once more, because the journal keeps a digest of what was decided and not the decisions.

    for seq, event, steps in decided(journal, begun, to_ns): ...

A long time is decided in pieces beside each other, as there are processors: a piece begins at a snapshot, so it needs
nothing of the one before. What is due by itself happens at its own instant, not with the event that came next; the
simulation does the same, so both have the same times.
"""

import gc
import os
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import msgspec

from appliance.router.apply import ENGINE, apply
from appliance.router.events import (
    AgentMoved,
    Answer,
    Assigned,
    CallTold,
    ContactOrdered,
    Effect,
    Event,
    LookupAsked,
    TimePassed,
    decoded,
)
from appliance.router.journal import Entry, Journal, Snapshot, digest, fingerprint
from appliance.router.state import State
from appliance.wire.calls import LegConnected, LegEnded

PIECE = 20_000
"""Entries that are worth a process."""
NICE = 10
"""Of those processes: who routes now goes first."""
NOTHING = digest(())
TOLD = frozenset({AgentMoved, Answer, Assigned, ContactOrdered, LookupAsked})
"""What a recording keeps of the effects."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """What came of an event, or of what was due before it.

    `agents`: all, where the rules are others from then on; `known`: the event tells of a leg that an agent has.
    """

    at_ns: int
    effects: tuple[Effect, ...]
    agents: tuple[str, ...] | None = None
    known: bool = False


Decided = tuple[int, Event, Sequence[Step]]
Piece = list[list[Step]]
_DECODER: msgspec.msgpack.Decoder[Piece] = msgspec.msgpack.Decoder(Piece)


def decided(journal: Journal, begun: Snapshot, to_ns: int, piece: int = PIECE) -> Iterator[Decided]:
    """By number each event after `begun` and before `to_ns`, what was due before it, and last what came of itself.

    Behind them all, as number 0, what was due until then. Raises sqlite3.Error, ValueError where it is not what was
    decided.
    """
    begins = [begun, *journal.apart(begun.seq, to_ns, piece)]
    if len(begins) == 1 or _processors() == 1:
        decider = Decider(begun)
        for entry in _entries(journal, begun, None, to_ns):
            event = decoded(entry.event)
            yield entry.seq, event, decider.take(entry, event)
        yield 0, TimePassed(to_ns - 1), decider.until(to_ns - 1)
        return
    with closing(_beside(journal.path, begins, to_ns)) as pieces:
        steps = (one for piece in pieces for one in piece)
        for entry in _entries(journal, begun, None, to_ns):
            yield entry.seq, decoded(entry.event), next(steps)
        yield 0, TimePassed(to_ns - 1), next(steps)


class Decider:
    """Goes on from a snapshot, entry by entry."""

    def __init__(self, begun: Snapshot) -> None:
        self.state: State = begun.decoded()
        self._begun_ns = begun.at_ns

    def take(self, entry: Entry, event: Event) -> list[Step]:
        """The next one, decoded. Raises ValueError where other was decided then."""
        check(entry)
        steps = self.until(event.at_ns)
        if not isinstance(event, TimePassed):
            steps.append(self._step(event))
        effects = steps[0].effects if len(steps) == 1 else tuple([one for step in steps for one in step.effects])
        if (digest(effects) if effects else NOTHING) != entry.decided:
            raise ValueError(f"event {entry.seq} is decided otherwise than it was: router verify says more")
        return steps

    def until(self, at_ns: int) -> list[Step]:
        """What is due until then."""
        steps = []
        while (due_ns := self.state.next_due_ns()) is not None and due_ns <= at_ns:
            steps.append(self._step(TimePassed(max(due_ns, self._begun_ns))))
        return steps

    def _step(self, event: Event) -> Step:
        before = self.state
        self.state, effects = apply(before, event)
        agents = tuple(self.state.agents) if self.state.rules is not before.rules else None
        told = event.event if isinstance(event, CallTold) else None
        known = isinstance(told, (LegConnected, LegEnded)) and told.leg in before.index.legs
        return Step(event.at_ns, effects, agents, known)


def check(entry: Entry) -> None:
    """Raises ValueError for one that cannot be decided here."""
    if entry.engine != ENGINE:
        raise ValueError(f"event {entry.seq} was decided by another version of the router, it cannot be replayed")


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _entries(journal: Journal, begun: Snapshot, ends: Snapshot | None, to_ns: int) -> Iterator[Entry]:
    for entry in journal.entries(begun.seq):
        if entry.at_ns >= to_ns or (ends is not None and entry.seq > ends.seq):
            return
        yield entry


def _beside(path: Path, begins: Sequence[Snapshot], to_ns: int) -> Generator[Piece]:
    """The pieces in order, while the next ones are decided."""
    spawned = get_context("spawn")  # a fork would have this process's connections to the journal, and their locks
    with ProcessPoolExecutor(min(_processors(), len(begins)), spawned, _beneath) as pool:
        ends = [*begins[1:], None]
        awaited = deque([pool.submit(_piece, path, *piece, to_ns) for piece in zip(begins, ends, strict=True)])
        try:
            while awaited:
                yield _DECODER.decode(awaited.popleft().result())
        finally:
            pool.shutdown(cancel_futures=True)


def _beneath() -> None:
    os.nice(NICE)
    gc.disable()


def _piece(path: Path, begun: Snapshot, ends: Snapshot | None, to_ns: int) -> bytes:
    """In a process of its own: each entry's steps until the next piece's snapshot, else until `to_ns`."""
    decider = Decider(begun)
    with closing(Journal(path, reads=True)) as journal:
        steps = [decider.take(entry, decoded(entry.event)) for entry in _entries(journal, begun, ends, to_ns)]
    if ends is None:
        steps.append(decider.until(to_ns - 1))
    elif fingerprint(decider.state) != fingerprint(ends.decoded()):
        raise ValueError(f"the state after event {ends.seq} is not what it was: router verify says more")
    return msgspec.msgpack.encode([[_told(step) for step in one] for one in steps])


def _told(step: Step) -> Step:
    kept = [one for one in step.effects if type(one) in TOLD]
    return step if len(kept) == len(step.effects) else msgspec.structs.replace(step, effects=tuple(kept))
