# SPDX-License-Identifier: GPL-2.0-only
"""What a phone's description says is what the engine speaks: law, events, packet length; digits arrive once."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from appliance.media.engine import Engine
from appliance.media.events import Client, DigitDetected, DigitsCollected
from appliance.wire import legs
from dsp.g711 import alaw_to_ulaw
from tests.media.rig import Listener
from tests.media.rtp_peer import RtpPacket, RtpPeer
from tests.peers.hand import HandCall, HandPhone
from tests.signalling.sip.site import DOMAIN, PASSWORD, Site, site
from tests.sound import alaw
from tests.wire.conformance import Attachment, attached

pytestmark = pytest.mark.system

PCMA, PCMU = 8, 0
SILENCE = {PCMA: b"\xd5" * 160, PCMU: b"\xff" * 160}
DIGITS = "1590*#"
MARKS = "0123456789*#ABCD"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as started:
        yield started


class Talk:
    """An answered leg and the phone's sound."""

    def __init__(self, running: Site, leg: legs.Leg, call: HandCall, peer: RtpPeer) -> None:
        assert leg.port is not None
        self.port, self.leg, self.call, self.peer = leg.port, leg.leg, call, peer
        peer.engine = ("127.0.0.1", running.rtp_base + 2 * (leg.port - 256))
        self.ivr = Listener(running.engine(Client.IVR))
        self.ivr.engine.attach()
        self._sequence = self._timestamp = 0

    @property
    def engine(self) -> Engine:
        """As the treatments use it."""
        return self.ivr.engine

    async def speak(self, sound: bytes, law: int) -> None:
        """20 ms packets."""
        pieces = [sound[at : at + 160] for at in range(0, len(sound), 160)]
        await asyncio.to_thread(self.peer.talk, [[self._packet(piece, law)] for piece in pieces])

    async def press(self, digit: str, event_type: int, law: int) -> None:
        """A key for 100 ms, told three times at its end, then 100 ms of silence. RFC 4733 §2.5."""
        event, began = MARKS.index(digit), self._timestamp
        durations = [(160 * (n + 1), 0) for n in range(5)] + [(800, 1)] * 3
        batches = []
        for n, (duration, end) in enumerate(durations):
            octets = struct.pack(">BBH", event, end << 7 | 10, duration)
            batches.append([RtpPacket(self._sequence, began, octets, 0x77, n == 0, event_type).encode()])
            self._sequence += 1
        self._timestamp += 160 * len(durations)
        await asyncio.to_thread(self.peer.talk, batches)
        await self.speak(SILENCE[law] * 5, law)

    def _packet(self, sound: bytes, law: int) -> bytes:
        packet = RtpPacket(self._sequence, self._timestamp, sound, 0x77, payload_type=law)
        self._sequence, self._timestamp = self._sequence + 1, self._timestamp + len(sound)
        return packet.encode()

    async def collected(self) -> DigitsCollected:
        """What the collect has."""
        await asyncio.to_thread(self.ivr.wait, DigitsCollected)
        (once,) = self.ivr.all(DigitsCollected)
        return once

    def detected(self) -> str:
        """Every digit that was told; the one who collects hears of them."""
        return "".join(event.digit for event in self.ivr.all(DigitDetected) if event.port == self.port)


def tones(digits: str) -> bytes:
    """DTMF of 100 ms and 100 ms of pause, A-law. Q.23."""
    time_s = np.arange(800) / 8000
    sound = []
    for digit in digits:
        row, column = divmod("123A456B789C*0#D".index(digit), 4)
        pair = (697, 770, 852, 941)[row], (1209, 1336, 1477, 1633)[column]
        sound += [sum(4000 * np.sin(2 * np.pi * hz * time_s) for hz in pair), np.zeros(800)]
    return alaw.encode(np.concatenate(sound).astype(np.int16))


def described(peer: RtpPeer, types: str, *lines: str) -> str:
    """The phone's own description."""
    head = ("v=0", "o=hand 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0")
    return "\r\n".join([*head, f"m=audio {peer.address[1]} RTP/AVP {types}", *lines]) + "\r\n"


def events(number: int) -> str:
    """The line that maps them."""
    return f"a=rtpmap:{number} telephone-event/8000"


@asynccontextmanager
async def control_and_phone(running: Site) -> AsyncIterator[tuple[Attachment, HandPhone, RtpPeer]]:
    phone = HandPhone("8001", PASSWORD.format(number="8001"), running.proxy, DOMAIN)
    with RtpPeer(0) as peer:
        async with phone, attached(running) as control:  # only its socket is looked at
            assert (await phone.register()).status == 200
            await control.expect(legs.LegSnapshot)
            yield control, phone, peer


