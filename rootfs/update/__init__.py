# SPDX-License-Identifier: GPL-2.0-only
"""`make keys`, `make bundle`, `make flash`: what is signed, what a box fetches, what is written to a disk."""
