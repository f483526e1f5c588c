# SPDX-License-Identifier: GPL-2.0-only
"""YAML text to a graph of nodes with their places; no scalar is given a type here.

So 0086 and NO stay text until the schema says what they are. Anchors, aliases, merge keys and tags are refused: a
configuration is read by people, from top to bottom. libyaml tells the events, and nothing here recurs: its own composer
and PyYAML's end the process where a text nests deep enough.
"""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from appliance.config.errors import ConfigurationError, Mistake

__all__ = ["MappingNode", "Node", "Place", "ScalarNode", "SequenceNode", "compose", "text_of"]

OCTETS_LIMIT = 4_194_304
DEEPEST = 100
OURS = "tag:yaml.org,2002:"


class Place(NamedTuple):
    """Line and column, both from 1, of a node's first character; `file`, where it is of another than the document."""

    line: int
    column: int
    file: Path | None = None


class Node:
    """`odd`: it has an anchor or a tag, or is an alias. `origin`: why it is so, for whoever has put it there."""

    __slots__ = ("odd", "origin", "place", "value")
    value: Any

    def __init__(self, value: Any, place: Place, *, odd: bool = False, origin: object = None) -> None:
        self.value, self.place, self.odd, self.origin = value, place, odd, origin


class ScalarNode(Node):
    """`value` is its text; `plain`: without quotes."""

    __slots__ = ("plain",)
    value: str

    def __init__(
        self, value: str, place: Place, *, plain: bool = False, odd: bool = False, origin: object = None
    ) -> None:
        super().__init__(value, place, odd=odd, origin=origin)
        self.plain = plain


class SequenceNode(Node):
    """`value`: its entries."""

    __slots__ = ()
    value: list[Node]


class MappingNode(Node):
    """`value`: (key, value), in order."""

    __slots__ = ()
    value: list[tuple[Node, Node]]


def compose(path: Path, text: str | None = None) -> Node:
    """The root of the file's document, or of `text` that is to be its.

    Raises ConfigurationError if the file cannot be read or is no single YAML document.
    """
    text = text_of(path) if text is None else text
    try:
        root = _Composer(path).root(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context_mark and mark.line >= len(text.splitlines()):  # not closed: told where it was opened
            mark = error.context_mark
        sentence = ", ".join(part for part in (error.problem, error.context) if part)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise _refusal(path, f"is not YAML: {sentence}", line, column) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        first = str(error).partition("\n")[0]
        raise _refusal(path, f"is not YAML: {first}") from error
    if root is None:
        raise _refusal(path, "is empty", 1, 1)
    return root


class _Composer:
    """Of one document."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._root: Node | None = None
        self._open: list[tuple[SequenceNode | MappingNode, list[Node]]] = []
        """With the nodes that it has so far: of a mapping keys and values in turn."""

    def root(self, text: str) -> Node | None:
        loader = yaml.CBaseLoader(text)
        try:
            while loader.check_event():
                self._take(loader.get_event())
        finally:
            loader.dispose()
        return self._root

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._put(ScalarNode(event.value, _place(event), plain=not event.style, odd=_odd(event)))
        elif isinstance(event, yaml.AliasEvent):
            self._put(ScalarNode("", _place(event), odd=True))
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin(SequenceNode([], _place(event), odd=_odd(event)))
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(MappingNode([], _place(event), odd=_odd(event)))
        elif isinstance(event, yaml.CollectionEndEvent):
            node, nodes = self._open.pop()
            node.value = list(zip(nodes[::2], nodes[1::2], strict=True)) if isinstance(node, MappingNode) else nodes
        elif isinstance(event, yaml.DocumentStartEvent) and self._root is not None:
            raise _refusal(self._path, "is not YAML: another document begins here", *_place(event)[:2])

    def _begin(self, node: SequenceNode | MappingNode) -> None:
        if len(self._open) == DEEPEST:
            raise _refusal(self._path, f"is nested more than {DEEPEST} deep", *node.place[:2])
        self._put(node)
        self._open.append((node, []))

    def _put(self, node: Node) -> None:
        if self._open:
            self._open[-1][1].append(node)
        else:
            self._root = node


def _place(event: yaml.Event) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _odd(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> bool:
    return event.anchor is not None or not (event.tag is None or event.tag.startswith(OURS))


def text_of(path: Path) -> str:
    """What the file has. Raises ConfigurationError."""
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
