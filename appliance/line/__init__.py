# SPDX-License-Identifier: GPL-2.0-only
"""The line worker: spans, their channels, and the legs on them, told by the leg protocol."""
