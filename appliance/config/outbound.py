# SPDX-License-Identifier: GPL-2.0-only
"""What may be dialled, at headquarters, and over which trunks, at a branch. Nothing is, unless it is allowed here."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.reader import Fault, Keys
from appliance.config.scalars import Number, Serial, suggestion
from appliance.config.tandem import Prefix

NUMBER_MOST = 20  # scalars.Number
DIGITS_LEAST, DIGITS_MOST = 7, 15  # shorter ones are emergency and service codes; E.164 §6.1 has no longer ones
EMERGENCY = ("000", "110", "112", "119", "120", "122", "911", "999")
PREMIUM = ("0190", "0900", "1900", "900", "00979", "160", "168")
"""Of NANP, E.164's shared premium rate, Europe, and China's information lines."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Headquarters' word on numbers that callbacks and labels dial: of a number's prefixes the longest decides.

    `branches` dial for one that is away, the first that is there. `open` callbacks at once, no more.
    """

    numbers: tuple[Prefix, ...] = ()
    refused: tuple[Prefix, ...] = (*EMERGENCY, *PREMIUM)
    branches: tuple[Serial, ...] = ()
    open: Annotated[int, Meta(ge=1, le=10_000)] = 500


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that begin so go out on `to`, a span, a peer or a trunk group; of its prefixes the longest decides.

    Where none of its trunks has room they go out on those of `then`, in this order.
    """

    to: str
    then: tuple[str, ...] = ()
    numbers: tuple[Prefix, ...] = ()
    """Left out: all that no other way names."""
    clid: Number | None = None
    """What the customer is shown; None: what the line has."""
    caller: bool = True
    """A caller who is sent on shows his own number, or withholds it; no: `clid`."""


def verdict(policy: Policy, number: str) -> str:
    """Why the number must not be dialled; empty where it may."""
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return f"{number!r} is no telephone number"
    if not DIGITS_LEAST <= len(digits) <= DIGITS_MOST:
        return f"{number} has {len(digits)} digits; a customer's number has {DIGITS_LEAST} to {DIGITS_MOST}"
    return _refused(policy, number)


def _refused(policy: Policy, number: str) -> str:
    allowed, refused = _longest(policy.numbers, number), _longest(policy.refused, number)
    if allowed > refused:
        return ""
    if refused < 0:
        return f"outbound.numbers does not allow {number}"
    return f"numbers that begin with {number[:refused]} are refused by outbound.refused"


def label_verdict(policy: Policy, number: str) -> str:
    """Why a script must not send a caller there; empty where it may, as always to an emergency number.

    The script is the administrator's, so a number may be short, but a caller may have keyed it.
    """
    if number in EMERGENCY:
        return ""
    if re.fullmatch(f"[0-9*#+]{{1,{NUMBER_MOST}}}", number) is None:
        return f"{number!r} is no number that a branch can dial"
    return _refused(policy, number)


def way(ways: Sequence[Way], number: str) -> Way | None:
    """By which a number is dialled; None: there is none."""
    found, longest = None, -1
    for one in ways:
        length = _longest(one.numbers or ("",), number)
        if length > longest:
            found, longest = one, length
    return found


def _longest(prefixes: Sequence[str], number: str) -> int:
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=-1)


def faults(ways: Sequence[Way], known: Collection[str]) -> Iterator[Fault]:
    """Mistakes of meaning. `known`: spans, peers and trunk groups."""
    seen: set[str] = set()
    for place, one in enumerate(ways):
        named: list[tuple[Keys, str]] = [(("to",), one.to), *((("then", n), name) for n, name in enumerate(one.then))]
        for keys, name in named:
            if name not in known:
                sentence = f"{name!r} is neither a span nor a peer nor a trunk group; {suggestion(name, known)}"
                yield Fault(("outbound", place, *keys), sentence)
        for prefix in one.numbers or ("",):
            if prefix in seen:
                what = f"prefix {prefix!r}" if prefix else "a way for all numbers"
                yield Fault(("outbound", place), f"{what} is there twice")
            seen.add(prefix)
