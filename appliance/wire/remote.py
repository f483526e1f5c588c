# SPDX-License-Identifier: GPL-2.0-only
"""A command line of a box, typed at headquarters: subject `cli.<box>`, one question and one answer."""

from typing import Annotated, Literal

import msgspec

from appliance.wire.message import Message

LINE_MOST = 4_096
SECONDS_MOST = 120
TEXT_MOST = 262_144
"""Octets of an answer."""


class LineTyped(Message, frozen=True):
    """`line` as it would be typed at the box, by whom, in which role; it is ended after `within_s`."""

    line: Annotated[str, msgspec.Meta(max_length=LINE_MOST)]
    by: str
    role: Literal["viewer", "technician", "administrator"]
    chinese: bool = False
    columns: Annotated[int, msgspec.Meta(ge=40, le=500)] = 80
    within_s: Annotated[int, msgspec.Meta(ge=1, le=SECONDS_MOST)] = 30


class LineAnswered(Message, frozen=True):
    """What it said, and its exit status; `cut`: there was more, or it did not end in time."""

    status: int
    text: str
    cut: bool = False
