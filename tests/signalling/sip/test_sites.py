# SPDX-License-Identifier: GPL-2.0-only
"""Two branches: a call of one rings a phone of the other in one hop, and what a peer may not do."""

import asyncio
import random
import re
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Self

import pytest

from appliance.config import Endpoint
from appliance.media.events import Client
from appliance.signalling.sip import kamailio
from appliance.simulator.phone import Phone
from appliance.trace.call import packets
from appliance.wire import legs
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import ReleasedBy
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest
from appliance.wire.service import Service
from appliance.wire.service_messages import Refused
from tests.peers.hand import SOUND, HandCall, HandPhone
from tests.signalling.sip.controller import Controller
from tests.signalling.sip.site import PASSWORD, Place, Site, site, until
from tests.signalling.sip.test_kamailio import bindings
from tests.signalling.sip.test_sound import loudest_hz, tone
from tests.signalling.sip.test_srtp import SecurePhone
from tests.wire.conformance import Attachment, attached

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

NEXT_LABEL_S = 5.0


class Branches(NamedTuple):
    """`here` has the callers, `there` the agents; a third is worked by hand, a fourth is down."""

    here: Site
    there: Site
    by_hand: Place
    down: Place


@pytest.fixture(scope="module")
def branches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Branches]:
    folder = tmp_path_factory.mktemp("branches")
    here, there = Place.free("BR-0001", "first.test"), Place.free("BR-0002", "second.test")
    by_hand, down = Place.free("BR-0003", "third.test"), Place.free("BR-0004", "fourth.test")
    with (
        site(folder / "here", place=here, peers=(there, down)) as first,
        site(folder / "there", ("8001", "8002", "8003"), place=there, peers=(here, by_hand)) as second,
    ):
        yield Branches(first, second, by_hand, down)


def phone_of(there: Site, number: str = "8001") -> HandPhone:
    return HandPhone(number, PASSWORD.format(number=number), there.proxy, there.place.domain)


def peer_by_hand(branches: Branches, password: str | None = None, port: int | None = None) -> HandPhone:
    """The third branch's Kamailio, as the second one meets it."""
    place, there = branches.by_hand, branches.there
    at = place.proxy.port if port is None else port
    return HandPhone(place.box, password or place.secret, there.proxy, there.place.domain, at)


@asynccontextmanager
async def phone_and_control(branches: Branches) -> AsyncIterator[tuple[HandPhone, Attachment]]:
    """A phone registered there, call control here."""
    async with phone_of(branches.there) as phone, attached(branches.here) as control:
        assert (await phone.register()).status == 200
        await control.expect(legs.LegSnapshot)
        yield phone, control


async def place(control: Attachment, box: str = "BR-0002", to: str = "8001") -> str:
    leg = control.ids.leg()
    await control.done(legs.PlaceLeg(leg=leg, to=to, contact=f"of {leg}", clid="13912345678", trunk=box))
    return leg


async def talk(phone: HandPhone, control: Attachment) -> tuple[str, HandCall]:
    leg = await place(control)
    call = await phone.called()
    await call.answer()
    await control.expect(legs.LegAnswered, leg)
    async with asyncio.timeout(5):
        await call.happened["acknowledged"].wait()
    return leg, call


def up(running: Site, call: HandCall) -> bool:
    """Whether Kamailio holds the call's dialog."""
    return call.call_id in {dialog["call-id"] for dialog in running.dialogs()}


async def over(call: HandCall, *sites: Site) -> None:
    """Every Kamailio has let go of the call."""
    await asyncio.to_thread(until, lambda: not any(up(running, call) for running in sites))


def baresip(running: Site, number: str, folder: Path, hz: float, kind: type[Phone] = Phone) -> Phone:
    folder.mkdir()
    address, password = f"{number}@{running.place.domain}", PASSWORD.format(number=number)
    return kind(address, password, running.proxy, folder, speech=tone(folder / "tone.wav", hz))


