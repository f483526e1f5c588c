# SPDX-License-Identifier: GPL-2.0-only
"""Two runs of tests on one machine: what one has taken the other leaves alone."""

import subprocess
import sys

import pytest

from tests.ports import free_rtp_base, let_go_rtp_base

pytestmark = pytest.mark.system

_OTHERS = "from tests.ports import _bases; raise SystemExit(0 if _bases.take({base}) else 7)"


def others_may_have(base: int) -> bool:
    status = subprocess.run([sys.executable, "-c", _OTHERS.format(base=base)], check=False).returncode
    assert status in {0, 7}
    return status == 0


def test_ports_that_are_kept_are_nobody_elses_however_many_are_taken_meanwhile() -> None:
    """A site of a whole file of tests outlives those of each test, and its worker begins at the first port again."""
    kept = free_rtp_base(keep=True)
    for _ in range(7):
        free_rtp_base()
    assert not others_may_have(kept)
    let_go_rtp_base(kept)
    assert others_may_have(kept)
