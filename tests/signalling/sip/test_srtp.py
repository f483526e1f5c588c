# SPDX-License-Identifier: GPL-2.0-only
"""Encrypted calls through Kamailio: baresip for sound in every suite, a phone worked by hand for its keys."""

import asyncio
import base64
import struct
import time
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from appliance.media.events import Client
from appliance.simulator.phone import Phone
from appliance.wire import legs
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from dsp.sdes import Crypto, build, parse
from dsp.srtp import MasterKey, Srtp, SrtpRefusedError, Suite
from tests.media.rtp_peer import RtpPacket, RtpPeer
from tests.peers.hand import Message
from tests.signalling.sip.controller import Controller
from tests.signalling.sip.site import DOMAIN, PASSWORD, Site, site, until
from tests.signalling.sip.test_media import Talk, control_and_phone, described
from tests.signalling.sip.test_sound import RATE, answered, tone

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

SUITE = Suite.AES_CM_128_HMAC_SHA1_80
NARROW = ("-m", "tests.signalling.sip.narrow")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), program=NARROW, sip=", srtp: prefer") as started:
        yield started


class SecurePhone(Phone):
    """Offers and takes nothing but SRTP."""

    encryption = "srtp-mand"


class KeysBesidePhone(Phone):
    """Offers keys beside RTP/AVP."""

    encryption = "srtp"


def phone(running: Site, kind: type[Phone], number: str, folder: Path, hz: float) -> Phone:
    folder.mkdir()
    speech = tone(folder / "tone.wav", hz)
    return kind(f"{number}@{DOMAIN}", PASSWORD.format(number=number), running.proxy, folder, speech=speech)


def heard_hz(phone: Phone) -> float:
    """The strongest frequency in the quarter of a second before the last."""
    with wave.open(str(phone.heard()[-1])) as source:
        sound = np.frombuffer(source.readframes(source.getnframes()), "<i2").astype(float)[-4000:-2000]
    assert len(sound) == 2000
    assert np.sqrt(np.mean(sound**2)) > 2000, "a tone, not silence"
    return float(np.argmax(np.abs(np.fft.rfft(sound)))) * RATE / 2000


def call_of(control: Controller, phone: Phone) -> legs.Leg:
    """The phone calls and is answered."""
    phone.dial("95588")
    leg = control.wait(legs.LegOffered).leg
    control.command(legs.AnswerLeg(leg=leg.leg))
    control.wait(legs.LegAnswered, leg.leg)
    return leg


@pytest.mark.parametrize("way", ["called and calling", "called in the other suites"])
def test_two_baresip_phones_hear_each_other_over_srtp(running: Site, tmp_path: Path, way: str) -> None:
    """The first is called with SHA1_80 alone, the second calls with RTP/AVP; then SHA1_32 and GCM, a phone each."""
    kind = KeysBesidePhone if way == "called and calling" else SecurePhone
    with (
        Controller(running.socket) as control,
        phone(running, SecurePhone, "8001", tmp_path / "a", 440) as first,
        phone(running, kind, "8002", tmp_path / "b", 1000) as second,
    ):
        other = call_of(control, second) if kind is KeysBesidePhone else answered(control, "8002")
        ours = (answered(control, "8001"), other)
        ports = [leg.port or 0 for leg in ours]
        engine = running.engine(Client.CALL)
        engine.connect(*ports)
        time.sleep(0.9)
        status = [engine.port_status(port) for port in ports]
        for leg in ours:
            control.command(legs.ReleaseLeg(leg=leg.leg))
        for one in (first, second):
            one.wait_for("CALL_CLOSED")
    for port in status:
        assert port.secure
        assert port.rtp.received > 25
        assert port.rtp.forged <= 2, "what baresip sends before it has our key is plain"
    assert (heard_hz(first), heard_hz(second)) == (1000, 440)


def test_prefer_calls_again_without_srtp_where_the_phone_refuses_it(running: Site, tmp_path: Path) -> None:
    with Controller(running.socket) as control, phone(running, Phone, "8001", tmp_path / "a", 440):
        leg = answered(control, "8001")
        engine = running.engine(Client.CALL)
        until(lambda: engine.port_status(leg.port or 0).rtp.received > 10)
        assert not engine.port_status(leg.port or 0).secure
        control.command(legs.ReleaseLeg(leg=leg.leg))
        control.wait(legs.LegReleased, leg.leg)
    assert "sip.srtp.unwanted" in running.log("sip")


