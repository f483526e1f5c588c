# SPDX-License-Identifier: GPL-2.0-only
"""Branchline's appliance: one package a concern, in the order a call passes through them."""

VERSION = "0.1.0"
