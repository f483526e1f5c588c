# SPDX-License-Identifier: GPL-2.0-only
"""RTP ports that carry a voice: concealment, telephone events both ways, µ-law, SRTP, RTCP."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.media.events import Client, Codec, CommandRefused, DigitDetected, DigitsCollected, DigitsSent, Profile
from appliance.media.segment import Segment
from drivers.model import Alarm, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from dsp.g711 import alaw_encode, alaw_to_ulaw, ulaw_to_alaw
from dsp.rtcp import Report, parse, serialise
from dsp.srtp import MasterKey, Srtp, Suite
from tests.media.rig import Listener, Side, engine_process, engine_thread, noise, until
from tests.media.rtp_peer import RtpPacket, RtpPeer, packets
from tests.media.virtual import virtual_engine
from tests.ports import HOST
from tests.sound import alaw
from tests.sound.speech import speech

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

PORT, EVENTS = 256, 101
CALLER, LEG = Timeslot(0, 1).port, Timeslot(1, 1).port
LEAK_MS = 20
Ends = tuple[Side, RtpPeer]


@pytest.fixture
def ends() -> Iterator[Ends]:
    with engine_thread() as host, RtpPeer(host.rtp_base) as peer:
        side = Side(host)
        side.engine.open_rtp(PORT, peer.address, event_type=EVENTS)
        side.engine.record(1, PORT, PORT, 0)
        until(lambda: side.engine.port_status(PORT).kind == "rtp")
        yield side, peer


def report(digit: int, duration: int, *, end: bool = False) -> bytes:
    """RFC 4733 §2.3."""
    return struct.pack(">BBH", digit, end << 7 | 10, duration)


def pressed(digit: int, sequence: int, timestamp: int, *, ends: int = 3) -> list[RtpPacket]:
    """A key of 100 ms: five reports, then the end."""
    reports = [report(digit, 160 * (n + 1)) for n in range(5)] + [report(digit, 800, end=True)] * ends
    return [
        RtpPacket(sequence + n, timestamp, octets, marker=n == 0, payload_type=EVENTS)
        for n, octets in enumerate(reports)
    ]


def test_lost_packet_of_a_voice_is_concealed(ends: Ends) -> None:
    side, peer = ends
    voice = alaw_encode(speech(3).tobytes())
    stream = [[packet.encode()] for packet in packets(voice)]
    for lost in range(20, 140, 12):
        stream[lost] = []
    peer.talk(stream)
    rtp = side.engine.port_status(PORT).rtp
    assert rtp.lost == 10
    assert rtp.concealed_samples >= 10 * 160
    assert side.engine.port_status(PORT).loss_percent == pytest.approx(100 * 10 / 150, abs=1)
    assert 2.5 < side.engine.port_status(PORT).mos_lq < 4.3
    heard = side.recorder.left(1)
    said = [voice[n : n + 40] for n in range(0, len(voice), 40)]
    whole = sum(piece in heard for piece in said if set(piece) != {0xD5}) / len(said)
    assert whole > 0.8
    assert b"\xd5" * 150 not in heard[heard.index(said[200]) : heard.index(said[400])] or voice.count(b"\xd5" * 150)


@pytest.mark.parametrize("between", [Profile.VBD, Profile.CLEAR])
def test_what_is_lost_after_a_change_to_voice_is_not_made_of_the_sound_before(ends: Ends, between: Profile) -> None:
    side, peer = ends
    tone = alaw_encode((8000 * np.sin(np.arange(1600) * 0.3)).astype(np.int16).tobytes())
    stream = [[packet.encode()] for packet in packets(tone + b"\xd5" * 1600)]
    peer.talk(stream[:10])
    side.engine.set_profile(PORT, between)
    peer.talk(stream[10:])
    peer.talk([[]] * 5)
    heard = len(side.recorder.left(1))
    side.engine.set_profile(PORT, Profile.VOICE)
    peer.talk([[]] * 5)
    after = alaw.decode(side.recorder.left(1)[heard:])
    assert len(after) > 400
    assert np.abs(after.astype(int)).max() < 100


def test_rfc4733_events_are_digits_once_each_though_ends_are_lost(ends: Ends) -> None:
    side, peer = ends
    side.ivr.engine.collect(PORT, 1, 4, 5000, 3000)
    sequence, timestamp = 100, 0
    for digit, ending in ((1, 3), (1, 0), (0, 3), (11, 1)):
        peer.talk([[packet.encode(), packet.encode()] for packet in pressed(digit, sequence, timestamp, ends=ending)])
        peer.talk([[]] * 15)
        sequence, timestamp = sequence + 8, timestamp + 8000
    collected = side.ivr.wait(DigitsCollected, 1, 6)
    assert (collected.digits, collected.terminator) == ("110", "#")
    assert side.engine.port_status(PORT).rtp.events > 20


def test_digits_are_sent_as_events_and_end_in_one_event(ends: Ends) -> None:
    side, peer = ends
    side.engine.send_digits(PORT, 5, "7#", on_ms=100, off_ms=60)
    assert side.line.wait(DigitsSent).send_id == 5
    events = [packet for packet in peer.hear() if packet.payload_type == EVENTS]
    begun = {packet.timestamp: packet.payload[0] for packet in events}
    assert list(begun.values()) == [7, 11]
    assert sum(bool(packet.payload[1] & 0x80) for packet in events) == 6
    assert {later.sequence - earlier.sequence & 0xFFFF for earlier, later in itertools.pairwise(peer.received)} == {1}


def test_rfc4733_2_5_1_4_stopped_digits_end_before_sound_comes_again(ends: Ends) -> None:
    """A peer that heard no end would go on hearing the key."""
    side, peer = ends
    side.engine.send_digits(PORT, 5, "78", on_ms=5000, off_ms=5000)
    until(lambda: sum(packet.payload_type == EVENTS for packet in peer.hear()) > 2)
    side.engine.stop(PORT)
    side.engine.send_digits(PORT, 6, "9", on_ms=40, off_ms=100)
    assert [side.line.wait(DigitsSent, n).send_id for n in (1, 2)] == [5, 6]
    events = [packet for packet in peer.hear() if packet.payload_type == EVENTS]
    assert [packet.payload[0] for packet in events if packet.payload[1] & 0x80] == [7, 7, 7, 9, 9, 9]
    assert {packet.payload[0] for packet in events} == {7, 9}


def test_rfc3264_6_1_events_go_under_the_peers_number_and_come_under_ours_or_its_own(ends: Ends) -> None:
    side, peer = ends
    theirs = 96
    side.engine.open_rtp(PORT, peer.address, event_type=EVENTS, sent_event_type=theirs)
    side.ivr.engine.collect(PORT, 1, 2, 5000, 3000)
    side.engine.send_digits(PORT, 5, "7", on_ms=60, off_ms=60)
    assert side.line.wait(DigitsSent).send_id == 5
    assert {packet.payload_type for packet in peer.hear() if len(packet.payload) == 4} == {theirs}
    for number, digit in ((EVENTS, 3), (theirs, 4)):
        key = pressed(digit, 100 + 8 * digit, 8000 * digit)
        peer.talk([[dataclasses.replace(packet, payload_type=number).encode()] for packet in key], 0.005)
    assert side.ivr.wait(DigitsCollected).digits == "34"
    assert side.engine.port_status(PORT).rtp.other_payload == 0


def test_sip_info_tells_a_digit_that_the_events_have_told_only_once(ends: Ends) -> None:
    side, peer = ends
    call = Listener(side.host.engine(Client.CALL))
    peer.talk([[packet.encode()] for packet in pressed(9, 7, 0)])
    side.engine.tell_digit(PORT, "9", 100)
    peer.talk([[]] * 30)
    side.engine.tell_digit(PORT, "3")
    until(lambda: len(call.all(DigitDetected)) >= 2)
    peer.talk([[]] * 10)
    assert [event.digit for event in call.all(DigitDetected)] == ["9", "3"]


def bridged(side: Side) -> None:
    """A caller beyond a pair of spans, whose leg talks with the RTP port."""
    driver = VpairDriver(side.engine)
    driver.configure(0, VpairSettings(partner=1), 16)
    driver.configure(1, VpairSettings(partner=0), 16)
    until(lambda: driver.alarms(0) == driver.alarms(1) == Alarm.NONE)
    side.engine.open_timeslot(CALLER)
    side.engine.open_timeslot(LEG)
    side.engine.set_profile(LEG, Profile.VOICE)
    side.engine.connect(LEG, PORT)


def test_tone_of_a_line_is_an_event_to_the_phone_and_hardly_a_tone(ends: Ends) -> None:
    side, peer = ends
    bridged(side)
    time.sleep(0.1)
    peer.hear()
    peer.received.clear()
    side.engine.send_digits(CALLER, 1, "5", on_ms=120, off_ms=100)
    side.line.wait(DigitsSent)
    time.sleep(0.2)
    events = [packet for packet in peer.hear() if packet.payload_type == EVENTS]
    assert {packet.payload[0] for packet in events} == {5}
    assert len({packet.timestamp for packet in events}) == 1
    sound = b"".join(packet.payload for packet in peer.received if packet.payload_type == 8)
    loud = np.abs(alaw.decode(sound).astype(int)) > 500
    assert np.count_nonzero(loud) <= 8 * LEAK_MS


def test_event_of_a_phone_is_a_tone_on_the_line(ends: Ends) -> None:
    side, peer = ends
    bridged(side)
    caller = Listener(side.host.engine(Client.CALL))
    peer.talk([[packet.encode()] for packet in pressed(8, 1, 0)])
    until(lambda: any(event.port == CALLER for event in caller.all(DigitDetected)))
    peer.talk([[]] * 20)
    assert [event.digit for event in caller.all(DigitDetected) if event.port == CALLER] == ["8"]
    assert [event.digit for event in caller.all(DigitDetected) if event.port == PORT] == ["8"]


def test_mu_law_port_speaks_and_hears_mu_law(ends: Ends) -> None:
    side, peer = ends
    sound, other = noise(0.5, 1), noise(0.5, 2)
    side.engine.close_port(PORT)
    side.engine.open_rtp(PORT, peer.address, codec=Codec.PCMU)
    side.engine.set_profile(PORT, Profile.CLEAR)
    side.engine.record(2, PORT, PORT, 0)
    until(lambda: side.engine.port_status(PORT).profile is Profile.CLEAR)
    side.engine.play(PORT, 1, [side.arena.add_alaw(other)])
    stream = [RtpPacket(n, n * 160, sound[n * 160 : n * 160 + 160], payload_type=0) for n in range(25)]
    peer.talk([[packet.encode()] for packet in stream])
    until(lambda: ulaw_to_alaw(sound) in side.recorder.left(2))
    until(lambda: alaw_to_ulaw(other) in b"".join(packet.payload for packet in peer.hear() if packet.payload_type == 0))


@pytest.mark.parametrize("suite", list(Suite))
def test_srtp_between_two_ports_and_nothing_plain(suite: Suite) -> None:
    with engine_thread() as host:
        side = Side(host)
        there, back = MasterKey.new(suite), MasterKey.new(suite)
        sound = noise(1)
        for port, keys, other in ((PORT, (there, back), 1), (PORT + 1, (back, there), 0)):
            side.engine.open_rtp(port, (HOST, host.rtp_base + 2 * other))
            side.engine.set_profile(port, Profile.CLEAR)
            side.engine.secure(port, *keys)
        side.engine.record(1, PORT + 1, PORT + 1, 0)
        side.engine.play(PORT, 1, [side.arena.add_alaw(sound)])
        until(lambda: sound in side.recorder.left(1))
        with RtpPeer(host.rtp_base + 2) as stranger:
            stranger.talk([[packet.encode()] for packet in packets(noise(0.1))])
            until(lambda: side.engine.port_status(PORT + 1).rtp.forged == 5)
        status = side.engine.port_status(PORT + 1)
        assert status.secure
        assert status.rtp.lost == 0


def test_srtp_goes_on_after_the_engine_was_killed() -> None:
    with engine_process() as killed, engine_thread() as other:
        side, far = Side(killed), Side(other)
        there, back = (MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_80) for _ in range(2))
        side.engine.open_rtp(PORT, (HOST, other.rtp_base))
        far.engine.open_rtp(PORT, (HOST, killed.rtp_base))
        side.engine.secure(PORT, there, back)
        far.engine.secure(PORT, back, there)
        until(lambda: side.engine.port_status(PORT).rtp.received > 10)
        killed.kill()
        killed.start()
        before = far.engine.port_status(PORT).rtp.received, side.engine.port_status(PORT).rtp.received
        until(lambda: far.engine.port_status(PORT).rtp.received > before[0] + 10)
        until(lambda: side.engine.port_status(PORT).rtp.received > before[1] + 10)
        assert far.engine.port_status(PORT).rtp.forged == side.engine.port_status(PORT).rtp.forged == 0


def test_rfc3711_3_3_2_keys_given_again_replay_nothing(ends: Ends) -> None:
    """An offer that is made anew with the same keys: indexes and replay window go on."""
    side, peer = ends
    ours, theirs = (MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_80) for _ in range(2))
    side.engine.secure(PORT, ours, theirs)
    phone = Srtp(theirs)
    stream = [phone.protect(packet.encode()) for packet in packets(noise(0.4), 100)]
    peer.talk([[octets] for octets in stream[:10]])
    side.engine.secure(PORT, ours, theirs)
    time.sleep(0.05)
    peer.talk([[octets] for octets in stream[5:]])
    rtp = side.engine.port_status(PORT).rtp
    assert (rtp.received, rtp.duplicates, rtp.forged) == (20, 0, 5)


@pytest.mark.parametrize("dies", [False, True])
def test_rfc4568_7_1_4_new_keys_begin_anew_and_those_of_before_are_heard_a_second_more(dies: bool) -> None:  # noqa: FBT001
    """The peer has offered them and waits for our answer: nothing of it is lost, nor by a death of the engine."""
    suite = Suite.AES_CM_128_HMAC_SHA1_80
    ours, before, after = (MasterKey.new(suite) for _ in range(3))
    with virtual_engine() as host, RtpPeer(host.rtp_base) as peer:
        engine = host.engine(Client.SIP)

        def heard(octets: list[bytes]) -> tuple[int, int]:
            for packet in octets:
                peer.send(packet)
                host.tick()
            rtp = engine.port_status(PORT).rtp
            return rtp.received, rtp.forged

        engine.open_rtp(PORT, peer.address)
        engine.secure(PORT, ours, before)
        host.tick()
        old, new, stranger = Srtp(before), Srtp(after), Srtp(MasterKey.new(suite))
        stream = [packet.encode() for packet in packets(noise(1), 100)]
        assert heard([old.protect(packet) for packet in stream[:10]]) == (10, 0)
        engine.secure(PORT, MasterKey.new(suite), after)
        host.tick()
        if dies:
            host.die()
            host.start()
        assert heard([old.protect(packet) for packet in stream[10:15]]) == (15, 0)
        assert heard([new.protect(packet) for packet in stream[15:20]]) == (20, 0)
        assert heard([stranger.protect(packet) for packet in stream[20:22]]) == (20, 2)
        host.tick(200)
        assert heard([old.protect(packet) for packet in stream[22:24]]) == (20, 4)
        assert heard([new.protect(packet) for packet in stream[24:26]]) == (22, 4)


def test_segment_is_left_out_of_a_core_dump() -> None:
    """It holds keys and callers' sound. `dd` in VmFlags: MADV_DONTDUMP."""
    with virtual_engine():
        maps = Path("/proc/self/smaps").read_text().split("VmFlags:")
    flags = [
        after.partition("\n")[0].split() for before, after in itertools.pairwise(maps) if "memfd:branchline" in before
    ]
    assert flags
    assert all("dd" in one for one in flags)


