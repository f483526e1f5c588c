# SPDX-License-Identifier: GPL-2.0-only
"""How well a span has carried, by quarters of an hour and by days, and what ails it now."""

import enum

import msgspec

from appliance.wire.message import Message

QUARTER_S = 900
DAY_S = 86_400


class Verdict(enum.StrEnum):
    """Whose fault it is."""

    SOUND = "sound"
    TELCO = "telco"
    CABLE = "cable"
    CLOCK = "clock"
    HOST = "host"
    CONFIGURATION = "configuration"


class Figures(msgspec.Struct, frozen=True, omit_defaults=True):
    """One direction's, of the seconds that were observed (G.826)."""

    seconds: int = 0
    """Observed; what is wanting to the interval's length nobody saw. More where the clock was set back."""
    es: int = 0
    """Errored seconds of available time."""
    ses: int = 0
    """Severely errored ones."""
    bbe: int = 0
    """Errored blocks outside severely errored seconds."""
    uas: int = 0
    """Unavailable seconds."""
    slips: int = 0
    """Controlled slips (G.822)."""


class Interval(msgspec.Struct, frozen=True, omit_defaults=True):
    """A quarter of an hour or a day, from `start_s` (UTC) on."""

    start_s: int
    near: Figures = Figures()
    """Of what we receive."""
    far: Figures = Figures()
    """Of what the far end receives, as it tells; `seconds` are those in which it could be heard."""
    clock_s: int = 0
    """Seconds in which the span's clock was followed; the figures below are of those."""
    ppm_mean: float = 0.0
    """The span's clock against the machine's."""
    ppm_least: float = 0.0
    ppm_most: float = 0.0


class SpanPerformance(Message, frozen=True):
    """At attachment and each minute. The oldest interval first, the last is under way; those that lack nobody saw."""

    span: int
    name: str
    quarters: tuple[Interval, ...]
    days: tuple[Interval, ...]
    verdict: Verdict = Verdict.SOUND
    sentence: str = ""
    """What the counters say, and what to do."""
    chinese: str = ""
    """The same."""
    window_s: int = 0
    """Of how many seconds the verdict is; 0: there is none yet."""
