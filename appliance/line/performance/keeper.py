# SPDX-License-Identifier: GPL-2.0-only
"""The histories and verdicts of a worker's spans, their files, and what is told of them each minute.

Files are written each minute in a thread of their own, because a disk may take its time and the worker has none. A kill
costs the minute under way; it is missing from the history, not guessed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec
import structlog

from appliance.line.performance import store
from appliance.line.performance.history import History, Kept
from appliance.line.performance.look import Look
from appliance.line.performance.verdict import WINDOW_S, judge
from appliance.wire.performance import SpanPerformance

TELL_S = 60.0

log = structlog.get_logger()


class _Watched:
    """One span."""

    def __init__(self, path: Path, kept: Kept) -> None:
        self.path = path
        self.history = History(kept)
        self.looks: deque[Look] = deque(maxlen=WINDOW_S + 1)
        self.tell_at: float | None = None


class Keeper:
    """All spans of a worker. `names`: by number, as drivers count them. A disk that refuses costs files, no calls."""

    def __init__(self, folder: Path, names: Mapping[int, str]) -> None:
        self._spans = {number: _watched(folder / f"span{number + 1}.json", name) for number, name in names.items()}
        self._disk = ThreadPoolExecutor(1, "history")

    def take(self, look: Look, utc_s: float, mono_s: float) -> SpanPerformance | None:
        """A look, once a second. Returns what is to be told of the span, each minute."""
        watched = self._spans[look.span.span]
        watched.history.take(look, utc_s, mono_s)
        watched.looks.append(look)
        if watched.tell_at is None:
            watched.tell_at = mono_s + TELL_S
        if mono_s < watched.tell_at:
            return None
        watched.tell_at = mono_s + TELL_S
        self._write(watched)
        return self.told(look.span.span)

    def looks(self, number: int, seconds: int) -> tuple[Look, ...]:
        """The last so many seconds of a span, and the look before them."""
        return tuple(self._spans[number].looks)[-seconds - 1 :]

    def told(self, number: int) -> SpanPerformance:
        """As it is now."""
        watched = self._spans[number]
        kept = watched.history.kept
        told = SpanPerformance(span=number + 1, name=kept.name, quarters=tuple(kept.quarters), days=tuple(kept.days))
        finding = judge(tuple(watched.looks))
        if finding is None:
            return told
        return msgspec.structs.replace(
            told,
            verdict=finding.verdict,
            sentence=finding.sentence,
            chinese=finding.chinese,
            window_s=finding.seconds,
        )

    def close(self) -> None:
        """Write what there is."""
        for watched in self._spans.values():
            self._write(watched)
        self._disk.shutdown()

    def _write(self, watched: _Watched) -> None:
        octets = msgspec.json.encode(watched.history.kept)
        self._disk.submit(store.write, watched.path, octets).add_done_callback(_written)


def _watched(path: Path, name: str) -> _Watched:
    try:
        kept = store.read(path, name, Kept)
    except OSError as error:
        log.error("line.history.unread", path=str(path), error=str(error))
        kept = Kept(name)
    return _Watched(path, kept)


def _written(done: Future[None]) -> None:
    error = done.exception()
    if error is not None:
        log.error("line.history.unwritten", error=str(error))
