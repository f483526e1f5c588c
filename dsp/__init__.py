# SPDX-License-Identifier: GPL-2.0-only
"""Sound: the C core, its build and one thin wrapper per block."""
