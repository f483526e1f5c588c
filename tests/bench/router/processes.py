# SPDX-License-Identifier: GPL-2.0-only
"""What headquarters' processes have had of the machine."""

import os
import re
from pathlib import Path

PROCESSES = ("nats-server", "record", "headquarters")


def peak_mib(pid: int) -> float:
    """The most memory that the process has had."""
    found = re.search(r"VmHWM:\s+([0-9]+) kB", Path(f"/proc/{pid}/status").read_text())
    if found is None:
        raise ValueError(f"process {pid} tells no VmHWM")
    return int(found[1]) / 1024


def cpu_s(pid: int) -> float:
    """The processor's time that the process has had, of all its threads."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
