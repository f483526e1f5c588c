# SPDX-License-Identifier: GPL-2.0-only
"""Numbers, amounts, digits, dates and times as the prompts that say them, by language."""
