# SPDX-License-Identifier: GPL-2.0-only
"""Build the one C extension `dsp._core`: every block, the engine and every driver's span_io, behind cffi's API mode.

Law: a new part is a new file. Sources are the *.c of dsp/src, vector, linked and engine, and drivers/*/io.c; each
dsp/cdef/*.h (in order of name) is what Python may see, and its `#include` lines name the headers it was trimmed from.
Our sources are compiled with warnings as errors, cffi's generated file is not ours to judge. Nothing is left half
built: objects live under build/, the extension appears in one rename, and a lock keeps two builds apart.

`python -m dsp.build_ffi [--if-changed]`
"""

import fcntl
import hashlib
import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "dsp"
MODULE = "dsp._core"
CC = shlex.split(os.environ.get("CC", "gcc"))
INCLUDES = ["dsp/include", "dsp/tables", "dsp/vector", "dsp/engine", "drivers", "."]
CFLAGS = ["-O2", "-g", "-fPIC", "-pthread"]
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
# For tests: whoever builds with these shares the objects.
SANITIZE = ["-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
# What dsp/vector is compiled with, by the compiler's target; elsewhere isa.c never chooses the vector form.
VECTOR = {"x86_64": ["-O3", "-march=x86-64-v3", "-ffp-contract=fast"], "aarch64": ["-O3", "-ffp-contract=fast"]}
LIBRARIES = ["-lm", "-pthread"]
LINKED = ["-lopus", "-lcrypto"]  # what dsp/linked stands on; the other folders need none of it


def sources() -> list[Path]:
    """C files of the core in order of name."""
    patterns = ("dsp/src/*.c", "dsp/vector/*.c", "dsp/linked/*.c", "dsp/engine/*.c", "drivers/*/io.c")
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def headers() -> list[Path]:
    """All that a C file may include."""
    folders = ("dsp/include", "dsp/tables", "dsp/src", "dsp/vector", "dsp/linked", "dsp/engine", "drivers", "drivers/*")
    return [path for folder in folders for path in sorted(ROOT.glob(f"{folder}/*.h"))]


def cdefs() -> tuple[str, str]:
    """The declarations for cffi, and the `#include` lines that belong to them."""
    declared: list[str] = []
    included: list[str] = []
    for path in sorted((ROOT / "dsp" / "cdef").glob("*.h")):
        for line in path.read_text(encoding="utf-8").splitlines():
            (included if line.startswith("#include") else declared).append(line)
    return "\n".join(declared), "\n".join(dict.fromkeys(included))


def target() -> Path:
    """The extension beside this file, named for the interpreter that builds it."""
    return ROOT / "dsp" / f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"


def _digest(parts: Sequence[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "little") + part)
    return whole.hexdigest()


def _compiler() -> bytes:
    return subprocess.run([*CC, "--version"], check=True, capture_output=True).stdout


def vector_flags(compiler: Sequence[str] = CC) -> list[str]:
    """Options for the files of dsp/vector with this compiler."""
    told = subprocess.run([*compiler, "-dumpmachine"], check=True, capture_output=True, text=True).stdout
    return VECTOR.get(told.partition("-")[0], ["-O3", "-ffp-contract=fast"])


def compile_objects(compiler: Sequence[str], flags: Sequence[str], files: Sequence[Path]) -> list[str]:
    """Objects of C files, those of dsp/vector with their own flags; kept under build/dsp/programs by what made them.

    Raises: subprocess.CalledProcessError when the compiler refuses.
    """
    folder = BUILD / "programs"
    folder.mkdir(parents=True, exist_ok=True)
    command = [*compiler, *flags, *(f"-I{ROOT / path}" for path in (*INCLUDES, "dsp/src"))]
    vector, shared = vector_flags(compiler), _shared_digest()

    def compiled(path: Path) -> str:
        whole = [*command, *(vector if path.parent == ROOT / "dsp" / "vector" else [])]
        key = _digest([path.read_bytes(), str(path).encode(), shared.encode(), " ".join(whole).encode()])[:16]
        made = folder / f"{path.stem}.{key}.o"
        if not made.exists():
            part = made.with_suffix(f".{os.getpid()}.part")
            subprocess.run([*whole, "-c", str(path), "-o", str(part)], check=True)
            part.replace(made)
        return str(made)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compiled, files))


