# SPDX-License-Identifier: GPL-2.0-only
"""Builds a C simulator of tests/dsp over the blocks and runs it: hours of a call in seconds."""

import fcntl
import subprocess
from functools import cache
from pathlib import Path

from dsp import build_ffi
from rootfs.setup.paths import BUILD

FOLDER = BUILD / "simulators"


@cache
def built(stem: str) -> Path:
    """tests/dsp/<stem>.c over the product's own objects, once a process.

    Raises: subprocess.CalledProcessError when the compiler refuses.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    source, program = build_ffi.ROOT / "tests" / "dsp" / f"{stem}.c", FOLDER / stem
    includes = [f"-I{build_ffi.ROOT / folder}" for folder in build_ffi.INCLUDES]
    with (build_ffi.BUILD / "lock").open("w") as lock:  # another build may be under way
        fcntl.flock(lock, fcntl.LOCK_EX)
        files = [str(source), *map(str, build_ffi.objects())]
    command = [*build_ffi.CC, *build_ffi.STRICT, "-O2", *includes, *files]
    subprocess.run([*command, *build_ffi.LIBRARIES, *build_ffi.LINKED, "-o", str(program)], check=True)
    return program


def figures(stem: str, *arguments: str | Path, **values: float) -> dict[str, float]:
    """What the simulator prints: `name value` lines. Keys and values: the head of its source."""
    command = [built(stem), *arguments, *(f"{name}={value}" for name, value in values.items())]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: float(value) for name, value in (line.split() for line in ran.stdout.splitlines())}
