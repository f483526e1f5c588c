# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters' boxes: who they are, what they are given."""
