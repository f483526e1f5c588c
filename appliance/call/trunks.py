# SPDX-License-Identifier: GPL-2.0-only
"""How many calls each trunk group has, and whether it has room for one more: counted from the contacts themselves.

A call in that is one too many is not counted: it is refused, or goes on as another group's call out.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from appliance.call.contact import Contact, Party
from appliance.config.trunks import TrunkGroup
from appliance.wire.line_tests import Result
from appliance.wire.spans import ChannelState

FILE = "trunks.json"
"""In the box's folder `run`."""


class GroupNow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group: calls now, and how many there were since `since_ns` (UTC); `too_many` were refused or went on."""

    group: TrunkGroup
    since_ns: int
    now_in: int = 0
    now_out: int = 0
    came_in: int = 0
    went_out: int = 0
    too_many: int = 0


class Groups:
    """Those of a branch, in its file's order."""

    def __init__(self, groups: Sequence[TrunkGroup]) -> None:
        began_ns = time.time_ns()
        self._counted = {group.name: GroupNow(group, began_ns) for group in groups}

    def full_out(self, contacts: Sequence[Contact], beside: int = 0) -> Mapping[str, str]:
        """Trunks that take no call out, and why. `beside`: calls that are to have room all the same."""
        told = [(group, _full(group, contacts, inward=False, beside=beside)) for group in self._limited]
        return {member: why for group, why in reversed(told) if why for member in group.members}

    def too_many(self, contacts: Sequence[Contact], trunk: str | None) -> tuple[str, str]:
        """Why a call in by this trunk is one too many, and the number that it goes on to; empty: it is not, or none."""
        for group in self._limited:
            if trunk in group.members and (why := _full(group, contacts, inward=True)):
                now = self._counted[group.name]
                self._counted[group.name] = msgspec.structs.replace(now, too_many=now.too_many + 1)
                return why, group.overflow or ""
        return "", ""

    def happened(self, before: Contact | None, after: Contact) -> None:
        """Count the legs that are new."""
        known = {party.leg for party in _legs(before)} if before is not None else ()
        for party in _legs(after):
            for name, now in self._counted.items() if party.leg not in known else ():
                if party.trunk in now.group.members:
                    came, went = now.came_in + party.inward, now.went_out + (not party.inward)
                    self._counted[name] = msgspec.structs.replace(now, came_in=came, went_out=went)

    def now(self, contacts: Sequence[Contact]) -> tuple[GroupNow, ...]:
        """All of them."""
        return tuple(
            msgspec.structs.replace(one, now_in=calls_in, now_out=calls_out)
            for one in self._counted.values()
            for calls_in, calls_out in [_use(one.group, contacts)]
        )

    @property
    def _limited(self) -> Iterator[TrunkGroup]:
        limits = (
            (one.group, (one.group.calls, one.group.most_in, one.group.most_out)) for one in self._counted.values()
        )
        return (group for group, most in limits if any(limit is not None for limit in most))


def _legs(contact: Contact) -> Iterator[Party]:
    return (party for party in contact.parties if party.trunk and not party.released)


def _use(group: TrunkGroup, contacts: Iterable[Contact]) -> tuple[int, int]:
    """Calls in and out."""
    inward = [party.inward for one in contacts for party in _legs(one) if party.trunk in group.members]
    return sum(inward), len(inward) - sum(inward)


def _full(group: TrunkGroup, contacts: Iterable[Contact], *, inward: bool, beside: int = 0) -> str:
    calls_in, calls_out = _use(group, contacts)
    that_way, most = (calls_in, group.most_in) if inward else (calls_out, group.most_out)
    if most is not None and that_way + beside >= most:
        return f"{group.name} has {that_way} of {most} calls {'in' if inward else 'out'}"
    if group.calls is not None and calls_in + calls_out + beside >= group.calls:
        return f"{group.name} has {calls_in + calls_out} of {group.calls} calls"
    return ""


Channels = Mapping[str, Sequence[ChannelState]]
"""Of spans, by their names."""


def free(groups: Iterable[TrunkGroup], trunk: str, channels: Channels) -> Mapping[str, int]:
    """Free channels of each group that has this trunk."""
    return {
        group.name: sum(list(channels.get(member, ())).count(ChannelState.IDLE) for member in group.members)
        for group in groups
        if trunk in group.members
    }


def spare(groups: Iterable[TrunkGroup], trunk: str, channels: Channels) -> tuple[Result, str]:
    """Whether a call that can wait may have a channel. Open: callers need what there is; failed: none is in service.

    What has no channels, a peer, may be called.
    """
    own = channels.get(trunk)
    if own is None:
        return Result.PASS, ""
    if ChannelState.IDLE not in own:
        busy = ChannelState.BUSY in own
        return (Result.OPEN if busy else Result.FAIL), f"{trunk} has no channel {'free' if busy else 'in service'}"
    least = [name for name, count in free(groups, trunk, channels).items() if count < 2]
    return (Result.OPEN, f"{least[0]} has one free channel left") if least else (Result.PASS, "")


def show(run: Path, told: tuple[GroupNow, ...]) -> None:
    """For who looks: `read` finds the old or the new."""
    run.mkdir(parents=True, exist_ok=True)
    (run / f"{FILE}.new").write_bytes(msgspec.json.encode(told))
    (run / f"{FILE}.new").rename(run / FILE)


def read(run: Path) -> tuple[GroupNow, ...]:
    """As it was shown last. Raises OSError where nothing was, msgspec.DecodeError."""
    return msgspec.json.decode((run / FILE).read_bytes(), type=tuple[GroupNow, ...])
