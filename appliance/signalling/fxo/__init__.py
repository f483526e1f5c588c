# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines towards an exchange (FXO): ring, caller ID, dialling, hang-up by whatever the line has for it."""
