# SPDX-License-Identifier: GPL-2.0-only
"""The box's own test calls: workers and engine are fakes, the socket is real. A caller always goes first."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from appliance.call import trunks
from appliance.call.settings import Trunks
from appliance.call.shell import health, testing
from appliance.call.shell.control import Control
from appliance.config.outbound import Way
from appliance.config.testing import TestedNumber
from appliance.config.trunks import TrunkGroup
from appliance.wire import legs
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.call_control import MakeTestCalls, TestCallNow, TestCallsNow
from appliance.wire.client import Client
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import Direction, Leg, LegState, ReleasedBy
from appliance.wire.line_tests import Result
from appliance.wire.service_messages import Accepted, Refused
from appliance.wire.spans import ChannelState, Span, SpanChanged
from appliance.wire.talk import snapshot, talk
from tests.call.test_control import DEFAULT, FakeBox, caller

pytestmark = pytest.mark.system

NUMBER = "02512345678"
PSTN = TestedNumber(name="pstn", number=NUMBER)
IDLE, BUSY, BLOCKED = ChannelState.IDLE, ChannelState.BUSY, ChannelState.BLOCKED
GROUP = TrunkGroup(name="ways", members=("telco", "pbx"))
TRUNKS = Trunks({"telco": "line1", "pbx": "line2"}, ways=(Way(to="ways"),), groups=(GROUP,))


class Ear:
    """Somebody who speaks, as long as nobody says otherwise."""

    level = -18.0

    def tone(self, port: int) -> None: ...

    def silence(self, port: int) -> None: ...

    def heard(self, _port: int) -> tuple[float, int | None]:
        return self.level, None


class Story:
    """Call control with one number to test, and who looks at it."""

    def __init__(self, folder: Path) -> None:
        self.run, self.box, self.ear = folder / "run", FakeBox(), Ear()
        self.box.uplink = False
        self.identity = Identity.take("BR-1", "call")
        self.control = Control(self.box, self.box, IdSource(self.identity), DEFAULT, 5.0, TRUNKS)
        self.told: list[object] = []

    def limit(self, most_out: int) -> None:
        """Of the group."""
        ways = msgspec.structs.replace(TRUNKS, groups=(msgspec.structs.replace(GROUP, most_out=most_out),))
        self.control = Control(self.box, self.box, IdSource(self.identity), DEFAULT, 5.0, ways)

    @contextlib.asynccontextmanager
    async def serves(self, one: TestedNumber = PSTN, *, phone: bool = False) -> AsyncIterator["Story"]:
        calls = await self.control.serve(self.run, Sealer(self.identity), self.ear, [(one, phone)])
        looks = Client(
            self.run / "health.call.sock", Sealer(self.identity), lambda e: self.told.append(e.body), role="observer"
        )
        tasks = [asyncio.create_task(calls.run()), asyncio.create_task(looks.run())]
        try:
            await self.until(lambda: looks.connected)
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def until(so: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not so():  # noqa: ASYNC110 - of a fake, which tells nobody
                await asyncio.sleep(0.005)

    def channels(self, span: str, *states: ChannelState) -> None:
        """A line worker tells of its span."""
        told = Span(span=1, name=span, alarms=(), d_channel_up=True, channels=dict(enumerate(states, 1)), counters={})
        self.control.leg_said({"telco": "line1", "pbx": "line2"}[span], SpanChanged(span=told))

    async def ask(self, *names: str) -> object:
        async with contextlib.aclosing(talk(self.run / "health.call.sock", MakeTestCalls(named=names))) as said:
            async for body in said:
                if isinstance(body, Accepted | Refused):
                    return body
        return None

    def placed(self) -> list[tuple[str, legs.PlaceLeg]]:
        return [(worker, order) for worker, order in self.box.sent if isinstance(order, legs.PlaceLeg)]

    async def calls(self) -> legs.PlaceLeg:
        """The leg that it places next, which has its channel."""
        before = len(self.placed())
        assert isinstance(await self.ask("pstn"), Accepted)
        await self.until(lambda: len(self.placed()) > before)
        worker, order = self.placed()[-1]
        leg = Leg(leg=order.leg, direction=Direction.OUTGOING, state=LegState.PLACED, channel="span 1", port=5)
        self.control.leg_said(worker, legs.LegPlaced(leg=leg))
        return order

    def says(self, body: object) -> None:
        self.control.leg_said("line1", body)

    def released(self, order: legs.PlaceLeg, cause: int, by: ReleasedBy = ReleasedBy.PEER) -> None:
        self.says(legs.LegReleased(leg=order.leg, cause=cause, by=by, sample=0))

    async def now(self) -> TestCallNow:
        (told,) = [body for body in await snapshot(self.run / "health.call.sock") if isinstance(body, TestCallsNow)]
        (one,) = told.calls
        return one

    async def went(self) -> TestCallNow:
        """The last one's end."""
        async with asyncio.timeout(5):
            while (one := await self.now()).due or one.result is None:  # noqa: ASYNC110 - as it is seen from outside
                await asyncio.sleep(0.005)
        return one

    async def answers(self, order: legs.PlaceLeg) -> TestCallNow:
        """A machine does, and speaks."""
        self.says(legs.LegAlerting(leg=order.leg))
        self.says(legs.LegAnswered(leg=order.leg, sample=0))
        await self.until(lambda: ("line1", legs.ReleaseLeg(leg=order.leg, cause=16)) in self.box.sent)
        self.released(order, 16, ReleasedBy.US)
        return await self.went()


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setattr(testing, "BEFORE_S", 0.02)
    monkeypatch.setattr(testing, "BESIDE_S", 0.02)
    monkeypatch.setattr(testing, "SETTLED_S", 0.01)
    monkeypatch.setattr(testing, "LOOK_S", 0.01)
    return Story(tmp_path)


