# SPDX-License-Identifier: GPL-2.0-only
"""What the parts of a box, and boxes among themselves, say to each other. docs/wire.md is the text that binds."""