def test_keys_that_a_dying_engine_left_half_written_are_taken_again() -> None:
    with engine_process() as killed, engine_thread() as other:
        side, far = Side(killed), Side(other)
        there, back = (MasterKey.new(Suite.AEAD_AES_128_GCM) for _ in range(2))
        side.engine.open_rtp(PORT, (HOST, other.rtp_base))
        far.engine.open_rtp(PORT, (HOST, killed.rtp_base))
        far.engine.secure(PORT, back, there)
        until(lambda: side.engine.port_status(PORT).kind == "rtp")
        killed.kill()
        side.engine.secure(PORT, there, back)
        segment = Segment(killed.segment_fd)
        segment.c.rtp[0].secure = 1
        killed.start()
        until(lambda: side.engine.port_status(PORT).rtp.received > 10)
        until(lambda: far.engine.port_status(PORT).rtp.received > 10)


def test_keys_of_two_suites_are_refused(ends: Ends) -> None:
    side, _ = ends
    with pytest.raises(ValueError, match="one suite"):
        side.engine.secure(PORT, MasterKey.new(Suite.AEAD_AES_128_GCM), MasterKey.new(Suite.AEAD_AES_256_GCM))


def test_rtcp_tells_the_round_trip_and_the_loss() -> None:
    """Two engines report to each other; the interval is some seconds."""
    with engine_thread() as host:
        side = Side(host)
        for number in range(2):
            side.engine.open_rtp(PORT + number, (HOST, host.rtp_base + 2 * (1 - number)))
        until(lambda: side.engine.port_status(PORT).round_trip_ms is not None, 25)
        round_trip_ms = side.engine.port_status(PORT).round_trip_ms
        assert round_trip_ms is not None
        assert round_trip_ms < 50
        assert side.engine.port_status(PORT).rtp.rtcp >= 1


