# SPDX-License-Identifier: GPL-2.0-only
"""The blocks under AddressSanitizer and UndefinedBehaviorSanitizer, on good input and on random input."""

import subprocess
from pathlib import Path

import pytest

from dsp.build_ffi import CC, ROOT, SANITIZE, STRICT, compile_program, sources

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver and the blocks, with warnings as errors and both sanitizers."""
    program = tmp_path_factory.mktemp("sanitizers") / "blocks_driver"
    blocks = [path for path in sources() if path.parent.name in {"src", "vector"}]
    compile_program(CC, [*STRICT, *SANITIZE], [ROOT / "tests" / "dsp" / "blocks_driver.c", *blocks], program)
    return program


@pytest.mark.parametrize("seed", [1, 20260, 4294967291])
def test_no_block_reads_or_writes_beyond_its_own(driver: Path, seed: int) -> None:
    ran = subprocess.run([driver, str(seed), "40"], capture_output=True, text=True, timeout=50, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_sanitizers_are_at_work(tmp_path: Path) -> None:
    source = tmp_path / "freed.c"
    body = "char *p = calloc(4, 1); char *volatile q = p; (void)v; free(p); return q[n];"
    source.write_text(f"#include <stdlib.h>\nint main(int n, char **v) {{ {body} }}\n")
    subprocess.run([*CC, *SANITIZE, str(source), "-o", str(tmp_path / "freed")], check=True)
    ran = subprocess.run([tmp_path / "freed"], capture_output=True, text=True, timeout=20, check=False)
    assert ran.returncode != 0
    assert "heap-use-after-free" in ran.stderr
