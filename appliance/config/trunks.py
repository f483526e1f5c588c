# SPDX-License-Identifier: GPL-2.0-only
"""Trunk groups: spans of a branch, and other branches as its peers, that are counted together and have limits.

    trunk_groups:
      - {name: pstn, members: [telco, telco-2], in: 28, calls: 50, overflow: "02187650000"}
      - {name: wan, members: [BR-0002], out: 2}

A trunk that no group has is counted by itself, without a limit. A call counts in every group that has its trunk.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.reader import Fault, Keys
from appliance.config.scalars import Number, suggestion

Limit = Annotated[int, Meta(ge=0, le=10_000)]


class TrunkGroup(msgspec.Struct, frozen=True, kw_only=True):
    """`members` in the order in which calls out take them: spans by their names, peers by their boxes.

    Calls at once: `in` and `out` of each direction, `calls` of both together; left out, as many as there are channels.
    A call in that is one too many goes on to the number `overflow`, else it is refused with cause 17. A peer's calls in
    are that branch's to count.
    """

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    members: Annotated[tuple[str, ...], Meta(min_length=1)]
    calls: Limit | None = None
    most_in: Limit | None = msgspec.field(default=None, name="in")
    most_out: Limit | None = msgspec.field(default=None, name="out")
    overflow: Number | None = None


def all_groups(groups: Sequence[TrunkGroup], trunks: Collection[str]) -> tuple[TrunkGroup, ...]:
    """With each trunk that is in none as one of its own."""
    grouped = {member for group in groups for member in group.members}
    return (*groups, *(TrunkGroup(name=one, members=(one,)) for one in trunks if one not in grouped))


def members_of(groups: Sequence[TrunkGroup], name: str) -> tuple[str, ...]:
    """The trunks that a name means: a group's, or itself."""
    return next((group.members for group in groups if group.name == name), (name,))


def faults(groups: Sequence[TrunkGroup], trunks: Collection[str]) -> Iterator[Fault]:
    """Mistakes of meaning."""
    seen: set[str] = set()
    for place, group in enumerate(groups):
        keys: Keys = ("trunk_groups", place)
        if group.name in trunks or group.name in seen:
            yield Fault((*keys, "name"), f"{group.name!r} is there twice; spans, peers and groups share their names")
        seen.add(group.name)
        for number, member in enumerate(group.members):
            if member not in trunks:
                sentence = f"{member!r} is neither a span nor a peer; {suggestion(member, trunks)}"
                yield Fault((*keys, "members", number), sentence)
            elif member in group.members[:number]:
                yield Fault((*keys, "members", number), f"{member!r} is there twice")
        if group.overflow is not None and group.calls is None and group.most_in is None:
            sentence = "nothing overflows without a limit; add in: or calls:, or leave the key out"
            yield Fault((*keys, "overflow"), sentence)
