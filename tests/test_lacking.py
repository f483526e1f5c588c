# SPDX-License-Identifier: GPL-2.0-only
"""A promise that is not looked at is no green one where CI=true."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lacking import needs

ROOT = Path(__file__).parents[1]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception), ("false", pytest.skip.Exception)]
)
def test_what_is_missing_is_left_out_or_has_failed(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    needs("/usr/bin/rauc", "rauc is not installed")
    with pytest.raises(outcome, match="rauc is not installed"):
        needs(None, "rauc is not installed")


@pytest.mark.system
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("tests/update/test_states.py", "rauc is not installed"),
        ("tests/uplink/enrolling/test_zero_touch.py", "a box from the factory needs root, ip netns and dnsmasq"),
    ],
)
@pytest.mark.parametrize("ci", ["true", ""])
def test_updates_and_zero_touch_are_not_left_out_in_silence(tmp_path: Path, test: str, said: str, ci: str) -> None:
    """On a machine whose programs are not there: an empty PATH."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    environment = {**os.environ, "PATH": str(tmp_path), "CI": ci}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert said in told.stdout
    assert told.returncode == (1 if ci else 0), told.stdout
    assert ("skipped" in told.stdout) is not bool(ci)
