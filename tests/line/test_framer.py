# SPDX-License-Identifier: GPL-2.0-only
"""A span behind a card's framer: what the framer counts is the span's history, near and far."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.line import worker
from appliance.wire.legs import TakeSnapshot
from appliance.wire.performance import Figures, SpanPerformance
from appliance.wire.spans import SpanChanged
from drivers.model import Defect, LineErrors, Loop
from tests.line.bench import started
from tests.wire.conformance import attached

pytestmark = pytest.mark.system


@dataclass
class Framer:
    """One of an E1; each look finds as many errors more."""

    near: int = 0
    far: int = 0
    blocks: int = 1000
    looks: int = 0

    def errors(self) -> LineErrors | None:
        self.looks += 1
        return LineErrors(0, self.near * self.looks, 0, self.far * self.looks)

    def loop(self, where: Loop | None) -> None:
        assert where is None, "only a test loops it"

    def insert(self, defect: Defect) -> None:
        raise AssertionError(defect)


@pytest.mark.parametrize(
    ("framer", "near", "far"),
    [
        (Framer(near=7), (1, 0, 7), (0, 0, 0)),
        (Framer(far=20), (0, 0, 0), (1, 0, 20)),
    ],
    ids=["near", "far"],
)
def test_g826_what_the_framer_counts_is_the_span_s_history(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    framer: Framer,
    near: tuple[int, int, int],
    far: tuple[int, int, int],
) -> None:
    """Errored, severely errored, and background block errors of each second."""

    async def scene() -> None:
        monkeypatch.setattr(worker, "STATUS_S", 0.05)
        async with started(tmp_path, framer) as bench, attached(bench) as client:
            figures = heard = Figures()
            while figures.seconds < 3:
                await client.done(TakeSnapshot())
                told = await client.expect(SpanPerformance)
                if told.quarters:
                    figures, heard = told.quarters[-1].near, told.quarters[-1].far
            shown = (await client.expect(SpanChanged)).span.counters
            while "framer_crc_errors" not in shown:
                shown = (await client.expect(SpanChanged)).span.counters
            assert (shown["framer_crc_errors"] > 0, shown["framer_far_end_block_errors"] > 0) == (near[0], far[0])
            for side, (es, ses, bbe) in ((figures, near), (heard, far)):
                n = side.seconds
                assert (side.es, side.ses, side.bbe) == (es * n, ses * n, bbe * n)

    asyncio.run(scene())
