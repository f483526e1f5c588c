# SPDX-License-Identifier: GPL-2.0-only
"""Spans that share a D-channel, as line workers serve them: every channel, and no call lost with a D-channel."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from appliance.line.channels import Order
from appliance.line.span import PriLine
from appliance.line.states import Event, State
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.signalling.pri.interface import Interface
from appliance.signalling.pri.link import Link, Profile, Side, Timers
from appliance.signalling.pri.nfas import Group
from appliance.wire import legs
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import ReleasedBy
from drivers.model import Alarm
from tests.line.bench import TIMERS
from tests.line.fake_engine import FakeEngine
from tests.line.far_end import BEARERS, Network
from tests.line.span_pair import Board, End
from tests.signalling.pri.group_pair import GroupPair
from tests.wire.conformance import attached

NET, USER = Side.NETWORK, Side.USER
PRIMARY, BACKUP, BEARERS_ONLY = 0, 1, 2


class Spans(GroupPair[End]):
    """Three spans of each side, every channel restarted."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: dict[Side, Group] = {}
        self.connect({side: self._spans(side) for side in Side})
        self.pass_s(10.0)
        assert [end.idle() for *_, end in self.all()] == [30, 30, 31] * 2

    def _spans(self, side: Side) -> dict[int, End]:
        timers = Timers(t309_s=6.0, t316_s=5.0)
        group = self.groups[side] = Group(side, timers, primary=PRIMARY, backup=BACKUP, clock=lambda: self.now)
        order = Order.ASCENDING if side is NET else Order.DESCENDING
        return {
            n: End(Interface(group, n), Board(lambda: self.now, n), order, d_channel=0 if n == BEARERS_ONLY else 16)
            for n in range(3)
        }

    def talk(self, interface: int, leg: str) -> None:
        """The user calls, the network answers."""
        assert self.ends[USER][interface].place(leg)
        self.settle()
        span = self.ends[NET][interface].span
        offered = span.legs[self.last(NET, legs.LegOffered).leg.leg]
        self.do(lambda: span.command(offered, Event.ANSWER))

    def answer_all(self) -> None:
        """The network's side answers whoever waits."""
        for end in self.ends[NET].values():
            for leg in tuple(end.span.legs.values()):
                if leg.state is State.OFFERED:
                    end.span.command(leg, Event.ANSWER)
        self.settle()

    def hang_up(self, interface: int, leg: str) -> None:
        """The user lets go."""
        span = self.ends[USER][interface].span
        self.do(lambda: span.release(span.legs[leg], 16, ReleasedBy.US))

    def released(self) -> list[int]:
        """Causes, of both sides."""
        return [e.cause for told in self.heard.values() for e in told if isinstance(e, legs.LegReleased)]


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.mark.unit
def test_every_channel_of_every_span_can_be_used(spans: Spans) -> None:
    for interface, timeslots in ((PRIMARY, 30), (BACKUP, 30), (BEARERS_ONLY, 31)):
        for n in range(timeslots):
            spans.talk(interface, f"{interface}-{n}")
        assert not spans.ends[USER][interface].place("one too many")
    assert spans.count(USER, legs.LegAnswered) == spans.count(NET, legs.LegAnswered) == 91
    for *_, end in spans.all():
        assert len(end.board.open) == len(end.span.legs)


@pytest.mark.unit
def test_a_d_channel_s_end_drops_no_call(spans: Spans) -> None:
    for n in range(20):
        spans.talk(BEARERS_ONLY, f"bearer-{n}")
        spans.talk(BACKUP, f"backup-{n}")
    spans.cut(PRIMARY)
    spans.pass_s(60.0)
    assert spans.released() == []
    spans.talk(BEARERS_ONLY, "after")
    for n in range(20):
        spans.hang_up(BEARERS_ONLY, f"bearer-{n}")
        spans.hang_up(BACKUP, f"backup-{n}")
    spans.hang_up(BEARERS_ONLY, "after")
    assert spans.released() == [16] * 82
    assert [end.idle() for *_, end in spans.all()] == [0, 30, 31] * 2
    spans.mend(PRIMARY)
    spans.pass_s(10.0)
    assert [end.idle() for *_, end in spans.all()] == [30, 30, 31] * 2


@pytest.mark.unit
def test_q931_5_2_3_a_call_that_leaves_the_channel_to_us_goes_where_one_is_idle(spans: Spans) -> None:
    for n in range(30):
        spans.talk(PRIMARY, f"{n}")
    link = spans.groups[NET].data_links[PRIMARY]
    link.say(bytes.fromhex("08 02 12 34 05 04 03 80 90 a2 18 01 a3 70 06 81 39 35 35 38 38"))
    spans.settle()
    assert spans.last(USER, legs.LegOffered).leg.channel.startswith(f"span {BACKUP + 1} ")


@pytest.mark.unit
def test_a_cut_span_loses_its_own_calls_after_t309_and_no_others(spans: Spans) -> None:
    spans.talk(BEARERS_ONLY, "lost")
    spans.talk(PRIMARY, "lost too")
    spans.talk(BACKUP, "kept")
    spans.cut(PRIMARY)
    spans.cut(BEARERS_ONLY)
    spans.pass_s(5.0)
    assert spans.released() == []
    spans.pass_s(5.0)
    assert spans.released() == [27] * 4
    spans.mend(PRIMARY)
    spans.mend(BEARERS_ONLY)
    spans.pass_s(10.0)
    assert [end.idle() for *_, end in spans.all()] == [30, 29, 31] * 2
    spans.hang_up(BACKUP, "kept")


