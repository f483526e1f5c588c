# SPDX-License-Identifier: GPL-2.0-only
"""E1 over UDP/IP (CESoPSN, RFC 5086)."""

from drivers.cesopsn.driver import CesopsnDriver, CesopsnSettings

__all__ = ["CesopsnDriver", "CesopsnSettings"]
