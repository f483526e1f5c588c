# SPDX-License-Identifier: GPL-2.0-only
"""Bundles that a box must not take, two that it has to give up, and the good one, on a disk of theirs."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

from appliance import VERSION
from rootfs.image import disk
from rootfs.setup.paths import BUILD
from rootfs.update.bundle import bundle, compatible_of
from rootfs.update.keys import keys, make

IMAGE = BUILD / "image"
GOOD = IMAGE / f"branchline-{VERSION}.raucb"
MEBIBYTE = 1024 * 1024
SMALL = random.Random(1).randbytes(MEBIBYTE)  # noqa: S311
"""No boot loader can read it."""
SLOT_MIB = 512
BROKEN_PROGRAM = "usr/lib/branchline/appliance/processes/supervisor.py"
BROKEN_SAYS = "this version is broken"


def bundles_disk(made: Path) -> Path:
    """A squashfs with all of them, made anew where the good one is."""
    if made.exists() and made.stat().st_mtime > GOOD.stat().st_mtime:
        return made
    work = made.with_suffix(".work")
    shutil.rmtree(work, ignore_errors=True)
    content = work / "content"
    content.mkdir(parents=True)
    os.link(GOOD, content / "good.raucb")
    _refused(work, content)
    _pack(_broken(work), work / "broken.squashfs", "-comp", "gzip", "-Xcompression-level", "1")
    bundle(work / "broken.squashfs", VERSION, compatible_of(), keys(), content / "broken.raucb")
    _pack(content, made, "-noD", "-noI", "-noF")
    shutil.rmtree(work)
    return made


def _refused(work: Path, content: Path) -> None:
    small, large, strange = work / "small", work / "large", make(work / "strange")
    small.write_bytes(SMALL)
    with large.open("wb") as opened:
        opened.write(SMALL)
        opened.truncate((SLOT_MIB + 1) * MEBIBYTE)
    fits = compatible_of()
    bundle(small, VERSION, fits, keys(), content / "unreadable.raucb")
    bundle(small, VERSION, fits, strange, content / "stranger.raucb")
    bundle(small, "0.0.1", fits, keys(), content / "older.raucb")
    bundle(large, VERSION, fits, keys(), content / "large.raucb")
    octets = bytearray((content / "unreadable.raucb").read_bytes())
    octets[len(octets) // 2] ^= 1
    (content / "flipped.raucb").write_bytes(octets)


def _broken(work: Path) -> Path:
    """A root whose supervisor does not come up."""
    root = work / "root"
    subprocess.run(["unsquashfs", "-quiet", "-no-progress", "-d", root, IMAGE / disk.SLOT], check=True)
    program = root / BROKEN_PROGRAM
    program.unlink()
    program.write_text(f"raise SystemExit({BROKEN_SAYS!r})\n", "ascii")
    for compiled in (program.parent / "__pycache__").glob(f"{program.stem}.*"):
        compiled.unlink()  # it is never held against its source
    return root


def _pack(folder: Path, made: Path, *how: str) -> None:
    made.unlink(missing_ok=True)
    subprocess.run(["mksquashfs", folder, made, "-noappend", "-quiet", "-no-progress", *how], check=True)
