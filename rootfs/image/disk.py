# SPDX-License-Identifier: GPL-2.0-only
"""The disk: a slot as squashfs, GRUB for a PC with EFI and for one with a BIOS, and genimage's map.

GRUB reads gzip in squashfs, and quickly; zstd it does not read, and xz costs a slow PC seconds at every start.
"""

import shutil
import struct
from pathlib import Path

from rootfs.image import roots
from rootfs.setup.steps import Progress, SetupError

HERE = Path(__file__).parent
MAP = HERE / "genimage.cfg"
GRUB_CFG = HERE / "grub" / "grub.cfg"
SLOT, DISK = "rootfs.squashfs", "branchline.img"
SQUASHFS = ("-comp", "gzip", "-Xcompression-level", "6", "-b", "256K", "-noappend", "-no-progress", "-quiet")
MODULES = "part_gpt fat squash4 gzio loadenv regexp test echo linux serial terminal configfile normal boot sleep reboot"
FIRST = HERE / "grub" / "first.env"
"""GRUB's environment of a new disk: slot A has been tested, slot B is empty."""
SECTOR = 512
BIOS_BOOT = "21686148-6449-6e6f-744e-656564454649"


def make_slot(progress: Progress, root: Path, slot: Path) -> None:
    """Pack a root. Raises SetupError."""
    slot.unlink(missing_ok=True)
    progress.run("squashfs", ["mksquashfs", str(root), str(slot), *SQUASHFS])


def make_disk(progress: Progress, builder: Path, folder: Path) -> Path:
    """The disk, of the slot that lies in `folder`; GRUB's programs are those of `builder`. Raises SetupError."""
    work = folder / "disk"
    shutil.rmtree(work, ignore_errors=True)
    boot = work / "root" / "EFI" / "BOOT"
    boot.mkdir(parents=True)
    (work / "input").mkdir()
    _grub(progress, builder, work / "input", boot)
    shutil.copy(GRUB_CFG, boot)
    (work / "input" / SLOT).symlink_to(folder / SLOT)
    paths = {"config": MAP, "rootpath": work / "root", "inputpath": work / "input", "outputpath": folder}
    options = [f"--{name}={path}" for name, path in (paths | {"tmppath": work / "tmp"}).items()]
    progress.run("the disk", ["genimage", *options])
    disk = folder / DISK
    start_by_bios(disk, (work / "input" / "boot.img").read_bytes())
    for part in ("esp.vfat", "data.ext4"):
        (folder / part).unlink(missing_ok=True)
    shutil.rmtree(work)
    return disk


def _grub(progress: Progress, builder: Path, made: Path, boot: Path) -> None:
    environment = " ".join(f"'{word}'" for word in FIRST.read_text("utf-8").splitlines())
    commands = [
        f"grub-mkimage -O x86_64-efi -p /EFI/BOOT -o /srv/BOOTX64.EFI {MODULES}",
        f"grub-mkimage -O i386-pc -p '(,gpt2)/EFI/BOOT' -o /srv/core.img biosdisk {MODULES}",
        "cp /usr/lib/grub/i386-pc/boot.img /srv",
        "rm -f /srv/*.env && grub-editenv /srv/grub.env create && grub-editenv /srv/machine.env create",
        f"grub-editenv /srv/grub.env set {environment}",
    ]
    roots.enter(progress, "GRUB", builder, " && ".join(commands), {made: "/srv"})
    for name in ("BOOTX64.EFI", "machine.env"):
        shutil.move(made / name, boot)
    shutil.move(made / "grub.env", boot / "grubenv")


def start_by_bios(disk: Path, boot: bytes) -> None:
    """Tell the sectors that a BIOS loads where the next lies: GRUB's boot.img in the MBR, its core in its partition.

    Spec: GRUB's boot.S keeps the core's first sector at 0x5c, diskboot.S the first of the rest at 0x1f4 of that.

    Raises:
        SetupError: the disk has no BIOS boot partition.
    """
    with disk.open("r+b") as image:
        start = partition_start(image.read(SECTOR * 34))
        image.seek(0)
        image.write(boot[:0x5C] + struct.pack("<Q", start) + boot[0x64:440])
        image.seek(start * SECTOR + 0x1F4)
        image.write(struct.pack("<Q", start + 1))


def partition_start(head: bytes) -> int:
    """First sector of the BIOS boot partition, from a disk's first 34 sectors. Raises SetupError."""
    wanted = bytes.fromhex("4861682149646f6e744e656564454649")  # BIOS_BOOT, as UEFI §5.3.3 stores it
    for entry in range(SECTOR * 2, len(head), 128):
        if head[entry : entry + 16] == wanted:
            return int(struct.unpack_from("<Q", head, entry + 32)[0])
    raise SetupError(f"the disk has no partition of type {BIOS_BOOT}", f"mend {MAP}")
