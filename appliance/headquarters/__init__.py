# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters: the message server, the router's desk, the record, the recordings, the page."""
