# SPDX-License-Identifier: GPL-2.0-only
"""Interval statistics: what became of the contacts that were offered in five minutes."""
