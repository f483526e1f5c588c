# SPDX-License-Identifier: GPL-2.0-only
"""What stacks tell alike of a call, whatever the line. Causes are Q.850."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallSeized:
    """The far end has taken the channel, or rings; more about the call is awaited."""


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The called party has answered, or our answer is on the line."""


@dataclass(frozen=True, slots=True)
class CallDisconnected:
    """The call is lost and CallCleared a matter of time: release, or the channel does after a while."""

    cause: int


@dataclass(frozen=True, slots=True)
class CallCleared:
    """The call is over. Said once for each call that was placed or seized, always last.

    The channel is free then, unless ChannelBlocked follows. `by_peer`: the far end ended it, else we or a timer.
    """

    cause: int
    by_peer: bool


@dataclass(frozen=True, slots=True)
class ChannelBlocked:
    """The far end takes no call."""


@dataclass(frozen=True, slots=True)
class ChannelIdle:
    """It does again."""


@dataclass(frozen=True, slots=True)
class SetBits:
    """Send these bits ABCD, A is 8, until others are ordered."""

    abcd: int


@dataclass(frozen=True, slots=True)
class CallAccepted:
    """The called line is rung, known by bits or tone; or all has been dialled, and sound alone will tell."""


@dataclass(frozen=True, slots=True)
class HookFlashed:
    """The far end has opened the loop, or gone on-hook, for so short that it is no hanging up."""
