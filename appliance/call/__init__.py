# SPDX-License-Identifier: GPL-2.0-only
"""Call control: one contact's legs, from offer to release. See README.md for the reading order."""
