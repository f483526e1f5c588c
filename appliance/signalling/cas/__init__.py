# SPDX-License-Identifier: GPL-2.0-only
"""Signalling by robbed bits or timeslot 16 without registers: E&M trunks, FXS and FXO channels."""
