# SPDX-License-Identifier: GPL-2.0-only
"""YAML text to a graph of nodes with their places; no scalar is given a type here.

So 0086 and NO stay text until the schema says what they are. Anchors, aliases, merge keys and tags are refused: a
configuration is read by people, from top to bottom.
"""

from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from appliance.config.errors import ConfigurationError, Mistake

__all__ = ["MappingNode", "Node", "Place", "ScalarNode", "SequenceNode", "compose", "place"]

OCTETS_LIMIT = 4_194_304


class Place(NamedTuple):
    """Line and column, both from 1, of a node's first character; `file`, where it is of another than the document."""

    line: int
    column: int
    file: Path | None = None


def place(node: Node) -> Place:
    """Of the node's first character."""
    mark = node.start_mark
    return Place(mark.line + 1, mark.column + 1, mark.name if isinstance(mark.name, Path) else None)


def compose(path: Path, text: str | None = None) -> Node:
    """The root of the file's document, or of `text` that is to be its.

    Raises ConfigurationError if the file cannot be read or is no single YAML document.
    """
    text = _text(path) if text is None else text
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        sentence = ", ".join(part for part in (error.problem, error.context) if part)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise _refusal(path, f"is not YAML: {sentence}", line, column) from error
    except (YAMLError, RecursionError) as error:
        first = str(error).partition("\n")[0]
        raise _refusal(path, f"is not YAML: {first}") from error
    if root is None:
        raise _refusal(path, "is empty", 1, 1)
    return root


def _text(path: Path) -> str:
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from error
    if len(octets) > OCTETS_LIMIT:
        raise _refusal(path, f"is larger than {OCTETS_LIMIT} octets")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        raise _refusal(path, "is not UTF-8 text", line, 1) from error


def _refusal(path: Path, sentence: str, line: int = 0, column: int = 0) -> ConfigurationError:
    return ConfigurationError([Mistake(path, line, column, sentence)])
