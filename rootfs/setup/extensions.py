# SPDX-License-Identifier: GPL-2.0-only
"""The C extensions of the tree: every `build_ffi.py` of a package is run as a module, when C it may read has changed.

A driver's `io.c` is compiled into the core, so the drivers' C counts for every extension.
"""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

from rootfs.setup.paths import ROOT, VENV_PYTHON, digest_of
from rootfs.setup.steps import Progress, Step

TREES = ("dsp", "drivers", "appliance")
READ_BY_BUILDS = ("*.c", "*.h", "*.cdef", "build_ffi.py")


def builders() -> list[Path]:
    """The `build_ffi.py` files of the tree, in order of path."""
    return sorted(path for tree in TREES for path in (ROOT / tree).rglob("build_ffi.py"))


def steps() -> Iterator[Step]:
    """One step an extension, named after its module: `dsp`, `appliance.signalling.pri`."""
    for builder in builders():
        yield _step(builder.parent)


def _step(folder: Path) -> Step:
    package = ".".join(folder.relative_to(ROOT).parts)

    def digest() -> str:
        read = {path for tree in (folder, ROOT / "drivers") for name in READ_BY_BUILDS for path in tree.rglob(name)}
        return digest_of(read - _generated(folder), abi())

    def present() -> bool:
        return any(folder.glob(f"_*{abi()}"))

    def build(progress: Progress) -> None:
        progress.run("compile", [str(VENV_PYTHON), "-m", f"{package}.build_ffi"])

    return Step(package, digest, present, build)


def abi() -> str:
    """File name ending of an extension for this interpreter."""
    return str(sysconfig.get_config_var("EXT_SUFFIX"))


def _generated(folder: Path) -> set[Path]:
    """C that cffi writes beside the extension."""
    return set(folder.glob("_*.c"))