def test_a_caller_here_and_an_agent_there_hear_each_other_and_nobody_is_between(
    branches: Branches, tmp_path: Path
) -> None:
    """The phone there exchanges packets with the engine here; the other branch's engine and worker have no part."""
    here, there = branches.here, branches.there
    with (
        Controller(here.socket) as control,
        Controller(there.socket) as other,
        baresip(here, "8001", tmp_path / "a", 440) as caller,
        baresip(there, "8002", tmp_path / "b", 1000) as agent,
    ):
        placed = [control.ids.leg() for _ in range(2)]
        for leg, to, box in zip(placed, ("8001", "8002"), (None, "BR-0002"), strict=True):
            assert not isinstance(
                control.command(legs.PlaceLeg(leg=leg, to=to, contact="contact-1", clid="13912345678", trunk=box)),
                Refused,
            )
            control.wait(legs.LegAnswered, leg)
        local, far = (control.wait(legs.LegPlaced, leg).leg for leg in placed)
        assert (far.channel, far.to, far.trunk) == ("sip 8002 at BR-0002", "8002", "BR-0002")
        assert local.channel == "sip 8001"
        assert local.port is not None
        assert far.port is not None
        here.engine(Client.CALL).connect(local.port, far.port)
        time.sleep(3.5)
        assert here.engine().port_status(far.port).rtp.received > 100
        assert {there.engine().port_status(port).kind for port in range(256, 512)} == {"closed"}
        assert not other.all(legs.LegOffered)
        for leg in placed:
            control.command(legs.ReleaseLeg(leg=leg))
        for phone in (caller, agent):
            phone.wait_for("CALL_CLOSED")
    assert abs(loudest_hz(caller.heard()[-1]) - 1000) <= 1
    assert abs(loudest_hz(agent.heard()[-1]) - 440) <= 1


def test_the_far_phone_gets_caller_and_offer_as_our_own_does(branches: Branches) -> None:
    async def run() -> list[tuple[str, str]]:
        shown = []
        async with phone_and_control(branches) as (far, control), phone_of(branches.here) as near:
            assert (await near.register()).status == 200
            for phone, box in ((near, None), (far, "BR-0002")):
                leg = control.ids.leg()
                await control.done(legs.PlaceLeg(leg=leg, to="8001", contact="c", clid="13912345678", trunk=box))
                call = await phone.called()
                assert call.asked is not None
                shown.append((call.asked["From"].partition(";")[0], _same(call.asked.body)))
                await control.done(legs.ReleaseLeg(leg=leg))
                await call.hears("released")
        return shown

    near, far = asyncio.run(run())
    assert near == far
    assert near[0] == '"13912345678" <sip:13912345678@first.test>'


def _same(body: str) -> str:
    """A description without what is another one in each call."""
    return re.sub(r"^(o=.*|m=audio \d+|a=rtcp:\d+.*)", "", body, flags=re.MULTILINE)


def _is_secure(running: Site, port: int) -> bool:
    """Of a port that has heard something."""
    until(lambda: running.engine().port_status(port).rtp.received > 10)
    return running.engine().port_status(port).secure


def test_srtp_is_with_a_far_phone_what_it_is_with_ours(tmp_path: Path) -> None:
    """Offered; and where the phone refuses it, the second call goes to that phone and to no other."""
    here, there = Place.free("BR-0001", "first.test"), Place.free("BR-0002", "second.test")
    with (
        site(tmp_path / "here", sip=", srtp: prefer", place=here, peers=(there,)) as first,
        site(tmp_path / "there", place=there, peers=(here,)) as second,
        Controller(first.socket) as control,
        baresip(second, "8001", tmp_path / "a", 440, SecurePhone),
        baresip(second, "8002", tmp_path / "b", 1000),
    ):
        for number, secure in (("8001", True), ("8002", False)):
            leg = control.ids.leg()
            control.command(legs.PlaceLeg(leg=leg, to=number, contact="contact-1", trunk="BR-0002"))
            control.wait(legs.LegAnswered, leg)
            port = control.wait(legs.LegPlaced, leg).leg.port or 0
            assert _is_secure(first, port) is secure
            control.command(legs.ReleaseLeg(leg=leg))
            control.wait(legs.LegReleased, leg)


