# SPDX-License-Identifier: GPL-2.0-only
"""Channels: kinds of contacts beside calls, and how much of all an agent does at once.

    channels:
      - {name: chat, not_beside: [voice], box: MEDIA-1}
      - {name: mail, interrupted_by: [voice], kept_days: 14}
    capacities:
      - {name: web, total: 2, slots: {chat: 2, mail: 1}}

Voice is built in: one slot an agent, which nothing interrupts; it may be named for its weight and `not_beside`.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from appliance.config.branch import Name, repeated
from appliance.config.reader import Fault, Keys
from appliance.config.scalars import Serial, suggestion

VOICE = "voice"
ChannelName = Annotated[str, Meta(pattern="[a-z][a-z0-9-]{0,15}")]
Weight = Annotated[int, Meta(ge=1, le=100)]
T = TypeVar("T")


class Channel(msgspec.Struct, frozen=True):
    """A contact weighs `weight`. No new one is given beside work of the channels `not_beside`.

    Work of those that it is `interrupted_by` comes first, and this one's goes on when it is over. `box`: the peripheral
    that has its contacts and the agents' desktops for them, else each agent's own branch. Of a contact that nobody has
    spoken of for `kept_days` the place is forgotten.
    """

    name: ChannelName
    weight: Weight = 1
    not_beside: tuple[ChannelName, ...] = ()
    interrupted_by: tuple[ChannelName, ...] = ()
    box: Serial | None = None
    kept_days: Annotated[int, Meta(ge=1, le=366)] = 7


class Capacity(msgspec.Struct, frozen=True):
    """What agents do at once: so many contacts of each channel, all together up to the `total` of their weights."""

    name: Name
    total: Weight
    slots: dict[ChannelName, Annotated[int, Meta(ge=1, le=20)]]


class Placed(msgspec.Struct, frozen=True):
    """Something that says to which channel, or capacity, it belongs, and where it says so."""

    keys: Keys
    says: str


def faults(channels: tuple[Channel, ...], capacities: tuple[Capacity, ...]) -> Iterator[Fault]:
    """Mistakes of meaning."""
    yield from repeated(((("channels", n, "name"), one.name) for n, one in enumerate(channels)), "channel")
    yield from repeated(((("capacities", n, "name"), one.name) for n, one in enumerate(capacities)), "capacity")
    for place, channel in enumerate(channels):
        yield from _channel_faults(("channels", place), channel, channels)
    for place, capacity in enumerate(capacities):
        yield from _capacity_faults(("capacities", place), capacity, channels)


def unknown(what: str, told: Iterator[Placed], known: Collection[str]) -> Iterator[Fault]:
    """Names that nothing has."""
    for one in told:
        if one.says not in known:
            yield Fault(one.keys, f"{what} {one.says!r} is unknown; {suggestion(one.says, known)}")


def names(channels: tuple[Channel, ...]) -> tuple[str, ...]:
    """All that there are."""
    return tuple(dict.fromkeys((VOICE, *(one.name for one in channels))))


def _channel_faults(keys: Keys, channel: Channel, channels: tuple[Channel, ...]) -> Iterator[Fault]:
    for key in ("not_beside", "interrupted_by"):
        told = (Placed((*keys, key, n), one) for n, one in enumerate(getattr(channel, key)))
        yield from unknown("channel", told, names(channels))
    if channel.name == VOICE:
        if channel.interrupted_by:
            yield Fault((*keys, "interrupted_by"), "nothing interrupts a call")
        if channel.box is not None:
            yield Fault((*keys, "box"), "calls come from the branches")
    elif channel.name in _before(channel.name, {one.name: one.interrupted_by for one in channels}):
        yield Fault((*keys, "interrupted_by"), f"{channel.name} would come to be interrupted by itself")


def _before(name: str, interrupted_by: Mapping[str, tuple[str, ...]]) -> set[str]:
    """All that come before it, and before those."""
    found: set[str] = set()
    waiting = [*interrupted_by.get(name, ())]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += interrupted_by.get(one, ())
    return found


def _capacity_faults(keys: Keys, capacity: Capacity, channels: tuple[Channel, ...]) -> Iterator[Fault]:
    weights = {VOICE: 1} | {one.name: one.weight for one in channels}
    told = (Placed((*keys, "slots", one), one) for one in capacity.slots)
    yield from unknown("channel", told, weights)
    if VOICE in capacity.slots:
        yield Fault((*keys, "slots", VOICE), "every agent has one voice slot; it is not named here")
    for name in (VOICE, *capacity.slots):
        if weights.get(name, 0) > capacity.total:
            place = (*keys, "total") if name == VOICE else (*keys, "slots", name)
            yield Fault(place, f"a contact of {name} weighs {weights[name]}, more than the total of {capacity.total}")
