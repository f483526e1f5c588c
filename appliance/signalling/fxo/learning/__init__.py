# SPDX-License-Identifier: GPL-2.0-only
"""A line that learns: what ordinary use shows of its hang-up, busy tone, caller ID and impedance, with the evidence."""
