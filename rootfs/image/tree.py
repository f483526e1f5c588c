# SPDX-License-Identifier: GPL-2.0-only
"""This tree as the image has it, under /usr/lib/branchline: what git knows of it, nothing that was built here."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from rootfs.setup.paths import ROOT, digest_of

HOME = "/usr/lib/branchline"
APPLIANCE = ("appliance", "drivers", "dsp", "LICENSE", "pyproject.toml")
MANUAL = "docs/branchline.1"
"""The one page of the command line; of man-db there is nothing in the image, `help` says the same there."""
SET_UP = ("rootfs",)
OVERLAY = ROOT / "rootfs" / "overlay"


def files(*parts: str) -> list[Path]:
    """Files of the tree's parts, those that no commit has yet too."""
    known = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *parts]
    listed = subprocess.run(known, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).exists()]


def digest(*parts: str) -> str:
    """SHA-256 of the parts, hexadecimal."""
    found = files(*parts)
    links = [f"{path} -> {path.readlink()}" for path in found if path.is_symlink()]
    return digest_of([path for path in found if path.is_file()], *links)


def lay(paths: Iterable[Path], base: Path, into: Path) -> None:
    """Copy files below `into` as they lie below `base`, readable by all, where they differ."""
    for path in paths:
        there = into / path.relative_to(base)
        there.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            there.unlink(missing_ok=True)
            there.symlink_to(path.readlink())
        elif there.is_symlink() or not there.exists() or path.read_bytes() != there.read_bytes():
            there.unlink(missing_ok=True)
            shutil.copyfile(path, there)
            there.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
