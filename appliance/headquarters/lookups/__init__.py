# SPDX-License-Identifier: GPL-2.0-only
"""Lookups: what scripts ask databases and HTTP services, each within its time."""
