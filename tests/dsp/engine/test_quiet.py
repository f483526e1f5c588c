# SPDX-License-Identifier: GPL-2.0-only
"""A tick takes no lock, allocates nothing and asks the system for nothing but packets, clocks and wake-ups.

The law of dsp/engine/README.md, held over the real loop with calls of every codec, echo cancellers, a conference,
prompts, recordings, digits and SRTP. Each kind of fault is put into a tick once, and must be seen.
"""

import subprocess
from pathlib import Path

import pytest

from dsp.build_ffi import CC, CFLAGS, STRICT, compile_objects, link_program, sources
from tests.ports import free_port, free_rtp_base

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

HERE = Path(__file__).parent
FLAGS = [*STRICT, *CFLAGS]
WATCH = ["-Wl,--wrap=bl_tap_tick", "-rdynamic"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("quiet") / "quiet"
    link_program(CC, WATCH, compile_objects(CC, FLAGS, [HERE / "quiet.c", *sources()]), made)
    return made


def lived(program: Path, fault: str) -> tuple[list[str], dict[str, int]]:
    """Three seconds of a box: the faults seen, and figures of what went on."""
    ports = [str(port) for port in (free_port(), free_port(), free_rtp_base())]
    ran = subprocess.run([program, *ports, fault], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    told = [line.removeprefix("fault: ") for line in lines if line.startswith("fault: ")]
    figures = dict(line.rsplit(" ", 1) for line in lines if line.count(" ") == 1 and line[-1].isdigit())
    assert figures, ran.stderr
    return told, {name: int(figure) for name, figure in figures.items()}


def test_a_tick_asks_for_nothing_but_packets_clocks_and_wake_ups(program: Path) -> None:
    told, figures = lived(program, "none")
    assert told == []
    assert figures.pop("faults") == 0
    assert figures.pop("refused") == 0
    assert [name for name, figure in figures.items() if not figure] == [], "the box was not as busy as it should be"


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("allocate", "allocation 0 in __wrap_bl_tap_tick"),
        ("lock", "lock 0 in __wrap_bl_tap_tick"),
        ("call", "in getppid"),
        ("print", "system call 1 in "),
    ],
)
def test_the_watch_sees(program: Path, fault: str, seen: str) -> None:
    told, figures = lived(program, fault)
    assert figures["faults"] > 0
    assert all(seen in one for one in told), told
