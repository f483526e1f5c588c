# SPDX-License-Identifier: GPL-2.0-only
"""The message server lets a box in by its certificate, to say and hear what is its own (real nats-server, TLS)."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from appliance.headquarters.fleet.callout import HEARS, SAYS
from appliance.uplink.connection import connect, own_access, proof
from tests.headquarters.fleet.rig import Fleet, NewBox, run

ROOT = Path(__file__).parents[3]


def enrolled(fleet: Fleet, serial: str) -> tuple[str, NewBox]:
    code, awaited = fleet.claim(serial)
    box = fleet.box(serial)
    box.enrol(serial, code)
    return awaited.box, box


@contextlib.asynccontextmanager
async def headquarters(fleet: Fleet) -> AsyncIterator[Client]:
    config = fleet.site.config
    client = await connect((config.server.listen,), own_access(config), "test")
    try:
        yield client
    finally:
        await client.close()


def of_wire(box: str) -> set[str]:
    """Every subject between boxes that docs/wire.md has, as this box's."""
    text = (ROOT / "docs/wire.md").read_text().partition("## Between boxes")[2].partition("## Outbox")[0]
    return {one.replace("<box>", box) for one in re.findall(r"^\| `([a-z.<>]+)`", text, re.MULTILINE)}


def test_every_subject_of_a_box_that_is_agreed_on_is_among_its_rights() -> None:
    not_a_branch_s = {"route.interrupt.BR-0001", "live.performance.BR-0001"}
    has = {one.format("BR-0001") for one in (*SAYS, *HEARS)}
    assert {one for one in of_wire("BR-0001") if "BR-0001" in one} - not_a_branch_s - has == set()


def test_a_box_can_neither_say_nor_hear_what_is_another_box_s(fleet: Fleet) -> None:
    name, box = enrolled(fleet, "SN-200")
    other, _ = enrolled(fleet, "SN-201")

    async def story() -> None:
        heard: list[str] = []
        forbidden: list[str] = []

        async def refused(error: Exception) -> None:
            forbidden.append(str(error).lower())

        async def hear(message: Msg) -> None:
            heard.append(message.subject)

        async with headquarters(fleet) as hq:
            client = await box.connected(name, error_cb=refused)
            subjects = {*of_wire(other), *(one.format(other).replace(">", "x") for one in (*SAYS, *HEARS))}
            subjects |= {"live.state", "agent.command", "voicemail.command", "report.stored", "router.state"}
            subjects |= {"$SYS.REQ.USER.AUTH", "$SYS.REQ.SERVER.PING.CONNZ", "_INBOX.x"}
            assert len(subjects) > 20
            everything = await hq.subscribe(">", cb=hear)
            await hq.flush()
            for subject in (*subjects, ">", "*.*", f"heartbeat.{name}.>", f"_INBOX.{other}.>", "_INBOX.>"):
                await client.subscribe(subject, cb=hear)
                await client.publish(subject.replace("*", "x").replace(">", "x"), b"not mine")
            await client.flush()
            await hq.flush()
            await everything.unsubscribe()
            assert [one for one in heard if not one.startswith("$")] == [], "headquarters heard it"
            for subject in subjects:
                await hq.publish(subject, b"secret")
            await hq.flush()
            await client.flush()
            assert heard == []
            assert len({one for one in forbidden if "publish" in one}) >= len(subjects)
            assert len({one for one in forbidden if "subscription" in one}) >= len(subjects)
            await client.close()

    run(story())


def test_a_box_says_and_hears_what_is_its_own(fleet: Fleet) -> None:
    name, box = enrolled(fleet, "SN-202")

    async def story() -> None:
        async with headquarters(fleet) as hq:
            await hq.subscribe(f"heartbeat.{name}", cb=answering(b"heard"))
            await hq.flush()
            client = await box.connected(name)
            assert (await client.request(f"heartbeat.{name}", b"", timeout=2)).data == b"heard"
            await client.subscribe(f"agent.order.{name}", cb=answering(b"done"))
            await client.flush()
            assert (await hq.request(f"agent.order.{name}", b"", timeout=2)).data == b"done"
            await client.close()

    run(story())


