# SPDX-License-Identifier: GPL-2.0-only
"""`show version`: what runs on this box."""

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance import VERSION

RELEASE = Path("/etc/os-release")


def main(_words: Sequence[str]) -> int:
    """Product, system, kernel, how long it is up."""
    lines = {
        "Branchline": VERSION,
        "system": _system(),
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs",
        "up": _up(),
    }
    sys.stdout.write("".join(f"{name:<11} {said}\n" for name, said in lines.items()))
    return 0


def _system() -> str:
    try:
        said = dict(line.split("=", 1) for line in RELEASE.read_text().splitlines() if "=" in line)
    except OSError:
        return platform.system()
    return said.get("PRETTY_NAME", platform.system()).strip('"')


def _up() -> str:
    seconds = int(float(Path("/proc/uptime").read_text().split()[0]))
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours // 24} d {hours % 24} h {minutes} min"
