# SPDX-License-Identifier: GPL-2.0-only
"""Packets of 10 and 5 ms: what is offered and agreed on is what goes each way, counted as it passes the socket."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from appliance.media.arena import SoundArena
from appliance.media.events import RtpCounters
from appliance.media.trace import EngineTrace, TracedRtp
from appliance.simulator.phone import Phone
from appliance.wire import legs
from tests.media.rig import noise
from tests.media.rtp_peer import RtpPacket, RtpPeer
from tests.peers.hand import HandPhone
from tests.signalling.sip.controller import Controller
from tests.signalling.sip.site import DOMAIN, PASSWORD, Place, Site, site
from tests.signalling.sip.test_media import PCMA, SILENCE, WAYS, Talk, called, described
from tests.signalling.sip.test_sound import answered, tone
from tests.wire.conformance import attached

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

LISTENED_S = 2.0
RATE = 8000


class Phone10(Phone):
    """Wishes packets of 10 ms."""

    packet_ms = 10


class Phone5(Phone):
    """Wishes packets of 5 ms."""

    packet_ms = 5


PHONES = {10: Phone10, 5: Phone5}


@pytest.fixture(scope="module", params=PHONES)
def packet_ms(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, packet_ms: int) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), sip=f", packet_ms: {packet_ms}") as started:
        yield started


def length_ms(body: str) -> list[str]:
    """What a description says of it."""
    return [line for line in body.split("\r\n") if "ptime" in line]


def heard(talk: Talk) -> list[RtpPacket]:
    """What comes to the phone's socket while it is silent itself."""
    talk.peer.hear()
    talk.peer.received.clear()
    talk.peer.talk([[]] * 50)
    return talk.peer.hear()


def check_stream(packets: Sequence[RtpPacket], ms: int, seconds: float) -> None:
    """So many packets of this length, none missing."""
    assert {len(packet.payload) for packet in packets} == {8 * ms}
    for earlier, later in itertools.pairwise(packets):
        assert (later.timestamp - earlier.timestamp, later.sequence - earlier.sequence & 0xFFFF) == (8 * ms, 1)
    assert len(packets) == pytest.approx(1000 * seconds / ms, rel=0.05)


@pytest.mark.parametrize("way", WAYS)
def test_a_phone_that_wishes_nothing_is_sent_what_the_configuration_says(
    running: Site, packet_ms: int, way: str
) -> None:
    async def run() -> tuple[str, list[RtpPacket]]:
        async with WAYS[way](running, "8") as talk:
            packets = await asyncio.to_thread(heard, talk)
            if way == "calling":
                assert talk.call.final is not None
                return talk.call.final.body, packets
            assert talk.call.asked is not None
            return talk.call.asked.body, packets

    said, packets = asyncio.run(run())
    assert length_ms(said) == [f"a=ptime:{packet_ms}", "a=maxptime:60"]
    check_stream(packets, packet_ms, 1.0)


@pytest.mark.parametrize("way", WAYS)
def test_a_phone_that_wishes_20_ms_is_sent_them(running: Site, way: str) -> None:
    async def run() -> list[RtpPacket]:
        async with WAYS[way](running, "8", "a=ptime:20") as talk:
            return await asyncio.to_thread(heard, talk)

    check_stream(asyncio.run(run()), 20, 1.0)


def passed(trace: EngineTrace, port: int, from_ns: int, *, sent: bool) -> list[TracedRtp]:
    return [packet for packet in trace.rtp(port, from_ns, time.monotonic_ns()) if packet.sent is sent]


def of_trace(packets: Sequence[TracedRtp]) -> list[RtpPacket]:
    """With octets in place of the sound, which is not kept."""
    return [RtpPacket.decode(packet.header + bytes(packet.octets - 12)) for packet in packets]


@pytest.mark.parametrize("way", ["called", "calling"])
def test_a_call_with_baresip_carries_them_both_ways(running: Site, packet_ms: int, way: str, tmp_path: Path) -> None:
    """Called, it has our offer and sends by it; calling, it offers them itself."""
    speech, password = tone(tmp_path / "tone.wav", 440), PASSWORD.format(number="8001")
    phone = PHONES[packet_ms](f"8001@{DOMAIN}", password, running.proxy, tmp_path / "phone", speech=speech)
    with Controller(running.socket) as control, phone:
        if way == "called":
            leg = answered(control, "8001")
        else:
            phone.dial("95588")
            leg = control.wait(legs.LegOffered).leg
            control.command(legs.AnswerLeg(leg=leg.leg))
            control.wait(legs.LegAnswered, leg.leg)
        assert leg.port is not None
        phone.wait_for("CALL_ESTABLISHED")
        time.sleep(0.3)  # calling, it sends an empty packet first
        before, from_ns = running.engine().port_status(leg.port).rtp, time.monotonic_ns()
        time.sleep(LISTENED_S)
        trace = EngineTrace(running.engine_thread.segment_fd)
        ways = [of_trace(passed(trace, leg.port, from_ns, sent=sent)) for sent in (True, False)]
        status = running.engine().port_status(leg.port)
        control.command(legs.ReleaseLeg(leg=leg.leg))
        phone.wait_for("CALL_CLOSED")
    for packets in ways:
        check_stream(packets, packet_ms, LISTENED_S)
    print(f"{packet_ms} ms, {way}: {len(ways[0])} sent, {len(ways[1])} received, delay {status.delay_ms:.1f} ms")
    for name in ("lost", "bad", "other_payload"):  # late ones are the machine's matter
        assert getattr(status.rtp, name) == getattr(before, name), name


