# SPDX-License-Identifier: GPL-2.0-only
"""The IVR: carries out the verbs of a treatment on one engine port. See README.md for the reading order."""
