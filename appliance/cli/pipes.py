# SPDX-License-Identifier: GPL-2.0-only
"""What follows `|`: lines that have a text, or not, from one on, how many; and pages for a terminal."""

import io
from collections.abc import Callable, Sequence
from typing import TextIO

from appliance.cli.line_editor import MORE

FILTERS = {
    "include": ("lines that have a text", "包含某文本的行"),
    "exclude": ("lines that have it not", "不包含某文本的行"),
    "begin": ("from the first line on that has it", "从首个包含处开始"),
    "count": ("how many lines", "行数"),
    "last": ("the last lines, 20 unless told", "最后若干行，缺省 20"),
    "no-more": ("without a pause at each page", "不分页"),
}


_OF_TEXT = ("include", "exclude", "begin")
LAST = 20


class PipeError(ValueError):
    """Its text is a sentence."""


Line = Callable[[str], None]


class Lines(io.TextIOBase):
    """A stream that hands on whole lines, as they come."""

    def __init__(self, on_line: Line) -> None:
        self._on_line, self._begun = on_line, ""

    def write(self, text: str) -> int:
        """Text, whole lines or not."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._on_line(line)
        return len(text)

    def writable(self) -> bool:
        """It is."""
        return True

    def finish(self) -> None:
        """Nothing more comes."""
        if self._begun:
            self._on_line(self._begun)
            self._begun = ""


def filtered(words: Sequence[str], onward: Line) -> tuple[Line, Callable[[], None]]:
    """A filter before `onward`, and what it does at the end. Raises PipeError."""
    name, text = (words[0] if words else ""), " ".join(words[1:])
    _check(name, text)
    if name in ("count", "last"):
        return _gathered(name, int(text or LAST), onward)
    begun = False

    def take(line: str) -> None:
        nonlocal begun
        has = text.lower() in line.lower()
        begun = begun or (name == "begin" and has)
        if begun or (name != "begin" and has != (name == "exclude")):
            onward(line)

    return take, lambda: None


def _gathered(name: str, most: int, onward: Line) -> tuple[Line, Callable[[], None]]:
    seen: list[str] = []

    def finish() -> None:
        for line in [str(len(seen))] if name == "count" else seen[-most:]:
            onward(line)

    return seen.append, finish


def _check(name: str, text: str) -> None:
    right = bool(text) if name in _OF_TEXT else not text or (name == "last" and text.isdigit() and int(text) > 0)
    if name not in FILTERS or not right:
        raise PipeError(f"after | comes one of: {', '.join(FILTERS)}; {', '.join(_OF_TEXT)} with a text")


class Pager:
    """Pauses at each page; `key()` gives what is pressed then. `q` ends it."""

    def __init__(self, out: TextIO, rows: int, key: Callable[[], str]) -> None:
        self._out, self._rows, self._key, self._shown = out, rows, key, 0
        self.ended = False

    def line(self, line: str) -> None:
        """One more."""
        if self.ended:
            return
        if self._shown >= self._rows - 1:
            self._out.write(MORE)
            self._out.flush()
            pressed = self._key()
            self._out.write("\r" + " " * len(MORE) + "\r")
            self.ended = pressed in ("q", "\x03", "")
            self._shown = self._shown - 1 if pressed in ("\r", "\n") else 0
            if self.ended:
                return
        self._shown += 1
        self._out.write(f"{line}\n")
        self._out.flush()
