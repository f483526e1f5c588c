# SPDX-License-Identifier: GPL-2.0-only
"""Protocol stacks of the lines, each without any I/O of its own."""
