# SPDX-License-Identifier: GPL-2.0-only
"""Where a contact stands in its script, as a short text that travels to the branch and back unread.

`<version>/<node>/<passed>/<counts>`: the script's version, the node whose action was given out, how many nodes the
contact has passed, and how often it passed each `count` (`retry=2,again=1`).
"""

import re
from collections.abc import Mapping

import msgspec

_CURSOR = re.compile(
    r"(?P<version>[0-9a-f]{1,64})/(?P<node>[a-z][a-z0-9-]*)/(?P<passed>[0-9]{1,6})/(?P<counts>[a-z0-9=,-]*)"
)
_COUNT = re.compile(r"(?P<node>[a-z][a-z0-9-]*)=(?P<times>[0-9]{1,6})")


class Cursor(msgspec.Struct, frozen=True):
    """A place in a script."""

    version: str
    node: str
    passed: int
    counts: Mapping[str, int]


def write(cursor: Cursor) -> str:
    """The text of it."""
    counts = ",".join(f"{node}={times}" for node, times in sorted(cursor.counts.items()))
    return f"{cursor.version}/{cursor.node}/{cursor.passed}/{counts}"


def read(text: str) -> Cursor | None:
    """The cursor, or None where the text is not one of ours."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        return None
    counts = {}
    for part in filter(None, found["counts"].split(",")):
        count = _COUNT.fullmatch(part)
        if count is None:
            return None
        counts[count["node"]] = int(count["times"])
    return Cursor(found["version"], found["node"], int(found["passed"]), counts)
