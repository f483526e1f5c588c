# SPDX-License-Identifier: GPL-2.0-only
"""`python -m tests.vm.simulate SPAN ALARMS`: give a dynamic span alarms, or none.

A process of its own, because DAHDI 3.1's SIMULATE_ALARM returns with its RCU read lock held: who asks could never
unmake a span again. The kernel lets go of it when the process ends.
"""

import fcntl
import struct
import sys

from drivers.dahdi import abi

SIMULATE_ALARM = 0x4008DA52

with open(abi.CONTROL, "r+b", buffering=0) as control:  # noqa: PTH123 - a device
    fcntl.ioctl(control, SIMULATE_ALARM, struct.pack("=2i", *map(int, sys.argv[1:])))