class Voice:
    """What the phone says and hears in a talk, under keys that may change."""

    def __init__(self, talk: Talk, theirs: MasterKey, ours: MasterKey) -> None:
        self._talk = talk
        self._sequence = 0
        self.use(theirs, ours)

    def use(self, theirs: MasterKey, ours: MasterKey) -> None:
        """Other keys from now on."""
        self._send, self._receive = Srtp(theirs), Srtp(ours)

    async def speak(self) -> None:
        """Ten packets, 200 ms."""
        batches = []
        for _ in range(10):
            packet = RtpPacket(self._sequence, 160 * self._sequence, b"\x55" * 160, 0x77)
            batches.append([self._send.protect(packet.encode())])
            self._sequence += 1
        for batch in batches:
            self._talk.peer.send(batch[0])
            await asyncio.sleep(0.02)

    def report(self) -> None:
        """An empty receiver report, by SRTCP on the port of the sound."""
        self._talk.peer.send(self._send.protect_rtcp(struct.pack(">BBHI", 0x80, 201, 1, 0x77)))

    def hears(self) -> int:
        """Packets that came and are believed under the key of now."""
        count = 0
        while True:
            try:
                octets = self._talk.peer.socket.recv(4096)
            except BlockingIOError:
                return count
            if not 192 <= octets[1] <= 223:
                try:
                    count += RtpPacket.decode(self._receive.unprotect(octets)).payload_type == 8
                except SrtpRefusedError:
                    continue

    def counted(self, spoken: int) -> tuple[int, int]:
        """Packets that the engine believed, and those that it did not, when it has had so many.

        An answer may overtake the engine's command that belongs to it: then a packet or two come too early.
        """
        until(lambda: sum(self._counters()) >= spoken)
        return self._counters()

    def _counters(self) -> tuple[int, int]:
        counters = self._talk.engine.port_status(self._talk.port).rtp
        return counters.received, counters.forged + counters.stray


def line(key: MasterKey, tag: int = 5) -> str:
    return f"a=crypto:{build(Crypto(tag, (key,)))}"


def our_key(body: str) -> tuple[int, MasterKey]:
    """Tag and key of the one line in our description."""
    (text,) = [line.removeprefix("a=crypto:") for line in body.split("\r\n") if line.startswith("a=crypto:")]
    crypto = parse(text)
    return crypto.tag, crypto.keys[0]


def description(talker: RtpPeer, *lines: str, profile: str = "RTP/SAVP", direction: str = "sendrecv") -> str:
    """Of a phone that offers plain sound as well, in the first section."""
    head = ("v=0", "o=hand 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 4444 RTP/AVP 8")
    return "\r\n".join([*head, f"m=audio {talker.address[1]} {profile} 8", *lines, f"a={direction}"]) + "\r\n"


def media(body: str) -> list[str]:
    """Port (0, or some) and transport of each section."""
    words = [text.split() for text in body.split("\r\n") if text.startswith("m=")]
    return [f"{'some' if int(port) else 0} {profile}" for _, port, profile, *_ in words]


@asynccontextmanager
async def talking(running: Site, theirs: MasterKey) -> AsyncIterator[tuple[Talk, Voice, MasterKey]]:
    """The phone has called, and may speak."""
    async with control_and_phone(running) as (control, hand, peer):
        call = await hand.call("95588", body=description(peer, line(theirs)))
        leg = (await control.expect(legs.LegOffered)).leg
        await control.done(legs.AnswerLeg(leg=leg.leg))
        await control.expect(legs.LegAnswered, leg.leg)
        await call.hears("answered")
        assert call.final is not None
        assert media(call.final.body) == ["0 RTP/AVP", "some RTP/SAVP"]
        tag, ours = our_key(call.final.body)
        assert tag == 5
        talk = Talk(running, leg, call, peer)
        until(lambda: talk.engine.port_status(talk.port).secure)  # before that nobody hears the phone
        yield talk, Voice(talk, theirs, ours), ours
        await call.release(16)
        await control.expect(legs.LegReleased, leg.leg)


async def answer_to(talk: Talk, body: str) -> Message:
    """To an offer in the talk."""
    talk.call.within("INVITE", body=body)
    async with asyncio.timeout(5):
        return await talk.call.answers.get()


def key_in_base64(key: MasterKey) -> bytes:
    return base64.b64encode(key.key + key.salt)


