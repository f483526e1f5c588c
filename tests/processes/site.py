# SPDX-License-Identifier: GPL-2.0-only
"""The simulator's site on free ports, for tests that start whole boxes."""

import re
import shutil
from pathlib import Path

from tests.ports import free_port, free_rtp_base

ROOT = Path(__file__).parents[2]
SITE = ROOT / "appliance/simulator/site"


def write_site(folder: Path) -> dict[str, int]:
    """Copy it with every port replaced; returns the new ports by the old ones."""
    shutil.copytree(SITE, folder, dirs_exist_ok=True)
    ports = {str(port): free_port() for port in (4222, 5060, 5070, 8095, 9001, 9101)}
    ports["20000"] = free_rtp_base()
    for name in ("branch.yaml", "headquarters.yaml"):
        text = (folder / name).read_text()
        for old, new in ports.items():
            text = re.sub(rf"(127\.0\.0\.1:|rtp_base: ){old}\b", rf"\g<1>{new}", text)
        (folder / name).write_text(text)
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    for name in ("nats", "8001", "8002", "8003"):
        (secrets / name).write_text("correct-horse\n")
        (secrets / name).chmod(0o600)
    return ports


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
