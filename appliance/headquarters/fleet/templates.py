# SPDX-License-Identifier: GPL-2.0-only
"""A branch's file with `${variable}` in it, and what it says of one box. Every value keeps the place it came from.

A place that is the whole value takes whatever the variable says, a list or a block too (`[8001, 8002]`); within a text
it takes one word. Its type is that of the key where it stands. A variable that says nothing leaves the key out.
"""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from appliance.config import Branch
from appliance.config.document import MappingNode, Node, Place, ScalarNode, SequenceNode, compose
from appliance.config.edit import data
from appliance.config.errors import ConfigurationError, Mistake
from appliance.config.files import AnyBox, load_elsewhere
from appliance.config.pushed import secret_keys
from appliance.config.scalars import suggestion
from appliance.config.tree import tree
from appliance.config.written import Keys, text
from appliance.headquarters.fleet.secrets import OfBox

FORM = tree(AnyBox)
_PLACE = re.compile(r"\$\{([^}]*)\}")


class Variable(msgspec.Struct, frozen=True):
    """What it says and where that stands: `line` and `column` from 1, 0 where the file's keys tell it (`where`)."""

    text: str
    file: Path
    line: int = 0
    column: int = 0
    where: str = ""


Variables = Mapping[str, Variable]


class Origin(msgspec.Struct, frozen=True):
    """Why a value is so: the variable, if it is one's, and the place."""

    file: Path
    line: int
    variable: str = ""
    where: str = ""


class Template:
    """One file. Raises ConfigurationError where that is no YAML."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.root = _composed(file)
        self._with_places: dict[int, bool] = {}
        self._has_places(self.root)

    def node(self, box: str, variables: Variables) -> Node:
        """What it says of a box. Raises ConfigurationError with every variable that it lacks."""
        filling = _Filling(self, box, variables)
        node = filling.filled(self.root)
        if filling.mistakes:
            raise ConfigurationError(filling.mistakes)
        return node or self.root

    def checked(self, box: str, variables: Variables, secrets: OfBox) -> str:
        """The box's file, found right. Raises ConfigurationError: as the box would find it, but for its own files."""
        node = self.node(box, variables)
        found = load_elsewhere(self.file, node)
        if not isinstance(found, Branch) or found.box != box:
            raise ConfigurationError([Mistake(self.file, 1, 1, f"is of {found.role} {found.box}, not of branch {box}")])
        said = data(FORM, node)
        for *above, last in secret_keys(found) if secrets.are_kept else ():
            block, place = _under(said, above), _scalar_at(node, (*above, last)).place
            block[last] = secrets.named(block[last], place.file or self.file, place.line, place.column)
        return text(said)

    def origins(self, box: str, variables: Variables) -> dict[Keys, Origin]:
        """Of every value, by the keys that lead to it. Raises ConfigurationError."""
        return dict(self._origins(self.node(box, variables), ()))

    def without_places(self, node: Node) -> bool:
        """Whether nothing in it depends on the box."""
        return not self._with_places[id(node)]

    def _has_places(self, node: Node) -> bool:
        match node:
            case ScalarNode(value=value):
                found = "${" in value
            case SequenceNode(value=nodes):
                found = True in list(map(self._has_places, nodes))  # each of them is to be noted
            case _:
                found = True in [self._has_places(value) for _, value in node.value]
        self._with_places[id(node)] = found
        return found

    def _origins(self, node: Node, keys: Keys) -> Iterator[tuple[Keys, Origin]]:
        told = node.origin if isinstance(node.origin, Origin) else None
        yield keys, told or Origin(node.place.file or self.file, node.place.line)
        if isinstance(node, MappingNode):
            for key, value in node.value:
                yield from self._origins(value, (*keys, key.value))
        elif isinstance(node, SequenceNode):
            for number, value in enumerate(node.value):
                yield from self._origins(value, (*keys, number))


class _Filling:
    """Of one box."""

    def __init__(self, template: Template, box: str, variables: Variables) -> None:
        self.mistakes: list[Mistake] = []
        self._template, self._box, self._variables = template, box, variables

    def filled(self, node: Node) -> Node | None:
        """With values in its places; None: nothing is said there. What has none is the template's own."""
        if self._template.without_places(node):
            return node
        match node:
            case ScalarNode():
                return self._scalar(node)
            case SequenceNode(value=nodes):
                filled = filter(None, map(self.filled, nodes))
                return SequenceNode(list(filled), node.place, odd=node.odd)
            case _:
                pairs = ((key, self.filled(value)) for key, value in node.value)
                return MappingNode([(k, v) for k, v in pairs if v], node.place, odd=node.odd)

    def _scalar(self, node: ScalarNode) -> Node | None:
        whole = _PLACE.fullmatch(node.value)
        if whole:
            variable = self._named(whole[1], node)
            return None if variable is None or not variable.text else _said(whole[1], variable)
        texts = {name: self._named(name, node) for name in _PLACE.findall(node.value)}
        said = _PLACE.sub(lambda found: getattr(texts[found[1]], "text", ""), node.value)
        return ScalarNode(said, node.place, plain=node.plain, odd=node.odd)

    def _named(self, name: str, node: Node) -> Variable | None:
        found = self._variables.get(name)
        if found is None:
            at = node.place
            known = suggestion(name, self._variables)
            sentence = f"variable {name!r} is not given for box {self._box}; {known}"
            self.mistakes.append(Mistake(self._template.file, at.line, at.column, sentence))
        return found


def _under(said: Any, keys: Sequence[str | int]) -> Any:
    for key in keys:
        said = said[key]
    return said


def _scalar_at(node: Node, keys: Keys) -> Node:
    """Which the schema has found there."""
    for key in keys:
        match node:
            case MappingNode(value=pairs):
                node = next(value for name, value in pairs if name.value == key)
            case SequenceNode(value=nodes):
                node = nodes[int(key)]
    return node


def _composed(file: Path) -> Node:
    """Raises ConfigurationError; within braces YAML wants places between quotation marks."""
    try:
        return compose(file)
    except ConfigurationError as error:
        hint = '; between braces or brackets a place stands in quotation marks: "${name}"'
        raise ConfigurationError(
            [msgspec.structs.replace(one, sentence=one.sentence + hint) for one in error.mistakes if one.line]
            or error.mistakes
        ) from None


@functools.lru_cache(maxsize=4096)
def _said(name: str, variable: Variable) -> Node:
    """Its value as a node, whose place is the variable's; nobody changes it, and most boxes share one."""
    at = Place(variable.line, variable.column, variable.file)
    origin = Origin(variable.file, variable.line, name, variable.where)
    if variable.text[0] not in "[{":
        return ScalarNode(variable.text, at, origin=origin)
    try:
        root = compose(variable.file, variable.text)
    except ConfigurationError as error:
        wrong = [msgspec.structs.replace(one, line=variable.line, column=variable.column) for one in error.mistakes]
        raise ConfigurationError(wrong) from None
    _place_all(root, at, origin)
    return root


def _place_all(node: Node, at: Place, origin: Origin) -> None:
    node.place, node.origin = at, origin
    for one in node.value if isinstance(node, SequenceNode) else ():
        _place_all(one, at, origin)
    for key, value in node.value if isinstance(node, MappingNode) else ():
        _place_all(key, at, origin)
        _place_all(value, at, origin)
