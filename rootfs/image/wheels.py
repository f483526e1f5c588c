# SPDX-License-Identifier: GPL-2.0-only
"""The image's Python packages: those of python.lock that the appliance itself needs, and what builds its extensions."""

import os
from pathlib import Path

from rootfs.setup.environment import LOCK
from rootfs.setup.locked import needed
from rootfs.setup.paths import CACHE, VENV_PYTHON, sha256
from rootfs.setup.steps import Progress

PYTHON = "3.13"
TARGET = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{PYTHON}.0",
    "python_version": PYTHON,
    "sys_platform": "linux",
}
PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
BUILDERS = ("setuptools", "wheel")
"""Of cffi's extensions and of pjsua2; they do not go into the image, and stand in the environment meanwhile."""


def wanted(lock: str) -> str:
    """The lines of a lock, hashes and all, of what the project needs on the image's Python."""
    return "".join(pin.text for pin in needed(lock, TARGET, *BUILDERS))


def folder() -> Path:
    """Where the wheels of this lock lie, and `requirements.txt` beside them."""
    return CACHE / f"image-wheels-{sha256(LOCK)[:16]}"


def fetch(progress: Progress) -> None:
    """Bring them into the cache, at the hashes of the lock. Raises SetupError."""
    if folder().exists():
        return
    arriving = CACHE / f".arriving-{os.getpid()}-wheels"
    arriving.mkdir(parents=True)
    requirements = arriving / "requirements.txt"
    requirements.write_text(wanted(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
    pip = [str(VENV_PYTHON), "-m", "pip", "download", "--disable-pip-version-check"]
    target = ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}"]
    platforms = [f"--platform={name}" for name in PLATFORMS]
    locked = ["--no-deps", "--require-hashes", f"--dest={arriving}", "-r", str(requirements)]
    progress.run("Python packages for the image", [*pip, *target, *platforms, *locked])
    arriving.rename(folder())