def changing(sound: bytes, lengths: Sequence[int]) -> list[list[bytes]]:
    """The phone's own sound in packets of these lengths, the same time of each; batches of 20 ms."""
    batches, at, share = [], 0, len(sound) // len(lengths)
    sequence = 0
    for number, ms in enumerate(lengths):
        while at < share * (number + 1):
            batch = []
            for _ in range(20 // ms):
                batch.append(RtpPacket(sequence, at, sound[at : at + 8 * ms], payload_type=PCMA).encode())
                sequence, at = sequence + 1, at + 8 * ms
            batches.append(batch)
    return batches


def test_rfc3264_8_packets_that_a_re_invite_changes_are_changed_without_a_gap(tmp_path: Path) -> None:
    """20, 10, 5 and 20 ms again, while both sides speak: no octet is missing in either direction."""
    lengths, share_s = (20, 10, 5, 20), 1.0
    ours, theirs = noise(len(lengths) * share_s + 3, 1), noise(len(lengths) * share_s, 2)

    async def run(running: Site) -> tuple[list[RtpPacket], list[str], RtpCounters]:
        async with called(running, "8", "a=ptime:20") as talk:
            arena = SoundArena(running.engine_thread.segment_fd)
            talk.engine.play(talk.port, 1, [arena.add_alaw(ours)])
            talk.peer.received.clear()
            said = changing(theirs, lengths)
            speaking = asyncio.create_task(asyncio.to_thread(talk.peer.talk, said))
            answers = []
            for ms in lengths[1:]:
                await asyncio.sleep(share_s)
                talk.call.within("INVITE", body=described(talk.peer, "8", f"a=ptime:{ms}"))
                async with asyncio.timeout(5):
                    answer = await talk.call.answers.get()
                assert answer.status == 200
                answers += length_ms(answer.body)[:1]
            await speaking
            status = talk.engine.port_status(talk.port)
            return talk.peer.hear(), answers, status.rtp

    with site(tmp_path) as running:
        packets, answers, rtp = asyncio.run(run(running))
    assert answers == ["a=ptime:10", "a=ptime:5", "a=ptime:20"]
    assert [ms for ms, _ in itertools.groupby(len(packet.payload) // 8 for packet in packets)] == list(lengths)
    for earlier, later in itertools.pairwise(packets):
        assert (later.timestamp - earlier.timestamp & 0xFFFFFFFF) == len(earlier.payload)
        assert (later.sequence - earlier.sequence & 0xFFFF) == 1
    assert b"".join(packet.payload for packet in packets).lstrip(SILENCE[PCMA]) in ours
    assert [n for n, packet in enumerate(packets) if packet.marker] in ([], [0]), "the stream began once"
    assert rtp.received == sum(1000 * share_s / ms for ms in lengths)
    assert (rtp.lost, rtp.duplicates, rtp.bad) == (0, 0, 0)


def test_offer_that_is_asked_of_us_within_a_talk_says_what_is_sent_by_now(tmp_path: Path) -> None:
    """Not what the phone answered at first; nor does its silence about packets change them."""

    async def run(running: Site) -> tuple[list[str], list[RtpPacket]]:
        async with called(running, "8", "a=ptime:20") as talk:
            talk.call.within("INVITE", body=described(talk.peer, "8", "a=ptime:10"))
            async with asyncio.timeout(5):
                await talk.call.answers.get()
            talk.call.acknowledgement = described(talk.peer, "8")
            talk.call.within("INVITE")
            async with asyncio.timeout(5):
                offer = await talk.call.answers.get()
            talk.peer.talk([[]] * 10)
            return length_ms(offer.body), await asyncio.to_thread(heard, talk)

    with site(tmp_path) as running:
        offered, packets = asyncio.run(run(running))
    assert offered == ["a=ptime:10", "a=maxptime:60"]
    check_stream(packets, 10, 1.0)


def test_phones_of_another_branch_are_offered_what_its_trunk_says(tmp_path: Path) -> None:
    here = Place.free("BR-0001", "first.test")
    there = Place.free("BR-0002", "second.test")._replace(packet_ms=10)

    async def run(first: Site, second: Site) -> tuple[str, list[RtpPacket]]:
        phone = HandPhone("8001", PASSWORD.format(number="8001"), second.proxy, there.domain)
        with RtpPeer(0) as peer:
            async with phone, attached(first) as control:
                assert (await phone.register()).status == 200
                await control.expect(legs.LegSnapshot)
                leg = control.ids.leg()
                await control.done(legs.PlaceLeg(leg=leg, to="8001", contact="contact-1", trunk="BR-0002"))
                placed = (await control.expect(legs.LegPlaced, leg)).leg
                call = await phone.called()
                await call.answer(described(peer, "8"))
                await control.expect(legs.LegAnswered, leg)
                assert call.asked is not None
                packets = await asyncio.to_thread(heard, Talk(first, placed, call, peer))
                await call.release(16)
                await control.expect(legs.LegReleased, leg)
                return call.asked.body, packets

    with (
        site(tmp_path / "here", place=here, peers=(there,)) as first,
        site(tmp_path / "there", place=there, peers=(here,)) as second,
    ):
        offered, packets = asyncio.run(run(first, second))
    assert length_ms(offered) == ["a=ptime:10", "a=maxptime:60"]
    check_stream(packets, 10, 1.0)
