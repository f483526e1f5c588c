# SPDX-License-Identifier: GPL-2.0-only
"""Source tarballs of Debian, fetched from the machine's own mirrors through a private apt directory.

Nothing of the system's apt changes. apt checks every file against the archive's signed index. The cache of tarballs
lies outside the tree; a file enters it by one rename.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from rootfs.setup.paths import BUILD
from rootfs.setup.steps import Progress, SetupError

ARRIVING = ".arriving-"
ARCHIVE_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def fetch(progress: Progress, package: str, suite: str, component: str, folder: Path, by_hand: str) -> Path:
    """Bring the tarball of source package `package` whose name contains `component` into a folder of the cache.

    Raises: SetupError, with `by_hand` as its mend, when no mirror of the machine has it.
    """
    tried = mirrors(by_hand)
    for mirror in tried:
        options = _private_apt(mirror, suite)
        try:
            progress.run(f"index of suite {suite}", ["apt-get", *options, "update"])
        except SetupError as error:
            progress.say(f"{mirror}: {error}")
            continue
        found = _listed(options, package, component)
        if found:
            return _download(progress, folder, *found)
    raise SetupError(f"{package} not found in suite {suite} of {', '.join(tried)}", by_hand, progress.log)


def arriving(folder: Path, name: str) -> Path:
    """Where a file lies until it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{ARRIVING}{os.getpid()}-{name}"


def mirrors(by_hand: str) -> list[str]:
    """Addresses of the archives that the machine's own apt reads its release from, in its order. Raises SetupError."""
    release = os_release(by_hand)
    listed = subprocess.run(["apt-get", "update", "--print-uris"], capture_output=True, text=True, check=False)
    pattern = rf"^'(\S+)/dists/{re.escape(release)}/(?:In)?Release'"
    found = list(dict.fromkeys(re.findall(pattern, listed.stdout, re.MULTILINE)))
    if not found:
        raise SetupError(f"apt names no mirror of {release}", f"add one to /etc/apt/sources.list, or {by_hand}")
    return found


def os_release(by_hand: str) -> str:
    """The code name of the Debian release that runs here. Raises SetupError."""
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r"^VERSION_CODENAME=(\w+)", text, re.MULTILINE)
    if not found:
        raise SetupError("/etc/os-release names no Debian release", by_hand)
    return found[1]


def _listed(options: list[str], package: str, component: str) -> tuple[str, str, str] | None:
    """Address, file name and hash of the tarball as apt lists it."""
    listed = subprocess.run(
        ["apt-get", *options, "--print-uris", "--only-source", "source", package],
        capture_output=True,
        text=True,
        check=False,
    )
    pattern = rf"^'(\S+)' (\S*{re.escape(component)}\S+) \d+ (SHA256:\w+)$"
    found = re.search(pattern, listed.stdout, re.MULTILINE)
    return (found[1], found[2], found[3]) if found else None


def _download(progress: Progress, folder: Path, uri: str, name: str, digest: str) -> Path:
    part = arriving(folder, name)
    helper = "/usr/lib/apt/apt-helper"
    progress.run(name, [helper, "-o", "APT::Sandbox::User=", "download-file", uri, str(part), digest])
    return part.rename(folder / name)


def _private_apt(mirror: str, suite: str) -> list[str]:
    """Options that give apt its own sources, lists and cache; a snapshot may be older than its stated validity."""
    home = BUILD / "apt"
    shutil.rmtree(home, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial"):
        (home / folder).mkdir(parents=True)
    keys = f" [signed-by={ARCHIVE_KEYS}]" if ARCHIVE_KEYS.exists() else ""
    (home / "sources.list").write_text(f"deb-src{keys} {mirror} {suite} main\n")
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
