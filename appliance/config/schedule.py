# SPDX-License-Identifier: GPL-2.0-only
"""When a call type's callers meet another script than its own."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

ScriptName = Annotated[str, Meta(pattern="[A-Za-z0-9._-]{1,64}")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Period(msgspec.Struct, frozen=True, omit_defaults=True):
    """`script` while all that is named is so: one of `dates`, one of the week's `days`, a `time` of day, a `holiday`.

    `dates`: 2026-10-01 or 2026-10-01..2026-10-07; `time`: 18:00-09:00, from the first minute up to but not including
    the last. A time that crosses midnight belongs to the day on which it begins. `holiday`: any day of that calendar.
    """

    script: ScriptName
    dates: tuple[str, ...] = ()
    days: tuple[Weekday, ...] = ()
    time: str = ""
    holiday: str = ""
