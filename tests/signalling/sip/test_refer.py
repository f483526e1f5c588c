# SPDX-License-Identifier: GPL-2.0-only
"""A phone hands its caller on by REFER (RFC 3515), to a number or to whom it has called itself (RFC 3891)."""

import asyncio
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from appliance.signalling.sip.refer import refer_of
from appliance.wire import legs
from tests.peers.hand import HandCall, HandPhone, Message
from tests.signalling.sip.site import DOMAIN, PASSWORD, Site, site
from tests.signalling.sip.test_calls import phone_and_control, talk
from tests.wire.conformance import Attachment

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as started:
        yield started


async def referred(phone: HandPhone, call: HandCall, refer_to: str, *, secret: bool = True) -> Message:
    """The last answer to REFER, whose challenge is met."""
    fields = {"Refer-To": f"<{refer_to}>"}
    call.within("REFER", dict(fields))
    answer = await asyncio.wait_for(call.answers.get(), 5)
    if answer.status == 407 and secret:
        uri = call._uri
        call.within("REFER", fields | phone.credentials(answer, "REFER", uri))
        answer = await asyncio.wait_for(call.answers.get(), 5)
    return answer


async def notified(phone: HandPhone) -> Message:
    """What the phone is told of its REFER."""
    async with asyncio.timeout(5):
        while True:
            for message in phone.seen:
                if message.start.startswith("NOTIFY"):
                    return message
            await asyncio.sleep(0.02)


async def called_from(phone: HandPhone, control: Attachment) -> tuple[HandCall, legs.Leg]:
    """A call of the phone's own, answered."""
    call = await phone.call("8002")
    leg = (await control.expect(legs.LegOffered)).leg
    await control.done(legs.AnswerLeg(leg=leg.leg))
    await call.hears("answered")
    await control.expect(legs.LegAnswered, leg.leg)
    return call, leg


def test_rfc3515_2_4_a_blind_transfer_is_asked_for_and_its_end_is_told(running: Site) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await talk(phone, control)
            assert (await referred(phone, call, f"sip:95599@{DOMAIN}")).status == 202
            assert await control.expect(legs.TransferAsked, leg) == legs.TransferAsked(leg=leg, to="95599")
            await control.done(legs.TransferTold(leg=leg, done=True))
            told = await notified(phone)
            assert told["Event"] == "refer"
            assert told["Subscription-State"].startswith("terminated")
            assert told.body.startswith("SIP/2.0 200")
            await control.done(legs.ReleaseLeg(leg=leg))
            await call.hears("released")

    asyncio.run(run())


def test_a_transfer_that_is_not_done_is_told_and_the_talk_goes_on(running: Site) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await talk(phone, control)
            await referred(phone, call, f"sip:95599@{DOMAIN}")
            await control.expect(legs.TransferAsked, leg)
            await control.done(legs.TransferTold(leg=leg, done=False))
            assert (await notified(phone)).body.startswith("SIP/2.0 503")
            assert not call.happened["released"].is_set()
            await control.done(legs.ReleaseLeg(leg=leg))
            await call.hears("released")

    asyncio.run(run())


def test_rfc3891_an_attended_transfer_names_the_phone_s_other_call(running: Site) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await talk(phone, control)
            other, offered = await called_from(phone, control)
            replaces = quote(f"{other.call_id};to-tag=a;from-tag=b", safe="")
            assert (await referred(phone, call, f"sip:8002@{DOMAIN}?Replaces={replaces}")).status == 202
            asked = await control.expect(legs.TransferAsked, leg)
            assert asked == legs.TransferAsked(leg=leg, to="8002", replaces=offered.leg)
            for one in (leg, offered.leg):
                await control.done(legs.ReleaseLeg(leg=one))
            await call.hears("released")

    asyncio.run(run())


def test_a_call_that_is_not_the_phone_s_own_is_not_replaced(running: Site) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await talk(phone, control)
            await referred(phone, call, f"sip:8002@{DOMAIN}?Replaces=somebody-else%3Bto-tag%3Da")
            assert (await notified(phone)).body.startswith("SIP/2.0 503")
            await control.done(legs.ReleaseLeg(leg=leg))
            await call.hears("released")

    asyncio.run(run())


def test_only_the_phone_of_the_talk_may_refer(running: Site) -> None:
    async def run() -> None:
        async with phone_and_control(running) as (phone, control):
            leg, call = await talk(phone, control)
            assert (await referred(phone, call, f"sip:95599@{DOMAIN}", secret=False)).status == 407
            stranger = HandPhone("8002", PASSWORD.format(number="8002"), running.proxy, DOMAIN)
            challenge = (await stranger_asked(stranger, call)).status
            assert challenge == 403
            await control.done(legs.ReleaseLeg(leg=leg))
            await call.hears("released")

    async def stranger_asked(stranger: HandPhone, call: HandCall) -> Message:
        """In the same dialog, with an account of its own."""
        async with stranger:
            fields = {"To": call.asked["From"], "From": call.asked["To"] + ";tag=8001"} if call.asked else {}
            fields |= {"Refer-To": f"<sip:95599@{DOMAIN}>", "Contact": stranger.contact}
            fields |= {"Route": ", ".join(call.asked.all("Record-Route"))} if call.asked else {}
            return await stranger.ask("REFER", call._uri, call.call_id, 50, fields)

    asyncio.run(run())


@pytest.mark.unit
@pytest.mark.parametrize(
    ("refer_to", "read"),
    [
        ("<sip:95599@branch.test>", ("95599", None)),
        ("sip:8002@10.0.0.1:5060;transport=udp", ("8002", None)),
        ("<sip:8002@b?Replaces=abc%40host%3Bto-tag%3D7%3Bfrom-tag%3D8&Require=replaces>", ("8002", "abc@host")),
        ("<tel:95599>", None),
        ("<sip:branch.test>", None),
    ],
)
def test_rfc3515_2_1_refer_to_is_read(refer_to: str, read: tuple[str, str | None] | None) -> None:
    assert refer_of(refer_to) == read
