# SPDX-License-Identifier: GPL-2.0-only
"""Instructions of our own cases, beside the committed ones of the same compiler: `baseline.json`."""

import json
import os
import platform
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dsp import build_ffi
from tests.bench.program import Program

FILE = Path(__file__).with_name("baseline.json")
FRAMES = 10
WORSE = 1.05


def key() -> str:
    """Compiler and machine: instruction counts of others do not compare."""
    told = subprocess.run([*build_ffi.CC, "--version"], check=True, capture_output=True, text=True).stdout
    return f"{told.splitlines()[0]} {platform.machine()}"


def measured(program: Program) -> dict[str, float]:
    """Instructions per 20 ms frame of one channel, by "block.case"."""
    blocks = sorted({case.block for case in program.cases()})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda block: program.instructions(block, FRAMES), blocks)
    told = zip(blocks, counts, strict=True)
    return {f"{block}.{name}": round(count, 1) for block, cases in told for name, count in cases.items()}


def committed() -> dict[str, float] | None:
    """The committed counts of this compiler and machine; None where there are none."""
    counts: dict[str, dict[str, float]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return counts.get(key())


def commit(counts: dict[str, float]) -> None:
    """Write the counts of this compiler and machine into the file."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    known[key()] = dict(sorted(counts.items()))
    FILE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
