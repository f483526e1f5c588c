# SPDX-License-Identifier: GPL-2.0-only
"""What the boot loader keeps to: GRUB's environment block, three words of it ours (`rootfs/image/grub/grub.cfg`).

`good` is the slot that userland has confirmed; it is booted whatever happens. `try` gets one boot: GRUB makes it
`tried` on the disk first, so that a slot that hangs, or a power cut, leads back to `good`. All variables lie in the
block's first sector, which is written in place, alone: a power cut leaves the words before or those after. (Debian's
grub-editenv empties the file first.)
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

SIGNATURE = "# GRUB Environment Block\n"
SIZE, SECTOR = 1024, 512
SLOTS = ("A", "B")
CMDLINE, BOOT = Path("/proc/cmdline"), Path("/proc/sys/kernel/random/boot_id")


class BootError(Exception):
    """The environment block is not one, or holds more than a sector; its text says where."""


def other(slot: str) -> str:
    """The one of the two that it is not."""
    return SLOTS[slot == SLOTS[0]]


def running(cmdline: Path = CMDLINE) -> str:
    """The slot that GRUB has booted; empty on a machine that has none."""
    found = re.search(r"(?:^|\s)rauc\.slot=([AB])(?:\s|$)", cmdline.read_text())
    return found[1] if found else ""


def this_boot() -> str:
    """Names this start of the machine."""
    return BOOT.read_text("ascii").strip()


class Loader:
    """The boot loader's memory. `file`: the environment block, on the EFI system partition."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def good(self) -> str:
        """The slot that it keeps to."""
        return self.read().get("good", "")

    @property
    def next(self) -> str:
        """The slot that it boots next."""
        now = self.read()
        return now.get("try") or now.get("good", "")

    @property
    def tried(self) -> str:
        """The slot whose one try is spent."""
        return self.read().get("tried", "")

    def give_try(self, slot: str) -> None:
        """One boot of a slot; of the good one none is counted."""
        self._write({"try": slot if slot != self.good else "", "tried": ""})

    def clear(self, slot: str) -> None:
        """No boot of a slot that may be written over. Raises BootError for the good one."""
        if slot == self.good:
            raise BootError(f"slot {slot} is what the box boots: it is not written over")
        if slot in (self.next, self.tried):
            self._write({"try": "", "tried": ""})

    def confirm(self, slot: str) -> None:
        """It is the good one from now on."""
        self._write({"good": slot, "try": "", "tried": ""})

    def read(self) -> dict[str, str]:
        """Every variable. Raises BootError."""
        text = self.file.read_text("ascii", errors="replace")
        if len(text) != SIZE or not text.startswith(SIGNATURE):
            raise BootError(f"{self.file} is no environment block of GRUB's")
        lines = text.removeprefix(SIGNATURE).rstrip("#").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def _write(self, changed: Mapping[str, str]) -> None:
        octets = block({**self.read(), **changed})[:SECTOR]
        opened = os.open(self.file, os.O_RDWR | os.O_DSYNC)
        try:
            if os.pread(opened, SECTOR, 0) != octets:
                os.pwrite(opened, octets, 0)
                os.fsync(opened)
        finally:
            os.close(opened)


def block(variables: Mapping[str, str]) -> bytes:
    """An environment block, all of it in its first sector. Raises BootError where it does not fit."""
    text = SIGNATURE + "".join(f"{name}={value}\n" for name, value in variables.items())
    if len(text) > SECTOR:
        raise BootError(f"{len(text)} octets of variables: GRUB's environment block has {SECTOR} for them here")
    return text.ljust(SIZE, "#").encode("ascii")
