# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's program: the product's own objects, the cases of tests/bench/*.c, and the peers."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsp import build_ffi
from rootfs.setup.paths import BUILD
from tests.sound.speech import speech

HERE = Path(__file__).parent
FOLDER = BUILD / "bench"
LIBRARIES = ("-lspandsp", "-lspeexdsp", "-lopus", "-lsrtp2", "-lcrypto", "-ltiff", "-lm", "-pthread")
SPEECH_S = 60.0


@dataclass(frozen=True, slots=True)
class Case:
    """One case: of which block, what is done, and by whom."""

    block: str
    name: str
    who: str


class Program:
    """The built program; peers are Debian's own libraries unless others are given."""

    def __init__(self, peers: Sequence[Path] = ()) -> None:
        """Build it. Raises subprocess.CalledProcessError when the compiler refuses."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.path = FOLDER / ("bench" if peers else "bench-packaged")
        self._speech = FOLDER / "speech.raw"
        self._speech.write_bytes(speech(SPEECH_S).astype("<i2").tobytes())
        cases = sorted(path for path in HERE.glob("*.c") if path.name != "main.c")
        table = FOLDER / "blocks.c"
        table.write_text(_table([path.stem for path in cases]))
        includes = [f"-I{build_ffi.ROOT / folder}" for folder in (*build_ffi.INCLUDES, "dsp/src", "tests/bench")]
        files = map(str, (*cases, HERE / "main.c", table, *build_ffi.objects(), *peers))
        flags = ("-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror")
        subprocess.run([*build_ffi.CC, *flags, *includes, *files, *LIBRARIES, "-o", str(self.path)], check=True)

    def cases(self) -> list[Case]:
        """All cases, ours and the peers'."""
        return [Case(*line.split()) for line in self._run("list").splitlines()]

    def measure(self, block: str, name: str, seconds: float) -> dict[str, float]:
        """Nanoseconds per 20 ms frame of one channel, by who: the medians of slices taken in turn."""
        lines = self._run(block, name, str(seconds)).splitlines()
        return {who: float(ns) for who, ns in (line.split() for line in lines)}

    def instructions(self, block: str, frames: int) -> dict[str, float]:
        """Instructions per 20 ms frame of one channel, by callgrind, of each case of ours."""
        out = FOLDER / f"callgrind.{block}.out"
        for dump in FOLDER.glob(f"{out.name}*"):
            dump.unlink()
        tool = ("--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}")
        command = ["valgrind", *tool, *self._command(), block, "count", "ours", str(frames)]
        subprocess.run(command, check=True, capture_output=True)
        dumps = (_dumped(dump.read_text()) for dump in FOLDER.glob(f"{out.name}.*"))
        return {name: total / frames / 32 for name, total in dumps}

    def _command(self) -> list[str]:
        return [str(self.path), str(self._speech)]

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._command(), *arguments], check=True, capture_output=True, text=True).stdout


def _dumped(text: str) -> tuple[str, int]:
    """Name and instructions of one dump."""
    told = dict(line.rpartition(": ")[::2] for line in text.splitlines() if line.startswith(("desc: Tri", "totals:")))
    return told["desc: Trigger: Client Request"], int(told["totals"])


def _table(blocks: Sequence[str]) -> str:
    declared = "".join(f"extern const struct bench_case bench_{name}[];\n" for name in blocks)
    entries = "".join(f'\t{{"{name}", bench_{name}}},\n' for name in blocks)
    return f'#include "bench.h"\n\n{declared}\nconst struct bench_block bench_blocks[] = {{\n{entries}\t{{0}},\n}};\n'
