# SPDX-License-Identifier: GPL-2.0-only
"""How well a span carries: errored seconds by G.826, their history, and the verdict on what ails it."""
