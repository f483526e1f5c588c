# SPDX-License-Identifier: GPL-2.0-only
"""Reads a YAML file by a schema of annotated msgspec structs, and tells every mistake with its place.

Every scalar is text until the schema types it. Duplicate keys, unknown keys, missing keys and values of a wrong kind
are all reported at once; a check of the meaning (`checks`) runs when the form is right. Unions are of structs told
apart by their tag, or `X | None`; a list of known words or of addresses may be one of them. A key's name on paper is
the field's name.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from appliance.config.document import MappingNode, Node, Place, ScalarNode, SequenceNode, compose
from appliance.config.errors import ConfigurationError, Mistake
from appliance.config.scalars import convert, nearest, suggestion

T = TypeVar("T")
Keys = tuple[str | int, ...]


class Fault(msgspec.Struct, frozen=True):
    """A mistake of meaning, at the value that `keys` lead to: `("spans", 0, "local")`.

    `here`: it is of this machine's own files, which another box has or has not.
    """

    keys: Keys
    sentence: str
    here: bool = False


Check = Callable[[Any], Iterable[Fault]]


class _Bad:
    """Stands for a value that could not be had; its mistake is already noted."""


_BAD = _Bad()


def read(path: Path, schema: type[T], *checks: Check, text: str | None = None) -> T:
    """The file's content, or `text` that is to be it, as `schema`. Raises ConfigurationError with every mistake."""
    return read_node(path, compose(path, text), schema, *checks)


def read_node(path: Path, root: Node, schema: type[T], *checks: Check, elsewhere: bool = False) -> T:
    """What a document says, as `schema`; `elsewhere`: for another machine, whose files are not here.

    Raises ConfigurationError with every mistake.
    """
    reader = _Reader(path)
    value: T = reader.take(root, _type_info(schema), ())  # type: ignore[arg-type]  # a type can be hashed
    if not reader.mistakes:
        for check in checks:
            for fault in check(value):
                if not (elsewhere and fault.here):
                    reader.note(reader.places_of(fault.keys), fault.sentence)
    if reader.mistakes:
        raise ConfigurationError(sorted(reader.mistakes, key=lambda mistake: (mistake.line, mistake.column)))
    return value


@functools.cache
def _type_info(schema: Any) -> inspect.Type:
    return inspect.type_info(schema)


