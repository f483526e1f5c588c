# SPDX-License-Identifier: GPL-2.0-only
"""Two headquarters of which one is active, and a majority of three message servers that says which."""
