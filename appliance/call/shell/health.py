# SPDX-License-Identifier: GPL-2.0-only
"""Test calls that the box makes by itself, by the clock or when asked (`run/health.call.sock`), and how each went last.

A caller goes first: no such call takes the last free channel of a group, or a limit's last place, and one that is under
way when the others are gone lets go. So one that could not be made, or met an engaged number, is open, and no alarm.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from appliance.call import testing, trunks
from appliance.call.settings import Trunks
from appliance.call.shell.ports import Links
from appliance.call.shell.testing import Ear, Tester
from appliance.config.testing import TestedNumber
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.call_control import CallTested, MakeTestCalls, TestCall, TestCallNow, TestCallsNow
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.ids import IdSource
from appliance.wire.line_tests import LineStep, Result
from appliance.wire.service import CommandRefusedError, Service
from appliance.wire.spans import ChannelState

FAILED = "call.test-failed"
FIRST_S = 30.0
"""After call control's start, when lines and phones are there again."""
AGAIN_S = 300.0
"""What failed is made again by then, so that its alarm does not outlive the fault by hours."""
ANSWERED_S = 30.0
"""Beyond its ringing a call is over by then, or it hangs and is let go."""
BY = "the box"
AWAY = testing.step("way", Result.OPEN, "not made: it is not one of its hours", "未拨打：不在允许时段")
GAVE_WAY = testing.step("way", Result.OPEN, "it gave its channel back for callers", "已为来话让出信道")

log = structlog.get_logger()


class HealthCalls:
    """Of `wanted`, each with whether it is a phone. `full`: trunks without room for one beside it, with a sentence."""

    def __init__(
        self,
        path: Path,
        sealer: Sealer,
        links: Links,
        ear: Ear,
        ids: IdSource,
        ways: Trunks,
        wanted: Sequence[tuple[TestedNumber, bool]],
        full: Callable[[], Mapping[str, str]],
    ) -> None:
        self._service = Service(path, sealer, "health", self._asked, self._snapshot)
        self.tester = Tester(links, ear, ids, lambda _: None, self._over)
        self._trunks, self._full = ways, full
        self._wanted = {one.name: (one, phone) for one, phone in wanted}
        self._now = {
            one.name: TestCallNow(name=one.name, number=one.number, trunk=one.trunk or "") for one, _ in wanted
        }
        self._due_s: dict[str, float] = {}
        self._channels: dict[str, tuple[ChannelState, ...]] = {
            trunk: () for trunk, worker in ways.workers.items() if worker != "sip"
        }
        self._trunk = ""
        self._news = asyncio.Event()
        self._ended: asyncio.Future[tuple[Result, LineStep]] | None = None

    async def run(self) -> None:
        """Serve, and make them, for ever; cancel to end."""
        await self._service.start()
        self._due_s = dict.fromkeys(self._wanted, _now_s() + FIRST_S)
        while True:
            name = min(self._due_s, key=self._due_s.__getitem__, default="")
            if name and self._due_s[name] <= _now_s():
                await self._make(*self._wanted[name])
                continue
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), self._due_s[name] - _now_s() if name else None)

    def channels(self, span: str, states: Mapping[int, ChannelState]) -> None:
        """A span's, as they are now. A call of ours is in nobody's way."""
        self._channels[span] = tuple(states.values())
        if self.tester.idle or self._trunk not in self._channels:
            return
        if 0 in trunks.free(self._trunks.groups, self._trunk, self._channels).values():
            self.tester.stop(GAVE_WAY)

    # Asked and told.

    def _asked(self, envelope: Envelope) -> None:
        order = envelope.body
        if not isinstance(order, MakeTestCalls):
            raise CommandRefusedError("message.unknown", f"{type(order).__name__} asks for no test call")
        if unknown := [name for name in order.named if name not in self._wanted]:
            raise CommandRefusedError("call.test", f"there is no test call {unknown[0]} here")
        for name in order.named:
            self._due_s[name] = 0.0
            self._change(name, due=True)
        self._news.set()

    def _snapshot(self) -> Iterator[Body]:
        yield from filter(None, map(self._alarm, self._now.values()))
        yield self._told()

    def _told(self) -> TestCallsNow:
        return TestCallsNow(calls=tuple(self._now.values()))

    @staticmethod
    def _alarm(now: TestCallNow) -> AlarmRaised | None:
        if now.result is not Result.FAIL:
            return None
        called = f"{now.number} trunk {now.trunk}" if now.trunk else now.number
        sentence = f"{called}: {now.sentence}; to see it: test call {called}"
        return AlarmRaised(code=FAILED, address=f"test call {now.name}", sentence=sentence)

    def _change(self, name: str, **changes: object) -> None:
        before = self._now[name]
        self._now[name] = after = msgspec.structs.replace(before, **changes)
        if after == before:
            return
        alarm = self._alarm(after)
        if alarm is not None and alarm != self._alarm(before):
            self._service.publish(alarm)
        elif alarm is None and before.result is Result.FAIL:
            self._service.publish(AlarmCleared(code=FAILED, address=f"test call {name}"))
        self._service.publish(self._told())

    # One call.

    async def _make(self, one: TestedNumber, phone: bool) -> None:  # noqa: FBT001 - as it is kept
        began_ns = time.monotonic_ns()
        self._due_s[one.name] = _now_s() + one.every_s
        self._change(one.name, due=True)
        result, step = await self._call(one, phone=phone)
        if result is Result.FAIL:
            self._due_s[one.name] = min(self._due_s[one.name], _now_s() + AGAIN_S)
        log.info("call.health.tested", test=one.name, result=str(result), why=step.sentence)
        self._change(
            one.name,
            result=result,
            began_ns=began_ns,
            ended_ns=time.time_ns(),
            sentence=step.sentence,
            chinese=step.chinese,
            due=self._due_s[one.name] <= _now_s(),
        )

    async def _call(self, one: TestedNumber, *, phone: bool) -> tuple[Result, LineStep]:
        if not one.may_ring(time.time_ns()):
            return Result.OPEN, AWAY
        order = TestCall(to=one.number, by=BY, trunk=one.trunk or "", phone=phone, ring_s=one.ring_s)
        rooms = {trunk: trunks.spare(self._trunks.groups, trunk, self._channels) for trunk in self._trunks.workers}
        taken = {trunk: why for trunk, (room, why) in rooms.items() if room is Result.OPEN} | dict(self._full())
        dead = {trunk: why for trunk, (room, why) in rooms.items() if room is Result.FAIL}
        try:
            trunk, clid = testing.way(self._trunks, order, dead | taken)
        except CommandRefusedError as error:
            waits = error.code == testing.FULL and any(one in taken for one in testing.candidates(self._trunks, order))
            result = Result.OPEN if waits else Result.FAIL
            return result, testing.step("way", result, f"not made: {error.sentence}", f"未拨打：{error.sentence}")
        self._trunk = trunk
        self._ended = asyncio.get_running_loop().create_future()
        self.tester.begin(order, self._trunks.worker(trunk), trunk, clid)
        hangs = asyncio.get_running_loop().call_later(one.ring_s + ANSWERED_S, self.tester.stop)
        try:
            return await self._ended
        finally:
            hangs.cancel()

    def _over(self, told: CallTested, steps: tuple[LineStep, ...]) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result((told.result, testing.gist(steps, told.result)))


def _now_s() -> float:
    return time.monotonic()
