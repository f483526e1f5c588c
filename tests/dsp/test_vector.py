# SPDX-License-Identifier: GPL-2.0-only
"""Portable and vector form of every block agree: AVX2 here, NEON under qemu-aarch64 from a cross compiler."""

import platform
import subprocess
from pathlib import Path

import pytest

from dsp.build_ffi import CC, ROOT, STRICT, compile_objects, link_program, objects, sources

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

CHECKS = sorted((ROOT / "tests" / "dsp" / "vector").glob("*.c"))
TARGETS = {
    "native": (CC, ()),
    "aarch64": (["aarch64-linux-gnu-gcc", "-static"], ("qemu-aarch64-static",)),
}
MAIN = """#include <stdio.h>
#include "isa.h"
{declared}
int main(void)
{{
	int wrong = bl_isa() != BL_ISA_VECTOR;

	if (wrong)
		printf("this machine has no vector form\\n");
{calls}
	return wrong;
}}
"""


@pytest.mark.parametrize("target", TARGETS)
def test_both_forms_of_every_block_agree(target: str, tmp_path: Path) -> None:
    compiler, runner = TARGETS[target]
    names = [path.stem for path in CHECKS]
    main = tmp_path / "main.c"
    main.write_text(
        MAIN.format(
            declared="\n".join(f"int check_{name}(void);" for name in names),
            calls="\n".join(f"\twrong |= check_{name}();" for name in names),
        )
    )
    blocks = [path for path in sources() if path.parent.name in {"src", "vector"}]
    program = tmp_path / "check"
    flags = [*STRICT, "-O2", f"-I{CHECKS[0].parent}"]
    made = [str(path) for path in objects()] if compiler == CC else compile_objects(compiler, flags, blocks)
    link_program(compiler, flags, [*compile_objects(compiler, flags, [main, *CHECKS]), *made], program)
    ran = subprocess.run([*runner, program], capture_output=True, text=True, timeout=90, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_every_vector_file_has_its_check() -> None:
    vectors = {path.stem for path in (ROOT / "dsp" / "vector").glob("*.c")}
    assert vectors
    assert vectors == {path.stem for path in CHECKS}


def test_this_machine_is_one_of_the_targets() -> None:
    assert platform.machine() in {"x86_64", "aarch64"}
