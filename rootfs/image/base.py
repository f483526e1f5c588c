# SPDX-License-Identifier: GPL-2.0-only
"""Debian's part of the image: its packages, the cards' drivers, the initramfs. Made seldom, and kept in the cache."""

import shutil
from pathlib import Path

from rootfs.image import roots
from rootfs.setup.paths import PACKAGES, digest_of
from rootfs.setup.steps import Progress, SetupError

LIST = PACKAGES / "image.list"
LOCALES = ("zh_CN", "en_US")
GONE = ("usr/share/i18n", "var/cache/apt", "var/lib/apt/lists", "var/log", "boot/config-*", "boot/System.map-*")


def make_base(progress: Progress, builder: Path) -> Path:
    """The root with the drivers that were compiled in `builder`. Raises SetupError."""
    key = digest_of([LIST, Path(__file__), *roots.FILES], builder.name)
    return roots.root(progress, "image-base", LIST, lambda root: _finish(progress, root, builder), key[:16])


def _finish(progress: Progress, root: Path, builder: Path) -> None:
    version = roots.kernel_version(root)
    if version != roots.kernel_version(builder):
        raise SetupError(
            f"the cards' drivers are for kernel {roots.kernel_version(builder)}, Debian has {version} now",
            f"rm -r {builder}, then repeat the command",
        )
    modules = f"usr/lib/modules/{version}"
    shutil.copytree(builder / modules / "updates", root / modules / "updates")
    # The slot is compressed as a whole: a module that is so again costs a slow machine its start.
    progress.run("modules", ["find", str(root / modules), "-name", "*.ko.xz", "-exec", "xz", "--decompress", "{}", "+"])
    boot = f"ln -sf vmlinuz-{version} /boot/vmlinuz && ln -sf initrd.img-{version} /boot/initrd.img"
    locales = " && ".join(f"localedef -i {name} -f UTF-8 {name}.UTF-8" for name in LOCALES)
    command = f"{locales} && depmod {version} && update-initramfs -u -k {version} && {boot}"
    roots.enter(progress, "drivers, initramfs, locales", root, command)
    for pattern in GONE:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
