# SPDX-License-Identifier: GPL-2.0-only
"""Kamailio as generated: who may register and call, what survives, what is dropped."""

import asyncio
import os
import random
import signal
import socket
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.config import Endpoint
from appliance.signalling.sip import kamailio
from appliance.trace.log import lines
from tests.peers.hand import HandPhone, Message
from tests.ports import free_port
from tests.signalling.sip.site import DOMAIN, PASSWORD, Site, site, until

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), ("8001", "8002", "8003", "8004")) as started:
        yield started


def hand(running: Site, number: str, password: str | None = None) -> HandPhone:
    return HandPhone(number, password or PASSWORD.format(number=number), running.proxy, DOMAIN)


async def registered(phone: HandPhone) -> Message:
    async with phone:
        return await phone.register()


def bindings(running: Site, number: str) -> list[object]:
    found: list[object] = []
    told = running.rpc("ul.dump")
    for domain in told["Domains"]:
        found += [a["Info"]["Contacts"] for a in domain["Domain"]["AoRs"] if a["Info"]["AoR"] == number]
    return found


def test_rfc2617_wrong_password_is_refused_and_counted(running: Site) -> None:
    before = running.statistic("refused")
    assert asyncio.run(registered(hand(running, "8001", "wrong"))).status == 401
    assert running.statistic("refused") > before
    assert bindings(running, "8001") == []


def test_ten_wrong_passwords_and_no_more_are_tried(running: Site) -> None:
    async def guess() -> list[int]:
        async with hand(running, "8004", "wrong") as phone:
            answers = [(await phone.register()).status for _ in range(11)]
        async with hand(running, "8004") as right:
            return [*answers, (await right.register()).status]

    answers = asyncio.run(guess())
    assert answers[:9] == [401] * 9
    assert answers[-2:] == [403, 403]


def test_no_extension_takes_anothers_name(running: Site) -> None:
    async def usurp() -> Message:
        async with hand(running, "8002") as phone:
            fields = {"To": f"<sip:8003@{DOMAIN}>", "Contact": phone.contact}
            return await phone.ask("REGISTER", f"sip:{DOMAIN}", "usurper", 1, fields)

    assert asyncio.run(usurp()).status == 403
    assert bindings(running, "8003") == []


def test_answers_tell_no_version(running: Site) -> None:
    answer = asyncio.run(registered(hand(running, "8002")))
    assert answer.status == 200
    assert answer["Server"] == "Branchline"
    assert "amailio" not in repr(answer)


def test_rfc3261_17_2_2_repeated_register_is_answered_the_same(running: Site) -> None:
    async def twice() -> list[Message]:
        async with hand(running, "8002") as phone:
            answer = await phone.register()
            phone.repeat()
            await phone.answered(answer["Call-ID"])
            return [m for m in phone.seen if m["CSeq"] == answer["CSeq"]]

    assert [answer.status for answer in asyncio.run(twice())] == [200, 200]


def test_registration_survives_a_kill_of_kamailio(running: Site) -> None:
    asyncio.run(registered(hand(running, "8003")))
    before = bindings(running, "8003")
    assert running.kamailio is not None
    running.kamailio.send_signal(signal.SIGKILL)
    running.kamailio.wait()
    running.start_kamailio()
    until(lambda: bool(bindings(running, "8003")))  # its control answers before its SIP child has read the store
    after = bindings(running, "8003")
    assert len(before) == len(after) == 1
    assert before[0][0]["Contact"]["Address"] == after[0][0]["Contact"]["Address"]  # type: ignore[index]


def test_phones_do_not_reach_each_other_past_the_gateway(running: Site) -> None:
    """A phone's INVITE goes to the worker, whatever number it names; a forged From does not open the way."""

    async def forge() -> Message:
        async with hand(running, "8002") as phone:
            fields = {"From": f"<sip:gateway@{DOMAIN}>;tag=1", "To": f"<sip:8003@{DOMAIN}>", "Contact": phone.contact}
            return await phone.ask("INVITE", f"sip:8003@{DOMAIN}", "forged", 1, fields)

    assert asyncio.run(forge()).status == 403


def test_other_methods_of_strangers_are_challenged(running: Site) -> None:
    async def ask(method: str) -> int:
        async with hand(running, "8002", "wrong") as phone:
            fields = {"To": f"<sip:8003@{DOMAIN}>", "Contact": phone.contact}
            return (await phone.ask(method, f"sip:8003@{DOMAIN}", f"stranger-{method}", 1, fields)).status

    for method in ("INVITE", "MESSAGE", "SUBSCRIBE", "PUBLISH"):
        assert asyncio.run(ask(method)) == 407


def test_rfc3261_16_3_max_forwards_0_goes_no_further(running: Site) -> None:
    async def tired() -> Message:
        async with hand(running, "8002") as phone:
            fields = {"To": f"<sip:8003@{DOMAIN}>", "Max-Forwards": "0"}
            return await phone.ask("OPTIONS", f"sip:8003@{DOMAIN}", "tired", 1, fields)

    assert asyncio.run(tired()).status == 483


def test_a_call_past_kamailio_is_refused_by_the_worker(running: Site) -> None:
    async def straight() -> Message:
        async with HandPhone("8002", "", running.listen, DOMAIN) as phone:
            fields = {"To": f"<sip:1@{DOMAIN}>", "Contact": phone.contact}
            return await phone.ask("INVITE", f"sip:1@{running.listen}", "straight", 1, fields)

    assert asyncio.run(straight()).status == 403


