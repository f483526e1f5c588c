# SPDX-License-Identifier: GPL-2.0-only
"""Python's handle on the media engine; sound never enters Python."""
