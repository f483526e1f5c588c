# SPDX-License-Identifier: GPL-2.0-only
"""Where a contact stands in its script, as a short text that travels to the branch and back unread.

`<script>/<version>/<node>/<passed>/<counts>/<language>/<ced>/<call type>/<record>/<frames>`: the script and its
version, the node whose action was given out, how many nodes the contact has passed in all its scripts, how often it
passed each `count` and was asked by each `menu` of this one (`retry=2,again=1`), what a `language` said, `secret` where
the digits it dialled last are, what a `requalify` made of it, what a `record` said, on or off, and the scripts that
wait for this one to return (`welcome:ask:again=1:team:card;…`, see Frame). What is empty at the end is left out.
"""

import functools
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

import msgspec

_CURSOR = re.compile(
    r"(?P<script>[A-Za-z0-9._-]{1,64})/(?P<version>[0-9A-Za-z]{1,64})/(?P<node>[a-z][a-z0-9-]*)/(?P<passed>[0-9]{1,6})"
    r"(/(?P<counts>[a-z0-9=,-]*))?(/(?P<language>[A-Za-z0-9_-]{0,16}))?(/(?P<ced>(secret)?))?(/(?P<call_type>[^/]*))?"
    r"(/(?P<record>(on|off)?))?(/(?P<frames>[^/]*))?"
)
DEEPEST = 5  # scripts that wait for one another
_COUNT = re.compile(r"(?P<node>[a-z][a-z0-9-]*)=(?P<times>[0-9]{1,6})")


_FRAME = re.compile(
    r"(?P<script>[A-Za-z0-9._-]{1,64}):(?P<node>[a-z][a-z0-9-]*):(?P<counts>[a-z0-9=,-]*):(?P<stands>[A-Za-z0-9._:-]*)"
)


class Frame(msgspec.Struct, frozen=True):
    """A script that waits for another one: at its `run`, with what it has counted.

    `stands`: where it stood in queues then, `script/node`.
    """

    script: str
    node: str
    counts: Mapping[str, int] = {}
    stands: str = ""


class Cursor(msgspec.Struct, frozen=True):
    """A place in a script; `secret`: the digits dialled last are. What has not been changed since is empty, or None."""

    script: str
    version: str
    node: str
    passed: int = 0
    counts: Mapping[str, int] = {}
    language: str = ""
    secret: bool = False
    call_type: str = ""
    record: bool | None = None
    frames: tuple[Frame, ...] = ()


def write(cursor: Cursor) -> str:
    """The text of it."""
    place = f"{cursor.script}/{cursor.version}/{cursor.node}/{cursor.passed}"
    said = cursor.counts or cursor.language or cursor.secret or cursor.call_type or cursor.record is not None
    if not (said or cursor.frames):
        return place
    counts = _counted(cursor.counts)
    ced = "secret" if cursor.secret else ""
    parts = (place, counts, cursor.language, ced)
    record = "" if cursor.record is None else "on" if cursor.record else "off"
    call_type = quote(cursor.call_type, safe="") if cursor.call_type else ""
    frames = ";".join(
        [f"{one.script}:{one.node}:{_counted(one.counts)}:{one.stands.replace('/', ':')}" for one in cursor.frames]
    )
    return "/".join((*parts, call_type, record, frames)).rstrip("/")


def _counted(counts: Mapping[str, int]) -> str:
    return ",".join([f"{node}={times}" for node, times in sorted(counts.items())])


@functools.lru_cache(4096)
def read(text: str) -> Cursor | None:
    """The cursor, or None where the text is not one of ours. Many contacts stand at one place."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        return None
    counts = _counts(found["counts"] or "")
    frames = [_frame(one) for one in filter(None, (found["frames"] or "").split(";"))]
    if counts is None or None in frames or len(frames) > DEEPEST:
        return None
    return Cursor(
        found["script"],
        found["version"],
        found["node"],
        int(found["passed"]),
        counts,
        found["language"] or "",
        bool(found["ced"]),
        unquote(found["call_type"] or ""),
        found["record"] == "on" if found["record"] else None,
        tuple(one for one in frames if one is not None),
    )


def _counts(text: str) -> dict[str, int] | None:
    counts = {}
    for part in filter(None, text.split(",")):
        count = _COUNT.fullmatch(part)
        if count is None:
            return None
        counts[count["node"]] = int(count["times"])
    return counts


def _frame(text: str) -> Frame | None:
    found = _FRAME.fullmatch(text)
    counts = None if found is None else _counts(found["counts"])
    if found is None or counts is None:
        return None
    return Frame(found["script"], found["node"], counts, found["stands"].replace(":", "/"))
