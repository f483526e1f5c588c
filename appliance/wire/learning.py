# SPDX-License-Identifier: GPL-2.0-only
"""What a span's analogue lines have learned from their calls, and why it is believed."""

import msgspec

from appliance.wire.message import Message


class Proof(msgspec.Struct, frozen=True):
    """A piece of evidence; `at_ns` is UTC."""

    at_ns: int
    sentence: str
    chinese: str


class Contradiction(msgspec.Struct, frozen=True):
    """What is configured, and what the line's calls bring instead."""

    key: str
    set_to: str
    brings: str


class LineLearned(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line, by its timeslot."""

    timeslot: int
    calls: int = 0
    """Answered ones."""
    hang_up: tuple[str, ...] = ()
    busy_ms: tuple[int, int] | None = None
    caller_id: str = ""
    """Empty: not known yet; none: its calls bring none."""
    place: str = ""
    impedance: str | None = None
    """As the branch file names it; empty: not known yet; None: it is not learned here."""
    contradictions: tuple[Contradiction, ...] = ()
    proofs: tuple[Proof, ...] = ()


class LinesLearned(Message, frozen=True):
    """At attachment and as it grows; lines that have shown nothing yet are missing."""

    span: int
    name: str
    lines: tuple[LineLearned, ...]
