# SPDX-License-Identifier: GPL-2.0-only
"""Starts a box's processes, watches them, starts them again, and holds what must outlive them."""
