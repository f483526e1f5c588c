# SPDX-License-Identifier: GPL-2.0-only
"""ISDN on a T1 through a real engine: calls of every profile, their channels, and their sound towards E1 and phones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.line.channels import Order
from appliance.line.leg import LineLeg
from appliance.line.states import Event
from appliance.media.events import Client, Codec
from appliance.signalling.pri.link import Link, Profile, Side
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from drivers.model import DigitalLine, Timeslot
from tests.line.span_pair import TIMERS, Board, End, by_hand
from tests.line.vpair_pair import VpairPair
from tests.media.rig import Side as Clients
from tests.media.tones import RATE, judge, sine
from tests.media.virtual import VirtualEngine, virtual_engine
from tests.ports import HOST

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

BEARERS = 23
HZ = 1004.0
TWO_LAWS_DB = -35  # what they make of the tone besides
PROFILES = [Profile.NATIONAL, Profile.DMS100, Profile.FOUR_ESS, Profile.FIVE_ESS, Profile.EUROISDN_T1]


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    with virtual_engine() as host:
        yield host


def leg_of(end: End, name: str | None = None) -> LineLeg:
    """The end's leg of that name, or the only one."""
    (leg,) = (leg for leg in end.span.legs.values() if name in (None, leg.told.leg))
    return leg


def call(pair: VpairPair, name: str, caller: End, called: End) -> tuple[LineLeg, LineLeg]:
    """One that is answered: its legs."""
    before = set(called.span.legs)
    assert caller.place(name)
    pair.pass_s(0.2)
    (offered,) = set(called.span.legs) - before
    for step in (Event.ALERT, Event.ANSWER):
        called.span.command(leg_of(called, offered), step)
        pair.pass_s(0.2)
    return leg_of(caller, name), leg_of(called, offered)


@pytest.mark.parametrize("profile", PROFILES)
def test_all_23_channels_of_a_t1_carry_calls_both_ways_and_are_free_again(
    host: VirtualEngine, profile: Profile
) -> None:
    pair = VpairPair(host, profile, "t1")
    for number in range(BEARERS):
        ends = (pair.net, pair.user) if number % 2 else (pair.user, pair.net)
        one, other = call(pair, f"call-{number}", *ends)
        assert one.timeslot == other.timeslot == number + 1
    assert pair.net.idle() == pair.user.idle() == 0
    assert not pair.user.place("one-too-many")
    for leg in tuple(pair.user.span.legs.values()):
        pair.user.span.release(leg, 16, ReleasedBy.US)
    pair.pass_s(5.0)
    assert pair.net.idle() == pair.user.idle() == BEARERS
    answered = [told for side in Side for told in pair.heard[side] if isinstance(told, legs.LegAnswered)]
    assert len(answered) == 2 * BEARERS


@pytest.mark.parametrize(
    ("kind", "bearer", "said"),
    [
        ("e1", legs.Bearer.SPEECH, "04 03 80 90 a3"),
        ("t1", legs.Bearer.SPEECH, "04 03 80 90 a2"),
        ("t1", legs.Bearer.UNRESTRICTED, "04 02 88 90 18"),
    ],
)
def test_q931_4_5_5_a_setup_says_the_law_of_its_line(kind: DigitalLine, bearer: legs.Bearer, said: str) -> None:
    end = End(Link(Side.USER, TIMERS, Profile.NATIONAL), Board(lambda: 0.0), Order.DESCENDING, kind=kind)
    peer = by_hand(end)
    peer.says("08 02 00 00 46 79 01 87")  # RESTART of all: but for the one that ours is out for, they are idle
    peer.heard()
    end.span.place(legs.PlaceLeg(leg="leg", to="10086", contact="contact", bearer=bearer))
    peer.hear()
    (setup,) = peer.heard()
    assert said in setup


class Talk:
    """A caller beyond a T1, in a call; who talks with him is the test's."""

    def __init__(self, host: VirtualEngine) -> None:
        self.pair = VpairPair(host, Profile.NATIONAL, "t1")
        caller, leg = call(self.pair, "call", self.pair.net, self.pair.user)
        self.caller, self.leg = Timeslot(0, caller.timeslot).port, Timeslot(1, leg.timeslot).port
        self.clients = Clients(host)
        self.engine = host.engine(Client.CALL)

    def hears_the_other(self, other: int) -> None:
        """A tone of either is a tone of its level at the other, and nothing else."""
        for recording, (said, heard) in enumerate([(self.caller, other), (other, self.caller)], 1):
            self.engine.play(said, recording, [self.clients.arena.add_alaw(sine(HZ, RATE))], repeat=0)
            self.pair.pass_s(0.5)
            self.clients.recorder.engine.record(recording, heard, heard, 0)
            self.pair.pass_s(1.0)
            tone = judge(self.clients.recorder.left(recording), HZ)
            assert tone.level_db == pytest.approx(0, abs=0.05)
            assert tone.rest_db.max() < TWO_LAWS_DB
            self.engine.stop(said)


def test_a_caller_on_a_t1_is_called_through_to_one_on_an_e1(host: VirtualEngine) -> None:
    talk = Talk(host)
    talk.pair = e1 = VpairPair(host, Profile.EUROISDN, "e1", beside=talk.pair)
    out, called = call(e1, "out", e1.user, e1.net)
    talk.engine.connect(talk.leg, Timeslot(3, out.timeslot).port)
    talk.hears_the_other(Timeslot(2, called.timeslot).port)


@pytest.mark.parametrize("codec", [Codec.PCMA, Codec.PCMU])
def test_a_caller_on_a_t1_talks_with_a_phone_of_either_law(host: VirtualEngine, codec: Codec) -> None:
    talk = Talk(host)
    leg, phone = 256, 257
    for port, remote in ((leg, phone), (phone, leg)):
        talk.engine.open_rtp(port, (HOST, host.rtp_base + 2 * (remote - leg)), codec)
    talk.engine.connect(talk.leg, leg)
    talk.pair.pass_s(1.0)
    talk.hears_the_other(phone)