def link_program(compiler: Sequence[str], options: Sequence[str], objects: Sequence[str], program: Path) -> None:
    """Link objects, with all that the core stands on where the compiler is the machine's own."""
    linked = LINKED if list(compiler) == CC else []
    subprocess.run([*compiler, *objects, *options, *LIBRARIES, *linked, "-o", str(program)], check=True)


def compile_program(compiler: Sequence[str], flags: Sequence[str], files: Sequence[Path], program: Path) -> None:
    """Build a program of C files: for tests with sanitizers or other targets.

    Raises: subprocess.CalledProcessError when the compiler refuses.
    """
    link_program(compiler, flags, compile_objects(compiler, flags, files), program)


def _command(*, strict: bool) -> list[str]:
    own = [*STRICT, *CFLAGS] if strict else [*CFLAGS, f"-I{sysconfig.get_path('include')}"]
    return [*CC, *own, *(f"-I{ROOT / folder}" for folder in INCLUDES)]


def digest() -> str:
    """Of everything the extension depends on: sources, headers, cdefs, this file, compiler, options, Python."""
    files = [*sources(), *headers(), *sorted((ROOT / "dsp" / "cdef").glob("*.h")), Path(__file__)]
    named = [part for path in files for part in (str(path.relative_to(ROOT)).encode(), path.read_bytes())]
    return _digest([*named, _compiler(), " ".join(_command(strict=True)).encode(), sys.version.encode()])


def _compile(source: Path, shared: str, *, strict: bool) -> Path:
    """Object of one source; an object of the same text, headers and command is kept."""
    command = _command(strict=strict)
    if source.parent.name == "vector":
        command += vector_flags()
    key = _digest([source.read_bytes(), shared.encode(), " ".join(command).encode()])[:16]
    stem = "-".join(source.relative_to(ROOT).with_suffix("").parts)
    result = BUILD / f"{stem}.{key}.o"
    if not result.exists():
        for old in BUILD.glob(f"{stem}.*.o"):
            old.unlink()
        part = result.with_suffix(".part")
        subprocess.run([*command, "-c", str(source), "-o", str(part)], check=True)
        part.replace(result)
    return result


def _generated() -> Path:
    declared, included = cdefs()
    ffi = FFI()
    ffi.cdef(declared)
    ffi.set_source(MODULE, included)
    path = BUILD / "_core.c"
    ffi.emit_c_code(str(path))
    return path


def _shared_digest() -> str:
    return _digest([*(path.read_bytes() for path in headers()), _compiler()])


def objects() -> list[Path]:
    """Object files of all sources, those that changed compiled anew.

    Raises: subprocess.CalledProcessError when the compiler refuses (it has said why on standard error).
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    shared = _shared_digest()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda source: _compile(source, shared, strict=True), sources()))


def build() -> None:
    """Compile what changed and link the extension in place.

    Raises: subprocess.CalledProcessError when the compiler refuses (it has said why on standard error).
    """
    parts = [*objects(), _compile(_generated(), _shared_digest(), strict=False)]
    part = target().with_suffix(".part")
    subprocess.run([*CC, "-shared", *map(str, parts), *LIBRARIES, *LINKED, "-o", str(part)], check=True)
    part.replace(target())


def main(arguments: Sequence[str]) -> int:
    """Build; with --if-changed only when something the extension depends on has changed."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, now = BUILD / "stamp", digest()
        stands = target().exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == now
        if stands and "--if-changed" in arguments:
            return 0
        try:
            build()
        except subprocess.CalledProcessError as refused:
            return refused.returncode
        stamp.write_text(now, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
