# SPDX-License-Identifier: GPL-2.0-only
"""Files of variants: TOML with tables of known words, read and judged. What they mean is each signalling's."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from appliance.config.scalars import suggestion

M = TypeVar("M", bound=msgspec.Struct)


class VariantError(ValueError):
    """A variant's file cannot be used; the sentence says where and why."""


class Table(NamedTuple):
    """Its words (None: any), which values they may have, and what is said of another: "busy = 16 …"."""

    words: frozenset[str] | None
    valid: Callable[[object], bool]
    otherwise: str


def seconds(names: Iterable[str]) -> Table:
    """A table of timers."""
    return Table(frozenset(names), lambda value: type(value) in (int, float) and value >= 0, "are no seconds")  # type: ignore[operator]


class Form(NamedTuple):
    """What a file may have: `family` as people call it, tables by name, and words that stand alone."""

    family: str
    tables: Mapping[str, Table]
    alone: frozenset[str]


def read(form: Form, folder: Path, name: str, known: Iterable[str]) -> dict[str, Any]:
    """The file of a variant, its name in lower case. Raises: VariantError."""
    known = list(known)
    if name not in known:
        raise VariantError(f"no {form.family} variant {name!r}; {suggestion(name, known)}")
    path = folder / f"{name.lower()}.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise VariantError(f"{path.name}: is not TOML: {error}") from error
    refuse(name, _faults(form, told))
    return told


def made(kind: type[M], name: str, told: Mapping[str, object]) -> M:
    """A variant of what was told. Raises: VariantError."""
    try:
        return msgspec.convert({**told, "name": name}, kind)
    except msgspec.ValidationError as error:
        raise VariantError(f"{name.lower()}.toml: {error}") from error


def refuse(name: str, faults: Iterable[str]) -> None:
    """Raise VariantError with the first fault, if there is one."""
    for fault in faults:
        raise VariantError(f"{name.lower()}.toml: {fault}")


def _faults(form: Form, told: Mapping[str, object]) -> Iterator[str]:
    """Unknown words and impossible values."""
    valid = {*form.tables, *form.alone, "sources"}
    for key, value in told.items():
        if key not in valid:
            yield f"{key!r} is unknown; {suggestion(key, valid)}"
        elif key in form.tables:
            yield from _table_faults(key, form.tables[key], value)
    if not told.get("sources"):
        yield "sources is missing: say where the figures come from"


def _table_faults(key: str, table: Table, told: object) -> Iterator[str]:
    if not isinstance(told, dict):
        yield f"[{key}] must be a table"
        return
    for word, value in told.items():
        if table.words is not None and word not in table.words:
            yield f"[{key}] {word!r} is unknown; {suggestion(word, table.words)}"
        elif not table.valid(value):
            yield f"[{key}] {word} = {value!r} {table.otherwise}"
