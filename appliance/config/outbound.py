# SPDX-License-Identifier: GPL-2.0-only
"""What may be dialled, at headquarters, and over which span, at a branch. Nothing is, unless it is allowed here."""

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.reader import Fault
from appliance.config.scalars import Number, Serial, suggestion
from appliance.config.tandem import Prefix

DIGITS_LEAST, DIGITS_MOST = 7, 15  # shorter ones are emergency and service codes; E.164 §6.1 has no longer ones
EMERGENCY = ("000", "110", "112", "119", "120", "122", "911", "999")
PREMIUM = ("0190", "0900", "1900", "900", "00979", "160", "168")
"""Of NANP, E.164's shared premium rate, Europe, and China's information lines."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Headquarters' word on numbers that callbacks dial: of the prefixes that a number has, the longest decides.

    `branches` dial for one that is away, the first that is there. `open` callbacks at once, no more.
    """

    numbers: tuple[Prefix, ...] = ()
    refused: tuple[Prefix, ...] = (*EMERGENCY, *PREMIUM)
    branches: tuple[Serial, ...] = ()
    open: Annotated[int, Meta(ge=1, le=10_000)] = 500


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that begin so go out on span `to`; of the prefixes that a number has the longest decides."""

    to: str
    numbers: tuple[Prefix, ...] = ()
    """Left out: all that no other way names."""
    clid: Number | None = None
    """What the customer is shown; None: what the line has."""


def verdict(policy: Policy, number: str) -> str:
    """Why the number must not be dialled; empty where it may."""
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return f"{number!r} is no telephone number"
    if not DIGITS_LEAST <= len(digits) <= DIGITS_MOST:
        return f"{number} has {len(digits)} digits; a customer's number has {DIGITS_LEAST} to {DIGITS_MOST}"
    allowed, refused = _longest(policy.numbers, number), _longest(policy.refused, number)
    if allowed > refused:
        return ""
    if refused < 0:
        return f"outbound.numbers does not allow {number}"
    return f"numbers that begin with {number[:refused]} are refused by outbound.refused"


def way(ways: Sequence[Way], number: str) -> Way | None:
    """The span over which a number is dialled; None: there is none."""
    found, longest = None, -1
    for one in ways:
        length = _longest(one.numbers or ("",), number)
        if length > longest:
            found, longest = one, length
    return found


def _longest(prefixes: Sequence[str], number: str) -> int:
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=-1)


def faults(ways: Sequence[Way], spans: Collection[str]) -> Iterator[Fault]:
    """Mistakes of meaning."""
    seen: set[str] = set()
    for place, one in enumerate(ways):
        if one.to not in spans:
            yield Fault(
                ("outbound", place, "to"), f"span {one.to!r} is not among the spans; {suggestion(one.to, spans)}"
            )
        for prefix in one.numbers or ("",):
            if prefix in seen:
                what = f"prefix {prefix!r}" if prefix else "a way for all numbers"
                yield Fault(("outbound", place), f"{what} is there twice")
            seen.add(prefix)
