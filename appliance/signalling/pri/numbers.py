# SPDX-License-Identifier: GPL-2.0-only
"""Type and plan of numbers, reasons of redirection and bearers as octets of Q.931 §4.5.8, §4.6.7, §4.5.5, and back."""

from appliance.wire.legs import Bearer
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
BEARERS = {
    0x00: Bearer.SPEECH,
    0x08: Bearer.UNRESTRICTED,
    0x09: Bearer.RESTRICTED,
    0x10: Bearer.AUDIO,
    0x11: Bearer.TONES,
    0x18: Bearer.VIDEO,
}
TYPE_CODES = {name: code for code, name in TYPES.items()}
PLAN_CODES = {name: code for code, name in PLANS.items()}
REASON_CODES = {name: code for code, name in REASONS.items()}
BEARER_CODES = {name: code for code, name in BEARERS.items()}


def kind_of(octet: int) -> NumberKind:
    """Of octet 3; reserved values are unknown."""
    return NumberKind(TYPES.get(octet >> 4 & 7, NumberType.UNKNOWN), PLANS.get(octet & 15, NumberPlan.UNKNOWN))


def octet_of(kind: NumberKind) -> int:
    """Octet 3 without its extension bit."""
    return TYPE_CODES[kind.type] << 4 | PLAN_CODES[kind.plan]


def reason_of(code: int) -> RedirectingReason:
    """Of octet 3b."""
    return REASONS.get(code & 15, RedirectingReason.UNKNOWN)
