# SPDX-License-Identifier: GPL-2.0-only
"""Calls in every codec with a stranger's phone: who agrees on what, and what either side hears of the other."""

import asyncio
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.media.arena import SoundArena
from appliance.media.events import Client, Codec
from appliance.simulator.phone import Phone
from appliance.wire import legs
from dsp.resample import Resampler
from tests.dsp.codec_peers import spandsp_g726_decode, spandsp_g726_encode
from tests.media.rig import Recorder
from tests.media.rtp_peer import RtpPacket
from tests.signalling.sip.controller import Controller
from tests.signalling.sip.site import DOMAIN, PASSWORD, Site, site
from tests.signalling.sip.test_media import WAYS, calling, control_and_phone, described
from tests.sound import alaw
from tests.sound.compare import compare, pesq_narrowband
from tests.sound.speech import speech, write_wav

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

SECONDS = 3.0
SPEECH = {Codec.G722: ("g722", 4.1), Codec.OPUS: ("opus", 4.0)}
"""The codec as baresip names it, and the score that speech through it must have."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as started:
        yield started


def wav_at_8_khz(path: Path) -> alaw.Linear:
    """One channel of any WAV."""
    with wave.open(str(path)) as source:
        rate, channels = source.getframerate(), source.getnchannels()
        sound = np.frombuffer(source.readframes(source.getnframes()), "<i2")[::channels]
    whole = sound[: len(sound) // 6 * 6].astype(np.int16).tobytes()
    return np.array(Resampler(rate, 8000).process(whole), np.int16)


@pytest.mark.parametrize("codec", SPEECH)
def test_speech_of_a_baresip_phone_and_to_it(running: Site, tmp_path: Path, codec: Codec) -> None:
    """Its own encoder and decoder, none of ours; it resamples coarsely, so what it said is what it gave its encoder."""
    name, least = SPEECH[codec]
    ours = speech(SECONDS)
    password = PASSWORD.format(number="8001")
    voice = write_wav(tmp_path / "voice.wav", speech(SECONDS, "agent"))
    recorder, ivr = Recorder(running.engine(Client.RECORDER)), running.engine(Client.IVR)
    phone = Phone(f"8001@{DOMAIN}", password, running.proxy, tmp_path / "phone", speech=voice, codec=name)
    with Controller(running.socket) as control, phone:
        leg = control.ids.leg()
        control.command(legs.PlaceLeg(leg=leg, to="8001", contact="contact-1", clid="13912345678"))
        control.wait(legs.LegAnswered, leg)
        port = control.wait(legs.LegPlaced, leg).leg.port
        assert port is not None
        ivr.record(7, port, port, 0)
        ivr.play(port, 1, [SoundArena(running.engine_thread.segment_fd).add_alaw(alaw.encode(ours))])
        time.sleep(SECONDS + 0.5)
        status = ivr.port_status(port)
        control.command(legs.ReleaseLeg(leg=leg))
        phone.wait_for("CALL_CLOSED")
    assert status.codec is codec
    assert (status.rtp.lost, status.rtp.bad, status.rtp.other_payload) == (0, 0, 0)
    said = wav_at_8_khz(next(phone.folder.glob("heard/dump-*-enc.wav")))[8000:24000]  # ours began a little later
    scores = (
        pesq_narrowband(alaw.ideal_pass(said), alaw.decode(recorder.left(7))),
        pesq_narrowband(ours, wav_at_8_khz(phone.heard()[-1])),
    )
    print(codec.name, scores)
    assert min(scores) > least, scores


@pytest.mark.parametrize("way", WAYS)
def test_g726_of_a_phone_is_that_of_spandsp(running: Site, way: str) -> None:
    """Baresip packs this codec as AAL2 does, against RFC 3551 §4.5.4; so the phone is one of ours and its codec not."""
    said, ours = speech(2.0, "agent"), speech(2.0)
    octets = spandsp_g726_encode(alaw.ideal_pass(said), 4, aal2=False)
    recorder = Recorder(running.engine(Client.RECORDER))

    async def run() -> bytes:
        async with WAYS[way](running, "98", "a=rtpmap:98 G726-32/8000") as talk:
            talk.engine.record(8, talk.port, talk.port, 0)
            talk.engine.play(talk.port, 1, [SoundArena(running.engine_thread.segment_fd).add_alaw(alaw.encode(ours))])
            stream = [RtpPacket(n, 160 * n, octets[80 * n : 80 * n + 80], payload_type=98) for n in range(100)]
            await asyncio.to_thread(talk.peer.talk, [[packet.encode()] for packet in stream])
            await asyncio.sleep(0.2)
            status = talk.engine.port_status(talk.port)
            assert (status.codec, status.rtp.other_payload) == (Codec.G726_32, 0)
            return b"".join(packet.payload for packet in talk.peer.hear())

    back = asyncio.run(run())
    decoded = alaw.encode(spandsp_g726_decode(octets, 4, aal2=False))
    assert compare(decoded, recorder.left(8)).identical_share > 0.9, "octet for octet but where the delay was changed"
    score = pesq_narrowband(ours, spandsp_g726_decode(back, 4, aal2=False))
    print(score)
    assert score > 3.4


def test_codecs_of_the_configuration_and_no_others_in_its_order(tmp_path: Path) -> None:
    async def run(running: Site) -> tuple[int, str, str]:
        async with control_and_phone(running) as (control, phone, peer):
            refused = await phone.call("95588", body=described(peer, "8 0 9"))
            await refused.hears("released")
            assert refused.final is not None
            assert await control.snapshot() == {}
            leg = control.ids.leg()
            await control.done(legs.PlaceLeg(leg=leg, to="8001", contact="contact-1"))
            call = await phone.called()
            assert call.asked is not None
            call.refuse(486)
            await control.expect(legs.LegReleased, leg)
        async with calling(running, "8 98 111", "a=rtpmap:98 G726-32/8000", "a=rtpmap:111 opus/48000/2") as talk:
            assert talk.call.final is not None
            return refused.final.status, call.asked.body, talk.call.final.body

    with site(tmp_path, sip=", codecs: [OPUS, G726-32]") as running:
        status, offered, answered = asyncio.run(run(running))
    assert status == 488
    assert " RTP/AVP 107 103 13 101 102\r\n" in offered
    assert " RTP/AVP 111\r\n" in answered
