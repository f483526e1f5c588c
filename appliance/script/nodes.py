# SPDX-License-Identifier: GPL-2.0-only
"""A script as it is held in memory: eight kinds of node, joined by name.

A node names its successors in `next`, `otherwise` and `cases`; loading has proved that each of them exists and that
each node can be reached, so whoever walks a script need not ask again.
"""

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(pattern="[a-z][a-z0-9-]{0,31}")]
Prompts = Annotated[tuple[str, ...], Meta(min_length=1)]
Milliseconds = Annotated[int, Meta(ge=100, le=60_000)]


class Field(enum.StrEnum):
    """What a switch can look at."""

    DNIS = "dnis"
    CLID = "clid"
    ANI = "ani"
    CED = "ced"
    OUTCOME = "outcome"
    TIME = "time"


class Switch(msgspec.Struct, frozen=True, tag="switch", tag_field="do"):
    """Choose by one field: the exact case, else the longest case that ends in `*`, else `otherwise`.

    Cases of `time` are spans of local time, `09:00-18:00`, from the first minute up to but not including the last; a
    span may cross midnight; the first that fits is taken.
    """

    on: Field
    cases: dict[str, Name]
    otherwise: Name


class Play(msgspec.Struct, frozen=True, tag="play", tag_field="do"):
    """Play prompts; a digit ends them if `barge`, and is kept for the next collect."""

    prompts: Prompts
    next: Name
    barge: bool = True


class Collect(msgspec.Struct, frozen=True, tag="collect", tag_field="do"):
    """Play prompts and take digits; goes to `next` whether digits came or not, for a switch to tell."""

    prompts: Prompts
    next: Name
    max_digits: Annotated[int, Meta(ge=1, le=64)] = 1
    first_digit_ms: Milliseconds = 5000
    inter_digit_ms: Milliseconds = 3000
    terminators: Annotated[str, Meta(pattern="[0-9*#A-D]*")] = "#"
    tries: Annotated[int, Meta(ge=1, le=10)] = 1


class Queue(msgspec.Struct, frozen=True, tag="queue", tag_field="do"):
    """Ring the agent of the first queue that has one who has been free longest; `otherwise` when none is left.

    With `hold`, prompts that are played over and over, a caller waits for one up to `wait_s` and has the first who is
    free: by `priority`, 1 goes before 10, then by age, which is that of the contact's first wait.
    """

    queues: Annotated[tuple[str, ...], Meta(min_length=1)]
    otherwise: Name
    ring_s: Annotated[int, Meta(ge=1, le=300)] = 20
    record: bool = True
    hold: tuple[str, ...] = ()
    wait_s: Annotated[int, Meta(ge=1, le=86_400)] = 600
    priority: Annotated[int, Meta(ge=1, le=10)] = 5


class Count(msgspec.Struct, frozen=True, tag="count", tag_field="do"):
    """Let a contact pass to `next` `limit` times, afterwards to `otherwise`: the end of a loop."""

    limit: Annotated[int, Meta(ge=1, le=100)]
    next: Name
    otherwise: Name


class If(msgspec.Struct, frozen=True, tag="if", tag_field="do"):
    """Choose by an expression that is yes or no; see appliance/script/expression.py.

    `failed` where it has no value, such as number(ced) of a caller who dialled nothing; without the key `otherwise`.
    """

    that: str
    then: Name
    otherwise: Name
    failed: Name | None = None


class Percent(msgspec.Struct, frozen=True, tag="percent", tag_field="do"):
    """Share contacts out over `shares`, node by percent, 100 together: exactly, each hundred alike, none at random."""

    shares: Annotated[dict[Name, Annotated[int, Meta(ge=1, le=100)]], Meta(min_length=2)]


class Release(msgspec.Struct, frozen=True, tag="release", tag_field="do"):
    """Release the caller with a Q.850 cause."""

    cause: Annotated[int, Meta(ge=1, le=127)] = 16


Node = Switch | If | Percent | Play | Collect | Queue | Count | Release


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A script's file. `limit`: nodes that one contact may pass; `zone`: IANA time zone; `language`: of prompts.

    `calendars`: days by name, 2026-10-01 or 2026-10-01..2026-10-07, for holiday(…).
    """

    start: Name
    nodes: dict[Name, Node]
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 100
    zone: str = "UTC"
    language: str = "en"
    calendars: dict[Name, tuple[str, ...]] = {}


class Script(msgspec.Struct, frozen=True):
    """A script that has been checked; `version` is a hash of its file."""

    name: str
    version: str
    text: Text
