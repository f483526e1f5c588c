# SPDX-License-Identifier: GPL-2.0-only
"""Sharing contacts out by percent, exactly: who lacks most of their share so far has the next one."""

from collections.abc import Mapping

WHOLE = 100


def turn(shares: Mapping[str, int], given: Mapping[str, int]) -> tuple[str, dict[str, int]]:
    """Whose turn it is, and what has been given then; after a hundred it begins anew, with nothing given."""
    now = {target: given.get(target, 0) for target in shares}
    number = sum(now.values()) + 1
    target = max(shares, key=lambda one: shares[one] * number - WHOLE * now[one])  # the first of those that lack alike
    now[target] += 1
    return target, now if number < WHOLE else {}
