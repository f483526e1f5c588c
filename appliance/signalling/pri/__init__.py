# SPDX-License-Identifier: GPL-2.0-only
"""Primary rate ISDN: Q.921 and Q.931 over one D-channel, by libpri."""
