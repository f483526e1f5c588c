# SPDX-License-Identifier: GPL-2.0-only
"""One box in QEMU over many power cuts: started to service, asked, cut off; and what its disk says while it is off."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from appliance.update.boot import Loader
from tests.image.machine import Machine, Port, SilentError

PATIENCE_S = 900.0
"""From the mains to service, on a machine that others keep busy."""
RECORD = "cat /data/update/record.json"
SECTOR, ESP = 512, bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")  # UEFI §5.3.3 stores its type so
CLI = (
    "cd /usr/lib/branchline && BRANCHLINE_CONFIG=/data/branchline/branch.yaml BRANCHLINE_STATE=/data/branchline "
    "runuser -u branchline -- build/venv/bin/python -m appliance.cli"
)
BUNDLES = "/run/bundles"
OVER = ("idle", "confirmed", "fallen-back")


class WrongError(AssertionError):
    """The box is not as it has to be."""


@dataclass(frozen=True, slots=True)
class Env:
    """GRUB's words, as they lie on the disk."""

    good: str
    wanted: str
    """The slot that starts next."""


class Box:
    """`folder` has its disk, made of `image` where `fresh`; `bundles` is a second disk."""

    def __init__(self, folder: Path, image: Path, bundles: Path, *, fresh: bool) -> None:
        self._bundles = bundles
        self.machine = Machine(folder, image, keep=not fresh)

    @property
    def console(self) -> Port:
        """GRUB and the kernel."""
        return self.machine.ports[0]

    @property
    def shell(self) -> Port:
        """The root's."""
        return self.machine.ports[1]

    def off(self) -> Env:
        """What the disk says of the slots, of a box that is off. Raises WrongError."""
        file = self.machine.folder / "grubenv"
        file.unlink(missing_ok=True)
        at = f"{self.machine.disk}@@{_esp(self.machine.disk)}"
        subprocess.run(["mcopy", "-n", "-i", at, "::EFI/BOOT/grubenv", file], check=True, capture_output=True)
        now = Loader(file).read()
        if now.get("good") not in ("A", "B"):
            raise WrongError(f"GRUB's words are lost: {now}")
        return Env(now["good"], now.get("try") or now["good"])

    def switch_on(self) -> str:
        """Until GRUB has chosen; the slot."""
        self.machine.start(with_shell=True, more=["-drive", f"if=virtio,format=raw,readonly=on,file={self._bundles}"])
        return self._chosen()

    def _chosen(self) -> str:
        return self.console.expect(r"branchline: slot (\w)", PATIENCE_S)[1]

    def in_service(self) -> None:
        """Until the appliance and its updater serve. Raises WrongError, or SilentError."""
        self.shell.expect("#ready#", PATIENCE_S)
        until = time.monotonic() + PATIENCE_S
        asked = "systemctl is-active branchline.service branchline-update.service | paste -sd+"
        while (told := self.shell.run(asked, PATIENCE_S)) != "active+active":
            if time.monotonic() > until:
                log = self.shell.run("journalctl --no-pager -n 15 -u branchline -u branchline-update", PATIENCE_S)
                raise WrongError(f"no service ({told}): {log}")
            time.sleep(3.0)

    def settled(self) -> dict[str, str]:
        """Until no update is under way, over the restarts that it may take; its record."""
        until = time.monotonic() + 3 * PATIENCE_S
        while time.monotonic() < until:
            try:
                record: dict[str, str] = json.loads(self.shell.run(RECORD, 30.0))
            except (SilentError, ValueError):
                if self._restarted():
                    self.in_service()
                continue
            if record["state"] in OVER:
                return record
            time.sleep(3.0)
        raise WrongError(f"an update without end: {self.shell.run(RECORD, PATIENCE_S)}")

    def _restarted(self) -> bool:
        try:
            self.console.expect(r"branchline: slot (\w)", 1.0)
        except SilentError:
            return False
        return True

    def begin_update(self) -> None:
        """Ask for it; it goes on by itself."""
        self.shell.run(f"mkdir -p {BUNDLES}; mountpoint -q {BUNDLES} || mount -o ro /dev/vdb {BUNDLES}", 120.0)
        self.shell.type(f"{CLI} update install {BUNDLES}/bundle.raucb --allow-older >/run/told 2>&1 &\r")

    def until(self, state: str) -> None:
        """The update has come to it. Raises WrongError where it ends before."""
        until, record = time.monotonic() + PATIENCE_S, dict[str, str]()
        seen = False
        while time.monotonic() < until:
            record = json.loads(self.shell.run(RECORD, PATIENCE_S))
            if record["state"] == state:
                return
            seen = seen or record["state"] not in OVER
            if seen and record["state"] in OVER:
                raise WrongError(f"the update has ended: {record}; {self.shell.run('cat /run/told')}")
            time.sleep(1.0)
        raise WrongError(f"the update never came to {state}: {record}; {self.shell.run('cat /run/told')}")

    def until_restart(self) -> str:
        """GRUB has chosen again; the slot."""
        return self._chosen()

    def begin_commit(self, name: str) -> None:
        """A new name for the box, committed."""
        words = f"configure\nset name {name}\ncommit comment power-cuts\nexit\n"
        self.shell.run(f"printf '{words}' >/run/words".replace("\n", "\\n"), 60.0)
        self.shell.type(f"{CLI} </run/words >/run/told 2>&1; sync; echo committed-{name}\r")

    def committed(self, name: str, seconds: float) -> bool:
        """Whether it has said so within that."""
        try:
            self.shell.expect(rf"\ncommitted-{name}", seconds)
        except SilentError:
            return False
        return "version" in self.shell.run("cat /run/told", PATIENCE_S)

    def name(self) -> str:
        """Of the configuration in force; a version of the same text must be kept where it was ever committed."""
        return self.shell.run("sed -n 's/^name: *//p' /data/branchline/branch.yaml", 120.0).strip("'\"")

    def cut(self) -> None:
        """The mains fail."""
        self.machine.cut()


def _esp(disk: Path) -> int:
    """Octets before the EFI system partition."""
    with disk.open("rb") as opened:
        head = opened.read(SECTOR * 34)
    at = head.find(ESP, SECTOR * 2)
    return int.from_bytes(head[at + 32 : at + 40], "little") * SECTOR