@pytest.mark.unit
def test_ais_on_bearers_alone_ends_their_calls_after_t309(spans: Spans) -> None:
    spans.talk(BEARERS_ONLY, "lost")
    spans.talk(PRIMARY, "kept")
    for alarms, released in ((Alarm.AIS, 0), (Alarm.NONE, 0), (Alarm.AIS, 2)):
        for end in (USER, NET):
            spans.ends[end][BEARERS_ONLY].span.alarm(alarms)
        spans.pass_s(5.0 if released == 0 else 10.0)
        assert spans.released() == [27] * released
    spans.hang_up(PRIMARY, "kept")


@pytest.mark.unit
def test_a_d_channel_that_stands_by_and_fails_is_seen(spans: Spans) -> None:
    spans.wires[BACKUP].cut = True
    spans.pass_s(30.0)
    assert [end.span.up for end in spans.ends[USER].values()] == [True, False, True]
    assert [end.idle() for *_, end in spans.all()] == [30, 30, 31] * 2, "its bearers are in order"


@pytest.mark.unit
def test_d_channels_that_fail_in_turn_lose_none_of_two_hundred_calls(spans: Spans) -> None:
    """Calls are begun, answered and ended all the time, also while a D-channel is dead and nobody knows it yet."""
    random = Random(5)  # noqa: S311
    placed, living, failing = 0, list[tuple[int, str]](), PRIMARY
    for n in range(200):
        if n % 10 == 0:
            spans.wires[failing].cut = True
        interface = random.choice((BACKUP, BEARERS_ONLY, BEARERS_ONLY))
        if spans.ends[USER][interface].place(str(n)):
            placed += 1
            living.append((interface, str(n)))
        spans.pass_s(random.random() / 4)
        spans.answer_all()
        interface, leg = random.choice(living)
        if len(living) > 20 and spans.ends[USER][interface].span.legs[leg].state is State.ANSWERED:
            living.remove((interface, leg))
            spans.hang_up(interface, leg)
        if n % 10 == 3:
            spans.cut(failing)
            spans.pass_s(2.0)
        if n % 10 == 6:
            spans.mend(failing)
            failing = BACKUP if failing == PRIMARY else PRIMARY
    spans.pass_s(10.0)
    spans.answer_all()
    for one in living:
        spans.hang_up(*one)
    spans.pass_s(40.0)
    assert placed > 150
    assert spans.count(USER, legs.LegAnswered) == placed, Counter(spans.released())
    assert set(spans.released()) == {16}
    assert [end.idle() for *_, end in spans.all()] == [30, 30, 31] * 2
    assert not any(end.board.open for *_, end in spans.all())


@asynccontextmanager
async def sharing(folder: Path) -> AsyncIterator[Network]:
    """A worker of two spans that share the first one's D-channel, in service."""
    engine = FakeEngine()
    far = Link(NET, TIMERS, Profile.NATIONAL, interface=PRIMARY)
    network = Network(TIMERS, lambda _: engine, link=far)
    engine.far = network.receive
    group = Group(USER, TIMERS, primary=PRIMARY)
    lines = [
        PriLine(0, "one", 16, Interface(group, PRIMARY), TrunkPlan()),
        PriLine(1, "two", 0, Interface(group, BACKUP), TrunkPlan()),
    ]
    network.socket = folder / "leg.line1.sock"
    sealer = Sealer(Identity.take("BR-0001", "line1"))
    worker = LineWorker(network.socket, sealer, engine, lines, folder / "performance")
    await worker.start()
    try:
        await network.every_channel_restarted(BEARERS | {BACKUP << 8 | timeslot for timeslot in range(1, 32)})
        yield network
    finally:
        await worker.close()
        network.close()
        engine.close()


@pytest.mark.system
def test_a_worker_serves_a_span_whose_d_channel_is_another_s(tmp_path: Path) -> None:
    async def scene() -> None:
        async with sharing(tmp_path) as network, attached(network) as client:
            leg = client.ids.leg()
            await client.done(legs.PlaceLeg(leg=leg, to="10086", contact="c", trunk="two"))
            placed = (await client.expect(legs.LegPlaced)).leg
            assert (placed.channel, placed.interface) == ("span 2 timeslot 31", BACKUP)
            call = await network.called()
            assert call.channel == BACKUP << 8 | 31
            await call.answer()
            await client.expect(legs.LegAnswered, leg)
            other = await network.call("95588", "1001", BACKUP << 8 | 7)
            offered = (await client.expect(legs.LegOffered)).leg
            assert (offered.channel, offered.interface) == ("span 2 timeslot 7", BACKUP)
            await client.done(legs.ReleaseLeg(leg=offered.leg))
            assert await other.hears("released") == 16
            await call.release(16)
            await client.expect(legs.LegReleased, leg)

    asyncio.run(scene())
