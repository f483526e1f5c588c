# SPDX-License-Identifier: GPL-2.0-only
"""Customers who wait without a line: they keep their place in the queue, and are called when an agent is theirs."""
