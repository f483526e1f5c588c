# SPDX-License-Identifier: GPL-2.0-only
"""Branches whose configuration comes from headquarters: groups, each with a template and a table of its boxes."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.reader import Fault

ALL = "all"
"""Every group."""
GroupName = Annotated[str, Meta(pattern="[a-z][a-z0-9_-]{0,31}")]
VariableName = Annotated[str, Meta(pattern="[a-z][a-z0-9_]{0,31}")]


class Group(msgspec.Struct, frozen=True):
    """`template`: a branch's file with `${variable}` in it; `boxes`: a CSV table, a line a box, a column a variable."""

    name: GroupName
    template: Path
    boxes: Path
    variables: dict[VariableName, str] = {}


class Fleet(msgspec.Struct, frozen=True):
    """`variables`: of all groups, where a group or a box says nothing else.

    `secrets`: a folder with files for boxes that their configurations name, in `BR-0001`, a group's name, or `all`.
    """

    variables: dict[VariableName, str] = {}
    groups: tuple[Group, ...] = ()
    secrets: Path | None = None


def faults(fleet: Fleet, *, mutual: bool) -> Iterator[Fault]:
    """Mistakes of meaning; those in templates and tables are told when they are used.

    `mutual`: boxes have certificates.
    """
    if fleet.secrets is not None and (sentence := _folder_trouble(fleet.secrets, mutual=mutual)):
        yield Fault(("fleet", "secrets"), sentence)
    seen: set[str] = set()
    for place, group in enumerate(fleet.groups):
        if group.name in seen or group.name == ALL:
            why = f"group {group.name!r} is there twice" if group.name in seen else f"{ALL!r} means every group"
            yield Fault(("fleet", "groups", place, "name"), why)
        seen.add(group.name)
        for key, file in (("template", group.template), ("boxes", group.boxes)):
            if not file.is_file():
                yield Fault(("fleet", "groups", place, key), f"{file} is no file")


def _folder_trouble(folder: Path, *, mutual: bool) -> str:
    if not mutual:
        return "secrets are encrypted to a box's certificate; give headquarters an enrolment door, or leave the key out"
    if not folder.is_dir():
        return f"{folder} is no folder; mkdir -m 0700 {folder}"
    mode = stat.S_IMODE(folder.stat().st_mode)
    return f"{folder} has mode {mode:04o}, others can look into it; chmod 0700 {folder}" if mode & 0o077 else ""
