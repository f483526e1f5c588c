# SPDX-License-Identifier: GPL-2.0-only
"""The page: a process of its own that reads the record and what headquarters has heard, and writes nothing."""
