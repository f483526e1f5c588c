# SPDX-License-Identifier: GPL-2.0-only
"""The engine, built with ASan and UBSan, under random commands, random datagrams and a torn table."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dsp.build_ffi import CC, compile_program, sources
from tests.ports import free_port, free_rtp_base

FLAGS = ["-std=c11", "-g", "-O1", "-pthread", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.mark.system
@pytest.mark.timeout(120)
def test_random_commands_datagrams_and_table_under_asan_and_ubsan(tmp_path: Path) -> None:
    program = tmp_path / "sanitized"
    compile_program(CC, FLAGS, [Path(__file__).with_name("sanitized.c"), *sources()], program)
    arguments = [str(port) for port in (free_port(), free_port(), free_rtp_base(), 1)]
    run = subprocess.run([str(program), *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    ticks, repaired = (int(word) for word in run.stdout.split() if word.isdigit())
    assert ticks > 200
    assert repaired > 0
