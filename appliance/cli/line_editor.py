# SPDX-License-Identifier: GPL-2.0-only
"""A line typed at any terminal, a serial one of 9600 baud too: what is typed is echoed and nothing else is drawn.

Keys: Tab completes, `?` says what may come, arrows and Ctrl-A E U K W edit, up and down are the lines before, Ctrl-C
leaves the line, Ctrl-D on an empty one ends. Widths count in columns, so that Chinese can be edited.
"""

import codecs
import contextlib
import os
import select
import shutil
import termios
from collections.abc import Callable, Iterator
from typing import Protocol

from appliance.cli.terminal import columns

MORE = "--More--"
ESCAPE_S = 0.05
"""How long the rest of an arrow's sequence may take; at 9600 baud it takes 2 ms."""
_SEQUENCES = {"[A": "up", "[B": "down", "[C": "right", "[D": "left", "[H": "home", "[F": "end", "[3~": "delete"}
_CONTROLS = {
    "\x01": "home",
    "\x02": "left",
    "\x04": "end-of-file",
    "\x05": "end",
    "\x06": "right",
    "\x08": "back",
    "\x7f": "back",
    "\t": "complete",
    "\n": "enter",
    "\r": "enter",
    "\x03": "interrupt",
    "\x0b": "kill",
    "\x0c": "redraw",
    "\x0e": "down",
    "\x10": "up",
    "\x15": "kill-all",
    "\x17": "kill-word",
}

_GOES: dict[str, Callable[[str, int], int]] = {
    "left": lambda _line, at: at - 1,
    "right": lambda _line, at: at + 1,
    "home": lambda _line, _at: 0,
    "end": lambda line, _at: len(line),
}
_CUTS: dict[str, Callable[[str, int], tuple[int, int]]] = {
    "back": lambda _line, at: (max(0, at - 1), at),
    "delete": lambda line, at: (at, min(at + 1, len(line))),
    "end-of-file": lambda line, at: (at, min(at + 1, len(line))),
    "kill": lambda line, at: (at, len(line)),
    "kill-all": lambda _line, at: (0, at),
    "kill-word": lambda line, at: (line[:at].rstrip().rfind(" ") + 1, at),
}
"""Keys that go somewhere, and those that take something away: from where to where."""


class Helper(Protocol):
    """Who knows what may come."""

    def completed(self, line: str) -> str:
        """What Tab adds to the line."""

    def choices(self, line: str) -> list[str]:
        """Lines for a person: what may come after it."""


