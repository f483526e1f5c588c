# SPDX-License-Identifier: GPL-2.0-only
"""Two spans back to back in memory."""

from drivers.vpair.driver import VpairDriver, VpairSettings

__all__ = ["VpairDriver", "VpairSettings"]
