# SPDX-License-Identifier: GPL-2.0-only
"""Every parser, decoder and block under libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer.

A new target is a new file here. `make test` gives each a few thousand inputs, `make soak` minutes; what libFuzzer finds
is left in build/fuzz/<target>/crash-… and is run again by `build/fuzz/<target>.fuzz FILE`.
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dsp.build_ffi import INCLUDES, LIBRARIES, LINKED, ROOT, sources, vector_flags
from rootfs.setup.paths import BUILD

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

HERE = Path(__file__).parent
FOLDER = BUILD / "fuzz"
RIG = HERE / "engine" / "rig.c"
TARGETS = {path.stem: path for path in sorted([*HERE.glob("*.c"), *HERE.glob("engine/*.c")]) if path != RIG}
CLANG = ["clang", "-std=c11", "-O1", "-gline-tables-only", "-fno-omit-frame-pointer", "-Wall", "-Wextra", "-Werror"]
SANITIZE = "address,undefined"
RUNS, SECONDS = 4000, 3
AT_ONCE = ["-len_control=0", "-max_len=1024"]  # an engine takes 60 inputs a second: they are long from the first on
SOAK_SECONDS = 60


def compiled(source: Path, folder: Path) -> Path:
    """Object of one block, so built that libFuzzer sees its branches and the sanitizers its accesses."""
    made = folder / f"{source.parent.name}-{source.stem}.o"
    flags = vector_flags(["gcc"])[1:] if source.parent.name == "vector" else []
    if source.parent.name == "engine":  # it compares its own numbers all day, which tell nothing of the input
        flags = ["-fno-sanitize-coverage=trace-cmp"]
    includes = [f"-I{ROOT / include}" for include in (*INCLUDES, "dsp/src")]
    command = [*CLANG, f"-fsanitize=fuzzer-no-link,{SANITIZE}", "-fno-sanitize-recover=all", *flags, *includes]
    subprocess.run([*command, "-c", str(source), "-o", str(made)], check=True)
    return made


def all_compiled(files: list[Path], folder: Path) -> list[Path]:
    """Their objects."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda path: compiled(path, folder), files))


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return all_compiled(
        [path for path in sources() if path.parent.name in {"src", "vector", "linked"}],
        tmp_path_factory.mktemp("fuzz"),
    )


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The engine and what stands in the place of its sockets and cards; of those, the cable alone is its own."""
    kept = [path for path in sources() if path.parent.name == "engine" and path.name != "rtp_socket.c"]
    return all_compiled([*kept, ROOT / "drivers" / "vpair" / "io.c", RIG], tmp_path_factory.mktemp("fuzz-engine"))


@pytest.fixture
def program(target: str, blocks: list[Path], request: pytest.FixtureRequest) -> Path:
    """The program of one target."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = FOLDER / f"{target}.fuzz"
    includes = [f"-I{ROOT / include}" for include in INCLUDES]
    sanitize = [f"-fsanitize=fuzzer,{SANITIZE}", "-fno-sanitize-recover=all"]
    engine = request.getfixturevalue("engine") if TARGETS[target].parent == RIG.parent else []
    files = map(str, [TARGETS[target], *blocks, *engine])
    subprocess.run([*CLANG, *sanitize, *includes, *files, *LIBRARIES, *LINKED, "-o", str(made)], check=True)
    return made


def fuzzed(program: Path, *limits: str) -> "subprocess.CompletedProcess[str]":
    """Run it; what it learned stays in build/fuzz/<target> and is the beginning of the next run."""
    corpus = FOLDER / program.stem
    corpus.mkdir(exist_ok=True)
    longer = AT_ONCE if TARGETS[program.stem].parent == RIG.parent else []
    options = [
        *longer,
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        f"-artifact_prefix={corpus}/",
        *limits,
    ]
    return subprocess.run([program, *options, corpus], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_makes_it_read_or_write_beyond_its_own(program: Path) -> None:
    ran = fuzzed(program, f"-runs={RUNS}", f"-max_total_time={SECONDS}", "-seed=20260")
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert "stat::number_of_executed_units:" in ran.stderr


@pytest.mark.soak
@pytest.mark.timeout(SOAK_SECONDS + 120)
@pytest.mark.parametrize("target", TARGETS)
def test_no_input_of_minutes_does_either(program: Path) -> None:
    ran = fuzzed(program, f"-max_total_time={SOAK_SECONDS}")
    assert ran.returncode == 0, ran.stderr[-4000:]


def test_the_fuzzer_finds_what_is_there(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdint.h>\n#include <stdlib.h>\n"
        "int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)\n"
        "{ uint8_t *two = malloc(2); if (n > 1) two[in[0] & 3] = in[1]; free(two); return 0; }\n"
    )
    program = tmp_path / "wrong"
    subprocess.run([*CLANG, f"-fsanitize=fuzzer,{SANITIZE}", str(source), "-o", str(program)], check=True)
    ran = subprocess.run(
        [program, "-runs=100000", f"-artifact_prefix={tmp_path}/"], capture_output=True, text=True, check=False
    )
    assert ran.returncode != 0
    assert "heap-buffer-overflow" in ran.stderr