def test_a_revoked_box_is_out_within_seconds_and_stays_out(fleet: Fleet) -> None:
    name, box = enrolled(fleet, "SN-203")
    other_name, other = enrolled(fleet, "SN-204")

    async def story() -> None:
        lost, kept = asyncio.Event(), []

        async def gone() -> None:
            lost.set()

        async def other_gone() -> None:
            kept.append("lost")

        client = await box.connected(name, disconnected_cb=gone, error_cb=quiet)
        bystander = await other.connected(other_name, disconnected_cb=other_gone)
        fleet.identities.revoke(name, "chen", "stolen")
        began = asyncio.get_running_loop().time()
        await asyncio.wait_for(lost.wait(), 5)
        print(f"revoked: out after {asyncio.get_running_loop().time() - began:.1f} s")
        await asyncio.sleep(0.5)
        assert not client.is_connected
        assert bystander.is_connected
        assert kept == []
        await client.close()
        await bystander.close()

    run(story())
    assert f"the certificate of {name} was revoked by chen: stolen" in fleet.site.log_of("enrolment")


def test_a_renewal_keeps_the_connection_and_the_next_one_has_the_new_certificate(fleet: Fleet) -> None:
    name, box = enrolled(fleet, "SN-205")
    before = box.credentials.certificate_file.read_bytes()

    async def story() -> None:
        drops: list[str] = []

        async def dropped() -> None:
            drops.append("dropped")

        client = await box.connected(name, disconnected_cb=dropped)
        await box.door.renew(fleet.url)
        await asyncio.sleep(1.5)  # longer than a look of the callout's
        await client.flush()
        assert drops == []
        assert box.credentials.certificate_file.read_bytes() != before
        await client.close()
        again = await box.connected(name)
        await again.flush()
        await again.close()

    run(story())


def answering(what: bytes) -> Callable[[Msg], Awaitable[None]]:
    async def answer(message: Msg) -> None:
        await message.respond(what)

    return answer


async def quiet(_: Exception) -> None:
    """It is meant to fail."""


@pytest.mark.parametrize("wrong", ["no certificate", "a password alone", "a guessed token"])
def test_who_does_not_prove_itself_is_not_let_in(fleet: Fleet, wrong: str) -> None:
    name, box = enrolled(fleet, f"SN-21{len(wrong)}")
    server = f"nats://{fleet.site.config.server.listen}"

    async def story() -> None:
        options: dict[str, Any] = {"allow_reconnect": False, "connect_timeout": 1, "error_cb": quiet}
        token = own_access(fleet.site.config)
        match wrong:
            case "no certificate":
                options |= {**proof(token), "tls": box.credentials.trusting()}
            case "a password alone":  # as before there was TLS
                options |= {"user": "branchline", "password": token.secret.read_text() if token.secret else ""}
            case _:
                options |= {**proof(own_access(fleet.site.config)), **proof(token), "password": "guessed"}
        with pytest.raises((nats.errors.Error, OSError)):
            await nats.connect(server, **options)

    run(story())
    assert name


def test_answers_of_headquarters_go_to_the_asker_s_own_inbox_alone(fleet: Fleet) -> None:
    """Headquarters may say anything; nobody makes it say so on another box's subject."""
    name, box = enrolled(fleet, "SN-206")
    other_name, other = enrolled(fleet, "SN-207")
    fleet.site.start("headquarters")

    async def story() -> None:
        heard: list[bytes] = []

        async def hear(message: Msg) -> None:
            heard.append(message.data)

        client = await box.connected(name)
        victim = await other.connected(other_name)
        await victim.subscribe(f"route.assign.{other_name}", cb=hear)
        await victim.flush()
        beat = b'{"box":"%s","incarnation":"06h0kiqj6vsmekhb","at_ns":1}' % name.encode()
        for _ in range(100):
            with contextlib.suppress(nats.errors.Error):
                await client.request(f"heartbeat.{name}", beat, timeout=0.2)
                break
            await asyncio.sleep(0.1)
        for subject in (f"heartbeat.{name}", f"agent.command.{name}", f"router.{name}.rules", f"call.{name}.record"):
            await client.publish(subject, beat, reply=f"route.assign.{other_name}")
        assert b"at_ns" in (await client.request(f"heartbeat.{name}", beat, timeout=2)).data
        await victim.flush()
        assert heard == []
        await client.close()
        await victim.close()

    run(story())
