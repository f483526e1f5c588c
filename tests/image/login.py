# SPDX-License-Identifier: GPL-2.0-only
"""A person at another desk, who logs in at the running image by SSH with a key of their own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.ports import HOST, free_port

BOX_PORT = 22
NETWORK = "10.0.2.0/24"
"""From where QEMU's user network comes."""
ADMINISTRATOR, STRANGER = "wang", "stranger"
PATIENCE_S = 120.0
DENIED = "Permission denied (publickey)"


class Desk:
    """Keys of an administrator and of a stranger, made here; `door` of this host leads to the box."""

    def __init__(self, folder: Path) -> None:
        self.door = free_port()
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in (ADMINISTRATOR, STRANGER):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name}@desk", "-f", str(folder / name)]
            subprocess.run(words, check=True, stdin=subprocess.DEVNULL)

    def configuration(self) -> list[str]:
        """What lets the administrator in."""
        key = (self._folder / f"{ADMINISTRATOR}.pub").read_text().strip()
        return [
            f"set management ssh sources {NETWORK}",
            f"set management users {ADMINISTRATOR} role administrator",
            f'set management users {ADMINISTRATOR} keys "{key}"',
            f"set management users {ADMINISTRATOR} root yes",
        ]

    def asks(self, name: str, command: str, account: str = "admin") -> str:
        """What one command of the box's prints, and ssh."""
        known = self._folder / "known_hosts"
        options = ["BatchMode=yes", "StrictHostKeyChecking=accept-new", f"UserKnownHostsFile={known}"]
        options += ["IdentitiesOnly=yes", "IdentityAgent=none", f"IdentityFile={self._folder / name}"]
        words = ["ssh", "-F", "none", "-p", str(self.door), *(word for one in options for word in ("-o", one))]
        done = subprocess.run(
            [*words, f"{account}@{HOST}", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            timeout=PATIENCE_S,
        )
        return done.stdout
