# SPDX-License-Identifier: GPL-2.0-only
"""The source tarball: named by hand, found in the cache, or fetched from the machine's own Debian mirror.

Debian carries pjproject as a component of the source package `asterisk`. A private apt directory reads suite sid beside
the system's own sources, so nothing of the system changes. What apt verified against the archive's signature is used
even when it is newer than our lock file; it is then named in a warning.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rootfs.setup.paths import BUILD, CACHE, PACKAGES, sha256
from rootfs.setup.steps import Progress, SetupError

LOCK = PACKAGES / "pjproject.lock"
TARBALLS = CACHE / "sources"
SOURCE_PACKAGE = "asterisk"
ARRIVING = ".arriving-"
COMPONENT = ".orig-Xpjproject.tar."
ARCHIVE_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
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
    kept = [path for path in TARBALLS.glob("*.tar.*") if not path.name.startswith(ARRIVING)]
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
    mirrors = _mirrors()
    for mirror in mirrors:
        options = _private_apt(mirror)
        try:
            progress.run("index of suite sid", ["apt-get", *options, "update"])
        except SetupError as error:
            progress.say(f"{mirror}: {error}")
            continue
        found = _listed(options)
        if found:
            return _download(progress, *found)
    raise SetupError(f"pjproject not found in suite sid of {', '.join(mirrors)}", BY_HAND, progress.log)


def _listed(options: list[str]) -> tuple[str, str, str] | None:
    """Address, file name and hash of the tarball as apt lists it."""
    listed = subprocess.run(
        ["apt-get", *options, "--print-uris", "--only-source", "source", SOURCE_PACKAGE],
        capture_output=True,
        text=True,
        check=False,
    )
    pattern = rf"^'(\S+)' (\S*{re.escape(COMPONENT)}\S+) \d+ (SHA256:\w+)$"
    found = re.search(pattern, listed.stdout, re.MULTILINE)
    return (found[1], found[2], found[3]) if found else None


def _download(progress: Progress, uri: str, name: str, digest: str) -> Tarball:
    arriving = _arriving(name)
    helper = "/usr/lib/apt/apt-helper"
    progress.run(name, [helper, "-o", "APT::Sandbox::User=", "download-file", uri, str(arriving), digest])
    return identify(arriving.rename(TARBALLS / name))


def _keep(named: Path) -> Path:
    """Copy a tarball into the cache, so that a later clone finds it."""
    kept = TARBALLS / named.name
    if kept != named and not (kept.exists() and sha256(kept) == sha256(named)):
        arriving = _arriving(named.name)
        shutil.copyfile(named, arriving)
        arriving.rename(kept)
    return kept


def _arriving(name: str) -> Path:
    """Where a file lies until it is whole."""
    TARBALLS.mkdir(parents=True, exist_ok=True)
    return TARBALLS / f"{ARRIVING}{os.getpid()}-{name}"


def _mirrors() -> list[str]:
    """Addresses of the archives that the machine's own apt reads its release from, in its order."""
    release = _os_release()
    listed = subprocess.run(["apt-get", "update", "--print-uris"], capture_output=True, text=True, check=False)
    pattern = rf"^'(\S+)/dists/{re.escape(release)}/(?:In)?Release'"
    mirrors = list(dict.fromkeys(re.findall(pattern, listed.stdout, re.MULTILINE)))
    if not mirrors:
        raise SetupError(f"apt names no mirror of {release}", f"add one to /etc/apt/sources.list, or {BY_HAND}")
    return mirrors


def _os_release() -> str:
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r"^VERSION_CODENAME=(\w+)", text, re.MULTILINE)
    if not found:
        raise SetupError("/etc/os-release names no Debian release", BY_HAND)
    return found[1]


def _private_apt(mirror: str) -> list[str]:
    """Options that give apt its own sources, lists and cache; a sid snapshot may be older than its stated validity."""
    home = BUILD / "apt"
    shutil.rmtree(home, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial"):
        (home / folder).mkdir(parents=True)
    keys = f" [signed-by={ARCHIVE_KEYS}]" if ARCHIVE_KEYS.exists() else ""
    (home / "sources.list").write_text(f"deb-src{keys} {mirror} sid main\n")
    settings = {
        "Dir::Etc::sourcelist": home / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::lists": home / "lists",
        "Dir::Cache": home / "cache",
        "APT::Sandbox::User": "",
        "Acquire::Check-Valid-Until": "false",
        "Acquire::Languages": "none",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