@asynccontextmanager
async def called(running: Site, types: str, *lines: str) -> AsyncIterator[Talk]:
    """We call the phone; it answers with these payload types."""
    async with control_and_phone(running) as (control, phone, peer):
        leg = control.ids.leg()
        await control.done(legs.PlaceLeg(leg=leg, to="8001", contact="contact-1"))
        placed = (await control.expect(legs.LegPlaced, leg)).leg
        call = await phone.called()
        await call.answer(described(peer, types, *lines))
        await control.expect(legs.LegAnswered, leg)
        yield Talk(running, placed, call, peer)
        await call.release(16)
        await control.expect(legs.LegReleased, leg)


@asynccontextmanager
async def calling(running: Site, types: str, *lines: str) -> AsyncIterator[Talk]:
    """The phone calls with these payload types; without any it leaves the offer to us."""
    async with control_and_phone(running) as (control, phone, peer):
        call = await phone.call("95588", body=described(peer, types, *lines) if types else "")
        leg = (await control.expect(legs.LegOffered)).leg
        await control.done(legs.AnswerLeg(leg=leg.leg))
        await control.expect(legs.LegAnswered, leg.leg)
        await call.hears("answered")
        yield Talk(running, leg, call, peer)
        await call.release(16)
        await control.expect(legs.LegReleased, leg.leg)


WAYS = {"calling": calling, "called": called}


async def dial(talk: Talk, event_type: int, law: int) -> None:
    """All of DIGITS by events; each is collected and told once."""
    talk.engine.collect(talk.port, 1, len(DIGITS), 5000, 3000, "")
    await talk.speak(SILENCE[law] * 5, law)
    for digit in DIGITS:
        await talk.press(digit, event_type, law)
    assert (await talk.collected()).digits == DIGITS
    await talk.speak(SILENCE[law] * 20, law)
    assert talk.detected() == DIGITS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("types", "law"), [("8 101", PCMA), ("0 101", PCMU)])
def test_rfc4733_digits_of_a_phone_are_collected_once_each(running: Site, way: str, types: str, law: int) -> None:
    async def run() -> None:
        async with WAYS[way](running, types, events(101), "a=fmtp:101 0-15") as talk:
            await dial(talk, 101, law)
            assert talk.engine.port_status(talk.port).rtp.other_payload == 0

    asyncio.run(run())


@pytest.mark.parametrize(("way", "number"), [("calling", 96), ("called", 96), ("called", 101)])
def test_rfc3264_6_1_a_phone_that_names_another_number_is_heard_under_it_and_under_ours(
    running: Site, way: str, number: int
) -> None:
    async def run() -> None:
        async with WAYS[way](running, "8 96", events(96)) as talk:
            await dial(talk, number, PCMA)

    asyncio.run(run())


