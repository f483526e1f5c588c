# SPDX-License-Identifier: GPL-2.0-only
"""`build/venv`: the interpreter set-up was started with, and packages at the hashes of the lock files.

`python-build.lock` holds what compiles the packages that have no wheel, so no build fetches anything unlocked.
A path file puts the tree itself on the path, so the packages import from the clone.
"""

import shutil
import sys
from pathlib import Path

from rootfs.setup.paths import PACKAGES, ROOT, VENV, VENV_PYTHON, digest_of
from rootfs.setup.steps import Progress, Step

BUILD_LOCK = PACKAGES / "python-build.lock"
LOCK = PACKAGES / "python.lock"
PYTHON_VERSION = f"{sys.implementation.cache_tag} {sys.version.split()[0]} {sys.executable}"
VERSION_FILE = VENV / "branchline-python"


def site_packages() -> Path:
    """The environment's package directory."""
    return VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def install(progress: Progress) -> None:
    """Make the environment, or bring it to the locks.

    Raises: SetupError when a package cannot be had or does not match its hash.
    """
    if not _same_interpreter():
        shutil.rmtree(VENV, ignore_errors=True)
        progress.run("virtual environment", [sys.executable, "-m", "venv", str(VENV)])
        VERSION_FILE.write_text(PYTHON_VERSION)
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    progress.run("packages for building", [*pip, "-r", str(BUILD_LOCK)])
    progress.run("packages", [*pip, "--no-build-isolation", "-r", str(LOCK)])
    (site_packages() / "branchline.pth").write_text(f"{ROOT}\n")


def _same_interpreter() -> bool:
    return VENV_PYTHON.exists() and VERSION_FILE.exists() and VERSION_FILE.read_text() == PYTHON_VERSION


STEP = Step("python", lambda: digest_of([BUILD_LOCK, LOCK], PYTHON_VERSION), _same_interpreter, install)
