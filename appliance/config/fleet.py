# SPDX-License-Identifier: GPL-2.0-only
"""Branches whose configuration comes from headquarters: groups, each with a template and a table of its boxes."""

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
    """`variables`: of all groups, where a group or a box says nothing else."""

    variables: dict[VariableName, str] = {}
    groups: tuple[Group, ...] = ()


def faults(fleet: Fleet) -> Iterator[Fault]:
    """Mistakes of meaning; those in templates and tables are told when they are used."""
    seen: set[str] = set()
    for place, group in enumerate(fleet.groups):
        if group.name in seen or group.name == ALL:
            why = f"group {group.name!r} is there twice" if group.name in seen else f"{ALL!r} means every group"
            yield Fault(("fleet", "groups", place, "name"), why)
        seen.add(group.name)
        for key, file in (("template", group.template), ("boxes", group.boxes)):
            if not file.is_file():
                yield Fault(("fleet", "groups", place, key), f"{file} is no file")
