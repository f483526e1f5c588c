# SPDX-License-Identifier: GPL-2.0-only
"""Recording: taps of the media engine to a log that survives, and from it one sealed file a recording."""
