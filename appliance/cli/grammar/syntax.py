# SPDX-License-Identifier: GPL-2.0-only
"""What may be typed, as it is written in the table of commands: `line test span <span> [seconds <seconds>] [card]`.

A word stands for itself; `<name>` is an argument of the kind of that name, `<name...>` all words that follow. Groups in
brackets may be left out and come in any order, after everything else.
"""

import enum
import functools
import re
from collections.abc import Iterator

import msgspec

_PART = re.compile(r"\[|\]|<[a-z-]+(?:\.\.\.)?>|[a-z0-9-]+")


class Word(msgspec.Struct, frozen=True):
    """Typed as it is, or as much of it as tells it from others."""

    text: str


class Argument(msgspec.Struct, frozen=True):
    """Something of a kind (`kinds.py`); `rest`: all that follows."""

    name: str
    rest: bool = False

    def __str__(self) -> str:
        return f"<{self.name}>"


Element = Word | Argument
Group = tuple[Element, ...]


class Mode(enum.StrEnum):
    """Where a command is known."""

    OPERATIONAL = "operational"
    CONFIGURE = "configure"


class Role(enum.StrEnum):
    """Who may use it; each may do what those before may."""

    VIEWER = "viewer"
    TECHNICIAN = "technician"
    ADMINISTRATOR = "administrator"

    @property
    def allowed(self) -> "tuple[Role, ...]":
        """Itself and those before."""
        roles = tuple(Role)
        return roles[: roles.index(self) + 1]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `run`: module and function that carry it out; `said`: what it does, English and Chinese."""

    pattern: str
    run: str
    said: tuple[str, str]
    role: Role = Role.VIEWER
    terminal: bool = False
    """It takes one, or a stream: from headquarters it cannot be had."""
    modes: tuple[Mode, ...] = (Mode.OPERATIONAL,)

    @property
    def elements(self) -> Group:
        """What must be there, in order."""
        return _parse(self.pattern)[0]

    @property
    def groups(self) -> tuple[Group, ...]:
        """What may be left out."""
        return _parse(self.pattern)[1]


@functools.cache
def _parse(pattern: str) -> tuple[Group, tuple[Group, ...]]:
    required: list[Element] = []
    groups: list[Group] = []
    group: list[Element] | None = None
    for part in _parts(pattern):
        if part == "[":
            group = []
        elif part == "]" and group:
            groups.append(tuple(group))
            group = None
        elif group is not None:
            group.append(_element(part))
        elif groups:
            raise ValueError(f"{pattern!r}: {part} comes after what may be left out")
        else:
            required.append(_element(part))
    return tuple(required), tuple(groups)


def _parts(pattern: str) -> Iterator[str]:
    at = 0
    for found in _PART.finditer(pattern):
        if pattern[at : found.start()].strip():
            raise ValueError(f"{pattern!r}: {pattern[at : found.start()]!r} is no word of a pattern")
        at = found.end()
        yield found.group()
    if pattern[at:].strip():
        raise ValueError(f"{pattern!r}: {pattern[at:]!r} is no word of a pattern")


def _element(part: str) -> Element:
    if not part.startswith("<"):
        return Word(part)
    name = part[1:-1]
    return Argument(name.removesuffix("..."), rest=name.endswith("..."))
