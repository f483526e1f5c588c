# SPDX-License-Identifier: GPL-2.0-only
"""How a process logs: one JSON object a line on stderr, coloured lines on a terminal.

An event is a constant `area.noun.past`, data are keys. What callers are and what they enter is cut to its last two
characters, secrets are gone altogether, at any depth, before anything is written.
"""

import contextlib
import io
import logging
import os
import sys
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_LAST_TWO = frozenset({"ani", "called", "caller", "ced", "clid", "digit", "digits", "dnis", "from_number", "to_number"})
_GONE = frozenset({"authorization", "password", "pin", "secret"})


def configure(process: str, stream: TextIO | None = None) -> None:
    """Set logging up for the whole process, to stderr if no stream is given. BRANCHLINE_LOG=debug shows frames too."""
    out = stream if stream is not None else sys.stderr
    level = logging.DEBUG if os.environ.get("BRANCHLINE_LOG", "") == "debug" else logging.INFO
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _naming(process),
        redact,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Unfailing(out))),
        cache_logger_on_first_use=True,
    )
    _take_in_stdlib(shared, renderer, out)


class _Unfailing(io.TextIOBase):
    """A log that nobody takes any more (disk full, reader gone) must not end the work that it tells of."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Take callers' data and secrets out of an event."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: object) -> object:
    if isinstance(value, dict):
        return {inner: _redacted(str(inner), entry) for inner, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(key, entry) for entry in value]
    if key.lower() in _GONE and value is not None:
        return "…"
    if key.lower() in _LAST_TWO and value is not None:
        text = str(value)
        return f"…{text[-2:]}" if len(text) > 2 else "…"
    return value


def _naming(process: str) -> Processor:
    def name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return name


def _take_in_stdlib(shared: list[Processor], renderer: Processor, out: TextIO) -> None:
    """Libraries that log by the standard way come out in the same form, from WARNING on."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
