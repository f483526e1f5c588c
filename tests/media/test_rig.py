# SPDX-License-Identifier: GPL-2.0-only
"""What is judged again because the machine was late, and what is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from tests.media.rig import Side, judged_while_the_machine_keeps_time

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("late_us", "wrong", "runs"), [(30_000, 2, 3), (30_000, 3, 3), (300, 1, 1), (30_000, 0, 1)])
def test_fault_on_a_machine_that_kept_time_is_a_fault_at_once(late_us: int, wrong: int, runs: int) -> None:
    ran = 0

    def judge(sides: list[Side]) -> None:
        nonlocal ran
        ran += 1
        status = SimpleNamespace(reference_worst_us=late_us)
        sides.append(cast(Side, SimpleNamespace(engine=SimpleNamespace(status=lambda: status))))
        assert ran > wrong

    if runs > wrong:
        judged_while_the_machine_keeps_time(judge)
    else:
        with pytest.raises(AssertionError):
            judged_while_the_machine_keeps_time(judge)
    assert ran == runs
