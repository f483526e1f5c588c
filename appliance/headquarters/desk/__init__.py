# SPDX-License-Identifier: GPL-2.0-only
"""The router's desk: what branches and agents ask, decided one after another, journaled, and let go."""

from appliance.headquarters.desk.commits import SNAPSHOT_ENTRIES
from appliance.headquarters.desk.desk import Desk

__all__ = ["SNAPSHOT_ENTRIES", "Desk"]
