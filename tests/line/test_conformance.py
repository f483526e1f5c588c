# SPDX-License-Identifier: GPL-2.0-only
"""The line worker keeps every rule of the leg protocol (docs/wire.md), both directions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.line.bench import started
from tests.wire import conformance

pytestmark = pytest.mark.system


@pytest.mark.parametrize("rule", conformance.RULES, ids=conformance.name)
def test_line_worker(rule: conformance.Rule, tmp_path: Path) -> None:
    @asynccontextmanager
    async def far_end() -> AsyncIterator[conformance.FarEnd]:
        async with started(tmp_path) as bench:
            yield bench.network

    conformance.check(rule, far_end)
