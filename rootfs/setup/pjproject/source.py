# SPDX-License-Identifier: GPL-2.0-only
"""The source tarball: named by hand, found in the cache, or fetched from the machine's own Debian mirror.

Debian carries pjproject as a component of the source package `asterisk`, in suite sid. What apt
verified against the archive's signature is used even when it is newer than our lock file, and named in a warning.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from rootfs.setup import archive
from rootfs.setup.paths import CACHE, PACKAGES, sha256
from rootfs.setup.steps import Progress, SetupError

LOCK = PACKAGES / "pjproject.lock"
TARBALLS = CACHE / "sources"
SOURCE_PACKAGE = "asterisk"
COMPONENT = ".orig-Xpjproject.tar."
BY_HAND = "name an upstream release instead: PJPROJECT_TARBALL=/path/pjproject-2.17.tar.gz make …"


@dataclass(frozen=True, slots=True)
class Tarball:
    """One pjproject source: where it lies, its SHA-256, and its version if the lock file knows it."""

    path: Path
    sha256: str
    version: str | None

    @property
    def warning(self) -> str | None:
        """What the installer must know about a source that the lock file does not name."""
        if self.version is not None:
            return None
        return f"warning: {self.path.name} (sha256 {self.sha256}) is not in {LOCK.name}: built and smoke-tested only"


def locked(lock: Path = LOCK) -> dict[str, str]:
    """SHA-256 → version of every tarball this release was tested with, in the lock file's order.

    Raises: SetupError when a line is not `sha256 version file`.
    """
    known = {}
    for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        if len(words) != 3 or not re.fullmatch(r"[0-9a-f]{64}", words[0]):
            raise SetupError(f"{lock}:{number}: not `sha256 version file`", "restore the file from git")
        known[words[0]] = words[1]
    return known


def find(named: str | None) -> Tarball | None:
    """The tarball named by hand, which the cache keeps; else one of the cache, a locked one first; else None.

    Raises: SetupError when the named one does not exist.
    """
    if named:
        path = Path(named).expanduser().resolve()
        if not path.is_file():
            raise SetupError(f"PJPROJECT_TARBALL={named}: no such file", "name a pjproject release tarball")
        return identify(_keep(path))
    kept = [path for path in TARBALLS.glob("*.tar.*") if not path.name.startswith(archive.ARRIVING)]
    newest_first = sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True)
    return max(map(identify, newest_first), key=lambda tarball: tarball.version is not None, default=None)


def identify(path: Path) -> Tarball:
    """Weigh a tarball against the lock file."""
    digest = sha256(path)
    return Tarball(path, digest, locked().get(digest))


def fetch(progress: Progress) -> Tarball:
    """Bring the newest one of the archive into the cache; apt checks its hash against the archive's signed index.

    Raises: SetupError when no mirror of the machine has it.
    """
    return identify(archive.fetch(progress, SOURCE_PACKAGE, "sid", COMPONENT, TARBALLS, BY_HAND))


def _keep(named: Path) -> Path:
    """Copy a tarball into the cache, so that a later clone finds it."""
    kept = TARBALLS / named.name
    if kept != named and not (kept.exists() and sha256(kept) == sha256(named)):
        part = archive.arriving(TARBALLS, named.name)
        shutil.copyfile(named, part)
        part.rename(kept)
    return kept
