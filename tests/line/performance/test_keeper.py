# SPDX-License-Identifier: GPL-2.0-only
"""What a worker keeps and tells of its spans' performance."""

import asyncio
from pathlib import Path

import pytest

from appliance.line.performance.history import DAYS, QUARTERS
from appliance.line.performance.keeper import Keeper
from appliance.line.performance.look import Look
from appliance.wire.envelope import Sealer, encode
from appliance.wire.ids import Identity
from appliance.wire.performance import DAY_S, QUARTER_S, Figures, Interval, SpanPerformance, Verdict
from appliance.wire.service import LINE_LIMIT
from drivers.model import Alarm, SpanCounters, SpanStatus
from tests.line.bench import started
from tests.wire.conformance import attached

MIDNIGHT = 1_795_392_000.0


def pass_s(keeper: Keeper, seconds: int, alarms: Alarm = Alarm.NONE, begun: int = 0) -> list[SpanPerformance]:
    told = []
    for second in range(begun, begun + seconds):
        counters = SpanCounters(received=1000 * second, sent=1000 * second)
        status = SpanStatus(0, open=True, alarms=alarms, counters=counters, buffer_ms=10, clock_ppm=0.0,
                            clock_locked=True)  # fmt: skip
        told.append(keeper.take(Look(status), MIDNIGHT + second, 100.0 + second))
    return [one for one in told if one is not None]


@pytest.mark.unit
def test_a_span_is_told_each_minute_with_its_verdict_and_is_on_disk_by_then(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, {0: "telco"})
    told = pass_s(keeper, 150, Alarm.AIS)
    assert [(one.span, one.name, one.verdict, one.window_s) for one in told] == [
        (1, "telco", Verdict.TELCO, 60),
        (1, "telco", Verdict.TELCO, 120),
    ]
    assert "AIS for 120 of 120 s" in told[1].sentence
    assert told[1].quarters[0].near == Figures(seconds=120, uas=120)
    keeper.close()
    again = Keeper(tmp_path, {0: "telco"})
    assert again.told(0).quarters[0].near == Figures(seconds=149, uas=149)
    again.close()


@pytest.mark.unit
def test_a_disk_that_refuses_costs_the_file_and_not_the_history(tmp_path: Path) -> None:
    (tmp_path / "performance").write_bytes(b"no folder")
    keeper = Keeper(tmp_path / "performance", {0: "telco"})
    (told,) = pass_s(keeper, 61)
    assert told.quarters[0].near.seconds == 60
    keeper.close()


@pytest.mark.unit
def test_the_fullest_history_fits_into_one_line_of_a_socket() -> None:
    most = Figures(900, 900, 900, 900_000, 900, 900)
    quarters = tuple(
        Interval(int(MIDNIGHT) + n * QUARTER_S, most, most, 900, 12.345678, -12.345678, 123.456789)
        for n in range(QUARTERS)
    )
    days = tuple(
        Interval(int(MIDNIGHT) + n * DAY_S, most, most, 86_400, 12.345678, -12.345678, 123.45678) for n in range(DAYS)
    )
    told = SpanPerformance(span=8, name="n" * 64, quarters=quarters, days=days, sentence="s" * 300, chinese="中" * 150)
    assert len(encode(Sealer(Identity.take("BR-0001", "line1")).seal(told))) < LINE_LIMIT


@pytest.mark.system
def test_whoever_attaches_to_a_worker_is_told_each_span_s_performance(tmp_path: Path) -> None:
    async def scene() -> SpanPerformance:
        async with started(tmp_path) as bench, attached(bench.network) as client:
            await client.snapshot()
            bench.worker._keeper.take(Look(bench.engine.span_status(0)), MIDNIGHT, 1.0)
        async with started(tmp_path) as bench, attached(bench.network) as client:
            return await client.expect(SpanPerformance)

    told = asyncio.run(scene())
    assert (told.span, told.name, told.window_s) == (1, "telco", 0)
