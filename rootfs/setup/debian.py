# SPDX-License-Identifier: GPL-2.0-only
"""Debian packages of a list in `rootfs/packages`: looked up with dpkg-query, installed by root or sudo, never else.

What runs as root is `install-packages.sh` beside this file, and nothing more.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rootfs.setup.paths import PACKAGES, digest_of
from rootfs.setup.steps import Progress, SetupError, Step

LIST = PACKAGES / "debian.list"
INSTALLER = Path(__file__).with_name("install-packages.sh")


def wanted(list_file: Path = LIST) -> list[str]:
    """The package names of a list file, in its order; `#` begins a comment."""
    lines = (line.split("#")[0].strip() for line in list_file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def missing(packages: Sequence[str]) -> list[str]:
    """Those of *packages* that are not installed, in the order given."""
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,  # status 1 means that some are unknown; the ones it knows are printed all the same
    )
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def root_command(uid: int, sudo: str | None, *, terminal: bool) -> list[str]:
    """The words that make the next command run as root; with a *terminal* sudo may ask for a password.

    Raises: SetupError when there is no way to become root.
    """
    if uid == 0:
        return []
    if sudo is not None and (terminal or _sudo_without_password(sudo)):
        return [sudo]
    raise SetupError("not root, and sudo cannot be used here", "run the command below as root, then repeat this one")


def install(progress: Progress, list_file: Path = LIST) -> None:
    """Install what is missing of a list.

    Raises: SetupError naming the missing packages and the command that installs them.
    """
    packages = missing(wanted(list_file))
    if not packages:
        return
    by_hand = f"as root: apt-get update && apt-get install --no-install-recommends {' '.join(packages)}"
    progress.say(f"missing {', '.join(packages)}")
    try:
        become_root = root_command(os.getuid(), shutil.which("sudo"), terminal=os.isatty(0))
        if become_root and os.isatty(0):
            subprocess.run([*become_root, "-v"], check=True)  # asks for the password while the terminal is still ours
        progress.run("apt-get install", [*become_root, "sh", str(INSTALLER), *packages])
    except (SetupError, subprocess.CalledProcessError) as error:
        log = progress.log if isinstance(error, SetupError) and error.log else None
        raise SetupError(f"Debian packages missing: {' '.join(packages)} ({error})", by_hand, log) from error


def _sudo_without_password(sudo: str) -> bool:
    return subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0


STEP = Step("debian", lambda: digest_of([LIST]), lambda: not missing(wanted()), install)
