# SPDX-License-Identifier: GPL-2.0-only
"""The uplink: all that a branch says to headquarters and hears from it."""
