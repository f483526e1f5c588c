# SPDX-License-Identifier: GPL-2.0-only
"""Spans that share a D-channel (NFAS): what a span says of its group, and what a group must be."""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from appliance.config.reader import Fault

SHARED = ("profile", "side", "timers.t309_s")
GroupName = Annotated[str, Meta(min_length=1, max_length=64)]


class Nfas(msgspec.Struct, frozen=True, kw_only=True):
    """One span's place in a group: what the exchange calls its interface, and whether it has a D-channel."""

    group: GroupName
    interface: Annotated[int, Meta(ge=0, le=127)]
    d_channel: Literal["primary", "backup", "none"] = "none"


class Member(Protocol):
    """A span."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def signalling(self) -> str:
        """What is spoken."""

    @property
    def profile(self) -> str:
        """Which variant of ISDN."""

    @property
    def side(self) -> str:
        """Which end is ours."""

    @property
    def d_channel(self) -> int | None:
        """Its timeslot, where the file says it."""

    @property
    def timers(self) -> object:
        """Of its D-channel."""

    @property
    def nfas(self) -> Nfas | None:
        """Its place in a group."""


def faults(spans: Mapping[int, Member]) -> Iterator[Fault]:
    """Mistakes in groups."""
    groups: dict[str, list[int]] = {}
    for number, span in spans.items():
        if span.nfas is None:
            continue
        groups.setdefault(span.nfas.group, []).append(number)
        if span.signalling != "pri":
            yield Fault(("spans", number, "nfas"), f"{span.signalling} has no D-channel to share; leave the key out")
        elif span.profile == "qsig":
            yield Fault(("spans", number, "nfas"), "qsig cannot name a channel of another span; leave the key out")
        if span.nfas.d_channel == "none" and span.d_channel is not None:
            sentence = (
                "another span of the group has the D-channel; leave the key out, or say primary or backup in nfas"
            )
            yield Fault(("spans", number, "d_channel"), sentence)
    for group, members in groups.items():
        yield from _group_faults(group, members, spans)


def _group_faults(group: str, members: list[int], spans: Mapping[int, Member]) -> Iterator[Fault]:
    seen: dict[object, int] = {}
    first = spans[members[0]]
    for number in members:
        span = spans[number]
        if span.nfas is None:
            continue
        for path in SHARED:
            ours, theirs = attrgetter(path)(span), attrgetter(path)(first)
            if ours != theirs:
                sentence = f"{ours}, but {first.name} of the same group {group!r} has {theirs}"
                yield Fault(("spans", number, *path.split(".")), sentence)
        said: list[tuple[str, object]] = [("interface", span.nfas.interface)]
        said += [] if span.nfas.d_channel == "none" else [("d_channel", span.nfas.d_channel)]
        for key, value in said:
            if value in seen:
                sentence = f"{value} is {spans[seen[value]].name}'s already in group {group!r}"
                yield Fault(("spans", number, "nfas", key), sentence)
            seen.setdefault(value, number)
    if "primary" not in seen:
        yield Fault(("spans", members[0], "nfas"), f"group {group!r} has no span with d_channel: primary")