class LineEditor:
    """On a terminal's descriptors. `history`: lines before, the oldest first."""

    def __init__(self, source: int, sink: int, helper: Helper, history: list[str]) -> None:
        self._source, self._sink, self._helper, self.history = source, sink, helper, history
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line, self._at, self._prompt = "", 0, ""

    def read(self, prompt: str) -> str | None:
        """A line; None at the end of input. Raises KeyboardInterrupt."""
        self._prompt, self._line, self._at = prompt, "", 0
        place, kept = len(self.history), ""
        self._write(prompt)
        with raw(self._source):
            while True:
                key = self._key()
                match key:
                    case "enter":
                        self._write("\r\n")
                        self._remember()
                        return self._line
                    case "interrupt":
                        self._write("^C\r\n")
                        raise KeyboardInterrupt
                    case "end-of-file" if not self._line:
                        self._write("\r\n")
                        return None
                    case "up" | "down":
                        kept = self._line if place == len(self.history) else kept
                        place = max(0, min(len(self.history), place + (1 if key == "down" else -1)))
                        self._replace(self.history[place] if place < len(self.history) else kept)
                    case None:
                        return None
                    case _:
                        self._edit(key)

    def key(self) -> str:
        """One key, as it is: for a pager."""
        with raw(self._source):
            return self._character() or ""

    def _edit(self, key: str) -> None:
        if key in _CUTS:
            start, end = _CUTS[key](self._line, self._at)
            self._cut(start, end)
        elif key in _GOES:
            self._go(max(0, min(len(self._line), _GOES[key](self._line, self._at))))
        elif key == "complete" and self._at == len(self._line):
            self._complete()
        elif key == "?":
            self._help()
        elif key == "redraw":
            self._redraw()
        elif len(key) == 1 and key.isprintable():
            self._insert(key)

    def _insert(self, text: str) -> None:
        rest = self._line[self._at :]
        self._line = self._line[: self._at] + text + rest
        self._at += len(text)
        self._write(text + rest + "\b" * columns(rest))

    def _cut(self, start: int, end: int) -> None:
        rest, width = self._line[end:], columns(self._line[start:end])
        back = columns(self._line[start : self._at]) if start < self._at else 0
        self._line, self._at = self._line[:start] + rest, start
        self._write("\b" * back + rest + " " * width + "\b" * (columns(rest) + width))

    def _go(self, at: int) -> None:
        if at < self._at:
            self._write("\b" * columns(self._line[at : self._at]))
        else:
            self._write(self._line[self._at : at])
        self._at = at

    def _replace(self, line: str) -> None:
        self._go(len(self._line))
        self._cut(0, len(self._line))
        self._insert(line)

    def _redraw(self) -> None:
        rest = self._line[self._at :]
        self._write("\r\n" + self._prompt + self._line + "\b" * columns(rest))

    def _complete(self) -> None:
        added = self._helper.completed(self._line)
        if added:
            self._insert(added)
        else:
            self._help()

    def _help(self) -> None:
        lines = self._helper.choices(self._line[: self._at])
        self._write("?\r\n")
        rows = max(2, shutil.get_terminal_size().lines - 1)
        for number, line in enumerate(lines, 1):
            self._write(f"{line}\r\n")
            if number % rows == 0 and number < len(lines) and not self._goes_on():
                break
        self._write(self._prompt + self._line + "\b" * columns(self._line[self._at :]))

    def _goes_on(self) -> bool:
        """A page is full."""
        self._write(MORE)
        pressed = self._character()
        self._write("\r" + " " * len(MORE) + "\r")
        return pressed not in ("q", "\x03", "\x1b", None)

    def _remember(self) -> None:
        if self._line.strip() and self.history[-1:] != [self._line]:
            self.history.append(self._line)

    def _key(self) -> str | None:
        character = self._character()
        if character == "\x1b":
            return self._sequence()
        return None if character is None else _CONTROLS.get(character, character)

    def _sequence(self) -> str:
        said = ""
        while select.select([self._source], [], [], ESCAPE_S)[0] and len(said) < 6:
            said += (self._character() or "").replace("O", "[", 1) if not said else self._character() or ""
            if said in _SEQUENCES:
                return _SEQUENCES[said]
        return "escape"

    def _character(self) -> str | None:
        while True:
            try:
                octets = os.read(self._source, 1)
            except OSError:  # the other end of the line has hung up
                return None
            if not octets:
                return None
            if text := self._decoder.decode(octets):
                return text

    def _write(self, text: str) -> None:
        octets = text.encode()
        while octets:
            octets = octets[os.write(self._sink, octets) :]


def raw(descriptor: int) -> contextlib.AbstractContextManager[None]:
    """Keys come one by one, unechoed, Ctrl-C among them; output is as it was."""
    return _mode(descriptor, (termios.ICRNL | termios.IXON, 0), (termios.ECHO | termios.ICANON | termios.ISIG, 0))


def quiet(descriptor: int) -> contextlib.AbstractContextManager[None]:
    """While commands run: what is typed ahead, or pasted, waits unseen for its prompt; Ctrl-C ends the command."""
    return _mode(descriptor, (0, 0), (termios.ECHO | termios.ICANON, termios.ISIG))


def cooked(descriptor: int) -> contextlib.AbstractContextManager[None]:
    """For a command that asks, or a program that expects a terminal as any."""
    return _mode(descriptor, (0, termios.ICRNL), (0, termios.ECHO | termios.ICANON | termios.ISIG))


@contextlib.contextmanager
def _mode(descriptor: int, incoming: tuple[int, int], local: tuple[int, int]) -> Iterator[None]:
    """Flags of termios off and on, meanwhile."""
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield  # a pipe
        return
    now = termios.tcgetattr(descriptor)
    now[0] = now[0] & ~incoming[0] | incoming[1]
    now[3] = now[3] & ~local[0] | local[1]
    now[6][termios.VMIN], now[6][termios.VTIME] = 1, 0
    try:
        termios.tcsetattr(descriptor, termios.TCSANOW, now)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
