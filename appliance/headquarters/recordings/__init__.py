# SPDX-License-Identifier: GPL-2.0-only
"""Recordings at headquarters: taken in chunk by chunk, kept as files."""