@pytest.mark.parametrize("by_phone", [False, True])
def test_either_end_hangs_up_and_both_branches_are_free(branches: Branches, by_phone: bool) -> None:  # noqa: FBT001
    async def run() -> legs.LegReleased:
        async with phone_and_control(branches) as (phone, control):
            leg, call = await talk(phone, control)
            assert [await asyncio.to_thread(up, box, call) for box in (branches.here, branches.there)] == [True, True]
            if by_phone:
                await call.release(16)
                async with asyncio.timeout(5):
                    assert (await call.answers.get()).status == 200
            else:
                await control.done(legs.ReleaseLeg(leg=leg, cause=16))
                await call.hears("released")
            released = await control.expect(legs.LegReleased, leg)
            await over(call, branches.here, branches.there)
            return released

    released = asyncio.run(run())
    assert (released.cause, released.by) == (16, ReleasedBy.PEER if by_phone else ReleasedBy.US)


@pytest.mark.parametrize("by_phone", [False, True])
def test_two_addresses_with_sips_own_port_that_no_header_names(tmp_path: Path, by_phone: bool) -> None:  # noqa: FBT001
    """As sites are: Kamailio at port 5060 of the branch, which it leaves out of Record-Route."""
    net = f"127.{random.randrange(1, 255)}.{random.randrange(255)}"  # noqa: S311  # nobody else's
    here = Place("BR-0001", Endpoint(f"{net}.1", 5060), "first.test")
    there = Place("BR-0002", Endpoint(f"{net}.2", 5060), "second.test")
    with (
        site(tmp_path / "here", place=here, peers=(there,)) as first,
        site(tmp_path / "there", place=there, peers=(here,)) as second,
    ):

        async def run() -> list[str]:
            async with phone_and_control(Branches(first, second, here, there)) as (phone, control):
                leg, call = await talk(phone, control)
                if by_phone:
                    await call.release(16)
                    await control.expect(legs.LegReleased, leg)
                else:
                    await control.done(legs.ReleaseLeg(leg=leg))
                    await call.hears("released")
                await over(call, first, second)
                assert call.asked is not None
                return call.asked.all("Record-Route")

        assert not [route for route in asyncio.run(run()) if ":5060" in route]


def test_a_ringing_far_phone_is_given_up(branches: Branches) -> None:
    async def run() -> None:
        async with phone_and_control(branches) as (phone, control):
            leg = await place(control)
            call = await phone.called()
            await call.alert()
            await control.expect(legs.LegAlerting, leg)
            await control.done(legs.ReleaseLeg(leg=leg, cause=19))
            await call.hears("released")
            assert "CANCEL" in [message.method for message in phone.seen if not message.status]
            await over(call, branches.here, branches.there)

    asyncio.run(run())


@pytest.mark.parametrize(("status", "cause"), [(480, 18), (486, 17), (404, 1), (403, 21), (500, 41), (603, 21)])
def test_a_far_phones_refusal_is_told_as_our_own_ones(branches: Branches, status: int, cause: int) -> None:
    async def run() -> legs.LegReleased:
        async with phone_and_control(branches) as (phone, control):
            leg = await place(control)
            (await phone.called()).refuse(status)
            return await control.expect(legs.LegReleased, leg)

    released = asyncio.run(run())
    assert (released.cause, released.by, released.sip_status) == (cause, ReleasedBy.PEER, status)


