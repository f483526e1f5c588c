# SPDX-License-Identifier: GPL-2.0-only
"""Calls through Kamailio and the worker, step by step: causes, races, offers, a dead worker."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from appliance.trace.log import lines
from appliance.trace.sip import SipMessage
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from tests.peers.hand import SOUND, HandCall, HandPhone
from tests.signalling.sip.site import DOMAIN, PASSWORD, Site, site, until
from tests.wire.conformance import Attachment, attached

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as started:
        yield started


@asynccontextmanager
async def phone_and_control(running: Site) -> AsyncIterator[tuple[HandPhone, Attachment]]:
    """A registered phone, and call control."""
    phone = HandPhone("8001", PASSWORD.format(number="8001"), running.proxy, DOMAIN)
    async with phone, attached(running) as control:  # only its socket is looked at
        assert (await phone.register()).status == 200
        await control.expect(legs.LegSnapshot)
        yield phone, control


async def ring(phone: HandPhone, control: Attachment, clid: str | None = "13912345678") -> tuple[str, HandCall]:
    """Place a leg; the phone has its INVITE and has said nothing."""
    leg = control.ids.leg()
    await control.done(legs.PlaceLeg(leg=leg, to="8001", contact="contact-1", clid=clid))
    return leg, await phone.called()


async def talk(phone: HandPhone, control: Attachment) -> tuple[str, HandCall]:
    """A leg that is answered."""
    leg, call = await ring(phone, control)
    await call.answer()
    await control.expect(legs.LegAnswered, leg)
    async with asyncio.timeout(5):
        await call.happened["acknowledged"].wait()
    return leg, call


@pytest.mark.parametrize(
    ("status", "cause"), [(404, 1), (480, 18), (484, 28), (486, 17), (488, 88), (500, 41), (600, 17), (603, 21)]
)
def test_rfc3398_8_2_6_1_a_phones_refusal_becomes_a_cause(running: Site, status: int, cause: int) -> None:
    async def run() -> legs.LegReleased:
        async with phone_and_control(running) as (phone, control):
            leg, call = await ring(phone, control)
            call.refuse(status)
            return await control.expect(legs.LegReleased, leg)

    released = asyncio.run(run())
    assert (released.cause, released.by, released.sip_status) == (cause, ReleasedBy.PEER, status)


@pytest.mark.parametrize("answered", [False, True])
def test_rfc3326_reason_of_a_phone_is_believed(running: Site, answered: bool) -> None:  # noqa: FBT001
    async def run() -> legs.LegReleased:
        async with phone_and_control(running) as (phone, control):
            leg, call = await (talk if answered else ring)(phone, control)
            if answered:
                call.within("BYE", {"Reason": "Q.850;cause=38"})
            else:
                call.refuse(480, {"Reason": "Q.850;cause=38"})
            return await control.expect(legs.LegReleased, leg)

    assert asyncio.run(run()).cause == 38


@pytest.mark.parametrize(("cause", "status"), [(1, 404), (17, 486), (19, 480), (21, 403), (34, 503), (41, 503)])
def test_rfc3398_7_2_4_1_our_cause_becomes_a_refusal(running: Site, cause: int, status: int) -> None:
    """With its Reason; 503 too, which a proxy may hand on that has nowhere else to go (RFC 3261 §16.7 step 6)."""

    async def run() -> HandCall:
        async with phone_and_control(running) as (phone, control):
            call = await phone.call("95588")
            leg = (await control.expect(legs.LegOffered)).leg.leg
            await control.done(legs.ReleaseLeg(leg=leg, cause=cause))
            await call.hears("released")
            return call

    call = asyncio.run(run())
    assert call.final is not None
    assert (call.final.status, call.cause) == (status, cause)


def test_caller_is_shown_and_an_unknown_one_is_anonymous(running: Site) -> None:
    async def run() -> list[str]:
        async with phone_and_control(running) as (phone, control):
            shown = []
            for clid in ("13912345678", None, 'x"><sip:y@z>'):
                leg, call = await ring(phone, control, clid)
                shown.append(next(m for m in reversed(phone.seen) if m.start.startswith("INVITE"))["From"])
                await control.done(legs.ReleaseLeg(leg=leg))
                await call.hears("released")
            return shown

    known, unknown, evil = asyncio.run(run())
    assert known.startswith(f'"13912345678" <sip:13912345678@{DOMAIN}>')
    assert "anonymous@anonymous.invalid" in unknown
    assert "anonymous@anonymous.invalid" in evil


def test_rfc3261_9_1_answer_that_crosses_our_cancel_is_hung_up(running: Site) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await ring(phone, control)
            call.stubborn = True
            await call.alert()
            await control.expect(legs.LegAlerting, leg)
            await control.done(legs.ReleaseLeg(leg=leg, cause=19))
            released = await control.expect(legs.LegReleased, leg)
            assert (released.cause, released.by) == (19, ReleasedBy.US)
            await call.hears("released")
            methods = [message.method for message in phone.seen if not message.status]
            assert methods[-3:] == ["CANCEL", "ACK", "BYE"]
            await control.quiet(legs.LegReleased)

    asyncio.run(run())


def test_call_given_up_before_any_answer_rings_no_further(running: Site) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await ring(phone, control)
            await control.done(legs.ReleaseLeg(leg=leg, cause=16))
            await call.hears("released")

    asyncio.run(run())


def test_early_sound_is_told_as_inband_alerting(running: Site) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await ring(phone, control)
            assert call.asked is not None
            phone.respond(call.asked, 183, body=SOUND.format(port=4000))
            assert (await control.expect(legs.LegAlerting, leg)).inband is True
            call.refuse(486)
            await control.expect(legs.LegReleased, leg)

    asyncio.run(run())


def test_repeated_invite_is_one_call(running: Site) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            call = await phone.call("95588")
            leg = (await control.expect(legs.LegOffered)).leg
            assert (leg.dnis, leg.clid, leg.channel) == ("95588", "8001", "sip 8001")
            phone.repeat()
            await control.quiet(legs.LegOffered)
            await control.done(legs.ReleaseLeg(leg=leg.leg, cause=17))
            await call.hears("released")

    asyncio.run(run())


def test_our_offer_is_the_codecs_and_events_of_the_engine_and_nothing_else(running: Site) -> None:
    async def run() -> tuple[str, int]:
        async with phone_and_control(running) as (phone, control):
            leg, call = await ring(phone, control)
            port = (await control.snapshot())[leg].port
            call.refuse(486)
            await control.expect(legs.LegReleased, leg)
            assert call.asked is not None
            assert port is not None
            return call.asked.body, port

    description, port = asyncio.run(run())
    udp = running.rtp_base + 2 * (port - 256)
    assert f"m=audio {udp} RTP/AVP 8 0 9 107 103 13 101 102\r\n" in description
    assert "c=IN IP4 127.0.0.1\r\n" in description
    assert description.partition("m=audio")[2].split("\r\n")[1:-1] == [
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:107 opus/48000/2",
        "a=fmtp:107 maxplaybackrate=8000;sprop-maxcapturerate=8000;useinbandfec=1",
        "a=rtpmap:103 G726-32/8000",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=rtpmap:102 telephone-event/48000",
        "a=fmtp:102 0-16",
        "a=ptime:20",
        "a=maxptime:60",
        "a=sendrecv",
    ]


def test_a_call_is_traced_at_both_sides_of_kamailio_and_its_secrets_are_not(running: Site) -> None:
    keys = SOUND.format(port=4000) + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S0meKeyS0meKey\r\n"

    async def run() -> tuple[str, str | None, str]:
        async with phone_and_control(running) as (phone, control):
            call = await phone.call("95588", body=keys)
            answer = re.search('response="([0-9a-f]{32})"', phone.last.decode())
            told = (await control.expect(legs.LegOffered)).leg
            await control.done(legs.AnswerLeg(leg=told.leg))
            await call.hears("answered")
            call.within("INFO", {"Content-Type": "application/dtmf"}, "4711")
            await call.release(16)
            await control.expect(legs.LegReleased, told.leg)
            assert answer is not None
            return call.call_id, told.call_id, answer[1]

    call_id, told, answer = asyncio.run(run())
    assert told == call_id
    proxy, worker = tuple(running.proxy), tuple(running.listen)
    until(
        lambda: len([m for m in _traced(running, call_id) if m.text.startswith("SIP/2.0 200") and "BYE" in m.text]) == 4
    )
    kept = _traced(running, call_id)
    for method in ("INVITE", "ACK", "INFO", "BYE"):
        ways = {(message.source, message.target) for message in kept if message.text.startswith(method)}
        assert (proxy, worker) in ways, method
        assert any(target == proxy != source for source, target in ways), method
    whole = "".join(m.text for m in kept)
    for secret in ("S0meKey", "4711", answer):
        assert secret not in whole
    assert "Proxy-Authorization: Digest " in whole
    assert "inline:xxxxxxxxxxxxxx" in whole
    assert not any(b"REGISTER" in line for line in lines(running.state, "sip")), "of no call"


def _traced(running: Site, call_id: str) -> list[SipMessage]:
    found = (msgspec.json.decode(line, type=SipMessage) for line in lines(running.state, "sip") if line)
    return [message for message in found if message.call_id == call_id]


def test_rfc3264_5_call_without_an_offer_gets_ours_in_the_200(running: Site) -> None:
    async def run() -> HandCall:
        async with phone_and_control(running) as (phone, control):
            call = await phone.call("95588", body="")
            leg = (await control.expect(legs.LegOffered)).leg.leg
            await control.done(legs.AnswerLeg(leg=leg))
            await call.hears("answered")
            await control.quiet(legs.LegReleased)
            await call.release(16)
            await control.expect(legs.LegReleased, leg)
            return call

    call = asyncio.run(run())
    assert call.final is not None
    assert "RTP/AVP 8 0 9 107 103 13 101 102\r\n" in call.final.body


def test_caller_without_a_codec_of_ours_is_refused_with_488(running: Site) -> None:
    async def run() -> HandCall:
        async with phone_and_control(running) as (phone, control):
            call = await phone.call("95588", body=SOUND.format(port=4000).replace("AVP 8", "AVP 18 4"))
            await call.hears("released")
            assert await control.snapshot() == {}
            return call

    call = asyncio.run(run())
    assert call.final is not None
    assert call.final.status == 488


def test_a_drained_worker_takes_no_call_of_a_phone_and_still_rings_one(running: Site) -> None:
    async def run() -> HandCall:
        assert running.worker is not None
        async with phone_and_control(running) as (phone, control):
            running.worker.send_signal(signal.SIGUSR1)
            until(lambda: "sip.worker.drained" in running.log("sip"))
            refused = await phone.call("95588")
            await refused.hears("released")
            leg, rung = await talk(phone, control)
            await rung.release(16)
            await control.expect(legs.LegReleased, leg)
            running.worker.send_signal(signal.SIGUSR2)
            until(lambda: "sip.worker.opened" in running.log("sip"))
            taken = await phone.call("95588")
            leg = (await control.expect(legs.LegOffered)).leg.leg
            await control.done(legs.AnswerLeg(leg=leg))
            await taken.hears("answered")
            await taken.release(16)
            await control.expect(legs.LegReleased, leg)
            return refused

    call = asyncio.run(run())
    assert call.final is not None
    assert call.final.status == 503


@pytest.mark.parametrize(("asked", "answered"), [("sendonly", "recvonly"), ("inactive", "inactive")])
def test_rfc3264_8_4_hold_and_resume(running: Site, asked: str, answered: str) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await talk(phone, control)
            port = (await control.snapshot())[leg].port
            assert port is not None
            for direction, expected, rtp in ((asked, answered, 4000), ("sendrecv", "sendrecv", 4010)):
                call.within("INVITE", body=SOUND.format(port=rtp) + f"a={direction}\r\n")
                async with asyncio.timeout(5):
                    answer = await call.answers.get()
                assert answer.status == 200
                assert f"m=audio {running.rtp_base + 2 * (port - 256)} " in answer.body
                assert f"a={expected}\r\n" in answer.body
            await asyncio.sleep(0.05)  # the engine's tick
            assert running.engine().port_status(port).remote == ("127.0.0.1", 4010)
            await call.release(16)
            await control.expect(legs.LegReleased, leg)
            await asyncio.sleep(0.05)
            assert running.engine().port_status(port).kind == "closed"

    asyncio.run(run())


def test_worker_is_killed_and_no_phone_hangs_in_a_dead_call(running: Site) -> None:
    """One phone talks, one rings, one is calling: BYE, CANCEL and a final answer reach them, and are traced."""

    async def run() -> str:
        other = HandPhone("8002", PASSWORD.format(number="8002"), running.proxy, DOMAIN)
        async with other, phone_and_control(running) as (phone, control):
            _, talking = await talk(phone, control)
            _, ringing = await ring(phone, control)
            await ringing.alert()
            await control.expect(legs.LegAlerting)
            calling = await other.call("95588")
            await control.expect(legs.LegOffered)
            assert running.worker is not None
            running.worker.send_signal(signal.SIGKILL)
            running.worker.wait()
            talking.within("INFO", {"Content-Type": "application/dtmf"}, "5")
            await asyncio.to_thread(running.start_worker)
            await asyncio.gather(*(call.hears("released") for call in (talking, ringing, calling)))
        async with attached(running) as successor:
            assert await successor.snapshot() == {}
        return talking.call_id

    call_id = asyncio.run(run())
    until(lambda: {"INVITE", "INFO", "BYE"} <= {message.text.split()[0] for message in _traced(running, call_id)})
    engine = running.engine()
    until(lambda: {engine.port_status(port).kind for port in range(256, 512)} == {"closed"})
    until(lambda: running.dialogs() == [])


def test_new_worker_leaves_its_own_calls_alone_when_kamailio_comes_late(running: Site) -> None:
    """Kamailio starts after the worker: what is under way by then is no former call."""

    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await talk(phone, control)
            assert running.kamailio is not None
            running.kamailio.send_signal(signal.SIGKILL)
            running.kamailio.wait()
            await asyncio.to_thread(running.start_kamailio)
            await control.quiet(legs.LegReleased)
            await call.release(16)
            released = await control.expect(legs.LegReleased, leg)
            assert (released.cause, released.by) == (16, ReleasedBy.PEER)

    asyncio.run(run())
