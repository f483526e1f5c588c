# SPDX-License-Identifier: GPL-2.0-only
"""What `?` and the manual say that a key ends is what its change ends: each leaf of a box with all of it is altered."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from appliance.cli.session import completions
from appliance.config import Branch, Endpoint, Headquarters, Voter
from appliance.config.candidate import FORM
from appliance.config.concerns import changes
from appliance.config.impacts import IMPACTS, WORDS, Impact, impact, leaves

pytestmark = pytest.mark.unit
LEAST_TO_MOST = list(Impact)
KINDS = 5
"""Of spans; other keys of several kinds have fewer."""
TAGS = {("spans", "driver"), ("lookups", "kind")}
ROLES = {"branch": Branch, "headquarters": Headquarters, "voter": Voter}


@dataclasses.dataclass
class Spot:
    """A leaf's path, and the box with another value there."""

    path: tuple[str, ...]
    altered: Any


def filled(kind: inspect.Type, choice: int, *, other: bool = False) -> Any:
    """A value with something under every key, of several kinds the one of that number; or an `other` one."""
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            return cls(**{field.name: filled(field.type, choice) for field in fields})
        case inspect.UnionType(types=types):
            members = [one for one in types if not isinstance(one, inspect.NoneType)]
            return filled(members[choice % len(members)], choice, other=other)
        case inspect.VarTupleType(item_type=item):
            return (filled(item, choice, other=other),)
        case inspect.DictType(key_type=key, value_type=value):
            return {filled(key, choice): filled(value, choice, other=other)}
        case inspect.CustomType(cls=cls) | inspect.NamedTupleType(cls=cls):
            return custom(cls, other=other)
    return plain(kind)[other]


def plain(kind: inspect.Type) -> tuple[Any, Any]:
    """Two values."""
    match kind:
        case inspect.LiteralType(values=values):
            return values[0], values[-1]
        case inspect.EnumType(cls=cls):
            return next(iter(cls)), list(cls)[-1]
        case inspect.IntType(ge=least):
            return least or 0, (least or 0) + 1
        case inspect.BoolType() | inspect.FloatType():
            return 0.0, 1.0
        case inspect.StrType():
            return "", "07:00-19:00"
    raise TypeError(f"{kind}")


def custom(cls: type, *, other: bool) -> Any:
    """What the schema reads by a function of its own."""
    if cls is Endpoint:
        return Endpoint("127.0.0.1", 5000 + 10 * other)
    if issubclass(cls, Path):
        return Path("/other" if other else "/one")
    return f"{cls.__name__} {other}"


def spots(
    box: Any, kind: inspect.Type, path: tuple[str, ...], put: Callable[[Any], Any], choice: int
) -> Iterator[Spot]:
    """Every leaf of what is there."""
    match kind:
        case inspect.StructType(fields=fields):
            for field in fields:

                def within(value: Any, name: str = field.name) -> Any:
                    return put(msgspec.structs.replace(box, **{name: value}))

                yield from spots(getattr(box, field.name), field.type, (*path, field.encode_name), within, choice)
        case inspect.UnionType(types=types):
            members = [one for one in types if not isinstance(one, inspect.NoneType)]
            chosen = members[choice % len(members)]
            structs = [one for one in members if isinstance(one, inspect.StructType)]
            tag = (str(chosen.tag),) if len(structs) > 1 and isinstance(chosen, inspect.StructType) else ()
            yield from spots(box, chosen, (*path, *tag), put, choice)
        case inspect.VarTupleType(item_type=item):
            yield from spots(box[0], item, path, lambda value: put((value,)), choice)
        case inspect.DictType(value_type=value_type):
            ((name, value),) = box.items()
            yield from spots(value, value_type, path, lambda now: put({name: now}), choice)
        case _:
            yield Spot(path, put(filled(kind, choice, other=True)))


def found(role: str, choice: int) -> Iterator[tuple[tuple[str, ...], Impact | None]]:
    """Of each leaf what its change ends by the processes that it concerns; None: nobody is told."""
    kind = inspect.type_info(ROLES[role])
    box = filled(kind, choice)
    for spot in spots(box, kind, (role,), lambda value: value, choice):
        told = [one.impact for one in changes(box, spot.altered)]
        yield spot.path, max(told, key=LEAST_TO_MOST.index) if told else None


@pytest.mark.parametrize("role", ROLES)
def test_each_leaf_ends_what_is_said_of_it(role: str) -> None:
    seen = {path: by for choice in range(KINDS) for path, by in found(role, choice)}
    if role == "headquarters":  # whose own process follows its file
        seen = {path: by or Impact.NONE for path, by in seen.items()}
    assert {path: by for path, by in seen.items() if by is not impact(path)} == {}
    known = {path for path, _, _ in leaves(FORM) if path[0] == role}
    assert known - set(seen) == {path for path in known if path[-2:] in TAGS}


def test_another_kind_of_span_ends_at_most_what_is_said_of_it() -> None:
    kind = inspect.type_info(Branch)
    boxes = [filled(kind, choice) for choice in range(KINDS)]
    boxes = [msgspec.structs.replace(boxes[0], spans=box.spans) for box in boxes]
    told = {one.impact for before in boxes for after in boxes for one in changes(before, after)}
    assert max(told, key=LEAST_TO_MOST.index) is impact(("branch", "spans", "driver"))


def test_no_row_is_of_nothing() -> None:
    paths = [path for path, _, _ in leaves(FORM)]
    beginnings = {path[:length] for path in paths for length in range(len(path) + 1)}
    assert set(IMPACTS) <= beginnings


def test_a_role_that_is_none_has_no_impact() -> None:
    with pytest.raises(KeyError):
        impact(("bridge", "name"))


@pytest.mark.parametrize("chinese", [False, True])
def test_every_leaf_s_help_says_what_its_change_ends(*, chinese: bool) -> None:
    """As `set … ?` shows it: beside the key, and where the value is to be typed."""
    said = {"role": "branch", "spans": [{"name": "telco", "driver": "dahdi"}]}
    for path, words in (
        (("name",), Impact.NONE),
        (("sip", "codecs"), Impact.LEG),
        (("engine", "rtp_base"), Impact.BOX),
        (("spans", "telco", "jitter_ms"), Impact.BOX),
        (("spans", "telco", "analogue", "caller_id"), Impact.NONE),
        (("spans", "telco", "driver"), Impact.BOX),
    ):
        shown = dict(completions(path[:-1], said, chinese=chinese))
        assert shown[path[-1]].endswith(WORDS[words][chinese]), path
    ((_, value),) = completions(("engine", "rtp_base"), said, chinese=chinese)
    assert value.endswith(WORDS[Impact.BOX][chinese])
    said["spans"] = [{"name": "telco", "driver": "cesopsn"}]
    shown = dict(completions(("spans", "telco"), said, chinese=chinese))
    assert shown["jitter_ms"].endswith(WORDS[Impact.GROUP][chinese])
