# SPDX-License-Identifier: GPL-2.0-only
"""What is known of a span at one moment, read once a second: all that its history and its verdict are made of."""

import msgspec

from drivers.model import FRAMER_BLOCKS, LineErrors, SpanStatus


class Host(msgspec.Struct, frozen=True):
    """How the machine kept time, since the engine began."""

    late_ticks: int = 0
    """Ticks more than 10 ms after their time."""
    skipped_ticks: int = 0
    """Ticks that never were: a stall of more than 200 ms, or the engine's death."""
    machine_late: int = 0
    """Of a thread that idles beside the engine: the machine's own share."""


class Look(msgspec.Struct, frozen=True):
    """One moment. Counters are those of SpanStatus and LineErrors: they only grow, and begin anew with the span."""

    span: SpanStatus
    host: Host = Host()
    d_channel_up: bool | None = None
    """None: the span has none."""
    errors: LineErrors | None = None
    """What a card's framer counts; None: the span has no framer, as E1 over UDP."""
    blocks: int = FRAMER_BLOCKS["e1"]
    """A framer's, each second."""
