# SPDX-License-Identifier: GPL-2.0-only
"""What cards have in common: spans, timeslots, clocks, alarms, counters, and the analogue line.

Spans and timeslots are numbered as on the wire of the engine: spans from 0, timeslots of an E1 0 to 31 (0 is framing),
of a T1 1 to 24.
People count spans from 1; `str(Timeslot)` speaks to people. Lines are numbered from 0 likewise.
"""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

DigitalLine = Literal["e1", "t1"]
TIMESLOTS: dict[DigitalLine, range] = {"e1": range(1, 32), "t1": range(1, 25)}
"""Of a line, without an E1's framing (0)."""
D_CHANNELS: dict[DigitalLine, int] = {"e1": 16, "t1": 24}
"""Where ISDN has its D-channel."""
FRAMER_BLOCKS: dict[DigitalLine, int] = {"e1": 1000, "t1": 333}
"""That a framer checks each second: CRC-4 submultiframes, extended superframes of CRC-6 (G.704)."""
TIMESLOTS_PER_SPAN = 32
CAS_TIMESLOT = 16
SPANS = 8
CLOCKS = 8
"""Highest number of a clock domain, and of a priority."""


class Alarm(enum.IntFlag):
    """Alarms of a span, in the words of G.775 and G.732; a set of them stands at any time."""

    NONE = 0
    LOS = 1
    """Loss of signal; on a packet span: no packet comes."""
    LFA = 2
    """Loss of frame alignment; a structure-locked packet span never raises it."""
    AIS = 4
    """Alarm indication signal: the far end tells that its own line failed."""
    RAI = 8
    """Remote alarm indication: the far end does not receive us."""
    RED = 16
    """LOS or LFA has stood for 500 ms; cleared after 500 ms without."""
    FAULT = 32
    """The card itself does not answer, or lost its settings; LOS stands with it."""


class Cas(msgspec.Struct, frozen=True):
    """Channel-associated signalling: bits ABCD (A is 8) of timeslots, of an E1 in timeslot 16 (G.704 §5.1.3.2).

    A T1's are robbed from the sound by its framer; D4 has A and B alone: C and D that come are these again.

    Raises:
        ValueError: a value out of its range.
    """

    resting_bits: int = 0b1101
    """Sent until the line worker says otherwise, and after its death. The default is R2's blocking."""

    def __post_init__(self) -> None:
        check_bits(self.resting_bits, "resting_bits")


def check_bits(abcd: int, name: str) -> None:
    """Raises: ValueError for what is no set of four bits."""
    if not 0 <= abcd <= 0b1111:
        raise ValueError(f"{name}={abcd}: 0 to 15, A is 8")


class ClockDomain(msgspec.Struct, frozen=True):
    """Where the sample clock of a span comes from."""

    source: Literal["recovered", "local"] = "recovered"
    number: int = 1
    """Spans of one number have one clock."""
    priority: int = 1
    """The lowest leads the engine's clock."""
    trim_ppm: float = 0.0
    """Offset of the local clock, −200 to 200 ppm; simulators use it to skew themselves."""


def check_line(line: str) -> None:
    """Raises: ValueError for what is neither."""
    if line not in TIMESLOTS:
        raise ValueError(f"line={line}: {' or '.join(TIMESLOTS)}")


def check_clock(trim_ppm: float, clock_domain: int, clock_priority: int) -> None:
    """Raises: ValueError for a value out of its range."""
    if not -200 <= trim_ppm <= 200:
        raise ValueError(f"trim_ppm={trim_ppm}: -200 to 200")
    if not 1 <= clock_domain <= CLOCKS:
        raise ValueError(f"clock_domain={clock_domain}: 1 to {CLOCKS}")
    if not 1 <= clock_priority <= CLOCKS:
        raise ValueError(f"clock_priority={clock_priority}: 1 to {CLOCKS}")


class Span(msgspec.Struct, frozen=True):
    """One E1 or T1 port of a card."""

    number: int
    card: str
    clock: ClockDomain = ClockDomain()


class Timeslot(msgspec.Struct, frozen=True):
    """One timeslot of a span."""

    span: int
    number: int

    @property
    def port(self) -> int:
        """Number of the engine's port that carries it."""
        return self.span * TIMESLOTS_PER_SPAN + self.number

    def __str__(self) -> str:
        return f"span {self.span + 1} timeslot {self.number}"


