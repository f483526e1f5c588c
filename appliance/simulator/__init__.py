# SPDX-License-Identifier: GPL-2.0-only
"""The exchange on the other end of the E1, its robot callers and its measuring ear."""
