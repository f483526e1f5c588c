# SPDX-License-Identifier: GPL-2.0-only
"""Drivers of cards that carry lines: one folder a card family, one protocol for all of them."""
