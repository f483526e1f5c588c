# SPDX-License-Identifier: GPL-2.0-only
"""Tandem: which calls of a span go through to another one, and which of them the contact center takes."""

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.reader import Fault, Keys
from appliance.config.scalars import suggestion

Prefix = Annotated[str, Meta(pattern="[0-9*#+]{1,20}")]


class Tandem(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that come in on `span` and whose called number begins as one of `numbers` go out on span `to`.

    Of the prefixes that a number has, the longest decides.
    """

    span: str
    to: str
    numbers: tuple[Prefix, ...] = ()
    """Left out: all that no other rule of the span names."""
    taken: tuple[Prefix, ...] = ()
    """Numbers that begin so are the contact center's."""


def way(rules: Sequence[Tandem], span: str | None, dnis: str) -> Tandem | None:
    """The rule by which a call goes on; None: it is the contact center's."""
    found, longest = None, -1
    for rule in rules:
        if rule.span != span:
            continue
        for prefixes, goes_on in ((rule.numbers or ("",), rule), (rule.taken, None)):
            length = max((len(prefix) for prefix in prefixes if dnis.startswith(prefix)), default=-1)
            if length > longest:
                found, longest = goes_on, length
    return found


def faults(rules: Sequence[Tandem], spans: Collection[str]) -> Iterator[Fault]:
    """Mistakes of meaning."""
    yield from _unknown(rules, spans)
    yield from _twice(rules)
    yield from _rounds(rules)


def _unknown(rules: Sequence[Tandem], spans: Collection[str]) -> Iterator[Fault]:
    for place, rule in enumerate(rules):
        for key, name in (("span", rule.span), ("to", rule.to)):
            if name not in spans:
                yield Fault(("tandem", place, key), f"span {name!r} is not among the spans; {suggestion(name, spans)}")
        if rule.span == rule.to:
            yield Fault(("tandem", place, "to"), f"calls of {rule.span} would go back where they come from")


def _twice(rules: Sequence[Tandem]) -> Iterator[Fault]:
    """A prefix of a span that has two ways."""
    seen: set[tuple[str, str]] = set()
    for place, rule in enumerate(rules):
        named: list[tuple[Keys, str]] = [(("numbers", n), prefix) for n, prefix in enumerate(rule.numbers)]
        named += [(("taken", n), prefix) for n, prefix in enumerate(rule.taken)]
        for keys, prefix in named if rule.numbers else [(("to",), ""), *named]:
            if (rule.span, prefix) in seen:
                what = f"prefix {prefix!r}" if prefix else "a rule for all numbers"
                yield Fault(("tandem", place, *keys), f"{what} of span {rule.span} is there twice")
            seen.add((rule.span, prefix))


def _rounds(rules: Sequence[Tandem]) -> Iterator[Fault]:
    """A prefix that two spans send to each other: such a call would go round for ever."""
    for place, rule in enumerate(rules):
        for n, prefix in enumerate(rule.numbers):
            back = [
                other
                for earlier in rules[:place]
                if (earlier.span, earlier.to) == (rule.to, rule.span)
                for other in earlier.numbers
                if other.startswith(prefix) or prefix.startswith(other)
            ]
            if back:
                sentence = f"{prefix!r} goes from {rule.span} to {rule.to}, and {back[0]!r} back: a call would go round"
                yield Fault(("tandem", place, "numbers", n), sentence)