def damaged(seed: int, port: int) -> bytes:
    """A REGISTER or INVITE with something wrong in it."""
    chance = random.Random(seed)  # noqa: S311  # repeatable
    method = chance.choice(["REGISTER", "INVITE", "BYE", "OPTIONS"])
    text = (
        f"{method} sip:8001@{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{seed}\r\n"
        f"From: <sip:8001@{DOMAIN}>;tag={seed}\r\nTo: <sip:8001@{DOMAIN}>\r\nCall-ID: damaged-{seed}\r\n"
        f"CSeq: 1 {method}\r\nMax-Forwards: 70\r\nContact: <sip:8001@127.0.0.1:{port}>\r\nContent-Length: 0\r\n\r\n"
    )
    octets = bytearray(text.encode())
    match seed % 6:
        case 0:
            return bytes(octets[: chance.randrange(1, len(octets))])
        case 1:
            return chance.randbytes(chance.randrange(1, 1400))
        case 2:
            return text.replace("Content-Length: 0", "Content-Length: 99999").encode()
        case 3:
            return text.replace("CSeq: 1", f"CSeq: {chance.choice(['-1', 'x', '99999999999', ''])}").encode()
        case 4:
            return (
                text.replace("Via:", "Via: ;;;,")
                .replace("From", chance.choice(["From\0", "Fr\xff", "F" * 3000]))
                .encode()
            )
        case _:
            for _ in range(chance.randrange(1, 40)):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
            return bytes(octets)


def test_six_hundred_damaged_datagrams_and_the_next_phone_registers(running: Site) -> None:
    """No faster than they are read, which the answer to a whole message tells: what the kernel drops proves nothing."""
    assert running.worker is not None
    assert running.kamailio is not None
    before = running.statistic("damaged")

    async def send(wire: socket.socket, target: Endpoint) -> set[int]:
        answers: set[int] = set()
        async with HandPhone("8002", "", target, DOMAIN) as phone:
            for seed in range(600):
                wire.sendto(damaged(seed, wire.getsockname()[1]), target)
                if seed % 20 == 19:
                    fields = {"To": f"<sip:{DOMAIN}>"}
                    answers.add((await phone.ask("OPTIONS", f"sip:{DOMAIN}", f"read-{seed}", 1, fields)).status)
        return answers

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        assert asyncio.run(send(wire, running.proxy)) == {200}
        assert asyncio.run(send(wire, running.listen)) == {200}
    assert asyncio.run(registered(hand(running, "8002"))).status == 200
    assert running.statistic("damaged") > before
    assert running.kamailio.poll() is None
    assert running.worker.poll() is None


def test_a_flood_is_dropped_and_its_messages_no_longer_copied_to_the_trace(running: Site) -> None:
    text = (
        "INVITE sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP {0};branch=z9hG4bK{1}\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:1@x>\r\n"
        "Call-ID: {1}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.2", 0))  # its own address: nobody else is shut out
        here = "{}:{}".format(*wire.getsockname())

        def some(name: str) -> int:
            for number in range(300):
                wire.sendto(text.format(here, f"{name}-{number}").encode(), running.proxy)
            return running.statistic("flooded")  # no faster than it reads

        until(lambda: some("early") > 300)
        some("late")
    traced = b"\n".join(lines(running.state, "sip"))
    assert b"Call-ID: early-0" in traced
    assert b"Call-ID: late-" not in traced


def test_secrets_are_in_no_log_and_no_readable_file(running: Site) -> None:
    password = PASSWORD.format(number="8002")
    for path in (running.state / "kamailio").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        assert password.encode() not in path.read_bytes(), path
    assert stat.S_IMODE((running.state / "run" / "kamailio.sock").stat().st_mode) == 0o600
    hash_ = kamailio.ha1("8002", DOMAIN, password)
    for log in (running.log("kamailio"), running.log("sip")):
        assert password not in log
        assert hash_ not in log
        assert "damaged-" not in log, "damaged messages are counted, not printed"


def test_damaged_store_is_put_aside_and_phones_register_again(tmp_path: Path) -> None:
    proxy, gateway, trace = (Endpoint("127.0.0.1", free_port()) for _ in range(3))
    settings = kamailio.Settings(proxy, gateway, trace, DOMAIN, ())
    kamailio.prepare(settings, tmp_path)
    store = tmp_path / "kamailio" / "location.sqlite"
    store.write_bytes(os.urandom(8192))
    kamailio.prepare(settings, tmp_path)
    assert store.with_name("location.sqlite.damaged").exists()
    with sqlite3.connect(store) as opened:
        assert opened.execute("SELECT count(*) FROM location").fetchone() == (0,)
    opened.close()


OPTIONS = """OPTIONS sip:{domain} SIP/2.0
Via: SIP/2.0/UDP {here};branch=z9hG4bKmark
Max-Forwards: 70
From: <sip:8001@{domain}>;tag=mark
To: <sip:{domain}>
Call-ID: mark@{here}
CSeq: 1 OPTIONS
Content-Length: 0

"""


def test_rfc2474_sip_is_cs3_unless_told(running: Site) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        phone.settimeout(5)
        asked = OPTIONS.format(domain=DOMAIN, here="{}:{}".format(*phone.getsockname())).replace("\n", "\r\n")
        phone.sendto(asked.encode(), running.proxy)
        answer, told, _, _ = phone.recvmsg(4096, socket.CMSG_SPACE(4))
    assert answer.startswith(b"SIP/2.0 200 ")
    assert [data[0] >> 2 for level, kind, data in told if kind == socket.IP_TOS] == [24]
    settings = msgspec.structs.replace(kamailio.Settings.of(running.branch), dscp=34)
    assert "\ntos=136\n" in kamailio.render(settings, running.state)
