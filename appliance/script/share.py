# SPDX-License-Identifier: GPL-2.0-only
"""Sharing contacts out exactly, by percent or weight: who lacks most of their share so far has the next one."""

from collections.abc import Mapping

WHOLE = 100


def turn(shares: Mapping[str, int], given: Mapping[str, int]) -> tuple[str, dict[str, int]]:
    """Whose turn it is, and what has been given then; after as many as the shares are it begins anew."""
    now = {target: given.get(target, 0) for target in shares}
    number = sum(now.values()) + 1
    whole = sum(shares.values())
    target = max(shares, key=lambda one: shares[one] * number - whole * now[one])  # the first of those that lack alike
    now[target] += 1
    return target, now if number < whole else {}
