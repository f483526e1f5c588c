# SPDX-License-Identifier: GPL-2.0-only
"""Q.850 causes and what group A and B say, both ways.

Spec: Q.850 §2.2.7; R2 knows fewer reasons, so several causes are one verdict, and a variant that lacks a verdict says
the nearest it has.
"""

from collections.abc import Container

from appliance.signalling.r2.variant import Verdict

_V = Verdict
ACCEPTING = frozenset({_V.FREE, _V.FREE_NO_CHARGE, _V.FREE_HELD})

# Group A's two refusals are the same words as group B's.
CAUSE_OF: dict[str, int] = {
    _V.BUSY: 17,
    _V.TOLL_BUSY: 17,
    _V.CONGESTION: 42,
    _V.UNALLOCATED: 1,
    _V.CHANGED: 22,
    _V.OUT_OF_ORDER: 27,
    _V.SPECIAL_TONE: 4,
}

_UNALLOCATED = (_V.UNALLOCATED, _V.BUSY)
_CONGESTION = (_V.CONGESTION,)
_OTHERWISE = (_V.SPECIAL_TONE, _V.OUT_OF_ORDER, _V.BUSY)
_NEAREST: dict[int, tuple[Verdict, ...]] = {
    **dict.fromkeys((1, 2, 3, 28), _UNALLOCATED),
    **dict.fromkeys((34, 38, 41, 42, 43, 44, 47, 49, 58, 63), _CONGESTION),
    4: _OTHERWISE,
    17: (_V.BUSY,),
    22: (_V.CHANGED, *_UNALLOCATED),
    27: (_V.OUT_OF_ORDER, *_OTHERWISE),
}


def verdict(cause: int, known: Container[Verdict]) -> Verdict:
    """What of the `known` verdicts refuses a call for this cause; congestion is always known."""
    return next((said for said in _NEAREST.get(cause, _OTHERWISE) if said in known), _V.CONGESTION)
