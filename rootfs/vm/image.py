# SPDX-License-Identifier: GPL-2.0-only
"""The guest's kernel, initramfs and disks: `~/.cache/branchline/vm-<key>/`, key = lists, programs, machine.

One disk is the guest's own root, the other that of a switch, a stranger's Asterisk, which it runs in a chroot. The
root stays as a folder beside its disk, because the core is compiled in it at the host's full speed. What is in the
cache is whole: it arrives by one rename. Root is needed for the chroot; nothing is mounted.
"""

import fcntl
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rootfs.setup import archive, debian
from rootfs.setup.paths import CACHE, PACKAGES, digest_of
from rootfs.setup.steps import Progress, SetupError
from rootfs.vm import gpio_sim

SUITE, LIST = "trixie", PACKAGES / "vm.list"
SWITCH_SUITE, SWITCH_LIST = "sid", PACKAGES / "vm-switch.list"
HOST_LIST = PACKAGES / "vm-host.list"
INIT = Path(__file__).with_name("init")
FILES = [LIST, SWITCH_LIST, INIT, Path(__file__), *gpio_sim.FILES]
# In this order by their needs; what Debian builds in is not there and not missed.
MODULES = ("virtio_pci", "virtio_blk", "ext4", "9pnet_virtio", "9p")
LEFT_OUT = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*")
DISK = "2G"  # sparse
BY_HAND = "give apt a mirror that has it"


@dataclass(frozen=True, slots=True)
class Image:
    """One whole image in the cache."""

    folder: Path

    @property
    def root(self) -> Path:
        """The root as a folder."""
        return self.folder / "root"

    @property
    def disk(self) -> Path:
        """The same as ext4."""
        return self.folder / "root.ext4"

    @property
    def switch(self) -> Path:
        """The switch's root as ext4."""
        return self.folder / "switch.ext4"

    @property
    def kernel(self) -> Path:
        """Debian's, as it is."""
        return self.folder / "vmlinuz"

    @property
    def initramfs(self) -> Path:
        """Ours: it finds the disk."""
        return self.folder / "initramfs"


def image(progress: Progress) -> Image:
    """The image for this tree's lists, built if the cache has none.

    Raises: SetupError when it cannot be built.
    """
    if os.geteuid() != 0:
        raise SetupError("the guest's root is made in a chroot, which needs root", "repeat the command with sudo")
    debian.install(progress, HOST_LIST)
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"vm-{digest_of(FILES, platform.machine())[:16]}"
    with (CACHE / "vm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = archive.arriving(CACHE, folder.name)
            shutil.rmtree(part, ignore_errors=True)
            _build(progress, Image(part))
            part.rename(folder)
    return Image(folder)


def _build(progress: Progress, made: Image) -> None:
    made.folder.mkdir()
    _debootstrap(progress, SUITE, LIST, made.root)
    version = kernel_version(made.root)
    if not any((made.root / "lib/modules" / version).rglob("dahdi.ko*")):
        raise SetupError(f"dahdi-dkms made no driver for kernel {version}", "read the log", progress.log)
    gpio_sim.install(progress, made.root, version)
    shutil.copy(made.root / "boot" / f"vmlinuz-{version}", made.kernel)
    _initramfs(progress, made, version)
    _disk(progress, made.root, made.disk)
    switch = made.folder / "switch"
    _debootstrap(progress, SWITCH_SUITE, SWITCH_LIST, switch)
    _disk(progress, switch, made.switch)
    shutil.rmtree(switch)


def kernel_version(root: Path) -> str:
    """Of the guest."""
    return max(path.name for path in (root / "lib/modules").iterdir())


def _disk(progress: Progress, root: Path, disk: Path) -> None:
    progress.run(disk.name, ["truncate", "-s", DISK, str(disk)])
    progress.run(disk.name, ["mke2fs", "-q", "-t", "ext4", "-d", str(root), str(disk)])


def _debootstrap(progress: Progress, suite: str, packages: Path, root: Path) -> None:
    options = [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
    progress.run(
        f"Debian {suite} for {packages.stem}",
        [
            "mmdebstrap",
            "--variant=minbase",
            "--skip=output/dev",
            f"--include={','.join(debian.wanted(packages))}",
            '--aptopt=Acquire::Languages "none"',
            '--aptopt=APT::Install-Recommends "false"',
            '--aptopt=Acquire::Check-Valid-Until "false"',
            *options,
            suite,
            str(root),
            archive.mirrors(BY_HAND)[0],
        ],
    )


def _module_files(root: Path, version: str) -> list[str]:
    """The modules' files and those that they need, in the order they are to be loaded."""
    found: dict[str, None] = {}
    for module in MODULES:
        told = subprocess.run(
            ["chroot", str(root), "modprobe", "-S", version, "--show-depends", module],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        found |= dict.fromkeys(line.split()[1] for line in told.splitlines() if line.startswith("insmod "))
    return list(found)


def _initramfs(progress: Progress, made: Image, version: str) -> None:
    tree = made.folder / "initramfs.tree"
    for name in ("bin", "proc", "sys", "dev", "root", "modules"):
        (tree / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", tree / "bin")
    for applet in ("sh", "mount", "mkdir", "insmod", "switch_root", "cat", "sleep", "poweroff"):
        (tree / "bin" / applet).symlink_to("busybox")
    shutil.copy(INIT, tree / "init")
    (tree / "init").chmod(0o755)
    order = []
    for file in _module_files(made.root, version):
        name = Path(file).name.removesuffix(".xz")
        packed = (made.root / file.lstrip("/")).read_bytes()
        opened = subprocess.run(["xz", "-dc"], input=packed, capture_output=True, check=True).stdout
        (tree / "modules" / name).write_bytes(opened)
        order.append(name)
    (tree / "modules" / "order").write_text("\n".join(order))
    pack = f"cd {tree} && find . | cpio -o -H newc --quiet | gzip -1 >{made.initramfs}"
    progress.run("initramfs", ["sh", "-c", pack])
    shutil.rmtree(tree)
