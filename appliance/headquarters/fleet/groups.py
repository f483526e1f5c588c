# SPDX-License-Identifier: GPL-2.0-only
"""Which box has which configuration: groups, their templates, and what each box's line of the table says.

A variable is the box's (a column of the table), else the group's, else everybody's. A table is CSV in UTF-8; its first
line names the columns, one of them `box`. An empty cell says nothing.
"""

import csv
import functools
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from appliance.config.errors import ConfigurationError, Mistake
from appliance.config.fleet import ALL, Fleet, Group
from appliance.config.history import fingerprint
from appliance.config.scalars import suggestion
from appliance.headquarters.fleet.secrets import Kept, OfBox
from appliance.headquarters.fleet.templates import Template, Variable, Variables
from appliance.wire.ids import is_box

BOX = "box"
MISTAKES_LIMIT = 50
"""Told of one push; a slip in a template is one of every box."""


class UnknownTargetError(ValueError):
    """Neither a group nor a box; its text says what was meant."""


class Member(msgspec.Struct, frozen=True):
    """A box of a group, with what is said of it."""

    box: str
    group: str
    variables: Variables
    template: Template
    kept: Kept | None = None

    def checked(self) -> tuple[str, dict[str, Mistake]]:
        """Its file, and what secrets are not kept here. Raises ConfigurationError."""
        secrets = OfBox(self.kept, self.box, self.group)
        return self.template.checked(self.box, self.variables, secrets), secrets.lacking


class Wanted(msgspec.Struct, frozen=True):
    """What a box shall say, found right. `lacking`: secrets that it has to have already, with what it means if not."""

    box: str
    group: str
    text: str
    fingerprint: str
    lacking: Mapping[str, Mistake]


class Source(msgspec.Struct, frozen=True):
    """A file that was rendered from, as it was then."""

    name: str
    text: str
    fingerprint: str


class Groups:
    """Of `fleet`, whose file is `file`; templates and tables are read now. Raises ConfigurationError."""

    def __init__(self, file: Path, fleet: Fleet) -> None:
        self._fleet = fleet
        self._file = file
        self.kept = Kept(fleet.secrets) if fleet.secrets else None
        self.members = {one.box: one for one in self._all()}

    def targeted(self, target: str) -> list[Member]:
        """Boxes of a group, one box, or all. Raises UnknownTargetError."""
        if target == ALL:
            return list(self.members.values())
        if target in self.members:
            return [self.members[target]]
        names = {group.name for group in self._fleet.groups}
        if target not in names:
            near = suggestion(target, [ALL, *names, *(self.members if is_box(target) else ())])
            raise UnknownTargetError(f"{target!r} is neither a group nor a box here; {near}")
        return [one for one in self.members.values() if one.group == target]

    def sources(self) -> list[Source]:
        """All files that configurations come from."""
        files = {one for group in self._fleet.groups for one in (group.template, group.boxes)}
        return [_source(one) for one in (self._file, *sorted(files))]

    def _all(self) -> Iterator[Member]:
        common = {
            name: Variable(value, self._file, where=f"fleet variables {name}")
            for name, value in self._fleet.variables.items()
        }
        seen: dict[str, str] = {}
        for group in self._fleet.groups:
            template = Template(group.template)
            where = f"fleet groups {group.name} variables"
            of_group = {
                name: Variable(value, self._file, where=f"{where} {name}") for name, value in group.variables.items()
            }
            for line, box, cells in _rows(group):
                if box in seen:
                    sentence = f"box {box} is in group {seen[box]} already"
                    raise ConfigurationError([Mistake(group.boxes, line, 1, sentence)])
                seen[box] = group.name
                given = {**common, **of_group}
                said = {name: one for name, one in cells.items() if one.text or name not in given}
                yield Member(box, group.name, {**given, **said}, template, self.kept)


def rendered(members: Sequence[Member]) -> list[Wanted]:
    """What each shall say. Raises ConfigurationError, each mistake with its box, where one of them is not right."""
    mistakes: list[Mistake] = []
    found = []
    for one in members:
        try:
            said, lacking = one.checked()
        except ConfigurationError as error:
            mistakes += [msgspec.structs.replace(wrong, sentence=_of(one, wrong)) for wrong in error.mistakes]
            if len(mistakes) >= MISTAKES_LIMIT:
                break
        else:
            found.append(Wanted(one.box, one.group, said, fingerprint(said), lacking))
    if mistakes:
        raise ConfigurationError(mistakes[:MISTAKES_LIMIT])
    return found


def _of(member: Member, mistake: Mistake) -> str:
    said = mistake.sentence
    return said if member.box in said else f"box {member.box}: {said}"


def _rows(group: Group) -> Iterator[tuple[int, str, dict[str, Variable]]]:
    """(line, box, what its cells say)."""
    refusal = functools.partial(_refusal, group.boxes)
    reader = csv.reader(io.StringIO(_text(group.boxes), newline=""), strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        if BOX not in head:
            raise refusal(1, f"no column {BOX!r}; the first line names the columns: {', '.join(head) or 'nothing'}")
        if len(set(head)) < len(head):
            raise refusal(1, "a column is there twice")
        for cells in reader:
            if any(cells):
                yield reader.line_num, *_row(group, head, cells, reader.line_num)
    except csv.Error as error:
        raise refusal(reader.line_num, f"is no CSV: {error}") from None


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal(file, 0, "is not UTF-8; save the table as CSV UTF-8") from None
    except OSError as error:
        raise _refusal(file, 0, f"cannot be read: {error.strerror}") from None


def _row(group: Group, head: list[str], cells: list[str], line: int) -> tuple[str, dict[str, Variable]]:
    if len(cells) != len(head):
        raise _refusal(group.boxes, line, f"{len(cells)} cells in a line, {len(head)} columns")
    said = {name: Variable(cell.strip(), group.boxes, line, column + 1) for column, (name, cell) in _cells(head, cells)}
    box = said[BOX].text
    if not is_box(box):
        raise _refusal(group.boxes, line, f"{box!r} is no box: capital letters, digits and '-', at most 32")
    return box, said


def _cells(head: list[str], cells: list[str]) -> Iterator[tuple[int, tuple[str, str]]]:
    return enumerate(zip(head, cells, strict=True))


def _refusal(file: Path, line: int, sentence: str) -> ConfigurationError:
    return ConfigurationError([Mistake(file, line, 1 if line else 0, sentence)])


def _source(file: Path) -> Source:
    text = _text(file)
    return Source(file.name, text, fingerprint(text))