def test_an_answered_one_is_good_and_no_contact_no_record_and_no_group_has_it(story: Story) -> None:
    async def scene() -> None:
        async with story.serves():
            story.channels("telco", IDLE, IDLE)
            order = await story.calls()
            assert (order.to, order.trunk) == (NUMBER, "telco")
            one = await story.answers(order)
            assert (one.result, one.sentence) == (Result.PASS, "the far end is heard, -18 dBm0")
            assert story.control.contacts == ()
            assert story.box.events == []
            assert story.box.kept == {}
            assert [(now.now_out, now.went_out) for now in story.control.groups] == [(0, 0)]
            assert not [body for body in story.told if isinstance(body, AlarmRaised)]

    asyncio.run(scene())


def test_one_that_fails_is_an_alarm_until_the_next_that_does_not(story: Story) -> None:
    async def scene() -> None:
        async with story.serves():
            story.channels("telco", IDLE, IDLE)
            story.released(await story.calls(), 1)
            one = await story.went()
            assert one.result is Result.FAIL
            assert "cause 1, unallocated" in one.sentence
            (alarm,) = [
                body for body in await snapshot(story.run / "health.call.sock") if isinstance(body, AlarmRaised)
            ]
            assert (alarm.code, alarm.address) == ("call.test-failed", "test call pstn")
            assert alarm.sentence.startswith(f"{NUMBER}: the far end let go after")
            await story.answers(await story.calls())
            assert AlarmCleared(code="call.test-failed", address="test call pstn") in story.told

    asyncio.run(scene())


def test_an_engaged_number_is_open_and_no_alarm(story: Story) -> None:
    async def scene() -> None:
        async with story.serves():
            story.channels("telco", IDLE, IDLE)
            story.released(await story.calls(), 17)
            one = await story.went()
            assert one.result is Result.OPEN
            assert "cause 17, user busy" in one.sentence
            assert not [body for body in story.told if isinstance(body, AlarmRaised)]

    asyncio.run(scene())


def test_the_last_free_channel_of_a_group_is_left_to_callers(story: Story) -> None:
    async def scene() -> None:
        async with story.serves():
            story.channels("telco", IDLE, BUSY)
            await story.ask("pstn")
            one = await story.went()
            told = "not made: ways has one free channel left; pbx has no channel in service"
            assert (one.result, one.sentence) == (Result.OPEN, told)
            assert story.placed() == []
            story.channels("pbx", IDLE, BUSY)
            assert (await story.calls()).trunk == "telco", "the group has two"

    asyncio.run(scene())


def test_one_under_way_gives_way_when_callers_take_what_is_left(story: Story) -> None:
    async def scene() -> None:
        async with story.serves():
            story.channels("telco", IDLE, IDLE)
            order = await story.calls()
            story.channels("telco", IDLE, BUSY)
            assert not story.box.commands(legs.ReleaseLeg), "one channel is free still"
            story.channels("telco", BUSY, BUSY)
            assert story.box.commands(legs.ReleaseLeg) == [legs.ReleaseLeg(leg=order.leg, cause=16)]
            story.released(order, 16, ReleasedBy.US)
            one = await story.went()
            assert (one.result, one.sentence) == (Result.OPEN, "it gave its channel back for callers")

    asyncio.run(scene())


def test_a_limit_s_last_place_is_left_to_callers_too(story: Story) -> None:
    story.limit(1)

    async def scene() -> None:
        async with story.serves():
            story.channels("telco", *(IDLE,) * 8)
            story.channels("pbx", *(IDLE,) * 8)
            await story.ask("pstn")
            one = await story.went()
            assert (one.result, one.sentence) == (Result.OPEN, "not made: ways has 0 of 1 calls out")
            assert story.placed() == []

    asyncio.run(scene())


