# SPDX-License-Identifier: GPL-2.0-only
"""Why something is believed of a line."""

from typing import NamedTuple


class Evidence(NamedTuple):
    """What was seen or heard, and when, in the clock's seconds."""

    at_s: float
    sentence: str
    chinese: str
