# SPDX-License-Identifier: GPL-2.0-only
"""What a box's own test calls say of its service, and when they are asked for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.config import Branch, load
from appliance.processes import telephone
from appliance.supervisor.judge import ServiceNow
from appliance.wire.call_control import MakeTestCalls, TestCallNow, TestCallsNow
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.line_tests import Result
from appliance.wire.service import Service
from tests.config.test_boxes import Edit, branch

pytestmark = pytest.mark.system
__all__ = ["branch"]

PSTN = "test call pstn"


class Calls:
    """Call control, as it tells of them."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.told: dict[str, TestCallNow] = {}
        sealer = Sealer(Identity.take("BR-0001", "call"))
        self.service = Service(folder / "run/health.call.sock", sealer, "health", self._asked, self._snapshot)

    def _asked(self, envelope: Envelope) -> None:
        assert isinstance(envelope.body, MakeTestCalls)
        self.asked.append(envelope.body.named)

    def _snapshot(self) -> tuple[TestCallsNow]:
        return (TestCallsNow(calls=tuple(self.told.values())),)

    def went(self, name: str, result: Result | None, began_s: float, *, due: bool = False) -> None:
        self.told[name] = TestCallNow(
            name=name, number="1", result=result, began_ns=int(began_s * 1e9), sentence="so it went", due=due
        )


Look = Callable[[float | None], Awaitable[ServiceNow]]


def judged(branch: Edit, folder: Path, scene: Callable[[Calls, Look], Awaitable[None]]) -> None:
    """With call control there."""
    box = load(branch("\nsip:", "\noutbound: [{to: telco}]\ntest_calls:\n  - {name: pstn, number: 117}\nsip:"))
    assert isinstance(box, Branch)

    async def look(since_s: float | None) -> ServiceNow:
        return await telephone.telephone(folder, box, since_s)

    async def run() -> None:
        calls = Calls(folder)
        await calls.service.start()
        try:
            await scene(calls, look)
        finally:
            await calls.service.close()

    asyncio.run(run())


def test_of_last_time_is_told_what_there_is_and_nothing_is_asked_for(branch: Edit, tmp_path: Path) -> None:
    async def scene(calls: Calls, look: Look) -> None:
        for result, good in ((None, {}), (Result.OPEN, {}), (Result.PASS, {PSTN: True}), (Result.FAIL, {PSTN: False})):
            calls.went("pstn", result, 1.0)
            told = await look(None)
            assert {name: so for name, so in told.good.items() if name == PSTN} == good
            assert told.why == ({PSTN: "so it went"} if result is Result.FAIL else {})
        assert calls.asked == []

    judged(branch, tmp_path, scene)


def test_what_began_before_counts_no_more_and_is_made_once(branch: Edit, tmp_path: Path) -> None:
    async def scene(calls: Calls, look: Look) -> None:
        now_s = time.monotonic()
        calls.went("pstn", Result.PASS, now_s - 1)
        assert (await look(now_s)).good[PSTN] is None
        assert calls.asked == [("pstn",)]
        calls.went("pstn", Result.PASS, now_s - 1, due=True)
        assert (await look(now_s)).good[PSTN] is None
        calls.went("pstn", Result.PASS, now_s + 1)
        assert (await look(now_s)).good[PSTN] is True
        assert calls.asked == [("pstn",)]

    judged(branch, tmp_path, scene)


def test_one_that_failed_is_made_again_but_not_at_once(branch: Edit, tmp_path: Path) -> None:
    async def scene(calls: Calls, look: Look) -> None:
        now_s = time.monotonic()
        calls.went("pstn", Result.FAIL, now_s)
        assert (await look(now_s - 20)).good[PSTN] is False
        assert calls.asked == []
        calls.went("pstn", Result.FAIL, now_s - telephone.AGAIN_S)
        assert (await look(now_s - 20)).good[PSTN] is False
        assert calls.asked == [("pstn",)]
        await look(now_s - 600)
        assert calls.asked == [("pstn",)], "a number that was never good is not rung all the trial long"

    judged(branch, tmp_path, scene)


def test_one_that_is_open_is_waited_for_and_then_tells_nothing(branch: Edit, tmp_path: Path) -> None:
    async def scene(calls: Calls, look: Look) -> None:
        now_s = time.monotonic()
        calls.went("pstn", Result.OPEN, now_s)
        assert (await look(now_s - 1)).good[PSTN] is None
        assert PSTN not in (await look(now_s - telephone.OPEN_S)).good

    judged(branch, tmp_path, scene)


def test_without_call_control_no_test_call_is_good(branch: Edit, tmp_path: Path) -> None:
    async def scene(calls: Calls, look: Look) -> None:
        await calls.service.close()
        assert (await look(0.0)).good[PSTN] is False

    judged(branch, tmp_path, scene)
