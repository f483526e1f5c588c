# SPDX-License-Identifier: GPL-2.0-only
"""What is known of a line: how it rings, hangs up, tells the caller, and is dialled. May change while it is in use."""

import enum
from functools import cache
from typing import Literal

import msgspec

from appliance.config.scalars import suggestion
from appliance.signalling.fxo import modes
from appliance.signalling.fxo.events import SetMode
from appliance.signalling.fxo.states import TIMERS
from dsp.tools.tone_zones import zones


@cache
def tone_zones() -> frozenset[str]:
    """Names of dsp/tables/tone_zones.toml."""
    return frozenset(zones())


class HangUp(enum.StrEnum):
    """What says that the far end has hung up."""

    POLARITY = "polarity"
    CPC = "cpc"  # calling party control: the exchange opens the loop for a while
    TONE = "tone"  # busy and its like, or dial tone
    SILENCE = "silence"


class Answer(enum.StrEnum):
    """What says that the called party has answered."""

    POLARITY = "polarity"
    RINGBACK = "ringback"  # its end; without any, some seconds without a busy tone
    DIALLED = "dialled"  # nothing: a call counts as answered when it has been dialled


class CallerId(enum.StrEnum):
    """The kind of caller ID."""

    NONE = "none"
    BELL202 = "bell202"
    V23 = "v23"
    V23_JP = "v23_jp"  # the line is taken for it before it truly rings
    DTMF = "dtmf"


class Place(enum.StrEnum):
    """Where it is sent."""

    BEFORE_RING = "before_ring"
    POLARITY = "polarity"  # before the ring, told by a reversal
    AFTER_RING = "after_ring"  # between the first and the second


class DialBy(enum.StrEnum):
    """How digits are sent."""

    DTMF = "dtmf"
    PULSE = "pulse"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one line."""

    mode: str = "FCC"
    zone: str = "us"  # of dsp/tables/tone_zones.toml
    ground_start: bool = False
    hang_up: tuple[HangUp, ...] = tuple(HangUp)
    answer: Answer = Answer.RINGBACK
    caller_id: CallerId = CallerId.BELL202
    place: Place = Place.AFTER_RING
    dial_by: DialBy = DialBy.DTMF
    dial_tone: bool = True  # it is waited for
    pulse_break_ms: int = 60
    pulse_make_ms: int = 40
    pulse_pause_ms: int = 800
    acim: int | None = None  # another impedance than the mode's
    busy_ms: tuple[int, int] | None = None  # a busy tone on and off, where it is not the zone's
    learns: tuple[Literal["caller_id", "hang_up", "impedance"], ...] = ()  # what is taken over when it has been learned
    timers: dict[str, float] = {}  # seconds, by the names in states.TIMERS and of RECOGNITION

    def check(self) -> None:
        """Raise ValueError with what is wrong and the nearest valid name."""
        modes.load(self.mode)
        if self.zone not in tone_zones():
            raise ValueError(f"no tone zone {self.zone!r}; {suggestion(self.zone, tone_zones())}")
        if self.acim is not None and not 0 <= self.acim <= 15:
            raise ValueError(f"acim {self.acim}: the port has impedances 0 to 15")
        if self.busy_ms is not None and min(self.busy_ms) < 50:
            raise ValueError(f"busy_ms {self.busy_ms}: a tone and its pause last 50 ms at least")
        known = {timer.name for timer in TIMERS.values()} | RECOGNITION.keys()
        for name, seconds in self.timers.items():
            if name not in known:
                raise ValueError(f"no timer {name!r}; {suggestion(name, known)}")
            if not seconds >= 0:
                raise ValueError(f"timer {name} of {seconds} s: it cannot be negative")
        if self.caller_id is CallerId.V23_JP and self.place is not Place.POLARITY:
            raise ValueError("v23_jp is told by a reversal: place must be 'polarity'")
        if min(self.pulse_break_ms, self.pulse_make_ms) < 10 or self.pulse_pause_ms < 200:
            raise ValueError("a pulse's break and make last 10 ms at least, the pause between digits 200 ms")

    def seconds(self, name: str) -> float:
        """How long such a change must stand until it counts."""
        return self.timers.get(name, RECOGNITION[name])

    def port(self) -> SetMode:
        """What the port is set to."""
        acim = modes.load(self.mode).acim if self.acim is None else self.acim
        return SetMode(self.mode, acim, self.zone, self.busy_ms)

    @property
    def told_before_ring(self) -> bool:
        """Whether the caller is known before it rings, if at all."""
        return self.caller_id is not CallerId.NONE and self.place is not Place.AFTER_RING


# Until a change counts. Ours: what lines do when a relay falls is shorter, what means something longer.
RECOGNITION = {
    "polarity": 0.06,  # EN 300 659-1: transitions take up to some ms; chatter of relays some 10 ms
    "open": 0.2,  # CPC of exchanges has 0.25 to 1 s; switching opens the loop for up to 0.1 s
    "battery": 0.05,
    "shared": 0.5,  # a parallel phone, not its pulses
    "ring": 0.1,  # one or two periods of 20 to 50 Hz are a knock
    "ring_end": 0.3,  # pauses within a ring have 0.2 s (United Kingdom)
}
