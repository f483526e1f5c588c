# SPDX-License-Identifier: GPL-2.0-only
"""The line that closes `make vm-test`: a second try is told, and a guest that did not end is no pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.__main__ import verdict, verdicts

pytestmark = pytest.mark.unit


def test_all_passed() -> None:
    assert verdict({"a": True, "b": True}, {}, ended=True) == (True, "VM-TEST: 2 of 2 passed")


def test_a_pass_at_the_second_try_is_told() -> None:
    told = verdict({"a": True, "b": False}, {"b": True}, ended=True)
    assert told == (True, "VM-TEST: 2 of 2 passed; only at the second try: b")


def test_two_failures_are_one() -> None:
    told = verdict({"a": True, "b": False}, {"b": False}, ended=True)
    assert told == (False, "VM-TEST: 1 of 2 passed; failed: b")


def test_nothing_run_and_a_guest_that_hangs_are_no_pass() -> None:
    assert verdict({}, {}, ended=True) == (False, "VM-TEST: 0 of 0 passed")
    good, line = verdict({"a": True}, {}, ended=False)
    assert not good
    assert line.endswith("the guest was ended after 1800 s")


def test_errors_of_a_fixture_are_failures(tmp_path: Path) -> None:
    file = tmp_path / "first.xml"
    cases = '<testcase name="x"/><testcase name="y"><error/></testcase><testcase name="z"><failure/></testcase>'
    file.write_text(f"<testsuite>{cases}</testsuite>")
    assert verdicts(file) == {"x": True, "y": False, "z": False}
    assert verdicts(tmp_path / "none.xml") == {}
