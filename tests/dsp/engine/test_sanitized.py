# SPDX-License-Identifier: GPL-2.0-only
"""The engine under AddressSanitizer and UndefinedBehaviorSanitizer, and under ThreadSanitizer, with hostile clients."""

import os
import subprocess
from pathlib import Path

import pytest

from dsp.build_ffi import CC, ROOT, SANITIZE, STRICT, compile_objects, link_program, sources
from tests.ports import free_port, free_rtp_base

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

HERE = Path(__file__).parent
BOUNDS = [*STRICT, *SANITIZE, "-pthread"]
THREADS = [*STRICT, "-O1", "-g1", "-pthread", "-fsanitize=thread"]
ONE_MAPPING = ["-Wl,--wrap=mmap,--wrap=munmap"]
RIVALS = [HERE / "sanitized.c", HERE / "one_mapping.c"]


def lived(program: Path) -> "subprocess.CompletedProcess[str]":
    """Three lives of an engine."""
    arguments = [str(port) for port in (free_port(), free_port(), free_rtp_base(), 1)]
    environment = {**os.environ, "TSAN_OPTIONS": f"halt_on_error=1:history_size=7:suppressions={HERE / 'tsan.supp'}"}
    return subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def test_random_commands_datagrams_and_table_under_asan_and_ubsan(tmp_path: Path) -> None:
    blocks = [path for path in sources() if path.parent.name in {"src", "vector"}]
    rest = [path for path in sources() if path not in blocks]
    objects = compile_objects(CC, [*STRICT, *SANITIZE], blocks)  # as test_sanitizers.py has them
    objects += compile_objects(CC, BOUNDS, [HERE / "sanitized.c", *rest])
    link_program(CC, BOUNDS, objects, tmp_path / "bounds")
    run = lived(tmp_path / "bounds")
    assert run.returncode == 0, run.stderr
    ticks, repaired, decoded = (int(word) for word in run.stdout.split() if word.isdigit())
    assert ticks > 200
    assert repaired > 0
    assert decoded > 0


def test_clients_and_engine_race_for_nothing_under_tsan(tmp_path: Path) -> None:
    objects = compile_objects(CC, THREADS, [*RIVALS, *sources()])
    link_program(CC, [*THREADS, *ONE_MAPPING], objects, tmp_path / "threads")
    run = lived(tmp_path / "threads")
    assert run.returncode == 0, run.stderr


def test_tsan_sees_a_ring_without_order(tmp_path: Path) -> None:
    careless = tmp_path / "ring.h"
    ring = (ROOT / "dsp" / "include" / "ring.h").read_text(encoding="utf-8")
    careless.write_text(ring.replace("memory_order_release", "memory_order_relaxed"), encoding="utf-8")
    engine = [*RIVALS, *(path for path in sources() if path.parent.name == "engine")]
    objects = compile_objects(CC, THREADS, [path for path in sources() if path not in engine])
    objects += compile_objects(CC, [*THREADS, "-D_GNU_SOURCE=", "-include", str(careless)], engine)
    link_program(CC, [*THREADS, *ONE_MAPPING], objects, tmp_path / "careless")
    run = lived(tmp_path / "careless")
    assert run.returncode != 0
    assert "data race" in run.stderr
