# SPDX-License-Identifier: GPL-2.0-only
"""What is known of a telephone number beside its digits, in the words of Q.931 §4.5.8, §4.5.10 and Q.952."""

import enum

import msgspec


class NumberType(enum.StrEnum):
    """Type of number: how much of it there is."""

    UNKNOWN = "unknown"
    INTERNATIONAL = "international"
    NATIONAL = "national"
    NETWORK_SPECIFIC = "network-specific"
    SUBSCRIBER = "subscriber"
    ABBREVIATED = "abbreviated"


class NumberPlan(enum.StrEnum):
    """Numbering plan: whose number it is."""

    UNKNOWN = "unknown"
    ISDN = "isdn"
    DATA = "data"
    TELEX = "telex"
    NATIONAL = "national"
    PRIVATE = "private"


class NumberKind(msgspec.Struct, frozen=True, omit_defaults=True):
    """Type and plan together."""

    type: NumberType = NumberType.UNKNOWN
    plan: NumberPlan = NumberPlan.UNKNOWN


UNKNOWN_KIND = NumberKind()


class RedirectingReason(enum.StrEnum):
    """Why a call was sent on to us."""

    UNKNOWN = "unknown"
    BUSY = "busy"
    NO_REPLY = "no-reply"
    DEFLECTION = "deflection"
    OUT_OF_ORDER = "out-of-order"
    BY_TERMINAL = "by-terminal"
    UNCONDITIONAL = "unconditional"


class Redirecting(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who sent a call on to us last, and why. `number` None: it is not to be shown."""

    number: str | None
    reason: RedirectingReason = RedirectingReason.UNKNOWN
    kind: NumberKind = UNKNOWN_KIND


class Withheld(msgspec.Struct, frozen=True, omit_defaults=True):
    """The number of a caller who does not want it shown: for a trunk that his call goes on to, not for people."""

    number: str = ""
    kind: NumberKind = UNKNOWN_KIND
