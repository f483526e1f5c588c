# SPDX-License-Identifier: GPL-2.0-only
"""The archive for whoever is asked for help."""
