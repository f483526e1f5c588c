# SPDX-License-Identifier: GPL-2.0-only
"""What a change of each key ends at most, for who types it: of a leaf the row with the longest beginning of its path.

A path is of the schema: the role, then keys, and of a list of several kinds the kind. `concerns.py` says it of two
files that are there, process by process; tests hold one against the other for every leaf.
"""

import enum
from collections.abc import Iterator
from typing import Any

from appliance.config import edit
from appliance.config.tree import Block, Choice, Leaf, Node, Rows, Table


class Impact(enum.StrEnum):
    """What ends by a change, from least to most."""

    NONE = "none"
    """No call."""
    LEG = "leg"
    """Calls of phones."""
    GROUP = "group"
    """Calls of the spans that one line worker serves."""
    BOX = "box"
    """Every call."""


WORDS = {
    Impact.NONE: ("ends no call", "不影响通话"),
    Impact.LEG: ("ends calls of phones", "中断话机通话"),
    Impact.GROUP: ("ends calls of its span", "中断该接口通话"),
    Impact.BOX: ("ends every call", "中断全部通话"),
}
"""English and Chinese. Calls are waited for first, as the commit says."""

Path = tuple[str, ...]
_SPANS, _CARDS = ("cesopsn", "dahdi", "ds26521"), ("si3050", "dahdi-fxo")
"""What is known of an analogue line their worker rereads."""
IMPACTS: dict[Path, Impact] = {
    ("role",): Impact.BOX,
    ("branch",): Impact.NONE,
    ("branch", "box"): Impact.BOX,
    ("branch", "engine"): Impact.BOX,
    ("branch", "spans"): Impact.GROUP,
    ("branch", "spans", "driver"): Impact.BOX,
    ("branch", "spans", "dahdi"): Impact.BOX,  # the supervisor holds its channels for the engine
    ("branch", "spans", "dahdi-fxo"): Impact.BOX,
    **{("branch", "spans", kind, "analogue"): Impact.NONE for kind in (*_SPANS, *_CARDS)},
    **{("branch", "spans", kind, "lines", "analogue"): Impact.NONE for kind in _CARDS},
    ("branch", "tandem", "span"): Impact.GROUP,
    ("branch", "sip"): Impact.LEG,
    ("branch", "sip", "listen"): Impact.BOX,  # with it the port of Kamailio's copies, which the supervisor holds
    ("branch", "peers", "box"): Impact.LEG,
    ("branch", "peers", "proxy"): Impact.LEG,
    ("branch", "peers", "packet_ms"): Impact.LEG,
    ("headquarters",): Impact.NONE,
    ("headquarters", "box"): Impact.BOX,
    ("headquarters", "server"): Impact.BOX,
    ("headquarters", "duplex"): Impact.BOX,
    ("headquarters", "enrolment"): Impact.BOX,
    ("voter",): Impact.BOX,
    ("voter", "diagnostics"): Impact.NONE,
    ("voter", "management"): Impact.NONE,
}


def impact(path: Path) -> Impact:
    """Of a leaf. Raises KeyError for a role that is none."""
    return IMPACTS[path] if path in IMPACTS or len(path) == 1 else impact(path[:-1])


def under(path: Path, form: Block | Choice, said: Any, key: str) -> Path:
    """The path of a key in a block as it is now."""
    kind = (said or {}).get(form.tag) if isinstance(form, Choice) and key != form.tag else None
    return (*path, kind, key) if kind else (*path, key)


def leaves(form: Node, path: Path = (), typed: Path = ()) -> Iterator[tuple[Path, Path, Leaf]]:
    """Every leaf: its path here, its path as it is typed, and it."""
    match form:
        case Leaf():
            yield path, typed, form
        case Rows(item=item, key=key):
            yield from leaves(item, path, (*typed, f"<{key or 'place'}>"))
        case Table(value=value):
            yield from leaves(value, path, (*typed, "<name>"))
        case Block(fields=fields):
            for key, one in fields.items():
                yield from leaves(one, (*path, key), (*typed, key))
        case Choice(kinds=kinds):
            for key, one in edit.fields(form, {}).items():
                yield from leaves(one, (*path, key), (*typed, key))
            for word, block in kinds.items():
                yield from leaves(block, (*path, word), (*typed, f"[{word}]") if typed else ())
