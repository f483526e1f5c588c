# SPDX-License-Identifier: GPL-2.0-only
"""MFC-R2 on channel-associated signalling: a table, variants as data, a machine without I/O."""