def test_rfc3264_6_1_our_answer_is_one_codec_with_the_phones_numbers(running: Site) -> None:
    async def run() -> str:
        async with calling(running, "9 0 13 100", events(100), "a=ptime:10") as talk:
            assert talk.call.final is not None
            return talk.call.final.body.partition("m=audio")[2]

    lines = asyncio.run(run()).split("\r\n")
    assert lines[0].endswith(" RTP/AVP 0 100")
    assert lines[1:-1] == [
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:100 telephone-event/8000",
        "a=fmtp:100 0-16",
        "a=ptime:10",
        "a=maxptime:60",
        "a=sendrecv",
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("law", [PCMA, PCMU])
def test_old_phone_without_events_dials_in_band(running: Site, way: str, law: int) -> None:
    async def run() -> None:
        async with WAYS[way](running, str(law)) as talk:
            talk.engine.collect(talk.port, 1, len(DIGITS), 5000, 3000, "")
            sound = tones(DIGITS)
            await talk.speak(sound if law == PCMA else alaw_to_ulaw(sound), law)
            assert (await talk.collected()).digits == DIGITS
            assert talk.detected() == DIGITS
            talk.peer.hear()
            talk.peer.received.clear()
            talk.engine.send_digits(talk.port, 9, "5", on_ms=100)
            await talk.speak(SILENCE[law] * 20, law)
            assert {packet.payload_type for packet in talk.peer.hear()} == {law}

    asyncio.run(run())


@pytest.mark.parametrize("way", WAYS)
def test_phone_that_wants_short_packets_gets_them(running: Site, way: str) -> None:
    async def run() -> set[int]:
        async with WAYS[way](running, "8", "a=ptime:10") as talk:
            await talk.speak(SILENCE[PCMA] * 20, PCMA)
            return {len(packet.payload) for packet in talk.peer.hear()}

    assert asyncio.run(run()) == {80}


def test_call_without_an_offer_is_answered_when_its_ack_has_said_the_law(running: Site) -> None:
    async def run() -> None:
        async with control_and_phone(running) as (control, phone, peer):
            call = await phone.call("95588", body="")
            call.acknowledgement = described(peer, "0 101", events(101))
            leg = (await control.expect(legs.LegOffered)).leg
            await control.done(legs.AnswerLeg(leg=leg.leg))
            await control.expect(legs.LegAnswered, leg.leg)
            await dial(Talk(running, leg, call, peer), 101, PCMU)
            await call.release(16)
            await control.expect(legs.LegReleased, leg.leg)

    asyncio.run(run())


def test_answer_with_both_laws_is_spoken_to_in_its_first(running: Site) -> None:
    async def run() -> None:
        async with called(running, "0 8 101", events(101)) as talk:
            await dial(talk, 101, PCMU)
            invites = [message.body for message in talk.call.phone.seen if message.start.startswith("INVITE")]
            port = talk.peer.engine[1]
            assert f"m=audio {port} RTP/AVP 0 101\r\n" in invites[-1], "the phone is asked to stay with it"

    asyncio.run(run())


def test_answer_that_corrects_the_early_one_is_spoken(running: Site) -> None:
    """A phone's early media come from a gateway, say, and its own law is another."""

    async def run() -> None:
        async with control_and_phone(running) as (control, phone, peer):
            leg = control.ids.leg()
            await control.done(legs.PlaceLeg(leg=leg, to="8001", contact="contact-1"))
            placed = (await control.expect(legs.LegPlaced, leg)).leg
            call = await phone.called()
            assert call.asked is not None
            phone.respond(call.asked, 183, body=described(peer, "0"))
            assert (await control.expect(legs.LegAlerting, leg)).inband
            await call.answer(described(peer, "8 101", events(101)))
            await control.expect(legs.LegAnswered, leg)
            await dial(Talk(running, placed, call, peer), 101, PCMA)
            await call.release(16)
            await control.expect(legs.LegReleased, leg)

    asyncio.run(run())


def test_law_that_changes_within_a_talk_is_refused_and_the_talk_goes_on(running: Site) -> None:
    async def run() -> tuple[int, int]:
        async with calling(running, "8 101", events(101)) as talk:
            answers = []
            for types in ("0 101", "0 8 101"):
                talk.call.within("INVITE", body=described(talk.peer, types, events(101)))
                async with asyncio.timeout(5):
                    answers.append(await talk.call.answers.get())
            refused, taken = answers
            assert " RTP/AVP 8 101\r\n" in taken.body
            await dial(talk, 101, PCMA)
            return refused.status, taken.status

    assert asyncio.run(run()) == (488, 200)


def test_offer_that_is_asked_of_us_within_a_talk_is_what_we_talk_in(running: Site) -> None:
    async def run() -> str:
        async with called(running, "0 101", events(101)) as talk:
            talk.call.acknowledgement = described(talk.peer, "0 101", events(101))
            talk.call.within("INVITE")
            async with asyncio.timeout(5):
                answer = await talk.call.answers.get()
            await dial(talk, 101, PCMU)
            return answer.body

    assert " RTP/AVP 0 101\r\n" in asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "text", "digit"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", "Signal= *\r\nDuration= 250\r\n", "*"),
        ("application/dtmf-relay", "Signal=d", "D"),
        ("application/dtmf", "7", "7"),
        ("application/dtmf", "#\r\n", "#"),
    ],
)
def test_digit_in_sip_info_is_collected_and_acknowledged(running: Site, kind: str, text: str, digit: str) -> None:
    async def run() -> int:
        async with called(running, "8") as talk:
            talk.engine.collect(talk.port, 1, 1, 3000, 3000, "")
            talk.call.within("INFO", {"Content-Type": kind}, text)
            async with asyncio.timeout(5):
                answer = await talk.call.answers.get()
            assert (await talk.collected()).digits == digit
            assert talk.detected() == digit
            return answer.status

    assert asyncio.run(run()) == 200


def test_digit_that_a_phone_tells_by_event_and_info_is_one(running: Site) -> None:
    async def run() -> None:
        async with called(running, "8 101", events(101)) as talk:
            talk.engine.collect(talk.port, 1, 2, 1500, 1000, "")
            pressing = asyncio.create_task(talk.press("4", 101, PCMA))
            await asyncio.sleep(0.08)
            talk.call.within("INFO", {"Content-Type": "application/dtmf-relay"}, "Signal=4\r\nDuration=100\r\n")
            await pressing
            assert (await talk.collected()).digits == "4"
            assert talk.detected() == "4"

    asyncio.run(run())


def test_info_without_a_digit_changes_nothing(running: Site) -> None:
    async def run() -> None:
        async with called(running, "8") as talk:
            for kind, text in (
                ("application/dtmf-relay", "Signal=\r\n"),
                ("application/dtmf", "E"),
                ("text/plain", "5"),
            ):
                talk.call.within("INFO", {"Content-Type": kind}, text)
                async with asyncio.timeout(5):
                    await talk.call.answers.get()
            talk.engine.collect(talk.port, 1, 1, 300, 300, "")
            assert (await talk.collected()).digits == ""
            assert talk.detected() == ""

    asyncio.run(run())
