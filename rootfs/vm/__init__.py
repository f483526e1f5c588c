# SPDX-License-Identifier: GPL-2.0-only
"""The guest of `make vm-test`: a Debian kernel with DAHDI's drivers, in QEMU without hardware."""
