# SPDX-License-Identifier: GPL-2.0-only
"""The recorded events decided once more, because the journal keeps a digest of what was decided and not the decisions.

    start = begun(journal, from_ns, to_ns)
    for seq, event, steps in decided(journal, start, to_ns): ...

A long time is decided in pieces beside each other, as there are processors: a piece begins at a snapshot, so it needs
nothing of the one before. What is due by itself happens at its own instant, not with the event that came next; the
simulation does the same, so both have the same times.
"""

import gc
import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

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
from appliance.router.journal import Entry, Journal, Snapshot, digest, encoded, fingerprint
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


class Span(msgspec.Struct, frozen=True):
    """A piece: from the snapshot `first` to the next piece's, `last`.

    The first piece begins with none but at `from_ns`, the last ends with none but with the entry `newest`, at `to_ns`.
    """

    from_ns: int
    to_ns: int
    newest: int
    first: int | None
    last: int | None


Decided = tuple[int, Event, Sequence[Step]]
Piece = list[list[Step]]
_DECODER: msgspec.msgpack.Decoder[Piece] = msgspec.msgpack.Decoder(Piece)


def begun(journal: Journal, from_ns: int, to_ns: int) -> Snapshot | None:
    """The state at `from_ns`; None where nothing is between then and `to_ns`. Raises as `decided`."""
    before = journal.snapshot(from_ns)
    state, seq = before.decoded(), before.seq
    for entry in journal.entries(before.seq):
        if entry.at_ns >= to_ns:
            return None
        _check(entry)
        if entry.at_ns >= from_ns:
            return Snapshot(seq, ENGINE, from_ns, encoded(state))
        (state, _), seq = apply(state, decoded(entry.event)), entry.seq
    return None


def decided(journal: Journal, start: Snapshot, to_ns: int, piece: int = PIECE) -> Iterator[Decided]:
    """By number each event after `start` and before `to_ns`, what was due before it, and last what came of itself.

    `start` is as it has begun; what the journal has got since it was opened is left out. Behind them all, as number 0,
    what was due until then. Raises sqlite3.Error, ValueError where it is not what was decided.
    """
    begins, newest = journal.apart(start.seq, to_ns, piece), journal.seq
    if not begins or _processors() == 1:
        decider = Decider(start)
        for entry in _entries(journal, start.seq, newest, to_ns):
            event = decoded(entry.event)
            yield entry.seq, event, decider.take(entry, event)
        yield 0, TimePassed(to_ns - 1), decider.until(to_ns - 1)
        return
    ends = zip([None, *begins], [*begins, None], strict=True)
    spans = [Span(start.at_ns, to_ns, newest, first, last) for first, last in ends]
    with closing(_beside(journal.path, spans)) as pieces:
        steps = (one for piece in pieces for one in piece)
        for entry in _entries(journal, start.seq, newest, to_ns):
            yield entry.seq, decoded(entry.event), next(steps)
        yield 0, TimePassed(to_ns - 1), next(steps)


class Decider:
    """Goes on from a snapshot, entry by entry."""

    def __init__(self, start: Snapshot) -> None:
        self.state: State = start.decoded()
        self._begun_ns = start.at_ns

    def take(self, entry: Entry, event: Event) -> list[Step]:
        """The next one, decoded. Raises ValueError where other was decided then."""
        _check(entry)
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


def _check(entry: Entry) -> None:
    if entry.engine != ENGINE:
        raise ValueError(f"event {entry.seq} was decided by another version of the router, it cannot be replayed")


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _entries(journal: Journal, after: int, last: int, to_ns: int) -> Iterator[Entry]:
    for entry in journal.entries(after):
        if entry.at_ns >= to_ns or entry.seq > last:
            return
        yield entry


def _beside(path: Path, spans: Sequence[Span]) -> Generator[Piece]:
    """The pieces in order, while the next ones are decided.

    What they are told by the pool's pipes is short: who is killed with half of it written would leave the others
    waiting. A fork would have this process's connections to the journal, and their locks.
    """
    spawned = get_context("spawn")
    with TemporaryDirectory(prefix="replay-") as folder:
        pool = ProcessPoolExecutor(min(_processors(), len(spans)), spawned, _beneath)
        awaited = deque([pool.submit(_piece, Path(folder), path, span) for span in spans])
        try:
            while awaited:
                file = awaited.popleft().result()
                yield _DECODER.decode(file.read_bytes())
                file.unlink()
        except BrokenExecutor as error:
            raise ValueError("a process that read a piece of it was killed: there may be too little memory") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _beneath() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # of Ctrl-C the first process tells
    os.nice(NICE)
    gc.disable()


def _piece(folder: Path, path: Path, span: Span) -> Path:
    """In a process of its own: a file with each entry's steps."""
    first, last, to_ns = span.first, span.last, span.to_ns
    with closing(Journal(path, reads=True)) as journal:
        start = begun(journal, span.from_ns, to_ns) if first is None else _kept(journal, first)
        ends = _kept(journal, last) if last is not None else None
        if start is None or (ends is None and last is not None):
            raise ValueError("the journal has let go a snapshot meanwhile: ask again")
        decider = Decider(start)
        entries = _entries(journal, start.seq, ends.seq if ends is not None else span.newest, to_ns)
        steps = [decider.take(entry, decoded(entry.event)) for entry in entries]
    if ends is None:
        steps.append(decider.until(to_ns - 1))
    elif fingerprint(decider.state) != fingerprint(ends.decoded()):
        raise ValueError(f"the state after event {ends.seq} is not what it was: router verify says more")
    file = folder / str(first or 0)
    file.write_bytes(msgspec.msgpack.encode([[_told(step) for step in one] for one in steps]))
    return file


def _kept(journal: Journal, seq: int) -> Snapshot | None:
    return next(iter(journal.at(seq)), None)


def _told(step: Step) -> Step:
    kept = [one for one in step.effects if type(one) in TOLD]
    return step if len(kept) == len(step.effects) else msgspec.structs.replace(step, effects=tuple(kept))