class _Reader:
    def __init__(self, path: Path) -> None:
        self.mistakes: list[Mistake] = []
        self._path = path
        self._folder = path.absolute().parent
        self._places: dict[Keys, Place] = {}

    def note(self, where: Place, sentence: str) -> None:
        self.mistakes.append(Mistake(where.file or self._path, where.line, where.column, sentence))

    def places_of(self, keys: Keys) -> Place:
        """Place of the value, or of the nearest one around it that is in the file."""
        while keys not in self._places:
            keys = keys[:-1]
        return self._places[keys]

    def take(self, node: Node, kind: inspect.Type, keys: Keys) -> Any:
        """The node's value as `kind`, or _BAD with its mistake noted."""
        self._places[keys] = node.place
        if node.odd:
            self.note(node.place, "anchors, aliases and tags are not used in configurations")
            return _BAD
        match kind:
            case inspect.AnyType():
                raise TypeError("a schema names a type for every value")
            case inspect.UnionType():
                return self._union(node, kind, keys)
            case inspect.StructType():
                return self._struct(node, kind, keys)
            case inspect.VarTupleType(item_type=inspect.LiteralType() | inspect.NamedTupleType() as item) if isinstance(
                node, ScalarNode
            ):
                word = self._scalar(node, item)
                return word if word is _BAD else (word,)
            case inspect.VarTupleType() | inspect.ListType():
                return self._sequence(node, kind, keys)
            case inspect.DictType():
                return self._dict(node, kind, keys)
            case _:
                return self._scalar(node, kind)

    def _scalar(self, node: Node, kind: inspect.Type) -> Any:
        if not isinstance(node, ScalarNode):
            self.note(node.place, "one value is expected here, not a list or a block of keys")
            return _BAD
        if node.value == "" and node.plain:
            self.note(node.place, "a value is missing here")
            return _BAD
        try:
            return convert(node.value, kind, self._folder)
        except ValueError as error:
            self.note(node.place, str(error))
            return _BAD

    def _union(self, node: Node, kind: inspect.UnionType, keys: Keys) -> Any:
        others = tuple(member for member in kind.types if not isinstance(member, inspect.NoneType))
        if kind.includes_none and isinstance(node, ScalarNode) and node.value == "" and node.plain:
            return None
        if len(others) == 1:
            return self.take(node, others[0], keys)
        by_tag = {str(member.tag): member for member in others if isinstance(member, inspect.StructType)}
        if len(by_tag) != len(others):
            raise TypeError("a union of the schema is of structs with different tags")
        return self._tagged(node, by_tag, keys)

    def _tagged(self, node: Node, by_tag: dict[str, inspect.StructType], keys: Keys) -> Any:
        field = str(next(iter(by_tag.values())).tag_field)
        if not isinstance(node, MappingNode):
            self.note(node.place, f"a block of keys with {field!r} is expected here")
            return _BAD
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == field:
                if isinstance(value, ScalarNode) and value.value in by_tag:
                    return self._struct(node, by_tag[value.value], keys, _of_others(by_tag, value.value))
                text = value.value if isinstance(value, ScalarNode) else ""
                self.note(value.place, f"{field} {text!r} is unknown; {suggestion(text, by_tag)}")
                return _BAD
        self.note(node.place, f"key {field!r} is missing; known are: {', '.join(sorted(by_tag))}")
        return _BAD

    def _entries(self, node: Node) -> dict[str, Node] | None:
        """Keys of a mapping with their values; None (noted) where it is none."""
        if not isinstance(node, MappingNode):
            self.note(node.place, "a block of keys is expected here")
            return None
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.note(key.place, "a key is one word")
            elif key.value in entries:
                self.note(key.place, f"key {key.value!r} was already given in line {lines[key.value]}")
            else:
                entries[key.value] = value
                lines[key.value] = key.place[0]
        return entries

    def _struct(self, node: Node, kind: inspect.StructType, keys: Keys, others: Mapping[str, str] = {}) -> Any:
        entries = self._entries(node)
        if entries is None:
            return _BAD
        fields = {field.encode_name: field for field in kind.fields}
        meant = self._unknown_keys(node, {*fields, *([kind.tag_field] if kind.tag_field else [])}, others)
        values: dict[str, Any] = {}
        for name, field in fields.items():
            if name in entries:
                values[field.name] = self.take(entries[name], field.type, (*keys, name))
            elif field.required:
                values[field.name] = _BAD
                if name not in meant:
                    self.note(node.place, f"key {name!r} is missing")
        if _BAD in values.values():
            return _BAD
        try:
            return kind.cls(**values)
        except ValueError as error:
            self.note(node.place, str(error))
            return _BAD

    def _unknown_keys(self, node: Node, valid: set[str], others: Mapping[str, str]) -> set[str]:
        """Note every unknown key; returns the valid names that were probably meant."""
        meant: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, ScalarNode) and key.value in others:
                self.note(key.place, f"key {key.value!r} is for {others[key.value]}; leave it out")
            elif isinstance(key, ScalarNode) and key.value not in valid:
                self.note(key.place, f"key {key.value!r} is unknown here; {suggestion(key.value, valid)}")
                meant.add(nearest(key.value, valid) or "")
        return meant

    def _sequence(self, node: Node, kind: inspect.VarTupleType | inspect.ListType, keys: Keys) -> Any:
        if not isinstance(node, SequenceNode):
            self.note(node.place, "a list is expected here, such as [8001, 8002]")
            return _BAD
        values = [self.take(entry, kind.item_type, (*keys, number)) for number, entry in enumerate(node.value)]
        if _BAD in values or self._too_few(node, kind.min_length):
            return _BAD
        return tuple(values) if isinstance(kind, inspect.VarTupleType) else values

    def _dict(self, node: Node, kind: inspect.DictType, keys: Keys) -> Any:
        entries = self._entries(node)
        if entries is None:
            return _BAD
        values: dict[Any, Any] = {}
        for name, entry in entries.items():
            try:
                key = convert(name, kind.key_type, self._folder)
            except ValueError as error:
                self.note(entry.place, f"key {name!r}: {error}")
                return _BAD
            values[key] = self.take(entry, kind.value_type, (*keys, name))
        return _BAD if _BAD in values.values() or self._too_few(node, kind.min_length) else values

    def _too_few(self, node: Node, least: int | None) -> bool:
        few = len(node.value) < (least or 0)
        if few:
            self.note(node.place, f"{len(node.value)} given, at least {least} needed")
        return few


def _of_others(by_tag: dict[str, inspect.StructType], own: str) -> dict[str, str]:
    """Keys that only other members of a union have, and whose they are."""
    known = {field.encode_name for field in by_tag[own].fields}
    tags: dict[str, list[str]] = {}
    for tag, kind in by_tag.items():
        for field in kind.fields:
            tags.setdefault(field.encode_name, []).append(tag)
    return {name: f"{by_tag[own].tag_field} {_or(has)}" for name, has in tags.items() if name not in known}


def _or(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