@pytest.mark.parametrize(("to", "status"), [("8002", 480), ("8099", 404)])
def test_far_phones_that_are_not_there(branches: Branches, to: str, status: int) -> None:
    """One has not registered, the other is no extension."""

    async def run() -> legs.LegReleased:
        async with attached(branches.here) as control:
            return await control.expect(legs.LegReleased, await place(control, to=to))

    assert asyncio.run(run()).sip_status == status


def test_a_peer_that_is_down_delays_the_next_label_by_three_seconds(branches: Branches) -> None:
    async def run() -> tuple[legs.LegReleased, float]:
        async with attached(branches.here) as control:
            began = time.monotonic()
            released = await control.expect(legs.LegReleased, await place(control, branches.down.box))
            return released, time.monotonic() - began

    released, took_s = asyncio.run(run())
    assert (released.cause, released.sip_status) == (38, 504)
    assert 2.0 < took_s < NEXT_LABEL_S


def test_a_far_phone_that_is_silent_is_no_silent_peer(branches: Branches) -> None:
    """Its own Kamailio gives it up, after 5 s as everywhere."""

    async def run() -> legs.LegReleased:
        async with phone_of(branches.there, "8003") as phone:
            assert (await phone.register()).status == 200
        async with attached(branches.here) as control:
            return await control.expect(legs.LegReleased, await place(control, to="8003"))

    released = asyncio.run(run())
    assert (released.cause, released.sip_status) == (102, 408)


def test_a_far_phone_rings_longer_than_a_silent_peer_has(branches: Branches) -> None:
    async def run() -> None:
        async with phone_and_control(branches) as (phone, control):
            leg = await place(control)
            call = await phone.called()
            await call.alert()
            await asyncio.sleep(kamailio.PEER_MS / 1000 + 1)
            await call.answer()
            await control.expect(legs.LegAnswered, leg)
            await call.release(16)
            await control.expect(legs.LegReleased, leg)

    asyncio.run(run())


def test_a_box_that_is_no_peer_is_refused_and_the_nearest_named(branches: Branches) -> None:
    async def run() -> object:
        async with attached(branches.here) as control:
            answer = await control.command(legs.PlaceLeg(leg="leg-x", to="8001", contact="c", trunk="BR-00O2"))
            await control.quiet(legs.LegPlaced)
            return answer

    told = asyncio.run(run())
    assert told == Refused(code="leg.trunk", sentence="'BR-00O2' is no peer of this branch; did you mean 'BR-0002'?")


def test_a_wrong_secret_is_refused_and_counted_and_after_ten_no_more_are_tried(tmp_path: Path) -> None:
    """Whoever mistyped a secret reads cause 55, which no phone's refusal has."""
    here, there = Place.free("BR-0001", "first.test"), Place.free("BR-0002", "second.test")
    with site(tmp_path / "there", place=there, peers=(here,)) as second:
        wrong = there._replace(secret="close-sesame")
        with site(tmp_path / "here", place=here, peers=(wrong,)) as first:

            async def run() -> tuple[list[legs.LegReleased], int]:
                async with attached(first) as control, phone_of(second) as phone:
                    assert (await phone.register()).status == 200
                    ends = [await control.expect(legs.LegReleased, await place(control)) for _ in range(11)]
                    return ends, len([message for message in phone.seen if message.start.startswith("INVITE")])

            ends, rang = asyncio.run(run())
            assert {(end.cause, end.sip_status, end.by) for end in ends} == {(55, 403, ReleasedBy.PEER)}
            assert rang == 0
            assert second.statistic("refused") == 11
            assert "compare the secret and the domain" in first.log("kamailio")


