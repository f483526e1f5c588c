# SPDX-License-Identifier: GPL-2.0-only
"""What a technician sees of a box: its alarms and its lines, as every process tells them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.call import trunks
from appliance.call.trunks import GroupNow
from appliance.config.trunks import TrunkGroup
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.service import Service
from tests.cli.test_line import typed
from tests.line.bench import started

pytestmark = pytest.mark.system
HUNG = AlarmRaised(code="process.restarted", address="line2", sentence="line2 hung and was started again")


def supervisor(run: Path, *standing: AlarmRaised) -> Service:
    """What the box's supervisor says."""
    sealer = Sealer(Identity.take("BR-0001", "supervisor"))
    return Service(run / "supervisor.sock", sealer, "processes", lambda _: None, lambda: standing)


def test_p8_alarms_and_spans_of_a_box_in_two_languages(tmp_path: Path) -> None:
    async def scene() -> None:
        run = tmp_path / "run"
        run.mkdir()
        service = supervisor(run, HUNG)
        await service.start()
        async with started(run):
            alarms, spans, chinese = await asyncio.gather(
                typed(tmp_path, "show", "alarms"),
                typed(tmp_path, "show", "spans"),
                typed(tmp_path, "show", "spans", language="zh_CN"),
            )
        await service.close()
        assert alarms == (1, f"line2: {HUNG.sentence} ({HUNG.code})\n", "")
        assert spans[0] == 1
        assert [line.split()[:4] for line in spans[1].splitlines()] == [
            ["span", "name", "signal", "signalling"],
            ["1", "telco", "good", "up"],
        ]
        assert chinese[1].splitlines()[1].split()[:4] == ["1", "telco", "良好", "正常"]

    asyncio.run(scene())


def test_a_box_without_alarms_is_well(tmp_path: Path) -> None:
    async def scene() -> tuple[int, str, str]:
        (tmp_path / "run").mkdir()
        service = supervisor(tmp_path / "run")
        await service.start()
        told = await typed(tmp_path, "show", "alarms")
        await service.close()
        return told

    assert asyncio.run(scene()) == (0, "no alarms\n", "")


def test_a_box_that_does_not_run_is_said(tmp_path: Path) -> None:
    status, out, err = asyncio.run(typed(tmp_path, "show", "alarms"))
    assert (status, out) == (2, "")
    assert "is the branch running?" in err


def test_trunk_groups_with_their_calls_and_limits_in_two_languages(tmp_path: Path) -> None:
    async def scene() -> None:
        none = await typed(tmp_path, "show", "trunks")
        assert (none[0], none[1]) == (2, "")
        assert none[2].startswith("no trunks are known here (")
        pstn = TrunkGroup(name="pstn", members=("telco", "telco-2"), most_in=5, calls=50)
        told = GroupNow(pstn, 0, now_in=5, now_out=2, came_in=40, went_out=7, too_many=1)
        trunks.show(tmp_path / "run", (told, GroupNow(TrunkGroup(name="pbx", members=("pbx",)), 0)))
        page, chinese = await asyncio.gather(
            typed(tmp_path, "show", "trunks"), typed(tmp_path, "show", "trunks", language="zh_CN")
        )
        rows = [line.split() for line in page[1].splitlines()]
        assert rows[1:] == [
            ["pstn", "telco,telco-2", "5/5", "2", "7/50", "40", "7", "1"],
            ["pbx", "pbx", "0", "0", "0", "0", "0", "0"],
        ]
        assert chinese[1].splitlines()[0].split()[:4] == ["中继组", "成员", "呼入", "呼出"]

    asyncio.run(scene())
