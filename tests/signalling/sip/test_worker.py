# SPDX-License-Identifier: GPL-2.0-only
"""The worker between a fake stack and a fake engine: order of things, races, a busy engine."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from appliance.config import Endpoint
from appliance.media.events import Codec as Coding
from appliance.media.events import ComfortNoise
from appliance.signalling.sip.crypto import Keys
from appliance.signalling.sip.load import ABOVE_US, PACKETS_US, above_us
from appliance.signalling.sip.rtp import FIRST, PORTS, RtpPorts
from appliance.signalling.sip.sdp import Codec, supposed
from appliance.signalling.sip.signals import (
    Alerting,
    Answer,
    Answered,
    Dialled,
    HangUp,
    Lost,
    Offered,
    Order,
    Over,
    Overloaded,
    Place,
    Pointed,
    Probe,
    Signal,
)
from appliance.signalling.sip.worker import Neighbour, Worker
from appliance.wire import legs
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.envelope import Body, Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import ReleasedBy
from appliance.wire.service import CommandRefusedError
from dsp.srtp import MasterKey, Suite

pytestmark = pytest.mark.unit

LAWS = (Coding.PCMA, Coding.PCMU)
OFFERED = supposed(LAWS)


class FullError(Exception):
    """What the fake engine raises."""


class FakeEngine:
    """Remembers; refuses while `full`."""

    def __init__(self) -> None:
        self.samples = 8000
        self.full = False
        self.done: list[tuple[object, ...]] = []

    def open_rtp(
        self,
        port: int,
        remote: tuple[str, int] | None,
        codec: Coding,
        packet_ms: int,
        event_type: int | None,
        sent_event_type: int | None,
        *,
        payload_type: int,
        noise: ComfortNoise | None,
    ) -> None:
        assert remote is None
        described = None if noise is None else noise.payload_type
        self._do("open", port, Codec(codec, payload_type, event_type, packet_ms, sent_event_type, described))

    def set_rtp_remote(self, port: int, remote: tuple[str, int], packet_ms: int) -> None:
        self._do("point", port, tuple(remote), packet_ms)

    def tell_digit(self, port: int, digit: str, duration_ms: int) -> None:
        self._do("digit", port, digit, duration_ms)

    def secure(self, port: int, send: MasterKey, receive: MasterKey) -> None:
        self._do("secure", port, Keys(send, receive))

    def close_port(self, port: int) -> None:
        self._do("close", port)

    def _do(self, *what: object) -> None:
        if self.full:
            raise FullError
        self.done.append(what)


class Bench:
    """A worker, what it said, what it ordered of the stack and the engine, in one list by time."""

    def __init__(
        self, orphans_s: float = 30.0, codecs: Sequence[Coding] = LAWS, peers: Mapping[str, Neighbour] = {}
    ) -> None:
        self.engine = FakeEngine()
        self.ports = RtpPorts(self.engine, "127.0.0.1", 20000, FullError)
        self.happened: list[object] = []
        sealer = Sealer(Identity.take("BR-0001", "sip"))
        self.sealer = Sealer(Identity.take("BR-0001", "call"))
        self.worker = Worker(Path("unused"), sealer, self.ports, self._ordered, orphans_s, codecs, 20, peers)
        self.worker.service.publish = self._said  # type: ignore[method-assign]
        self.engine.done = self.happened  # type: ignore[assignment]

    def command(self, body: Body) -> None:
        """As the service gives it."""
        self.worker._handle(self.sealer.seal(body))

    def signal(self, *signals: Signal) -> None:
        """As the stack tells it."""
        for told in signals:
            self.worker.take(told)

    def offer(self, leg: str = "in", codec: Codec = OFFERED) -> int:
        """A phone calls; returns the port."""
        port = self.ports.take(LAWS, 20)
        assert port is not None
        self.signal(Offered(leg, "call-id", port, "95588", "8001", codec))
        return port

    def _said(self, body: Body, cause: str | None = None) -> None:
        assert cause is None
        self.happened.append(body)

    def _ordered(self, order: Order) -> None:
        self.happened.append(order)

    def all(self, kind: type) -> list[object]:
        """What happened of a kind."""
        return [thing for thing in self.happened if isinstance(thing, kind)]


def bench(check: Callable[[Bench], None], codecs: Sequence[Coding] = LAWS, peers: Mapping[str, Neighbour] = {}) -> None:
    """Run a check where there is an event loop."""

    async def run() -> None:
        check(Bench(codecs=codecs, peers=peers))

    asyncio.run(run())


def place(b: Bench, leg: str = "out") -> None:
    b.command(legs.PlaceLeg(leg=leg, to="8001", contact="c", clid="139"))


def test_port_is_open_before_anyone_is_told_of_it() -> None:
    def check(b: Bench) -> None:
        place(b)
        opened, told, ordered = b.happened
        assert opened == ("open", FIRST, OFFERED)
        assert isinstance(told, legs.LegPlaced)
        assert told.leg.port == FIRST
        assert isinstance(ordered, Place)
        assert ordered.port == FIRST

    bench(check)


@pytest.mark.parametrize("by_peer", [True, False])
def test_port_is_closed_before_the_release_is_said(by_peer: bool) -> None:  # noqa: FBT001
    def check(b: Bench) -> None:
        place(b)
        b.signal(Answered("out"))
        b.happened.clear()
        if by_peer:
            b.signal(Over("out", 16, 200, fault=False))
        else:
            b.command(legs.ReleaseLeg(leg="out", cause=16))
        things = [thing for thing in b.happened if not isinstance(thing, HangUp)]
        assert things[0] == ("close", FIRST)
        assert isinstance(things[1], legs.LegReleased)
        assert things[1].by is (ReleasedBy.PEER if by_peer else ReleasedBy.US)

    bench(check)


def test_answer_that_crosses_our_cancel_says_nothing_more() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.signal(Alerting("out", inband=False))
        b.command(legs.ReleaseLeg(leg="out", cause=19))
        b.signal(
            Answered("out"),
            Pointed("out", Endpoint("127.0.0.1", 4000), held=False, codec=OFFERED),
            Over("out", 16, 200, fault=False),
        )
        (released,) = b.all(legs.LegReleased)
        assert isinstance(released, legs.LegReleased)
        assert (released.cause, released.by) == (19, ReleasedBy.US)
        assert not b.all(legs.LegAnswered)
        assert ("point", FIRST, ("127.0.0.1", 4000), 20) not in b.happened

    bench(check)


def test_a_peers_phone_is_called_at_the_peer_and_the_leg_says_where() -> None:
    there = Endpoint("10.0.2.1", 5060)

    def check(b: Bench) -> None:
        b.command(legs.PlaceLeg(leg="far", to="8001", contact="c", trunk="BR-0002"))
        place(b, "near")
        told = [body.leg for body in b.all(legs.LegPlaced) if isinstance(body, legs.LegPlaced)]
        assert [(leg.channel, leg.trunk) for leg in told] == [("sip 8001 at BR-0002", "BR-0002"), ("sip 8001", None)]
        orders = [order for order in b.all(Place) if isinstance(order, Place)]
        assert [(order.at, order.packet_ms) for order in orders] == [(there, 10), (None, 20)]
        opened = [thing[2] for thing in b.happened if isinstance(thing, tuple) and thing[0] == "open"]
        assert [codec.packet_ms for codec in opened] == [10, 20], "as the phone will answer"

    bench(check, peers={"BR-0002": Neighbour(there, 10)})


@pytest.mark.parametrize(
    ("peers", "told"),
    [({}, "there is none to choose from"), ({"BR-0002": Neighbour(Endpoint("10.0.2.1", 5060), 20)}, "'BR-0002'")],
)
def test_a_box_that_is_no_peer_is_refused_and_takes_no_port(peers: Mapping[str, Neighbour], told: str) -> None:
    def check(b: Bench) -> None:
        with pytest.raises(CommandRefusedError, match=told) as refused:
            b.command(legs.PlaceLeg(leg="far", to="8001", contact="c", trunk="BR-002"))
        assert refused.value.code == "leg.trunk"
        assert b.happened == []

    bench(check, peers=peers)


def test_a_number_that_is_still_growing_is_refused() -> None:
    def check(b: Bench) -> None:
        with pytest.raises(CommandRefusedError, match="must be a whole number"):
            b.command(legs.PlaceLeg(leg="out", to="80", contact="c", complete=False))
        assert not b.all(Place)

    bench(check)


@pytest.mark.parametrize(
    "order",
    [
        legs.ProceedLeg(leg="in", contact="c", inband=True),
        legs.AlertLeg(leg="in", inband=True),
        legs.ReleaseLeg(leg="in", cause=1, inband=True),
    ],
)
def test_sound_before_the_answer_is_refused(order: Body) -> None:
    def check(b: Bench) -> None:
        b.offer()
        with pytest.raises(CommandRefusedError, match="no sound of ours"):
            b.command(order)
        assert not b.all(HangUp)

    bench(check)


def test_second_answer_is_refused_while_the_first_is_under_way() -> None:
    def check(b: Bench) -> None:
        b.offer()
        b.command(legs.AnswerLeg(leg="in"))
        with pytest.raises(CommandRefusedError, match="cannot answer"):
            b.command(legs.AnswerLeg(leg="in"))
        assert len(b.all(Answer)) == 1

    bench(check)


def test_repeated_180_and_a_late_183_are_one_alerting() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.signal(Alerting("out", inband=False), Alerting("out", inband=False), Alerting("out", inband=True))
        assert len(b.all(legs.LegAlerting)) == 1

    bench(check)


def test_all_ports_in_use_is_cause_34() -> None:
    def check(b: Bench) -> None:
        for number in range(PORTS):
            place(b, f"out {number}")
        place(b, "one more")
        (released,) = b.all(legs.LegReleased)
        assert isinstance(released, legs.LegReleased)
        assert (released.leg, released.cause) == ("one more", 34)
        assert len(b.all(legs.LegPlaced)) == PORTS

    bench(check)


def answer(b: Bench, leg: str, coding: Coding) -> None:
    b.signal(Pointed(leg, PEER, held=False, codec=supposed((coding,))), Answered(leg))


def test_leg_that_the_engine_cannot_bear_is_cause_42_and_an_alarm_until_there_is_room() -> None:
    many = ABOVE_US // above_us(Coding.OPUS)

    def check(b: Bench) -> None:
        for number in range(many):
            place(b, f"out {number}")
        assert not b.all(AlarmRaised)
        for late in ("late", "later"):
            place(b, late)
        first, second = b.all(legs.LegReleased)
        for released in (first, second):
            assert isinstance(released, legs.LegReleased)
            assert (released.cause, released.by) == (42, ReleasedBy.FAULT)
        assert len(b.all(Place)) == many
        (alarm,) = b.all(AlarmRaised)
        assert alarm in tuple(b.worker._snapshot())
        b.command(legs.ReleaseLeg(leg="out 0"))
        assert not b.all(AlarmCleared), "one leg's room is none yet"
        for number in range(1, many // 10 + 2):
            b.command(legs.ReleaseLeg(leg=f"out {number}"))
        assert len(b.all(AlarmCleared)) == 1
        place(b, "again")
        assert len(b.all(Place)) == many + 1

    bench(check, (Coding.OPUS,))


def test_phone_is_not_offered_what_the_engine_cannot_bear() -> None:
    def check(b: Bench) -> None:
        for number in range(ABOVE_US // above_us(Coding.OPUS)):
            place(b, f"out {number}")
            answer(b, f"out {number}", Coding.OPUS)
        b.happened.clear()
        place(b, "one more")
        (placed,) = b.all(Place)
        assert isinstance(placed, Place)
        assert placed.codecs == (Coding.PCMA,)
        assert ("open", placed.port, supposed((Coding.PCMA,))) in b.happened
        assert not b.all(AlarmRaised)

    bench(check, (Coding.OPUS, Coding.PCMA))


def test_every_port_may_ring_at_once_and_is_answered_in_what_it_was_offered() -> None:
    """Opus as long as all to whom it is offered may take it, then G.711, which all ports can have; and Opus again."""
    many = ABOVE_US // above_us(Coding.OPUS)

    def check(b: Bench) -> None:
        for number in range(PORTS):
            place(b, f"out {number}")
        orders = [order.codecs for order in b.all(Place) if isinstance(order, Place)]
        assert orders == many * [(Coding.OPUS, Coding.PCMA)] + (PORTS - many) * [(Coding.PCMA,)]
        answer(b, "out 0", Coding.PCMA)
        b.command(legs.ReleaseLeg(leg="out 1"))
        place(b, "again")
        again = b.all(Place)[-1]
        assert isinstance(again, Place)
        assert again.codecs == (Coding.OPUS, Coding.PCMA)

    bench(check, (Coding.OPUS, Coding.PCMA))


def test_call_that_the_stack_refused_for_load_raises_the_alarm() -> None:
    def check(b: Bench) -> None:
        b.signal(Overloaded("in"), Overloaded("in again"))
        assert len(b.all(AlarmRaised)) == 1
        place(b)
        b.command(legs.ReleaseLeg(leg="out"))
        assert len(b.all(AlarmCleared)) == 1

    bench(check)


def test_a_port_given_back_is_the_last_to_be_taken_again() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.command(legs.ReleaseLeg(leg="out"))
        taken = [b.ports.take(LAWS, 20) for _ in range(PORTS)]
        assert taken[-1] == FIRST
        assert b.ports.take(LAWS, 20) is None

    bench(check)


def test_full_engine_ring_keeps_the_port_until_it_is_closed() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.engine.full = True
        b.command(legs.ReleaseLeg(leg="out"))
        assert FIRST not in [b.ports.take(LAWS, 20) for _ in range(PORTS)]
        b.engine.full = False
        b.ports.retry()
        assert b.happened[-1] == ("close", FIRST)
        assert b.ports.take(LAWS, 20) == FIRST

    bench(check)


def test_full_engine_ring_releases_a_new_leg_with_cause_41() -> None:
    def check(b: Bench) -> None:
        b.engine.full = True
        place(b)
        (released,) = b.happened
        assert isinstance(released, legs.LegReleased)
        assert (released.cause, released.by) == (41, ReleasedBy.FAULT)

    bench(check)


def test_silent_phone_is_probed_but_not_one_on_hold() -> None:
    def check(b: Bench) -> None:
        port = b.offer()
        b.signal(Answered("in"), Pointed("in", Endpoint("127.0.0.1", 4000), held=True, codec=OFFERED))
        b.worker.engine_silent(port)
        assert not b.all(Probe)
        b.signal(Pointed("in", Endpoint("127.0.0.1", 4000), held=False, codec=OFFERED))
        b.worker.engine_silent(port)
        assert b.all(Probe) == [Probe("in")]
        b.signal(Lost("in", 27))
        (released,) = b.all(legs.LegReleased)
        assert isinstance(released, legs.LegReleased)
        assert (released.cause, released.by) == (27, ReleasedBy.FAULT)

    bench(check)


MU_LAW = Codec(Coding.PCMU, 0, 96, 10)
PEER = Endpoint("127.0.0.1", 4000)


def test_phone_that_calls_has_its_port_opened_as_it_speaks() -> None:
    def check(b: Bench) -> None:
        port = b.offer(codec=MU_LAW)
        b.signal(Pointed("in", PEER, held=False, codec=MU_LAW), Answered("in"))
        assert [thing for thing in b.happened if isinstance(thing, tuple)] == [
            ("open", port, MU_LAW),
            ("point", port, tuple(PEER), MU_LAW.packet_ms),
        ]

    bench(check)


def test_answer_that_says_another_codec_opens_the_port_anew_before_the_leg_is_answered() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.happened.clear()
        b.signal(Pointed("out", PEER, held=False, codec=MU_LAW), Answered("out"))
        opened, pointed, answered = b.happened
        assert (opened, pointed) == (("open", FIRST, MU_LAW), ("point", FIRST, tuple(PEER), MU_LAW.packet_ms))
        assert isinstance(answered, legs.LegAnswered)

    bench(check)


def test_codec_that_changes_within_a_talk_does_not_end_its_bridge() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.signal(Pointed("out", PEER, held=False, codec=OFFERED), Answered("out"))
        b.happened.clear()
        b.signal(Pointed("out", PEER, held=False, codec=Codec(event_type=None)))
        assert b.happened == [("point", FIRST, tuple(PEER), 20)]

    bench(check)


def test_packets_that_change_within_a_talk_are_sent_from_the_port_that_is_open() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.signal(Pointed("out", PEER, held=False, codec=OFFERED), Answered("out"))
        b.happened.clear()
        for length_ms in (10, 5, 20):
            b.signal(Pointed("out", PEER, held=False, codec=msgspec.structs.replace(OFFERED, packet_ms=length_ms)))
        assert b.happened == [("point", FIRST, tuple(PEER), length_ms) for length_ms in (10, 5, 20)]

    bench(check)


def test_short_packets_leave_less_room_for_dear_codecs_and_refuse_nobody() -> None:
    """Half of all ports have G.711 in packets of 5 ms; the others ring."""
    short = PORTS // 2
    many = (ABOVE_US - short * PACKETS_US[5]) // above_us(Coding.OPUS)

    def check(b: Bench) -> None:
        for number in range(short):
            place(b, f"out {number}")
            codec = msgspec.structs.replace(supposed((Coding.PCMA,)), packet_ms=5)
            b.signal(Pointed(f"out {number}", PEER, held=False, codec=codec))
        b.happened.clear()
        for number in range(short, PORTS):
            place(b, f"out {number}")
        orders = [order.codecs for order in b.all(Place) if isinstance(order, Place)]
        assert 0 < many < PORTS - short
        assert orders == many * [(Coding.OPUS, Coding.PCMA)] + (PORTS - short - many) * [(Coding.PCMA,)]

    bench(check, (Coding.OPUS, Coding.PCMA))


def test_full_engine_ring_releases_a_leg_whose_codec_is_not_the_supposed_one() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.engine.full = True
        b.signal(Pointed("out", PEER, held=False, codec=MU_LAW))
        (released,) = b.all(legs.LegReleased)
        assert isinstance(released, legs.LegReleased)
        assert (released.cause, released.by) == (41, ReleasedBy.FAULT)
        assert b.all(HangUp) == [HangUp("out", 41)]

    bench(check)


KEYS = Keys(MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_80), MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_80))


def test_port_has_its_keys_before_it_has_a_peer_and_once() -> None:
    """Else the first packets would be plain; and the same again is a hold, in which nothing changes."""

    def check(b: Bench) -> None:
        place(b)
        b.happened.clear()
        pointed = Pointed("out", PEER, held=False, codec=OFFERED, keys=KEYS)
        b.signal(pointed, Answered("out"), pointed)
        assert [thing for thing in b.happened if isinstance(thing, tuple)] == [
            ("secure", FIRST, KEYS),
            ("point", FIRST, tuple(PEER), 20),
            ("point", FIRST, tuple(PEER), 20),
        ]

    bench(check)


def test_port_that_is_opened_anew_has_its_keys_again() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.signal(Pointed("out", PEER, held=False, codec=OFFERED, keys=KEYS))
        b.happened.clear()
        b.signal(Pointed("out", PEER, held=False, codec=MU_LAW, keys=KEYS))
        assert [thing[0] for thing in b.happened if isinstance(thing, tuple)] == ["open", "secure", "point"]

    bench(check)


def test_full_engine_ring_releases_a_leg_that_cannot_have_its_keys() -> None:
    """It is not pointed: nothing goes out plain."""

    def check(b: Bench) -> None:
        place(b)
        b.engine.full = True
        b.signal(Pointed("out", PEER, held=False, codec=OFFERED, keys=KEYS))
        (released,) = b.all(legs.LegReleased)
        assert isinstance(released, legs.LegReleased)
        assert (released.cause, released.by) == (41, ReleasedBy.FAULT)

    bench(check)


def test_digit_of_info_goes_to_the_engine_while_there_is_a_leg_and_room() -> None:
    def check(b: Bench) -> None:
        port = b.offer()
        b.signal(Dialled("in", "5", 160))
        b.engine.full = True
        b.signal(Dialled("in", "6", 160))
        b.engine.full = False
        b.command(legs.ReleaseLeg(leg="in"))
        b.signal(Dialled("in", "7", 160))
        assert [thing for thing in b.happened if isinstance(thing, tuple) and thing[0] == "digit"] == [
            ("digit", port, "5", 160)
        ]

    bench(check)


def test_rfc2543_hold_address_does_not_reach_the_engine() -> None:
    def check(b: Bench) -> None:
        b.offer()
        b.signal(Pointed("in", Endpoint("0.0.0.0", 4000), held=True, codec=OFFERED))  # noqa: S104
        assert not [thing for thing in b.happened if isinstance(thing, tuple) and thing[0] == "point"]

    bench(check)


def test_engine_that_cannot_bind_releases_the_leg() -> None:
    def check(b: Bench) -> None:
        place(b)
        b.worker.engine_refused(FIRST, "EADDRINUSE")
        (released,) = b.all(legs.LegReleased)
        assert isinstance(released, legs.LegReleased)
        assert (released.cause, released.by) == (41, ReleasedBy.FAULT)
        assert b.all(HangUp) == [HangUp("out", 41)]

    bench(check)


def test_legs_offered_where_there_was_never_a_controller_are_orphans_too() -> None:
    async def run() -> None:
        b = Bench(orphans_s=0.01)
        b.offer()
        await asyncio.sleep(0.1)
        (released,) = b.all(legs.LegReleased)
        assert isinstance(released, legs.LegReleased)
        assert (released.cause, released.by) == (41, ReleasedBy.FAULT)

    asyncio.run(run())
