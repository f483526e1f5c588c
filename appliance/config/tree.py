# SPDX-License-Identifier: GPL-2.0-only
"""A box's configuration as a tree of what may be said: each key with its form, unit, range, default and reason.

Made of the schema that `reader.py` reads by, so nothing is said twice: the form is the field's type, the unit its
name's end (`_ms`), the reason what `help.toml` says of it. Blocks of a list are told apart by their first field where
that is a name, an id, a number or a box, else by their place, from 1.
"""

import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec
from msgspec import NODEFAULT, inspect

UNITS = {"db": "dB", "dbm0": "dBm0", "hz": "Hz", "mb": "MB", "ms": "ms", "ohm": "Ω", "s": "s"}
KEYS = ("name", "id", "number", "box")
"""Fields that tell blocks of a list apart."""


class Said(NamedTuple):
    """A reason, in both languages."""

    english: str
    chinese: str


NOTHING = Said("", "")


class Leaf(msgspec.Struct, frozen=True):
    """One value, or with `many` a list of them. `default` as it is written; None: it must be given."""

    kind: inspect.Type
    many: bool = False
    unit: str = ""
    default: str | None = None
    optional: bool = False
    reason: Said = NOTHING

    @property
    def words(self) -> tuple[str, ...]:
        """What it may be, where that is a known few."""
        match self.kind:
            case inspect.LiteralType(values=values):
                return tuple(str(value) for value in values)
            case inspect.EnumType(cls=cls):
                return tuple(str(member.value) for member in cls)
            case inspect.BoolType():
                return ("yes", "no")
        return ()

    @property
    def range(self) -> str:
        """`0…128`; empty where the type has no bounds."""
        low, high = getattr(self.kind, "ge", None), getattr(self.kind, "le", None)
        return "" if low is None or high is None else f"{low}…{high}"


class Block(msgspec.Struct, frozen=True):
    """Keys, each with what stands under it. `tag`: the key that says which kind of block it is, with its word."""

    fields: Mapping[str, "Node"]
    tag: tuple[str, str] | None = None
    reason: Said = NOTHING


class Choice(msgspec.Struct, frozen=True):
    """A block of one of several kinds, told apart by the word at key `tag`."""

    tag: str
    kinds: Mapping[str, Block]
    reason: Said = NOTHING


class Rows(msgspec.Struct, frozen=True):
    """A list of blocks; `key` tells them apart, None: their place."""

    item: "Block | Choice"
    key: str | None
    reason: Said = NOTHING


class Table(msgspec.Struct, frozen=True):
    """Any names, each with a value."""

    name: inspect.Type
    value: "Node"
    reason: Said = NOTHING


Node = Leaf | Block | Choice | Rows | Table


@functools.cache
def tree(schema: Any) -> Block | Choice:
    """Of a schema's struct or union of structs."""
    node = _node(inspect.type_info(schema), "", NOTHING)
    if not isinstance(node, Block | Choice):
        raise TypeError(f"{schema} is no block of keys")
    return node


def _node(kind: inspect.Type, name: str, reason: Said) -> Node:
    match kind:
        case inspect.UnionType(types=types):
            members = [one for one in types if not isinstance(one, inspect.NoneType)]
            structs = [one for one in members if isinstance(one, inspect.StructType)]
            if len(structs) > 1:
                return _choice(structs, reason)
            return _node(members[0], name, reason) if len(members) == 1 else _leaf(_literals(members), name, reason)
        case inspect.StructType():
            return _block(kind, reason)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            under = _node(item, name, reason)
            if isinstance(under, Block | Choice):
                return Rows(under, _key(under), reason)
            return msgspec.structs.replace(_only_leaf(under), many=True)
        case inspect.DictType(key_type=key, value_type=value):
            return Table(key, _node(value, name, NOTHING), reason)
        case _:
            return _leaf(kind, name, reason)


def _literals(members: list[inspect.Type]) -> inspect.Type:
    """Words of several lists, as one list."""
    values: list[Any] = []
    for member in members:
        if not isinstance(member, inspect.LiteralType):
            raise TypeError(f"the schema's {member} is not supported beside others")
        values += member.values
    return inspect.LiteralType(tuple(values))


def _only_leaf(node: Node) -> Leaf:
    if not isinstance(node, Leaf) or node.many:
        raise TypeError("a list of lists is in no configuration")
    return node


def _leaf(kind: inspect.Type, name: str, reason: Said) -> Leaf:
    return Leaf(kind, unit=UNITS.get(name.rpartition("_")[2], "") if "_" in name else "", reason=reason)


def _choice(structs: list[inspect.StructType], reason: Said) -> Choice:
    kinds = {str(struct.tag): _block(struct, NOTHING) for struct in structs}
    return Choice(str(structs[0].tag_field), kinds, reason)


def _block(kind: inspect.StructType, reason: Said) -> Block:
    fields = {field.encode_name: _field(field, _help(kind.cls, field.encode_name)) for field in kind.fields}
    tag = (kind.tag_field, str(kind.tag)) if kind.tag_field else None
    return Block(fields, tag, reason)


def _field(field: inspect.Field, reason: Said) -> Node:
    node = _node(field.type, field.encode_name, reason)
    if not isinstance(node, Leaf):
        return node
    default = None if field.default is NODEFAULT else field.default
    if default is None and field.default_factory is not NODEFAULT:
        default = field.default_factory()
    written = None if default is None else text(default)
    return msgspec.structs.replace(node, default=written, optional=not field.required)


def _key(item: Block | Choice) -> str | None:
    blocks = [item] if isinstance(item, Block) else list(item.kinds.values())
    firsts = {next(iter(block.fields)) for block in blocks}
    first = next(iter(firsts)) if len(firsts) == 1 else ""
    return first if first in KEYS else None


def text(value: Any) -> str:
    """A value as it is written in the file; of a list the words, with spaces between."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return " ".join(text(one) for one in value)
    return str(value)


def _help(cls: type, key: str) -> Said:
    """Of the class itself, else of the nearest one above that has the key."""
    return next((_HELP[one.__name__][key] for one in cls.__mro__ if key in _HELP.get(one.__name__, ())), NOTHING)


_HELP: dict[str, dict[str, Said]] = msgspec.toml.decode(
    files("appliance.config").joinpath("help.toml").read_bytes(), type=dict[str, dict[str, Said]]
)


def path_text(path: tuple[str, ...]) -> str:
    """Words of a path as they are typed."""
    return " ".join(quoted(word) for word in path)


def quoted(word: str) -> str:
    """A word as it is typed: between quotation marks where it has a space or a sign of the command line in it."""
    plain = word and not any(sign in word for sign in " \t\n\"'\\|#;")
    return word if plain else '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