class SpanCounters(msgspec.Struct, frozen=True):
    """Counters of a span since it was opened; they survive a restart of the engine."""

    received: int = 0
    """Good packets."""
    sent: int = 0
    send_errors: int = 0
    """Packets the kernel would not take."""
    lost: int = 0
    """Packets that had not come when their turn was."""
    late: int = 0
    """Packets that came after their turn."""
    duplicates: int = 0
    stray: int = 0
    """Datagrams from another source than the configured remote."""
    malformed: int = 0
    """Datagrams of a wrong size or with a damaged header."""
    resyncs: int = 0
    """Times the receive buffer was laid out anew after a loss of synchronisation."""
    slips: int = 0
    """Times frames were dropped or repeated because two clocks drifted apart (G.822): of what is received."""
    slips_sent: int = 0
    """The same of what is sent."""
    frames_received: int = 0
    """Good frames of the D-channel."""
    frames_sent: int = 0
    fcs_errors: int = 0
    frame_errors: int = 0
    """Aborted, too short, too long or not octet-aligned frames of the D-channel."""


class SpanStatus(msgspec.Struct, frozen=True):
    """A span as it stands now."""

    span: int
    open: bool
    alarms: Alarm
    counters: SpanCounters
    buffer_ms: float
    """How long before its turn the last good packet came; the receive buffer's depth."""
    clock_ppm: float
    """The span's clock against the machine's monotonic clock."""
    clock_locked: bool
    """A recovered clock has settled on the far end's; always true for a local clock."""
    leads: bool = False
    """The engine's clock is this span's."""
    skew_ppm: float = 0.0
    """The span's clock against the engine's, where spans of several clocks meet."""
    store_ms: float = 0.0
    """What that costs a sound, each way."""


class LineErrors(msgspec.Struct, frozen=True):
    """What a framer has counted since the span was configured (G.826)."""

    code_violations: int = 0
    """Bipolar violations that the line code does not explain (G.703)."""
    crc_errors: int = 0
    """CRC-4 of an E1, CRC-6 of an ESF T1 (G.704)."""
    framing_errors: int = 0
    """Frame alignment words in error."""
    far_end_block_errors: int = 0
    """E bits that were 0: the far end received a CRC-4 error."""
    slips: int = 0
    """Frames repeated or left out by the framer's elastic store (G.822)."""


class Loop(enum.StrEnum):
    """A loop inside a framer (ANSI T1.403 names the two for the far end)."""

    LOCAL = "local"
    """What we send comes back to us; the line hears nothing of us."""
    LINE = "line"
    """What the far end sends goes back to it as it came."""
    PAYLOAD = "payload"
    """The same, framed anew."""


class Defect(enum.StrEnum):
    """An error that a framer sends on purpose, one."""

    FRAME = "frame"
    """In the frame alignment signal."""
    CRC = "crc"


class LineAlarm(enum.IntFlag):
    """Alarms of an analogue line; a set of them stands at any time."""

    NONE = 0
    FAULT = 1
    """The card does not answer, or lost its settings."""
    NO_BATTERY = 2
    """No voltage while on hook, or no current while off hook: the cable is cut, or the exchange has cleared."""


class LineStatus(msgspec.Struct, frozen=True):
    """An analogue line as it stands now, seen from the subscriber's side (FXO)."""

    ready: bool = False
    """It has been powered up and takes commands."""
    off_hook: bool = False
    ringing: bool = False
    """A burst of ringing is on."""
    fed: bool = False
    """Voltage while on hook, current while off hook; as it last was while that cannot be seen: ringing, pulses."""
    voltage_v: int | None = None
    """Tip to ring, with its sign; None: the card does not tell."""
    current_ma: float = 0.0
    """Loop current."""
    reversed: bool = False
    """The feed's polarity is the other one than when the line was powered up."""
    alarms: LineAlarm = LineAlarm.NONE


class LineEvent(enum.Enum):
    """What happens on an analogue line."""

    READY = "ready"
    RING = "ring"
    """A burst of ringing begins."""
    RING_ENDED = "ring ended"
    """It is over; another may follow."""
    POLARITY_REVERSED = "polarity reversed"
    """Answer or end of a call, caller ID to come: what it means is the exchange's custom."""
    ALARMS_CHANGED = "alarms changed"
