# SPDX-License-Identifier: GPL-2.0-only
"""Calendars: days that are unlike others, each with its name, for all scripts together."""

from typing import Annotated

import msgspec
from msgspec import Meta

CalendarName = Annotated[str, Meta(pattern="[a-z][a-z0-9-]{0,31}")]
DayName = Annotated[str, Meta(pattern="[^/]{1,64}")]


class Calendar(msgspec.Struct, frozen=True, omit_defaults=True):
    """`days` by the clock of `zone` (IANA): 2026-10-01, 2026-10-01..2026-10-07, or 12-25 of each year; with names."""

    name: CalendarName
    days: dict[str, DayName]
    zone: str = "UTC"
