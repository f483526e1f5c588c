# SPDX-License-Identifier: GPL-2.0-only
"""A disk as a power cut would leave it now, looked at from outside: GRUB's words, file system, record, configuration.

No machine is started for it, so many a moment can be looked at; e2fsck replays the journal as the box's start does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.update.boot import Loader
from appliance.update.record import Record

SECTOR = 512
ESP = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")  # UEFI §5.3.3 stores its types so
DATA = bytes.fromhex("af3dc60f838472478e793d69d8477de4")
UNCORRECTED = 4
"""e2fsck(8): from this exit status on something is lost, or is for a person to mend."""


class LostError(AssertionError):
    """Something on the disk is not whole."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a disk says. `name`: of the configuration; `state`: of the update. Empty: there is none yet."""

    good: str
    wanted: str
    state: str
    name: str


def words(disk: Path, folder: Path) -> dict[str, str]:
    """GRUB's. Raises: LostError, BootError."""
    file = folder / "grubenv"
    file.unlink(missing_ok=True)
    at = f"{disk}@@{_partition(disk, ESP)[0] * SECTOR}"
    subprocess.run(["mcopy", "-n", "-i", at, "::EFI/BOOT/grubenv", file], check=True, capture_output=True)
    now = Loader(file).read()
    if now.get("good") not in ("A", "B"):
        raise LostError(f"GRUB's words are lost: {now}")
    return now


def copied(disk: Path, folder: Path) -> dict[str, str]:
    """What `look` wants, of a disk to which nobody writes meanwhile; GRUB's words. Raises: LostError, BootError."""
    first, last = _partition(disk, DATA)
    data = folder / "data.img"
    data.unlink(missing_ok=True)
    where = (f"skip={first * SECTOR}", f"count={(last + 1 - first) * SECTOR}", "iflag=skip_bytes,count_bytes")
    copy = ["dd", f"if={disk}", f"of={data}", "bs=1M", "conv=sparse", *where]
    subprocess.run(copy, check=True, capture_output=True)
    return words(disk, folder)


def look(now: Mapping[str, str], folder: Path) -> Look:
    """At what was copied, with GRUB's words. Raises: LostError."""
    data = folder / "data.img"
    checked = subprocess.run(["e2fsck", "-p", data], capture_output=True, text=True, check=False)
    if checked.returncode >= UNCORRECTED:
        raise LostError(f"the data's file system is damaged: {checked.stdout}{checked.stderr}")
    record, box = _cat(data, "/update/record.json"), _cat(data, "/branchline/branch.yaml")
    names = [line.removeprefix("name:").strip(" '\"") for line in box.splitlines() if line.startswith("name:")]
    if box and (len(names) != 1 or not box.endswith("\n")):
        raise LostError(f"the configuration is not whole: {box[-200:]!r}")
    try:
        state = msgspec.json.decode(record, type=Record).state if record else ""
    except msgspec.DecodeError as error:
        raise LostError(f"the record of the update is not whole: {error}") from error
    return Look(now["good"], now.get("try") or now["good"], state, "".join(names))


def taken(folder: Path, file: str) -> Path:
    """A copy of a file of what was copied. Raises: LostError."""
    into = folder / Path(file).name
    into.unlink(missing_ok=True)
    dump = ["debugfs", "-R", f"dump {file} {into}", str(folder / "data.img")]
    told = subprocess.run(dump, capture_output=True, text=True, check=True)
    if not into.exists():
        raise LostError(f"{file} is not on the disk: {told.stderr}")
    return into


def _cat(data: Path, file: str) -> str:
    """Empty where it is not there."""
    told = subprocess.run(["debugfs", "-R", f"cat {file}", data], capture_output=True, text=True, check=True)
    return told.stdout


def _partition(disk: Path, kind: bytes) -> tuple[int, int]:
    """First and last sector of the only one of a type."""
    with disk.open("rb") as opened:
        head = opened.read(SECTOR * 34)
    at = head.find(kind, SECTOR * 2)
    return int.from_bytes(head[at + 32 : at + 40], "little"), int.from_bytes(head[at + 40 : at + 48], "little")