def test_rfc4568_7_1_4_keys_that_stay_go_on_and_new_ones_begin_anew(running: Site) -> None:
    """Hold and the way back change nothing; other keys are answered with other keys; sound is never plain again."""
    old, new = MasterKey.new(SUITE), MasterKey.new(SUITE)

    async def run() -> list[MasterKey]:
        async with talking(running, old) as (talk, voice, ours):
            await voice.speak()
            for direction, ours_then in (("sendonly", "recvonly"), ("sendrecv", "sendrecv")):
                held = await answer_to(talk, description(talk.peer, line(old), direction=direction))
                assert f"a={ours_then}\r\n" in held.body
                assert our_key(held.body) == (5, ours)
            await voice.speak()
            assert voice.hears() > 10, "our stream goes on under its key"
            received, early = voice.counted(20)
            assert (received + early, early <= 2) == (20, True)
            voice.report()
            until(lambda: talk.engine.port_status(talk.port).rtp.rtcp == 1)
            moved = await answer_to(talk, description(talk.peer, line(new, 9)))
            tag, fresh = our_key(moved.body)
            assert tag == 9
            assert fresh.key != ours.key
            voice.hears()
            voice.use(new, fresh)
            await voice.speak()
            assert voice.hears() > 5
            received, early = voice.counted(30)
            assert (received + early, early <= 4) == (30, True)
            plain = await answer_to(talk, description(talk.peer, profile="RTP/AVP"))
            assert plain.status == 488
            await voice.speak()
            assert voice.counted(40) == (received + 10, early)
            return [old, new, ours, fresh]

    keys = asyncio.run(run())
    told = [path.read_bytes() for path in running.state.rglob("*") if path.is_file()]
    assert any(b"a=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:xxxx" in text for text in told), "the trace has the line"
    for key in keys:
        assert not any(key_in_base64(key) in text for text in told)


def test_wrong_key_gives_no_sound_and_is_counted(running: Site) -> None:
    async def run() -> None:
        async with talking(running, MasterKey.new(SUITE)) as (talk, voice, ours):
            voice.use(MasterKey.new(SUITE), ours)
            await voice.speak()
            assert voice.counted(10) == (0, 10)
            assert talk.engine.port_status(talk.port).rx_dbm0 == -100

    asyncio.run(run())


def test_rfc4568_early_sound_has_its_keys(running: Site) -> None:
    async def run() -> None:
        async with control_and_phone(running) as (control, hand, peer):
            leg = control.ids.leg()
            await control.done(legs.PlaceLeg(leg=leg, to="8001", contact="contact-1"))
            placed = (await control.expect(legs.LegPlaced, leg)).leg
            call = await hand.called()
            assert call.asked is not None
            tag, ours = our_key(call.asked.body)
            theirs = MasterKey.new(ours.suite)
            ringing = description(peer, line(theirs, tag)).replace("m=audio 4444 RTP/AVP 8\r\n", "")
            hand.respond(call.asked, 183, body=ringing)
            assert (await control.expect(legs.LegAlerting, leg)).inband
            talk = Talk(running, placed, call, peer)
            until(lambda: talk.engine.port_status(talk.port).secure)
            voice = Voice(talk, theirs, ours)
            await voice.speak()
            assert voice.counted(10) == (10, 0)
            assert voice.hears() > 5
            await call.answer(ringing)
            await control.expect(legs.LegAnswered, leg)
            await voice.speak()
            assert voice.counted(20) == (20, 0)
            await call.release(16)
            await control.expect(legs.LegReleased, leg)

    asyncio.run(run())


def test_rfc4568_5_1_3_answer_without_a_key_to_our_offer_ends_the_call(running: Site) -> None:
    async def run() -> int:
        async with control_and_phone(running) as (control, hand, peer):
            leg = control.ids.leg()
            await control.done(legs.PlaceLeg(leg=leg, to="8001", contact="contact-1"))
            call = await hand.called()
            await call.answer(description(peer, profile="RTP/AVP").replace("m=audio 4444 RTP/AVP 8\r\n", ""))
            await call.hears("released")
            return (await control.expect(legs.LegReleased, leg)).cause

    assert asyncio.run(run()) == 88


def test_call_that_the_engine_cannot_bear_is_503_and_a_cheaper_codec_is_taken(running: Site) -> None:
    """Not SRTP's matter, but this worker is a narrow one: two calls of Opus fill it. They end as congestion has it."""

    async def run() -> None:
        async with control_and_phone(running) as (control, hand, peer):
            opus = "a=rtpmap:111 opus/48000/2"
            full = []
            for _ in range(2):
                call = await hand.call("95588", body=described(peer, "111", opus))
                full.append((call, (await control.expect(legs.LegOffered)).leg.leg))
            refused = await hand.call("95588", body=described(peer, "111", opus))
            await refused.hears("released")
            assert refused.final is not None
            assert refused.final.status == 503
            assert (await control.expect(AlarmRaised)).code == "sip.overload"
            taken = await hand.call("95588", body=described(peer, "111 8", opus))
            leg = (await control.expect(legs.LegOffered)).leg.leg
            await control.done(legs.AnswerLeg(leg=leg))
            await taken.hears("answered")
            assert taken.final is not None
            assert " RTP/AVP 8\r\n" in taken.final.body
            await control.done(legs.ReleaseLeg(leg=leg))
            for call, full_leg in full:
                await control.done(legs.ReleaseLeg(leg=full_leg, cause=42))
                assert await call.hears("released") == 42
                assert call.final is not None
                assert call.final.status == 503
            await control.expect(AlarmCleared)

    asyncio.run(run())
