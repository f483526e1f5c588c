# SPDX-License-Identifier: GPL-2.0-only
"""`make image`: build/image/branchline.img, of what has changed; closes with `IMAGE: …`.

`--fresh` takes Debian's packages of today; without it those of the first time stay, as long as the lists do.
"""

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rootfs.image import disk, tree
from rootfs.image.base import make_base
from rootfs.image.compose import compose
from rootfs.image.parts import make_parts
from rootfs.setup import archive, debian
from rootfs.setup.paths import BUILD, CACHE, LOGS, PACKAGES, digest_of
from rootfs.setup.steps import Progress, SetupError
from rootfs.update.keys import KEYS

FOLDER = BUILD / "image"
HOST_LIST = PACKAGES / "image-host.list"
NICE = 10


def make_image(progress: Progress) -> Path:
    """The disk of this tree; made only where it is not that already. Raises SetupError."""
    if os.geteuid() != 0:
        raise SetupError("the image's root is made in a chroot, which needs root", "repeat the command with sudo")
    debian.install(progress, HOST_LIST)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (CACHE / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        builder = make_parts(progress)
        base = make_base(progress, builder)
        trusted = [KEYS.keyring] if KEYS.keyring.exists() else []
        made = digest_of(trusted, tree.digest(*tree.APPLIANCE, *tree.SET_UP, tree.MANUAL), builder.name, base.name)
        image, stamp = FOLDER / disk.DISK, FOLDER / "made-of"
        if image.exists() and stamp.exists() and stamp.read_text() == made:
            return image
        stamp.unlink(missing_ok=True)
        root = archive.arriving(CACHE, "image-root")
        try:
            compose(progress, base, builder, root)
            disk.make_slot(progress, root, FOLDER / disk.SLOT)
        finally:
            shutil.rmtree(root, ignore_errors=True)
        image = disk.make_disk(progress, builder, FOLDER)
        stamp.write_text(made)
    return image


def main(words: Sequence[str]) -> int:
    """0 when the disk stands, else 1 after a sentence that names the fault and the mend."""
    os.nice(NICE)
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / "image.log"
    log.write_bytes(b"")
    began = time.monotonic()
    if "--fresh" in words:
        for folder in (path for name in ("builder", "base") for path in CACHE.glob(f"image-{name}-*")):
            shutil.rmtree(folder)
    try:
        image = make_image(Progress("image", log))
    except SetupError as error:
        print(error.report(), file=sys.stderr)
        return 1
    on_disk = image.stat().st_blocks * 512
    print(f"IMAGE: {image}, {on_disk / 2**20:.0f} MiB on disk, in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
