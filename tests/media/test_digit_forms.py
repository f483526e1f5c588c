# SPDX-License-Identifier: GPL-2.0-only
"""Digits that change their form on a bridge, and bridges that change while a digit is on: none is lost or left on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from appliance.media.engine import NULL_FIRST
from appliance.media.events import DigitDetected, DigitsCollected, DigitsSent
from dsp.dtmf import DtmfSender
from dsp.g711 import alaw_encode
from tests.media.rig import Side, engine_process, engine_thread, noise, until
from tests.media.rtp_peer import RtpPacket, RtpPeer, packets
from tests.media.test_rtp_voice import CALLER, EVENTS, LEAK_MS, LEG, PORT, bridged, report
from tests.sound import alaw

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

OTHER, CONFERENCE = NULL_FIRST, 4
Ends = tuple[Side, RtpPeer]


@pytest.fixture
def ends() -> Iterator[Ends]:
    with engine_thread() as host, RtpPeer(host.rtp_base) as peer:
        side = Side(host)
        side.engine.open_rtp(PORT, peer.address, event_type=EVENTS)
        bridged(side)
        time.sleep(0.1)
        yield side, peer


def events(peer: RtpPeer) -> list[RtpPacket]:
    return [packet for packet in peer.hear() if packet.payload_type == EVENTS]


def ended(peer: RtpPeer) -> bool:
    return any(packet.payload[1] & 0x80 for packet in events(peer))


def dialled(digits: str) -> bytes:
    """Tones of a phone, after a silence."""
    sender = DtmfSender(on_ms=100, off_ms=100)
    sender.send(digits)
    tone, _ = sender.process(1600 * len(digits))
    return b"\xd5" * 1600 + alaw_encode(tone.tobytes())


def detected(side: Side) -> dict[int, str]:
    """Digits heard so far by port."""
    heard: dict[int, str] = {}
    for event in side.call.all(DigitDetected):
        heard[event.port] = heard.get(event.port, "") + event.digit
    return heard


ENDINGS: dict[str, Callable[[Side], None]] = {
    "disconnected": lambda side: side.engine.disconnect(LEG),
    "re-pointed": lambda side: side.engine.connect(PORT, OTHER),
    "leg re-pointed": lambda side: side.engine.connect(LEG, OTHER),
    "conference": lambda side: side.engine.join(PORT, CONFERENCE),
    "leg closed": lambda side: side.engine.close_port(LEG),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_rfc4733_2_5_1_4_event_ends_with_the_bridge_and_sound_comes_again(
    ends: Ends, ending: Callable[[Side], None]
) -> None:
    side, peer = ends
    side.engine.open_null(OTHER)
    side.engine.send_digits(CALLER, 1, "5", on_ms=5000, off_ms=100)
    until(lambda: len(events(peer)) > 3)
    assert not ended(peer)
    ending(side)
    until(lambda: ended(peer))
    heard = len(peer.hear())
    until(lambda: sum(packet.payload_type == 8 for packet in peer.hear()[heard:]) > 10)


def test_new_ssrc_ends_the_event_of_the_one_before(ends: Ends) -> None:
    """A phone that begins a new stream with a key down: the digit ends, and its sound is heard."""
    side, peer = ends
    side.engine.record(7, CALLER, CALLER, 0)
    peer.talk([[RtpPacket(n, 1600, report(5, 160 * n + 160), payload_type=EVENTS).encode()] for n in range(5)])
    peer.talk([[]] * 5)
    sound = noise(0.5)
    peer.talk([[packet.encode()] for packet in packets(sound, 100, 100_000, ssrc=0x9999)])
    until(lambda: sound[-800:] in side.recorder.left(7))


def test_tone_of_a_phone_that_has_events_comes_to_the_line_once(ends: Ends) -> None:
    """It is silenced, therefore it is sent anew."""
    side, peer = ends
    side.engine.disconnect(PORT)
    side.ivr.engine.collect(PORT, 1, 9, 5000, 5000)
    side.ivr.engine.stop(PORT)
    side.ivr.wait(DigitsCollected)
    side.engine.connect(LEG, PORT)
    peer.talk([[packet.encode()] for packet in packets(dialled("7"))])
    until(lambda: CALLER in detected(side))
    peer.talk([[]] * 15)
    assert detected(side)[CALLER] == "7"


def test_tones_of_a_phone_without_events_are_typed_ahead() -> None:
    with engine_thread() as host, RtpPeer(host.rtp_base) as peer:
        side = Side(host)
        side.engine.open_rtp(PORT, peer.address)
        peer.talk([[packet.encode()] for packet in packets(dialled("47"))])
        until(lambda: detected(side) == {PORT: "47"})
        side.ivr.engine.collect(PORT, 1, 2, 100, 100)
        assert side.ivr.wait(DigitsCollected).digits == "47"


def test_tone_of_a_phone_without_events_is_an_event_to_one_that_has_them() -> None:
    with engine_thread() as host, RtpPeer(host.rtp_base) as old, RtpPeer(host.rtp_base + 2) as peer:
        side = Side(host)
        side.engine.open_rtp(PORT, old.address)
        side.engine.open_rtp(PORT + 1, peer.address, event_type=EVENTS)
        side.engine.connect(PORT, PORT + 1)
        old.talk([[packet.encode()] for packet in packets(dialled("7"))])
        until(lambda: ended(peer))
        assert {packet.payload[0] for packet in events(peer)} == {7}
        sound = b"".join(packet.payload for packet in peer.hear() if packet.payload_type == 8)
        assert np.count_nonzero(np.abs(alaw.decode(sound).astype(int)) > 500) <= 8 * LEAK_MS


def test_event_digits_of_a_killed_engine_end_in_one_event() -> None:
    with engine_process() as host, RtpPeer(host.rtp_base) as peer:
        side = Side(host)
        side.engine.open_rtp(PORT, peer.address, event_type=EVENTS)
        side.engine.send_digits(PORT, 9, "1234567890", on_ms=200, off_ms=200)
        until(lambda: len(events(peer)) > 3)
        host.kill()
        host.start()
        assert side.line.wait(DigitsSent).send_id == 9
        side.engine.send_digits(PORT, 10, "1", on_ms=40, off_ms=40)
        assert side.line.wait(DigitsSent, 2).send_id == 10


def test_event_that_a_killed_engine_has_told_is_not_told_again() -> None:
    with engine_process() as host, RtpPeer(host.rtp_base) as peer:
        side = Side(host)
        side.engine.open_rtp(PORT, peer.address, event_type=EVENTS)
        side.ivr.engine.collect(PORT, 1, 5, 9000, 9000)
        key = [RtpPacket(n, 1600, report(5, 160 * n + 160), payload_type=EVENTS).encode() for n in range(40)]
        peer.talk([[octets] for octets in key[:10]])
        host.kill()
        host.start()
        peer.talk([[octets] for octets in key[30:]])
        peer.send(RtpPacket(40, 1600, report(5, 6400, end=True), payload_type=EVENTS).encode())
        peer.talk([[]] * 10)
        peer.send(RtpPacket(41, 9600, report(11, 800, end=True), payload_type=EVENTS).encode())
        assert side.ivr.wait(DigitsCollected).digits == "5"
