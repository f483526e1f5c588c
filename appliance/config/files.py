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
    path = named_or_exit()
    try:
        return load_role(path, role, *checks)
    except ConfigurationError as error:
        exit_with(str(error))


def named_or_exit() -> Path:
    """The file that BRANCHLINE_CONFIG names; otherwise as `load_or_exit`."""
    name = os.environ.get("BRANCHLINE_CONFIG", "")
    if not name:
        exit_with("BRANCHLINE_CONFIG does not name a configuration file")
    return Path(name)


def load_role(path: Path, role: type[Box], *checks: Check, text: str | None = None) -> Box:
    """The configuration of a box that must have this role, or what it would be by `text`. Raises ConfigurationError."""
    return _of_role(path, load(path, *checks, text=text), role)


def load_again(path: Path, role: type[Box], text: str) -> Box:
    """By a text that was without mistakes once, whatever has become since of what is around it.

    Raises ConfigurationError.
    """
    return _of_role(path, read(path, AnyBox, text=text), role)  # type: ignore[arg-type]  # as above


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


def _of_role(path: Path, box: AnyBox, role: type[Box]) -> Box:
    """That box. Raises ConfigurationError if it has another role."""
    if not isinstance(box, role):
        raise ConfigurationError([Mistake(path, 0, 0, f"is of role {box.role}, not {role.role}")])
    return box


def _check(box: AnyBox) -> Iterator[Fault]:
    match box:
        case Branch():
            return branch.check(box)
        case Headquarters():
            return headquarters.check(box)
        case Voter():
            return voter.check(box)
