# SPDX-License-Identifier: GPL-2.0-only
"""The appliance's disk image: Debian's packages, our own parts compiled for them, one disk with two slots."""