def test_a_span_out_of_service_is_passed_over_and_with_none_left_the_call_has_failed(story: Story) -> None:
    async def scene() -> None:
        async with story.serves():
            story.channels("telco", BLOCKED, BLOCKED)
            story.channels("pbx", IDLE, IDLE)
            order = await story.calls()
            assert order.trunk == "pbx"
            story.control.leg_said("line2", legs.LegReleased(leg=order.leg, cause=27, by=ReleasedBy.FAULT, sample=0))
            await story.went()
            story.channels("pbx", BLOCKED, BLOCKED)
            await story.ask("pstn")
            await story.until(lambda: len([b for b in story.told if isinstance(b, AlarmRaised)]) == 2)
            one = await story.went()
            expected = "not made: telco has no channel in service; pbx has no channel in service"
            assert (one.result, one.sentence) == (Result.FAIL, expected)

    asyncio.run(scene())


def test_out_of_its_hours_nobody_is_rung(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    night = 1_795_469_038_391_510_979  # 02:43:58 in Shanghai
    one = TestedNumber(name="pstn", number="8001", hours="08:00-20:00", zone="Asia/Shanghai")

    async def scene() -> None:
        async with story.serves(one, phone=True):
            monkeypatch.setattr(time, "time_ns", lambda: night)
            await story.ask("pstn")
            assert (await story.went()).result is Result.OPEN
            assert story.placed() == []
            monkeypatch.setattr(time, "time_ns", lambda: night + 8 * 3_600_000_000_000)
            await story.ask("pstn")
            await story.until(story.placed)
            ((worker, order),) = story.placed()
            assert (worker, order.to, order.trunk) == ("sip", "8001", None)

    asyncio.run(scene())


def test_it_is_made_by_the_clock_and_what_failed_sooner(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FIRST_S", 0.02)
    monkeypatch.setattr(health, "AGAIN_S", 0.05)

    async def scene() -> None:
        async with story.serves():
            story.channels("telco", IDLE, IDLE)
            await story.until(story.placed)
            story.released(story.placed()[0][1], 1)
            assert (await story.went()).result is Result.FAIL
            await story.until(lambda: len(story.placed()) == 2)
            story.released(story.placed()[1][1], 17)
            assert (await story.went()).result is Result.OPEN
            await asyncio.sleep(0.2)
            assert len(story.placed()) == 2, "an hour lies between"

    asyncio.run(scene())


def test_one_that_is_asked_for_while_it_is_under_way_is_made_once_more(story: Story) -> None:
    async def scene() -> None:
        async with story.serves():
            story.channels("telco", IDLE, IDLE)
            first = await story.calls()
            await story.ask("pstn")
            story.released(first, 41)
            await story.until(lambda: len(story.placed()) == 2)
            assert (await story.now()).due
            assert isinstance(await story.ask("no"), Refused)

    asyncio.run(scene())


def test_a_caller_who_comes_meanwhile_is_a_contact_as_ever(story: Story) -> None:
    async def scene() -> None:
        async with story.serves():
            story.channels("telco", IDLE, IDLE)
            order = await story.calls()
            story.says(legs.LegOffered(leg=caller()))
            mine = Leg(leg=order.leg, direction=Direction.OUTGOING, state=LegState.PLACED, channel="span 1", port=5)
            story.says(legs.LegSnapshot(legs=(mine, caller())))
            assert [contact.caller.leg for contact in story.control.contacts] == ["leg-a"]
            assert not story.box.commands(legs.ReleaseLeg)
            story.says(legs.LegSnapshot(legs=(caller(),)))
            one = await story.went()
            assert one.result is Result.FAIL, "the worker has lost our leg"

    asyncio.run(scene())


@pytest.mark.unit
def test_free_channels_are_those_of_the_whole_group() -> None:
    groups = (GROUP, TrunkGroup(name="far", members=("BR-0002", "pbx")))
    states = {"telco": (IDLE, BUSY), "pbx": (IDLE, IDLE, BLOCKED)}
    assert trunks.free(groups, "pbx", states) == {"ways": 3, "far": 2}
    assert trunks.spare(groups, "BR-0002", states) == (Result.PASS, "")
    assert trunks.spare(groups, "telco", {"telco": (BUSY, BLOCKED)}) == (Result.OPEN, "telco has no channel free")
    assert trunks.spare(groups, "telco", {"telco": (BLOCKED,)}) == (Result.FAIL, "telco has no channel in service")
