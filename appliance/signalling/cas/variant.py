# SPDX-License-Identifier: GPL-2.0-only
"""A variant of CAS: how a call begins, which bits say what. A file of `variants/`, which gives it its name.

    trunk = load("em_wink_t1")

A file has these words; where it names a basis, what it lacks is that one's.

    sources          where the figures come from
    basis            another variant, of which this says the differences
    start            wink, immediate (E&M) or ring (FXS): how a call that we place begins; station: we are one (FXO)
    dial_tone        who seizes hears one from us
    [bits]           bits ABCD that we send, by what they mean
    [far]            bits AB or ABCD of the far end, each a list: on_hook, off_hook, seize; towards a station normal,
                     reversed, ring, open, whose ABCD go before AB
    [timers]         seconds, by the names in states.TIMERS

Raises VariantError with the file, the place in it and the nearest valid name.
"""

import enum
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from appliance.signalling.cas.states import TIMERS
from appliance.signalling.cas.words import Action
from appliance.signalling.variants import Form, Table, VariantError, made, read, refuse, seconds

FOLDER = Path(__file__).with_name("variants")


class Start(enum.StrEnum):
    """How a call that we place begins."""

    WINK = "wink"
    IMMEDIATE = "immediate"
    RING = "ring"
    STATION = "station"


class Variant(msgspec.Struct, frozen=True):
    """As loaded."""

    name: str
    sources: tuple[str, ...]
    start: Start
    bits: dict[str, str]
    far: dict[str, tuple[str, ...]]
    dial_tone: bool = False
    timers: dict[str, float] = {}


def _bits(form: str) -> Callable[[object], bool]:
    """Whether all are such bits, one or a list."""

    def valid(given: object) -> bool:
        listed = given if isinstance(given, list) else [given]
        return all(isinstance(bits, str) and re.fullmatch(form, bits) for bits in listed)

    return valid


_SET = frozenset(action.value for action in Action if action.name.startswith("SET_"))
_HOOK = frozenset(("on_hook", "off_hook", "ground"))
_FAR = frozenset(("on_hook", "off_hook", "seize"))
_FEED = frozenset(("normal", "ring", "open"))
_NO_BITS = "are not bits such as those of em_wink_t1"
FORM = Form(
    "CAS",
    {
        "bits": Table(_SET | _HOOK, _bits("[01]{4}"), _NO_BITS),
        "far": Table(_FAR | _FEED | {"reversed"}, _bits("[01]{2}([01]{2})?"), _NO_BITS),
        "timers": seconds(timer.name for timer in TIMERS.values()),
    },
    frozenset(("basis", "start", "dial_tone")),
)
_BOTH = {"idle", "proceed", "answer", "clear"}
NEEDED = {
    Start.WINK: _BOTH | {"seize", "wink"},
    Start.IMMEDIATE: _BOTH | {"seize"},
    Start.RING: _BOTH | {"ring", "pause"},
    Start.STATION: {"on_hook", "off_hook"},
}


def names(folder: Path = FOLDER) -> list[str]:
    """All variants."""
    return sorted(path.stem for path in folder.glob("*.toml"))


@cache
def load(name: str, folder: Path = FOLDER) -> Variant:
    """The variant of this name, such as "em_wink_t1". Raises: VariantError."""
    variant = made(Variant, name, _upon_basis(name, folder))
    refuse(name, _gaps(variant))
    return variant


def _upon_basis(name: str, folder: Path) -> dict[str, Any]:
    """The file, upon its basis."""
    told = read(FORM, folder, name, names(folder))
    basis = told.pop("basis", None)
    if basis is None:
        return told
    if basis == name:
        raise VariantError(f"{name}.toml: is its own basis")
    under = _upon_basis(basis, folder)
    return {**under, **told, **{table: {**under.get(table, {}), **told.get(table, {})} for table in FORM.tables}}


def _gaps(variant: Variant) -> Iterator[str]:
    """What is missing."""
    needed = _FEED if variant.start is Start.STATION else _FAR
    lacking = sorted(NEEDED[variant.start] - variant.bits.keys())
    yield from (f"[bits] lacks {word}, which {variant.start} start needs" for word in lacking)
    yield from (f"[far] lacks {word}" for word in sorted(needed - variant.far.keys()))
