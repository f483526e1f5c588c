# SPDX-License-Identifier: GPL-2.0-only
"""Boards without a kernel driver: an FXO chip and an E1/T1 framer behind SPI and GPIO."""
