# SPDX-License-Identifier: GPL-2.0-only
"""`make flash DEV=/dev/sdX`: the disk's image onto a disk, asked for first and read back afterwards.

Refused are: what is no whole disk, one that is in use in any way (mounted, swap, part of something), one that is too
small or read-only. What an older table of partitions has left at the disk's end is wiped, as it would be found there.
"""

import argparse
import fcntl
import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rootfs.setup.steps import SetupError

PIECE = 4 * 1024 * 1024
SYNC = 64 * 1024 * 1024
BACKUP = 34 * 512
"""Octets of a GPT's backup at the disk's end (UEFI 2.10, 5.3.1)."""
BLKRRPART, BLKFLSBUF = 0x125F, 0x1261  # linux/fs.h
SYSTEM_MOUNTS = {"/", "/boot", "/boot/efi", "/usr"}


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk, as the kernel tells it. `size` in octets."""

    device: Path
    size: int
    model: str
    serial: str

    def __str__(self) -> str:
        return f"{self.device}: {self.model}, {self.size / 1e9:.1f} GB, serial {self.serial}"


def disk(device: Path, least: int) -> Disk:
    """Raises: SetupError for what is no whole disk, is in use, cannot be written, or has less than `least` octets."""
    name = _block(device)
    folder = Path("/sys/class/block") / name
    if (folder / "partition").exists():
        whole = folder.resolve().parent.name
        raise SetupError(f"{device} is a partition", f"name the whole disk: DEV=/dev/{whole}")
    if _said(folder / "ro") == "1":
        raise SetupError(f"{device} is read-only", "move its switch, or take another")
    if uses := list(_uses(folder)):
        raise SetupError(f"{device} is in use: {', '.join(uses)}", _mend(uses))
    size = int(_said(folder / "size")) * 512
    if size < least:
        raise SetupError(f"{device} is too small: it has {size:,} octets, the image {least:,}", "take a larger one")
    hardware = folder / "device"
    serial = _said(hardware / "serial") or _said(folder / "serial") or "not told"
    return Disk(device, size, _said(hardware / "model") or f"a {name.rstrip('0123456789')} device", serial)


def _block(device: Path) -> str:
    try:
        status = device.stat()
    except OSError as error:
        raise SetupError(f"{device}: {error.strerror}", "lsblk lists the disks of this machine") from error
    if not stat.S_ISBLK(status.st_mode):
        raise SetupError(f"{device} is no block device", "lsblk lists the disks of this machine")
    return Path(f"/sys/dev/block/{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}").resolve().name


def _said(file: Path) -> str:
    return file.read_text("ascii", errors="replace").strip() if file.is_file() else ""


def _uses(folder: Path) -> Iterator[str]:
    """Of the disk and each of its partitions: mounts, swap, what is built upon them."""
    for part in (folder, *(path.parent for path in folder.glob("*/partition"))):
        number = _said(part / "dev")
        for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
            fields = line.split()
            if fields[2] == number:
                yield f"{part.name} is mounted at {fields[4]}"
        if any(line.split()[0] == f"/dev/{part.name}" for line in Path("/proc/swaps").read_text().splitlines()[1:]):
            yield f"{part.name} is swap"
        yield from (f"{part.name} is part of {holder.name}" for holder in (part / "holders").glob("*"))


def _mend(uses: list[str]) -> str:
    if any(use.rpartition(" mounted at ")[2] in SYSTEM_MOUNTS for use in uses):
        return "it is the disk that this machine runs from: take another"
    return "unmount it (umount), or take another"


def flash(image: Path, to: Disk, tell: Callable[[str, int, int], None]) -> None:
    """Write, then read back. `tell`: what is done, octets so far, of how many. Raises: SetupError."""
    size = image.stat().st_size
    try:
        written = _write(image, to, size, tell)
        if _read_back(to, size, tell) != written:
            raise SetupError(f"{to} does not say what was written to it", "take another: it is broken, or a fraud")
    except OSError as error:
        raise SetupError(f"{to}: {error.strerror}", "see dmesg; take another if it says input/output error") from error


def _write(image: Path, to: Disk, size: int, tell: Callable[[str, int, int], None]) -> str:
    total, done = hashlib.sha256(), 0
    with image.open("rb") as source, _opened(to.device, os.O_RDWR | os.O_EXCL) as sink:
        if to.size - size >= BACKUP:
            sink.seek(to.size - BACKUP)
            sink.write(bytes(BACKUP))
            sink.seek(0)
        for piece in _pieces(source, size):
            sink.write(piece)
            total.update(piece)
            done += len(piece)
            if done % SYNC < PIECE or done == size:
                os.fsync(sink.fileno())
            tell("written", done, size)
        fcntl.ioctl(sink, BLKFLSBUF)
    return total.hexdigest()


def _read_back(to: Disk, size: int, tell: Callable[[str, int, int], None]) -> str:
    total, done = hashlib.sha256(), 0
    with _opened(to.device, os.O_RDONLY) as source:
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        for piece in _pieces(source, size):
            total.update(piece)
            done += len(piece)
            tell("read back", done, size)
    return total.hexdigest()


def _opened(device: Path, flags: int) -> BinaryIO:
    return open(device, "rb+" if flags & os.O_RDWR else "rb", buffering=0, opener=lambda path, _: os.open(path, flags))


def _pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left and (piece := source.read(min(PIECE, left))):
        left -= len(piece)
        yield piece


def reread(to: Disk) -> None:
    """Let the kernel see the new partitions; a loop device may not have any."""
    with _opened(to.device, os.O_RDONLY) as opened:
        try:
            fcntl.ioctl(opened, BLKRRPART)
        except OSError as error:
            print(
                f"flash: this machine has not reread the partitions ({error.strerror}); the disk is good all the same"
            )


class Meter:
    """One line at a terminal, twice a second; elsewhere one at each tenth. Rate is of the whole step."""

    def __init__(self) -> None:
        self._doing, self._began_s, self._told_s, self._tenth = "", 0.0, 0.0, -1

    def tell(self, doing: str, done: int, size: int) -> None:
        """How far a step is."""
        now_s = time.monotonic()
        if doing != self._doing:
            self._doing, self._began_s, self._told_s, self._tenth = doing, now_s, 0.0, -1
        rate = done / max(now_s - self._began_s, 1e-3)
        line = f"{doing} {100 * done // size} %, {rate / 1e6:.0f} MB/s, {round((size - done) / rate)} s left"
        if sys.stdout.isatty() and (now_s >= self._told_s + 0.5 or done == size):
            self._told_s = now_s
            print(f"\r\033[K{line}", end="\n" if done == size else "", flush=True)
        elif not sys.stdout.isatty() and 10 * done // size != self._tenth:
            self._tenth = 10 * done // size
            print(line, flush=True)


def asked(image: Path, device: Path) -> Disk:
    """The disk, when somebody has seen what it is and typed its name. Raises: SetupError."""
    if not image.is_file():
        raise SetupError(f"{image} is not there", "make image")
    found = disk(device, image.stat().st_size)
    print(f"flash: {found}\nflash: all that is on it is lost. Type {device} to write {image.name}:", flush=True)
    if sys.stdin.readline().strip() != str(device):
        raise SetupError("nothing was written", "type the name of the disk as it was given")
    return found


def main() -> int:
    """0: written and read back; 1: stderr says why not."""
    parser = argparse.ArgumentParser(prog="make flash", description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("device", type=Path, help="the whole disk, such as /dev/sdX")
    options = parser.parse_args()
    try:
        found = asked(options.image, options.device)
        flash(options.image, found, Meter().tell)
        reread(found)
    except SetupError as error:
        sys.stderr.write(f"flash: {error}\nmend:  {error.mend}\n")
        return 1
    print(f"flash: {options.device} has the image, read back octet by octet; it may be taken out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
