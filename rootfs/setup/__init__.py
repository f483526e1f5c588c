# SPDX-License-Identifier: GPL-2.0-only
"""Everything a Debian machine needs before any other verb, in order, each step only when its inputs changed."""
