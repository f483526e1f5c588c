# SPDX-License-Identifier: GPL-2.0-only
"""Where set-up reads and writes: the tree, `build/` inside it, and the cache outside it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "rootfs" / "packages"
BUILD = ROOT / "build"
VENV = BUILD / "venv"
VENV_PYTHON = VENV / "bin" / "python"
LOGS = BUILD / "log"
STAMPS = BUILD / "stamps"
CACHE = Path.home() / ".cache" / "branchline"


def digest_of(files: Iterable[Path], *words: str) -> str:
    """SHA-256 over the names and contents of *files*, and over *words*, in a fixed order; hexadecimal."""
    total = hashlib.sha256()
    for file in sorted(files):
        name = file.relative_to(ROOT) if file.is_relative_to(ROOT) else Path(file.name)
        total.update(f"{name}\0{sha256(file)}\0".encode())
    for word in words:
        total.update(f"{word}\0".encode())
    return total.hexdigest()


def sha256(file: Path) -> str:
    """SHA-256 of one file, hexadecimal."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
