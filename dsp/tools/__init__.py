# SPDX-License-Identifier: GPL-2.0-only
"""Makers of the C tables. `python -m dsp.tools.make_tables` writes all; a test compares them with the committed."""
