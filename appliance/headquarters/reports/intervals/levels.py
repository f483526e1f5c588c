# SPDX-License-Identifier: GPL-2.0-only
"""What is made of a row when it is read: service levels, averages. Exact: fractions of its counts, rounded when shown.

The four service levels are those of Cisco's reports; they differ in what becomes of callers who abandoned within the
threshold: they are left out (`ignored`), count as late (`negative`), count as in time (`positive`), or only answered
contacts are looked at (`handled`). None where there is nothing to divide by.
"""

import datetime as dt
import math
from fractions import Fraction

from appliance.headquarters.reports.intervals.figures import Figures

LEVELS = ("ignored", "negative", "positive", "handled")
SAMPLES_IN_MS = 8


def service_levels(row: Figures) -> dict[str, Fraction | None]:
    """By name, 0 to 1."""
    in_time, gone, all_of_them = row.level_answered, row.level_abandoned, row.level_offered
    return {
        "ignored": _ratio(in_time, all_of_them - gone),
        "negative": _ratio(in_time, all_of_them),
        "positive": _ratio(in_time + gone, all_of_them),
        "handled": _ratio(in_time, row.answered),
    }


def averages_ms(row: Figures) -> dict[str, Fraction | None]:
    """`answer_wait`: the average speed of answer (ASA); `abandon_wait`; of the answered `talk`, `hold`, `wrap_up`.

    `handle`: the three together, the average handle time (AHT).
    """
    worked_ms = Fraction(row.talk_samples, SAMPLES_IN_MS) + row.hold_ms + row.wrap_up_ms
    return {
        "answer_wait": _ratio(row.answer_wait_ms, row.answered),
        "abandon_wait": _ratio(row.abandon_wait_ms, row.abandoned),
        "talk": _ratio(row.talk_samples, row.answered * SAMPLES_IN_MS),
        "hold": _ratio(row.hold_ms, row.answered),
        "wrap_up": _ratio(row.wrap_up_ms, row.answered),
        "handle": worked_ms / row.answered if row.answered else None,
    }


def percent(level: Fraction | None) -> str | None:
    """With two places, half a hundredth up."""
    hundredths = rounded(None if level is None else level * 10_000)
    return None if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02}"


def rounded(average: Fraction | None) -> int | None:
    """To the next whole number, halves up."""
    return None if average is None else math.floor(average + Fraction(1, 2))


def utc(at_ns: int) -> str:
    """A moment as other programs read it."""
    return dt.datetime.fromtimestamp(at_ns // 10**9, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None
