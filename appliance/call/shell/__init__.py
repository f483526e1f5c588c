# SPDX-License-Identifier: GPL-2.0-only
"""Call control's side with sockets, clock and timers: around states.step, which has none."""
