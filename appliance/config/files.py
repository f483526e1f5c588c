# SPDX-License-Identifier: GPL-2.0-only
"""The file of a box: which role it has, read and checked as a whole."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, TypeVar

from appliance.config import branch, headquarters, voter
from appliance.config.branch import Branch
from appliance.config.document import Node
from appliance.config.errors import EXIT_STATUS, ConfigurationError, Mistake
from appliance.config.headquarters import Headquarters
from appliance.config.ports import Listener
from appliance.config.reader import Check, Fault, read, read_node
from appliance.config.voter import Voter

AnyBox = Branch | Headquarters | Voter
Box = TypeVar("Box", Branch, Headquarters, Voter)


def load(path: Path, *checks: Check, text: str | None = None) -> AnyBox:
    """The box's configuration, or what it would be by `text`. Raises ConfigurationError with every mistake found."""
    return read(path, AnyBox, _check, *checks, text=text)  # type: ignore[arg-type]  # a union is as good as a type here


def load_elsewhere(path: Path, root: Node) -> AnyBox:
    """What another box's file would say, whose own files (secrets, prompts) are not here. Raises ConfigurationError."""
    return read_node(path, root, AnyBox, _check, elsewhere=True)  # type: ignore[arg-type]  # as above


def load_or_exit(role: type[Box], *checks: Check) -> Box:
    """What BRANCHLINE_CONFIG names, for a process of that role; otherwise tells why on stderr and exits with 2."""
    name = os.environ.get("BRANCHLINE_CONFIG", "")
    if not name:
        exit_with("BRANCHLINE_CONFIG does not name a configuration file")
    try:
        return load_role(Path(name), role, *checks)
    except ConfigurationError as error:
        exit_with(str(error))


def load_role(path: Path, role: type[Box], *checks: Check) -> Box:
    """The configuration of a box that must have this role. Raises ConfigurationError."""
    box = load(path, *checks)
    if not isinstance(box, role):
        raise ConfigurationError([Mistake(path, 0, 0, f"is of role {box.role}, not {role.role}")])
    return box


def exit_with(sentence: str) -> NoReturn:
    """Tell it on stderr and end with the status that is never restarted."""
    sys.stderr.write(sentence + "\n")
    raise SystemExit(EXIT_STATUS)


def listeners(box: AnyBox) -> Iterator[Listener]:
    """Every port that the box's processes will bind."""
    match box:
        case Branch():
            return branch.listeners(box)
        case Headquarters():
            return headquarters.listeners(box)
        case Voter():
            return voter.listeners(box)


def _check(box: AnyBox) -> Iterator[Fault]:
    match box:
        case Branch():
            return branch.check(box)
        case Headquarters():
            return headquarters.check(box)
        case Voter():
            return voter.check(box)
