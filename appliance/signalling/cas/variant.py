# SPDX-License-Identifier: GPL-2.0-only
"""A variant of CAS: how a call begins, which bits say what. A file of `variants/`, which gives it its name.

    trunk = load("em_wink_t1")

A file has these words; where it names a basis, what it lacks is that one's.

    sources          where the figures come from
    basis            another variant, of which this says the differences
    start            wink, immediate (E&M) or ring (FXS): how a call that we place begins
    dial_tone        who seizes hears one from us
    [bits]           bits ABCD that we send, by what they mean
    [far]            bits AB of the far end: on_hook, off_hook, seize, each a list
    [timers]         seconds, by the names in states.TIMERS

Raises VariantError with the file, the place in it and the nearest valid name.
"""

import enum
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from appliance.config.scalars import suggestion
from appliance.signalling.cas.states import TIMERS
from appliance.signalling.cas.words import Action

FOLDER = Path(__file__).with_name("variants")


class Start(enum.StrEnum):
    """How a call that we place begins."""

    WINK = "wink"
    IMMEDIATE = "immediate"
    RING = "ring"


class Variant(msgspec.Struct, frozen=True):
    """As loaded."""

    name: str
    sources: tuple[str, ...]
    start: Start
    bits: dict[str, str]
    far: dict[str, tuple[str, ...]]
    dial_tone: bool = False
    timers: dict[str, float] = {}


class VariantError(ValueError):
    """A variant's file cannot be used; the sentence says where and why."""


WORDS: dict[str, tuple[frozenset[str], Any]] = {
    "bits": (frozenset(action.value for action in Action if action.name.startswith("SET_")), "[01]{4}"),
    "far": (frozenset(("on_hook", "off_hook", "seize")), "[01]{2}"),
    "timers": (frozenset(timer.name for timer in TIMERS.values()), None),
}
_BOTH = {"idle", "proceed", "answer", "clear"}
NEEDED = {
    Start.WINK: _BOTH | {"seize", "wink"},
    Start.IMMEDIATE: _BOTH | {"seize"},
    Start.RING: _BOTH | {"ring", "pause"},
}


def names(folder: Path = FOLDER) -> list[str]:
    """All variants."""
    return sorted(path.stem for path in folder.glob("*.toml"))


@cache
def load(name: str, folder: Path = FOLDER) -> Variant:
    """The variant of this name, such as "em_wink_t1". Raises: VariantError."""
    told = _read(name, folder)
    try:
        variant = msgspec.convert({**told, "name": name}, Variant)
    except msgspec.ValidationError as error:
        raise VariantError(f"{name}.toml: {error}") from error
    for word in sorted(NEEDED[variant.start] - variant.bits.keys()):
        raise VariantError(f"{name}.toml: [bits] lacks {word}, which {variant.start} start needs")
    for word in sorted(WORDS["far"][0] - variant.far.keys()):
        raise VariantError(f"{name}.toml: [far] lacks {word}")
    return variant


def _read(name: str, folder: Path) -> dict[str, Any]:
    """The file, upon its basis."""
    known = names(folder)
    if name not in known:
        raise VariantError(f"no CAS variant {name!r}; {suggestion(name, known)}")
    try:
        told = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise VariantError(f"{name}.toml: is not TOML: {error}") from error
    for fault in _faults(told):
        raise VariantError(f"{name}.toml: {fault}")
    basis = told.pop("basis", None)
    if basis is None:
        return told
    if basis == name:
        raise VariantError(f"{name}.toml: is its own basis")
    under = _read(basis, folder)
    return {**under, **told, **{table: {**under.get(table, {}), **told.get(table, {})} for table in WORDS}}


def _faults(told: Mapping[str, Any]) -> Iterator[str]:
    """Unknown words and impossible values."""
    valid = {*WORDS, "sources", "basis", "start", "dial_tone"}
    for key, value in told.items():
        if key not in valid:
            yield f"{key!r} is unknown; {suggestion(key, valid)}"
        elif key in WORDS:
            yield from _table_faults(key, value)
    if not told.get("sources"):
        yield "sources is missing: say where the figures come from"


def _table_faults(table: str, value: object) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"[{table}] must be a table"
        return
    words, form = WORDS[table]
    for word, given in value.items():
        if word not in words:
            yield f"[{table}] {word!r} is unknown; {suggestion(word, words)}"
        elif form is None:
            if not (type(given) in (int, float) and given >= 0):
                yield f"[timers] {word} = {given!r} are no seconds"
        elif not all(isinstance(bits, str) and re.fullmatch(form, bits) for bits in _listed(given)):
            yield f"[{table}] {word} = {given!r} are not bits such as those of em_wink_t1"


def _listed(given: object) -> list[object]:
    return given if isinstance(given, list) else [given]
