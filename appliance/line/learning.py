# SPDX-License-Identifier: GPL-2.0-only
"""What a worker's analogue lines have learned: a file a span, written as it grows, in a thread of its own."""

from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from appliance.line.performance import store
from appliance.signalling.fxo.learning.learned import Learned
from appliance.signalling.fxo.learning.line import LearningLine
from appliance.wire.learning import LineLearned
from drivers.spi.line_modes import IMPEDANCES

log = structlog.get_logger()


class Kept(msgspec.Struct, frozen=True):
    """A file: the span's name, its lines by timeslot."""

    name: str
    lines: dict[int, Learned] = {}


class LearningSpan(Protocol):
    """A span whose lines may learn."""

    number: int
    name: str

    def recall(self, lines: Mapping[int, Learned]) -> None:
        """What they learned in a former life."""

    def learned(self) -> dict[int, Learned]:
        """What they know now, by timeslot."""


class Lessons:
    """Of all spans of a worker. A disk that refuses costs what was learned at the next restart, no calls."""

    def __init__(self, folder: Path, spans: Collection[LearningSpan]) -> None:
        self._folder = folder
        self._disk = ThreadPoolExecutor(1, "learned")
        self._kept = {span.number: self._read(span) for span in spans if span.learned()}
        for span in spans:
            if span.number in self._kept:
                span.recall(self._kept[span.number].lines)

    def grown(self, span: LearningSpan) -> bool:
        """Whether something has been learned since; it is written."""
        before = self._kept.get(span.number)
        now = span.learned()
        if before is None or now == before.lines:
            return False
        kept = self._kept[span.number] = Kept(span.name, now)
        written = self._disk.submit(store.write, self._path(span.number), msgspec.json.encode(kept))
        written.add_done_callback(_written)
        return True

    def close(self) -> None:
        """Until all is written."""
        self._disk.shutdown()

    def _read(self, span: LearningSpan) -> Kept:
        none = Kept(span.name, span.learned())
        try:
            kept = store.read(self._path(span.number), span.name, Kept)
        except OSError as error:
            log.error("line.learned.unread", path=str(self._path(span.number)), error=str(error))
            return none
        return Kept(span.name, {**none.lines, **{slot: kept.lines[slot] for slot in none.lines if slot in kept.lines}})

    def _path(self, number: int) -> Path:
        return self._folder / f"span{number + 1}.json"


def shown(timeslot: int, line: LearningLine) -> LineLearned:
    """As people are told."""
    learned = line.learned
    impedance = "" if learned.acim is None else IMPEDANCES[learned.acim]
    return LineLearned(
        timeslot=timeslot,
        calls=learned.calls,
        hang_up=learned.hang_up,
        busy_ms=learned.busy_ms,
        caller_id=(learned.caller_id or "none") if learned.caller_sure else "",
        place=learned.place if learned.caller_id else "",
        impedance=impedance if line.learns("impedance") else None,
        contradictions=tuple(line.against()),
        proofs=learned.proofs,
    )


def _written(done: Future[None]) -> None:
    error = done.exception()
    if error is not None:
        log.error("line.learned.unwritten", error=str(error))
