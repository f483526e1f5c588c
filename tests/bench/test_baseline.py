# SPDX-License-Identifier: GPL-2.0-only
"""No block costs 5 % more instructions than its committed baseline."""

import pytest

from tests.bench import baseline
from tests.bench.program import Program

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


def test_no_case_needs_more_instructions_than_its_baseline() -> None:
    known = baseline.committed()
    if known is None:
        pytest.skip(f"no baseline of {baseline.key()}: make bench ARGS=--baseline")
    counts = baseline.measured(Program())
    assert set(counts) == set(known), "a case came or went: make bench ARGS=--baseline"
    worse = {name: (known[name], now) for name, now in counts.items() if now > baseline.WORSE * known[name]}
    assert worse == {}