class Labels:
    """Headquarters as call control sees it: each question has the next label."""

    def __init__(self, state: Path, *boxes: str) -> None:
        self.asked: list[RouteRequest] = []
        self._labels = [RingAgent(agent=box, extension="8002", queue="card", token="t", box=box) for box in boxes]
        path, sealer = state / "run" / "uplink.sock", Sealer(Identity.take("BR-0001", "uplink"))
        self.attached = threading.Event()
        """Call control has come; before, it would decide by itself."""
        self._service = Service(path, sealer, "routes", self._handle, lambda: (), lambda _: self.attached.set())
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._service.start(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._service.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _handle(self, envelope: Envelope) -> None:
        request = envelope.body
        assert isinstance(request, RouteRequest)
        self.asked.append(request)
        answer = RouteAnswer(request=request.request, action=self._labels.pop(0), reason="the next in the test")
        self._loop.call_soon(self._service.publish, answer, envelope.id)


def test_a_caller_here_is_led_past_branches_that_are_away_to_an_agent_there(tmp_path: Path) -> None:
    """With call control between: a box that is no peer, one that is down, then the one where the phone is."""
    here, there = Place.free("BR-0001", "first.test"), Place.free("BR-0002", "second.test")
    down = Place.free("BR-0004", "fourth.test")
    with (
        site(tmp_path / "here", place=here, peers=(down, there)) as first,
        site(tmp_path / "there", place=there, peers=(here,)) as second,
        Labels(first.state, "BR-0009", "BR-0004", "BR-0002") as labels,
        baresip(first, "8001", tmp_path / "a", 440) as caller,
        baresip(second, "8002", tmp_path / "b", 1000) as agent,
    ):
        first.start_call_control()
        assert labels.attached.wait(10)
        caller.dial("95588")
        agent.wait_for("CALL_ESTABLISHED", 15)
        caller.wait_for("CALL_ESTABLISHED")
        time.sleep(3.5)
        caller.hang_up()
        agent.wait_for("CALL_CLOSED")
    assert [asked.outcome for asked in labels.asked] == ["offered", "unreachable", "unreachable"]
    assert [asked.reaches for asked in labels.asked] == [("BR-0004", "BR-0002")] * 2 + [("BR-0002",)]
    assert abs(loudest_hz(caller.heard()[-1]) - 1000) <= 1
    assert abs(loudest_hz(agent.heard()[-1]) - 440) <= 1


def test_a_peers_account_neither_registers_nor_calls_the_gateway(branches: Branches) -> None:
    """Whatever number it calls, and where it is a phone that claims to be at the gateway's address."""
    there = branches.there

    async def run() -> list[int]:
        poisoned = f"<sip:8002@{there.listen}>"
        async with attached(there) as control, peer_by_hand(branches) as peer, phone_of(there, "8002") as phone:
            fields = {"To": f"<sip:8002@{there.place.domain}>", "Contact": poisoned}
            assert (await phone.ask("REGISTER", f"sip:{there.place.domain}", "poison", 1, fields)).status == 200
            answers = [(await peer.register()).status]
            for number, uri in (("95588", f"sip:95588@{there.place.domain}"), ("1", f"sip:1@{there.listen}")):
                fields = {"To": f"<sip:{number}@x>", "Contact": peer.contact}
                answers.append((await peer.ask("INVITE", uri, f"toll-{number}", 1, fields)).status)
            fields = {"To": "<sip:8002@x>", "Contact": peer.contact}
            answers.append((await peer.ask("INVITE", f"sip:8002@{there.proxy}", "toll-phone", 1, fields)).status)
            answers.append((await peer.ask("MESSAGE", f"sip:8001@{there.proxy}", "text", 1, fields)).status)
            await control.quiet(legs.LegOffered)
            fields = {"To": f"<sip:8002@{there.place.domain}>", "Contact": poisoned, "Expires": "0"}
            await phone.ask("REGISTER", f"sip:{there.place.domain}", "antidote", 1, fields)
            return answers

    before = there.statistic("refused")
    assert asyncio.run(run()) == [403, 404, 404, 403, 403]
    assert bindings(there, branches.by_hand.box) == []
    assert there.statistic("refused") == before + 3


def test_a_peers_account_serves_at_the_peers_address_alone(branches: Branches) -> None:
    async def ask(password: str | None, port: int | None) -> int:
        async with phone_of(branches.there) as phone, peer_by_hand(branches, password, port) as peer:
            assert (await phone.register()).status == 200
            fields = {"To": "<sip:8001@x>", "Contact": peer.contact}
            asking = peer.ask("INVITE", f"sip:8001@{branches.there.proxy}", f"from-{port}-{password}", 1, fields)
            answer = asyncio.create_task(asking)
            ringing = asyncio.create_task(phone.called())
            await asyncio.wait({answer, ringing}, return_when=asyncio.FIRST_COMPLETED)
            if ringing.done():
                (await ringing).refuse(486)
            ringing.cancel()
            return (await answer).status

    assert asyncio.run(ask(None, None)) == 486
    assert asyncio.run(ask(None, 0)) == 403
    assert asyncio.run(ask("wrong", None)) == 407


def test_within_dialogs_a_stranger_reaches_no_phone_and_a_phone_nobody_but_its_peer(branches: Branches) -> None:
    there = branches.there

    async def run() -> list[int]:
        async with phone_and_control(branches) as (phone, control), phone_of(there, "8002") as stranger:
            leg, call = await talk(phone, control)
            assert call.asked is not None
            fields = {
                "To": f"<sip:8001@x>;tag={phone.number}",
                "Route": call.asked.all("Record-Route")[1],
                "Contact": stranger.contact,
            }
            uri = phone.contact.strip("<>")
            refused = [(await stranger.ask("INFO", uri, "no-dialog", 7, fields)).status]
            routes = call._routes
            for away in (f"<{stranger.contact.strip('<>')};lr>", f"<sip:{branches.by_hand.proxy};lr>"):
                call._routes = [routes[0] if there.proxy.port == _port(routes[0]) else routes[1], away]
                call.within("INFO", {"Content-Type": "application/dtmf"}, "5")
                async with asyncio.timeout(5):
                    refused.append((await call.answers.get()).status)
            assert not [message for message in stranger.seen if not message.status]
            call._routes = routes
            await call.release(16)
            await control.expect(legs.LegReleased, leg)
            return refused

    assert asyncio.run(run()) == [403, 403, 403]


def _port(route: str) -> int:
    found = re.search(r":(\d+);", route)
    assert found is not None
    return int(found[1])


def test_far_phone_holds_resumes_and_dials_a_digit(branches: Branches) -> None:
    async def run() -> None:
        async with phone_and_control(branches) as (phone, control):
            leg, call = await talk(phone, control)
            for direction, answered in (("sendonly", "recvonly"), ("sendrecv", "sendrecv")):
                call.within("INVITE", body=SOUND.format(port=4000) + f"a={direction}\r\n")
                async with asyncio.timeout(5):
                    answer = await call.answers.get()
                assert answer.status == 200
                assert f"a={answered}\r\n" in answer.body
            call.within("INFO", {"Content-Type": "application/dtmf"}, "5")
            async with asyncio.timeout(5):
                assert (await call.answers.get()).status == 200
            await call.release(16)
            await control.expect(legs.LegReleased, leg)

    asyncio.run(run())


def kill_kamailio(running: Site) -> None:
    """All its processes: the first one's death leaves those that serve."""
    assert running.kamailio is not None
    running.kamailio.send_signal(signal.SIGKILL)
    running.kamailio.wait()
    kamailio.end_leftovers(running.state / "kamailio")


@pytest.mark.parametrize("by_phone", [False, True])
def test_the_peers_kamailio_dies_in_a_talk_which_goes_on_and_ends_as_any(
    branches: Branches,
    by_phone: bool,  # noqa: FBT001
) -> None:
    async def run() -> None:
        async with phone_and_control(branches) as (phone, control):
            leg, call = await talk(phone, control)
            await asyncio.to_thread(kill_kamailio, branches.there)
            await control.quiet(legs.LegReleased)
            await asyncio.to_thread(branches.there.start_kamailio)
            await asyncio.to_thread(until, lambda: up(branches.there, call))
            if by_phone:
                await call.release(16)
                assert (await control.expect(legs.LegReleased, leg)).by is ReleasedBy.PEER
            else:
                await control.done(legs.ReleaseLeg(leg=leg))
                await call.hears("released")
            await over(call, branches.here, branches.there)

    asyncio.run(run())


def test_a_talk_that_ends_while_the_peers_kamailio_is_away_does_not_stay_at_the_phone(branches: Branches) -> None:
    async def run() -> None:
        async with phone_and_control(branches) as (phone, control):
            leg, call = await talk(phone, control)
            await asyncio.to_thread(kill_kamailio, branches.there)
            await control.done(legs.ReleaseLeg(leg=leg))
            await asyncio.sleep(6)  # longer than Kamailio tries for a phone
            await asyncio.to_thread(branches.there.start_kamailio)
            await call.hears("released")

    asyncio.run(run())


def test_our_worker_dies_and_no_far_phone_hangs_in_a_dead_call(branches: Branches) -> None:
    """One talks, one rings."""
    here = branches.here

    async def run() -> None:
        async with phone_and_control(branches) as (phone, control):
            _, talking = await talk(phone, control)
            leg = await place(control)
            ringing = await phone.called()
            await ringing.alert()
            await control.expect(legs.LegAlerting, leg)
            assert here.worker is not None
            here.worker.send_signal(signal.SIGKILL)
            here.worker.wait()
            await asyncio.to_thread(here.start_worker)
            for call in (talking, ringing):
                await call.hears("released")
                await over(call, here, branches.there)

    asyncio.run(run())


def test_the_peers_worker_dies_and_calls_of_others_to_its_phones_live_on(branches: Branches) -> None:
    there = branches.there

    async def run() -> None:
        async with phone_and_control(branches) as (phone, control):
            leg, call = await talk(phone, control)
            assert there.worker is not None
            there.worker.send_signal(signal.SIGKILL)
            there.worker.wait()
            await asyncio.to_thread(there.start_worker)
            await control.quiet(legs.LegReleased)
            await asyncio.sleep(1)  # it asks again after a second
            assert not call.happened["released"].is_set()
            await call.release(16)
            await control.expect(legs.LegReleased, leg)

    asyncio.run(run())


def test_trace_call_here_shows_both_hops_and_no_answer_to_a_challenge(branches: Branches) -> None:
    async def run() -> str:
        async with phone_and_control(branches) as (phone, control):
            leg, call = await talk(phone, control)
            await call.release(16)
            await control.expect(legs.LegReleased, leg)
            return leg

    leg, here = asyncio.run(run()), branches.here

    def traced(begins: bytes) -> list[bytes]:
        return [p.octets for p in packets(here.state, leg, None) if begins in p.octets]

    until(lambda: len(traced(b"BYE sip:")) == 2)
    asked, sent, sent_again = traced(b"INVITE sip:8001@")
    target = str(branches.there.proxy).encode()
    assert all(b"INVITE sip:8001@" + target in octets for octets in (asked, sent, sent_again))
    assert [octets.count(b"Proxy-Authorization: Digest") for octets in (asked, sent, sent_again)] == [0, 0, 1]
    assert re.search(rb'response="x{32}"', sent_again)
    assert traced(b"SIP/2.0 407")
    assert [octets for octets in traced(b"LegPlaced") if b"on sip 8001 at BR-0002" in octets]


def test_the_shared_secret_stands_in_no_file_of_kamailio(branches: Branches) -> None:
    for running in (branches.here, branches.there):
        for path in (running.state / "kamailio").iterdir():
            assert branches.by_hand.secret.encode() not in path.read_bytes(), path
