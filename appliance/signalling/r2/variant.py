# SPDX-License-Identifier: GPL-2.0-only
"""A variant of R2: which bits and which signals carry which meaning. A file of `variants/`, which gives it its name.

    china = load("CN")

A file has these tables; one that it lacks is ITU's, as a whole.

    sources                    where the figures come from
    caller_after               called digits after which the caller is asked for; 0: after the last
    [bits]                     bits AB of each line signal, and CD, which never changes
    [a] [b] [c]                backward signals, number of each Request (a, c: only Mexico has c) or Verdict (b)
    [i]                        forward signals besides the digits 1 to 10, number of each Ending
    [category] [service]       group II: the caller's category; what the call is, where that is told apart from it. The
                               first of each is meant where a call says nothing
    [timers]                   seconds, by the names in states.TIMERS

Raises VariantError with the file, the place in it and the nearest valid name.
"""

import enum
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from appliance.signalling.r2.states import TIMERS
from appliance.signalling.variants import Form, Table, made, read, refuse, seconds

FOLDER = Path(__file__).with_name("variants")
BASIS = "ITU"
SIGNALS = 15


class Request(enum.StrEnum):
    """What a backward signal of group A or C asks for (Q.441, table 7)."""

    NEXT_DIGIT = "next_digit"
    LAST_BUT_ONE = "last_but_one"
    LAST_BUT_TWO = "last_but_two"
    LAST_BUT_THREE = "last_but_three"
    ALL_AGAIN = "all_again"
    CATEGORY = "category"
    NEXT_CALLER = "next_caller"
    GROUP_B = "group_b"
    ADDRESS_COMPLETE = "address_complete"
    CONGESTION = "congestion"
    UNALLOCATED = "unallocated"


class Verdict(enum.StrEnum):
    """What a backward signal of group B says of the called line (Q.441, table 8). The first three accept the call."""

    FREE = "free"
    FREE_NO_CHARGE = "free_no_charge"
    FREE_HELD = "free_held"  # one party's hanging up does not release, by the variant's rule
    BUSY = "busy"
    TOLL_BUSY = "toll_busy"
    CONGESTION = "congestion"
    UNALLOCATED = "unallocated"
    CHANGED = "changed"
    OUT_OF_ORDER = "out_of_order"
    SPECIAL_TONE = "special_tone"


class Ending(enum.StrEnum):
    """What a forward signal of group I says besides digits (Q.441, table 5)."""

    END_OF_NUMBER = "end_of_number"
    END_OF_CALLER = "end_of_caller"
    RESTRICTED = "restricted"


class Bits(msgspec.Struct, frozen=True):
    """Bits A and B; the far end's and ours are told apart by who calls. The defaults are Q.421's, table 1.

    `forced_release` is empty where the variant has none.
    """

    idle: str = "10"
    seize: str = "00"
    clear_forward: str = "10"
    seize_ack: str = "11"
    answer: str = "01"
    clear_back: str = "11"
    forced_release: str = ""
    blocked: str = "11"
    cd: str = "01"


class Variant(msgspec.Struct, frozen=True):
    """As loaded; signals are 1 to 15."""

    name: str
    sources: tuple[str, ...]
    a: dict[Request, int]
    b: dict[Verdict, int]
    i: dict[Ending, int]
    category: dict[str, int]
    c: dict[Request, int] = {}
    service: dict[str, int] = {}
    bits: Bits = Bits()
    timers: dict[str, float] = {}
    caller_after: int = 1


_SIGNALS = (lambda value: type(value) is int and 1 <= value <= SIGNALS, f"is no signal; 1 to {SIGNALS} are")
FORM = Form(
    "R2",
    {
        "bits": Table(
            frozenset(Bits.__struct_fields__),
            lambda value: value in ("00", "01", "10", "11"),
            'are not two bits, such as "10"',
        ),
        "a": Table(frozenset(map(str, Request)), *_SIGNALS),
        "b": Table(frozenset(map(str, Verdict)), *_SIGNALS),
        "c": Table(frozenset(map(str, Request)), *_SIGNALS),
        "i": Table(frozenset(map(str, Ending)), *_SIGNALS),
        "category": Table(None, *_SIGNALS),
        "service": Table(None, *_SIGNALS),
        "timers": seconds(timer.name for timer in TIMERS.values()),
    },
    frozenset(("caller_after",)),
)
NEEDED: dict[str, tuple[str, ...]] = {
    "a": (Request.NEXT_DIGIT, Request.GROUP_B, Request.CONGESTION),
    "b": (Verdict.FREE, Verdict.CONGESTION),
    "c": (Request.NEXT_DIGIT, Request.NEXT_CALLER, Request.GROUP_B, Request.CONGESTION),
}
# One signal for two requests: the far end's place in the dialogue tells which is meant.
SHARED = ({Request.NEXT_CALLER, Request.CATEGORY}, {Request.NEXT_CALLER, Request.NEXT_DIGIT})


def names(folder: Path = FOLDER) -> list[str]:
    """All variants."""
    return sorted(path.stem.upper() for path in folder.glob("*.toml"))


@cache
def load(name: str, folder: Path = FOLDER) -> Variant:
    """The variant of this name, such as "CN". Raises: VariantError."""
    told = read(FORM, folder, name, names(folder))
    basis = {} if name == BASIS else msgspec.to_builtins(load(BASIS, folder))
    variant = made(Variant, name, {**basis, **told})
    refuse(name, _gaps(variant))
    return variant


def _gaps(variant: Variant) -> Iterator[str]:
    """What is missing, and signals that say two things."""
    tables = {name: getattr(variant, name) for name in ("a", "b", "c", "i", "category", "service")}
    for table, needed in NEEDED.items():
        if table != "c" or variant.c:
            yield from (f"[{table}] lacks {word}" for word in needed if word not in tables[table])
    if not variant.category:
        yield "[category] is empty"
    if Request.NEXT_CALLER in variant.a | variant.c and Ending.END_OF_CALLER not in variant.i:
        yield "[i] lacks end_of_caller, though [a] or [c] has next_caller"
    for table in ("a", "b", "c"):
        yield from (f"[{table}] {sentence}" for sentence in _clashes(tables[table]))


def _clashes(table: Mapping[str, int]) -> Iterator[str]:
    for word, signal in table.items():
        for other, same in table.items():
            if word < other and same == signal and {word, other} not in SHARED:
                yield f"{word} and {other} are both {signal}"