def test_rfc3550_6_3_7_stream_that_ends_says_bye_and_one_that_never_was_does_not() -> None:
    with engine_thread() as host, RtpPeer(host.rtp_base) as peer, socket.socket(type=socket.SOCK_DGRAM) as control:
        side = Side(host)
        control.bind((HOST, peer.address[1] + 1))
        control.settimeout(0)
        host.stop()  # so that both are obeyed in one tick
        side.engine.open_rtp(PORT, peer.address)
        side.engine.close_port(PORT)
        host.start()
        streams = []
        endings: list[Callable[[], None]] = [
            lambda: side.engine.open_rtp(PORT, peer.address),
            lambda: side.engine.close_port(PORT),
        ]
        for ending in endings:
            side.engine.open_rtp(PORT, peer.address)
            until(lambda: len(peer.hear()) > 1)
            streams.append(peer.received[-1].ssrc)
            ending()
            until(lambda: bool(select.select([control], [], [], 0)[0]))
            report = parse(control.recv(2048), 0)
            assert report is not None
            assert (report.bye, report.ssrc) == (True, streams[-1])
            peer.received.clear()
            side.engine.close_port(PORT)
        assert streams[0] != streams[1]


def test_rfc3550_6_6_after_bye_nothing_is_lost_and_another_is_believed_at_once(ends: Ends) -> None:
    side, peer = ends

    def bye(ssrc: int) -> None:
        octets = serialise(Report(ssrc=ssrc, cname=b"phone", bye=True))
        peer.socket.sendto(octets, (HOST, peer.engine[1] + 1))

    sounds = [noise(0.2, seed) for seed in range(3)]
    for sound, sequence, ssrc in zip(sounds, (1, 100, 200), (0x1111, 0x2222, 0x2222), strict=True):
        peer.talk([[packet.encode()] for packet in packets(sound, sequence, 0, ssrc)])
        bye(0x7777)
        bye(ssrc)
        peer.talk([[]] * 5)
        assert sound in side.recorder.left(1)
    rtp = side.engine.port_status(PORT).rtp
    assert (rtp.received, rtp.lost, rtp.stray, rtp.concealed_samples) == (30, 0, 0, 0)
    assert side.engine.port_status(PORT).loss_percent == 0


def test_rfc3611_4_7_2_burst_longer_than_its_field_is_the_longest(ends: Ends) -> None:
    """Nearly all packets of 100 s are missing."""
    side, peer = ends
    peer.talk([[RtpPacket(n * 900, n * 144_000, b"\xd5" * 160).encode()] for n in range(6)])
    peer.send(serialise(Report(ssrc=0x1234, cname=b"phone")))
    until(lambda: side.engine.port_status(PORT).rtp.rtcp == 1)
    voips: list[int] = []

    def told() -> bool:
        with contextlib.suppress(BlockingIOError):
            report = parse(peer.socket.recv(2048), 0x1234)
            voips.extend([report.voip.burst_ms] if report is not None and report.voip is not None else [])
        return bool(voips)

    until(told, 6)
    assert voips == [65535]


def test_command_for_rtp_on_another_port_is_refused(ends: Ends) -> None:
    side, _ = ends
    side.engine.open_null(512)
    side.engine.set_rtp_remote(PORT + 9, (HOST, 9))
    assert side.line.wait(CommandRefused).error == "ENOTCONN"
