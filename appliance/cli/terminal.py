# SPDX-License-Identifier: GPL-2.0-only
"""What every command shares: the box it asks, the language of the terminal, letters in columns."""

import argparse
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest

_CLOSING = "，。；：、！？）》”"  # begins no line
_PIECE = re.compile(rf"(?:[\u2e80-\uffef]|[^\s\u2e80-\uffef]+)[{_CLOSING}]*\s*|\s+")
"""A word or a Chinese character, with the punctuation and the space after it."""

_FIGURE = re.compile(r"[\d.:/%-]*")
LEAST = 9
"""Columns that a cell keeps, however little room there is."""

UNASKED = 2
"""Exit status: it could not be asked. argparse's too."""


def add_language(parser: argparse.ArgumentParser) -> None:
    """English or Chinese."""
    parser.add_argument("--language", choices=("en", "zh"), default=spoken(), help="else the terminal's")


def read(
    parser: argparse.ArgumentParser, words: Sequence[str], wrong: Callable[[argparse.Namespace], str] = lambda _: ""
) -> argparse.Namespace:
    """The words as options, `state` among them. Exits with a sentence where they are wrong, `wrong`'s first."""
    state = "the box's state directory, else BRANCHLINE_STATE"
    parser.add_argument("--state", default=os.environ.get("BRANCHLINE_STATE", ""), metavar="DIRECTORY", help=state)
    options = parser.parse_args(words)
    stateless = "" if options.state else "no state directory: set BRANCHLINE_STATE, or say --state DIRECTORY"
    if sentence := wrong(options) or stateless:
        parser.error(sentence)
    return options


def right(cells: Iterable[str], widths: Sequence[int]) -> str:
    """A row of figures."""
    return " ".join(" " * (width - columns(cell)) + cell for width, cell in zip(widths, cells, strict=True))


def left(cells: Iterable[str], widths: Sequence[int]) -> str:
    """A row of words; the last one ends the line."""
    row = " ".join(cell + " " * (width - columns(cell)) for width, cell in zip(widths, cells, strict=True))
    return row.rstrip()


def table(rows: Sequence[Sequence[str]], room: int | None = None) -> Iterator[str]:
    """Its lines, the first row its heads, figures to the right; in too little room the widest cells are broken.

    `room` None: the terminal's, and whole where no terminal reads it.
    """
    if room is None and sys.stdout.isatty():
        room = shutil.get_terminal_size().columns
    figures = [all(map(_FIGURE.fullmatch, column)) for column in zip(*rows[1:], strict=True)]
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    while room is not None and sum(widths) + len(widths) - 1 > room and max(widths) > LEAST:
        widths[widths.index(max(widths))] -= 1
    for row in rows:
        for cells in zip_longest(*map(_cell, row, widths), fillvalue=""):
            yield " ".join(map(_filled, cells, widths, figures)).rstrip()


def _filled(cell: str, width: int, figure: bool) -> str:  # noqa: FBT001 - a column's kind, mapped
    blanks = " " * (width - columns(cell))
    return blanks + cell if figure else cell + blanks


def _cell(text: str, width: int) -> list[str]:
    """Broken between words, and within one that is too long by itself."""
    lines: list[str] = []
    for line in wrapped(text, 0, width).split("\n"):
        rest = line
        while columns(rest) > width:
            fits = next(n for n in range(len(rest), 0, -1) if columns(rest[:n]) <= width)
            end = rest.rfind("-", 0, fits) + 1 or fits
            lines.append(rest[:end])
            rest = rest[end:]
        lines.append(rest)
    return lines


def broken(line: str, indent: int) -> str:
    """At the terminal's width, between words. Whole where no terminal reads it."""
    return wrapped(line, indent, shutil.get_terminal_size().columns) if sys.stdout.isatty() else line


def wrapped(line: str, indent: int, width: int) -> str:
    """At most `width` columns: broken between words, or Chinese characters; all lines but the first are indented."""
    lines, used = [""], 0
    for piece in _PIECE.findall(line):
        if used + columns(piece.rstrip()) > width and lines[-1].strip():
            lines.append(" " * indent)
            used = indent
        lines[-1] += piece
        used += columns(piece)
    return "\n".join(one.rstrip() for one in lines)


def columns(text: str) -> int:
    """How many it takes: a Chinese character two."""
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in text)


def spoken() -> str:
    """The language of the terminal: en or zh."""
    named = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, named), "").startswith("zh") else "en"
