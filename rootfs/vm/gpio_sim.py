# SPDX-License-Identifier: GPL-2.0-only
"""gpio-sim in the guest's root: Debian's kernel leaves the module out, so it is built from Debian's source of it.

The source's package is big and is removed again. Its version is the kernel's to the last digit, or nothing is built.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from rootfs.setup.steps import Progress, SetupError

OURS = Path(__file__).with_name("gpio-sim")
FILES = [Path(__file__), *OURS.iterdir()]
SOURCES = ("drivers/gpio/gpio-sim.c", "kernel/irq/irq_sim.c")
FOLDER = "usr/src/gpio-sim"


def install(progress: Progress, root: Path, kernel: str) -> None:
    """Build the module for a kernel of the root, and leave nothing else of it there.

    Raises: SetupError when the source is not the kernel's, or the compiler refuses it.
    """
    (tarball,) = (root / "usr/src").glob("linux-source-*.tar.xz")
    source = tarball.name.removesuffix(".tar.xz")
    check(_versions(root, f"linux-image-{kernel}", f"linux-headers-{kernel}", source))
    folder = root / FOLDER
    shutil.copytree(OURS, folder)
    unpack = ["tar", "-xf", str(tarball), "-C", str(folder), "--strip-components=1"]
    progress.run("source of gpio-sim", [*unpack, *(f"{source}/{file}" for file in SOURCES)])
    modules = f"/lib/modules/{kernel}"
    steps = [
        f"make -C {modules}/build M=/{FOLDER} modules",
        f"install -D -m 644 -t {modules}/updates /{FOLDER}/gpio-sim.ko",
        f"depmod {kernel}",
        f"dpkg --purge linux-source {source}",
    ]
    progress.run("gpio-sim", ["chroot", str(root), "sh", "-c", " && ".join(steps)])
    shutil.rmtree(folder)


def check(versions: Mapping[str, str]) -> None:
    """Refuse a source that is not the kernel's, by the versions of their packages.

    Raises: SetupError with both.
    """
    if len(set(versions.values())) != 1:
        told = ", ".join(f"{package} {version}" for package, version in versions.items())
        raise SetupError(
            f"the guest's kernel and its source are not of one version: {told}",
            "give apt a mirror that has them of one version",
        )


def _versions(root: Path, *packages: str) -> dict[str, str]:
    asked = ["chroot", str(root), "dpkg-query", "--show", "--showformat=${Package} ${Version}\n", *packages]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return {package: version for package, _, version in (line.partition(" ") for line in told.splitlines())}
