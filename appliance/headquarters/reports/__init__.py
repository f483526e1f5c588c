# SPDX-License-Identifier: GPL-2.0-only
"""The record: every call event once, and what they tell of contacts, legs, decisions and recordings."""
