# SPDX-License-Identifier: GPL-2.0-only
"""Debian roots by mmdebstrap, as folders in the cache: `~/.cache/branchline/<name>-<key>/`.

What is in the cache is whole: it arrives by one rename. Packages once fetched stay in `debs-<suite>`, and come from
the archives that the machine's own apt reads, security updates included. `enter` runs a command in such a root, with
mounts that end with it.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rootfs.image.tree import OVERLAY
from rootfs.setup import archive, debian
from rootfs.setup.paths import CACHE, PACKAGES
from rootfs.setup.steps import Progress, SetupError

SUITE = "trixie"
DEBS = CACHE / f"debs-{SUITE}"
LEFT_OUT = PACKAGES / "image-left-out.paths"
INITRAMFS = OVERLAY / "usr/share/initramfs-tools"
"""What initramfs-tools is to do, there before it is."""
FILES = [LEFT_OUT, Path(__file__), *(path for path in INITRAMFS.rglob("*") if path.is_file())]
"""What decides a root, beside its list."""
BY_HAND = "give apt a mirror that has it"


def root(progress: Progress, name: str, packages: Path, finish: Callable[[Path], None], key: str) -> Path:
    """The root of a list, made and finished if the cache has none of this key; those of other keys go.

    Raises: SetupError when it cannot be made.
    """
    folder = CACHE / f"{name}-{key}"
    if folder.exists():
        return folder
    part = archive.arriving(CACHE, folder.name)
    shutil.rmtree(part, ignore_errors=True)
    _debootstrap(progress, packages, part)
    finish(part)
    for older in CACHE.glob(f"{name}-*"):
        shutil.rmtree(older)
    return part.rename(folder)


def kernel_version(root: Path) -> str:
    """Of the root's only kernel."""
    (modules,) = (root / "usr/lib/modules").iterdir()
    return modules.name


def enter(progress: Progress, doing: str, root: Path, command: str, binds: Mapping[Path, str] = {}) -> None:
    """Run a shell's command as root of a root. `binds`: a folder of ours, and where the root sees it.

    Raises: SetupError when it fails.
    """
    mounts = ['mount -t proc proc "$0/proc"', 'mount --rbind /dev "$0/dev"']
    for ours, theirs in binds.items():
        (root / theirs.lstrip("/")).mkdir(parents=True, exist_ok=True)
        mounts.append(f'mount --bind {shlex.quote(str(ours))} "$0{theirs}"')
    path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8"
    script = " && ".join([*mounts, f'exec chroot "$0" env -i {path} sh -euc {shlex.quote(command)}'])
    progress.run(doing, ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(root)])


def sources(printed: str, release: str) -> list[str]:
    """Lines of apt for our suite, from what `apt-get update --print-uris` prints of the machine's own release."""
    pattern = rf"^'(\S+)/dists/{re.escape(release)}(-security|-updates|)/(?:In)?Release'"
    found = dict.fromkeys(re.findall(pattern, printed, re.MULTILINE))
    return [f"deb {mirror} {SUITE}{suffix} main" for mirror, suffix in found]


def _debootstrap(progress: Progress, packages: Path, folder: Path) -> None:
    printed = subprocess.run(["apt-get", "update", "--print-uris"], capture_output=True, text=True, check=False)
    archives = sources(printed.stdout, archive.os_release(BY_HAND))
    if not archives:
        raise SetupError("apt names no mirror of Debian", BY_HAND)
    DEBS.mkdir(parents=True, exist_ok=True)
    kept, initramfs = shlex.quote(str(DEBS)), shlex.quote(str(INITRAMFS))
    progress.run(
        f"Debian {SUITE} for {packages.stem}",
        [
            "mmdebstrap",
            "--variant=minbase",
            "--skip=output/dev",
            *("--skip=download/empty", "--skip=essential/unlink"),
            f"--include={','.join(debian.wanted(packages))}",
            '--aptopt=Acquire::Languages "none"',
            '--aptopt=APT::Install-Recommends "false"',
            *_options("--dpkgopt=path-exclude=", debian.wanted(LEFT_OUT)),
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            f'--setup-hook=mkdir -p "$1/var/cache/apt/archives" && cp -al {kept}/. "$1/var/cache/apt/archives/"',
            f'--setup-hook=mkdir -p "$1/usr/share" && cp -r {initramfs} "$1/usr/share/"',
            f'--customize-hook=cp -aln "$1"/var/cache/apt/archives/*.deb {kept}/',
            SUITE,
            str(folder),
            *archives,
        ],
    )


def _options(option: str, values: Sequence[str]) -> list[str]:
    return [f"{option}{value}" for value in values]
