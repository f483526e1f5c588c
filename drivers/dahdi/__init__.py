# SPDX-License-Identifier: GPL-2.0-only
"""Spans of DAHDI's kernel drivers."""

from drivers.dahdi.channels import SpanChannels, answers
from drivers.dahdi.control import Control
from drivers.dahdi.driver import DahdiDriver, DahdiSettings
from drivers.dahdi.framer import CardFramer
from drivers.dahdi.kernel import DahdiError
from drivers.dahdi.line import E1Line, T1Line

__all__ = [
    "CardFramer",
    "Control",
    "DahdiDriver",
    "DahdiError",
    "DahdiSettings",
    "E1Line",
    "SpanChannels",
    "T1Line",
    "answers",
]
