# SPDX-License-Identifier: GPL-2.0-only
"""Null pointers, lengths and enumerations that cannot be: each is refused with an error, or does nothing; none ends us.

The calls are those of bad_input.py, made in a process of its own: every function of dsp/cdef that takes a pointer, with
each of its pointers NULL; settings, lengths and numbers out of range.
"""

import subprocess
import sys

import pytest

from dsp.build_ffi import ROOT
from tests.dsp.bad_input import NOT_CHECKED, SUITES, Call, null_calls

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

HEADERS = sorted((ROOT / "dsp" / "include").glob("*.h"))


def test_no_call_is_taken_and_none_ends_the_process() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.dsp.bad_input"], capture_output=True, text=True, timeout=50, check=False
    )
    made = ran.stdout.splitlines()
    assert [line for line in made if line.startswith("WRONG")] == [], "these were not refused as they are to be"
    assert ran.returncode == 0, f"{made[-1] if made else 'nothing'}: {ran.stderr}"
    assert len(made) == sum(len(list(suite())) for suite in SUITES)


def test_every_function_that_takes_a_pointer_is_called_without_it() -> None:
    called = {call.text.partition(",")[0] for call in null_calls()}
    assert len(called) + len(NOT_CHECKED) >= 227
    assert {"bl_gain_process", "bl_jitter_set", "bl_engine_tick", "bl_srtp_protect"} <= called


@pytest.mark.parametrize("name", sorted(NOT_CHECKED))
def test_a_header_says_whose_pointers_are_not_checked(name: str) -> None:
    headers = [" ".join(path.read_text(encoding="utf-8").replace("*", " ").split()) for path in HEADERS]
    above = next(text.partition(f"{name}(")[0] for text in headers if f" {name}(" in text)
    assert "Pointers are not checked" in above


def test_an_answer_that_is_no_refusal_is_seen() -> None:
    assert not Call("", lambda: 0).answer(0)
    assert Call("", lambda: -22).answer(-22)
