# SPDX-License-Identifier: GPL-2.0-only
"""Type and plan of numbers and reasons of redirection, in octet 3 of Q.931 §4.5.8 and octet 3b of §4.6.7 and back."""

from appliance.wire.numbers import NumberKind, NumberPlan, NumberType, RedirectingReason

TYPES = {
    0: NumberType.UNKNOWN,
    1: NumberType.INTERNATIONAL,
    2: NumberType.NATIONAL,
    3: NumberType.NETWORK_SPECIFIC,
    4: NumberType.SUBSCRIBER,
    6: NumberType.ABBREVIATED,
}
PLANS = {
    0: NumberPlan.UNKNOWN,
    1: NumberPlan.ISDN,
    3: NumberPlan.DATA,
    4: NumberPlan.TELEX,
    8: NumberPlan.NATIONAL,
    9: NumberPlan.PRIVATE,
}
REASONS = {
    0: RedirectingReason.UNKNOWN,
    1: RedirectingReason.BUSY,
    2: RedirectingReason.NO_REPLY,
    3: RedirectingReason.DEFLECTION,
    9: RedirectingReason.OUT_OF_ORDER,
    10: RedirectingReason.BY_TERMINAL,
    15: RedirectingReason.UNCONDITIONAL,
}
TYPE_CODES = {name: code for code, name in TYPES.items()}
PLAN_CODES = {name: code for code, name in PLANS.items()}
REASON_CODES = {name: code for code, name in REASONS.items()}


def kind_of(octet: int) -> NumberKind:
    """Of octet 3; reserved values are unknown."""
    return NumberKind(TYPES.get(octet >> 4 & 7, NumberType.UNKNOWN), PLANS.get(octet & 15, NumberPlan.UNKNOWN))


def octet_of(kind: NumberKind) -> int:
    """Octet 3 without its extension bit."""
    return TYPE_CODES[kind.type] << 4 | PLAN_CODES[kind.plan]


def reason_of(code: int) -> RedirectingReason:
    """Of octet 3b."""
    return REASONS.get(code & 15, RedirectingReason.UNKNOWN)
