# SPDX-License-Identifier: GPL-2.0-only
"""A configuration for who fills in a form elsewhere: the tree as data, and what is wrong with what was filled in.

`${variable}` may stand for a value, as in a template (`headquarters/fleet/templates.py`): it is left out of the check,
and so is what would be said of its being left out.
"""

import re
from pathlib import Path
from typing import Any

import msgspec

from appliance.config import written
from appliance.config.document import MappingNode, Node, ScalarNode, compose
from appliance.config.errors import ConfigurationError
from appliance.config.files import load_elsewhere
from appliance.config.tree import Block, Choice, Leaf, Rows, Table
from appliance.config.tree import Node as Form
from appliance.config.written import Keys

FILE = Path("branch.yaml")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_MISSING = re.compile(r"key '(\w+)' is missing")


class Fault(msgspec.Struct, frozen=True):
    """`path`: keys, and places in lists from 0; of text that is no configuration `line`, from 1, says where."""

    sentence: str
    path: Keys = ()
    line: int = 0


class Checked(msgspec.Struct, frozen=True):
    """The file that it makes, its faults, and how many values are variables, which nobody has checked."""

    text: str
    faults: tuple[Fault, ...]
    variables: int


class Opened(msgspec.Struct, frozen=True):
    """What a file says, every scalar as text; or why it cannot be read."""

    data: Any
    faults: tuple[Fault, ...] = ()


def described(form: Form) -> dict[str, Any]:
    """The tree as JSON has it; reasons in English and Chinese."""
    said = {"reason": form.reason}
    match form:
        case Leaf():
            how = {"words": form.words, "range": form.range, "unit": form.unit, "default": form.default}
            return {"is": "leaf", "many": form.many, "optional": form.optional, **how, **said}
        case Block():
            return {"is": "block", "fields": {key: described(one) for key, one in form.fields.items()}, **said}
        case Choice():
            kinds = {key: described(one) for key, one in form.kinds.items()}
            return {"is": "choice", "tag": form.tag, "kinds": kinds, **said}
        case Rows():
            return {"is": "rows", "key": form.key, "item": described(form.item), **said}
        case Table():
            return {"is": "table", "value": described(form.value), **said}


def opened(text: str) -> Opened:
    """A file's text, right or not."""
    try:
        return Opened(_plain(compose(FILE, text)))
    except ConfigurationError as error:
        return Opened({}, tuple(Fault(one.sentence, line=one.line) for one in error.mistakes))


def checked(data: dict[str, Any]) -> Checked:
    """What was filled in, every scalar as text."""
    left_out: set[Keys] = set()
    said = _without_variables(data, (), left_out)
    return Checked(written.text(data), tuple(_faults(said, left_out)), len(left_out))


def _faults(said: Any, left_out: set[Keys]) -> list[Fault]:
    places = written.places(said)
    try:
        load_elsewhere(FILE, compose(FILE, written.text(said)))
    except ConfigurationError as error:
        found = [_at(said, places.get(one.line, ()), one.sentence) for one in error.mistakes]
        return [fault for fault in found if fault.path not in left_out]
    return []


def _at(said: Any, path: Keys, sentence: str) -> Fault:
    """A key that is missing is told at its block's first line; it stands where it is to be filled in."""
    missing = _MISSING.match(sentence)
    if missing is None:
        return Fault(sentence, path)
    for key in path:
        said = said[key]
    return Fault(sentence, (*(path if isinstance(said, dict) else path[:-1]), missing[1]))


def _without_variables(said: Any, path: Keys, left_out: set[Keys]) -> Any:
    match said:
        case dict():
            kept = {key: _without_variables(value, (*path, key), left_out) for key, value in said.items()}
            return {key: value for key, value in kept.items() if value is not None}
        case list():
            rows = [_without_variables(value, (*path, place), left_out) for place, value in enumerate(said)]
            return [row for row in rows if row is not None]
    if _VARIABLE.search(said):
        left_out.add(path)
        return None
    return said


def _plain(node: Node) -> Any:
    match node:
        case ScalarNode(value=value):
            return value
        case MappingNode(value=pairs):
            return {key.value: _plain(value) for key, value in pairs if isinstance(key, ScalarNode)}
    return [_plain(one) for one in node.value]
