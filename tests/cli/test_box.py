# SPDX-License-Identifier: GPL-2.0-only
"""A technician at a branch as it is started: looks around, calls to see, clears what hangs."""

import asyncio
import contextlib
import io
import json
import re
import subprocess
from pathlib import Path

import pytest

from appliance.cli import capture
from appliance.cli.__main__ import main
from appliance.simulator.caller import BUSY, AwaitAnswer, AwaitRelease, Script
from appliance.simulator.exchange import Exchange, ExchangeSettings
from appliance.simulator.phone import Phone
from appliance.wire.call_control import CallTested, TestCall
from appliance.wire.line_tests import LineStep
from appliance.wire.talk import talk
from tests.accept.site import Site, hum
from tests.ports import HOST
from tests.sound.speech import write_wav

pytestmark = [pytest.mark.system, pytest.mark.timeout(90)]

ENGAGED, ROBOT, CLID = "10010", "10086", "13912345678"


async def typed(
    site: Site, *words: str, language: str = "en", where: str = "branch", role: str = "administrator"
) -> tuple[int, str]:
    """Exit status, and all that was said; one at a time."""
    box = getattr(site, where)
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as now, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        now.setenv("BRANCHLINE_STATE", str(box.state))
        now.setenv("BRANCHLINE_CONFIG", str(box.configuration))
        now.setenv("LC_ALL", f"{language}.UTF-8")
        now.setenv("BRANCHLINE_ROLE", role)
        status = await asyncio.to_thread(main, words)
    return status, "".join(line for line in said.getvalue().splitlines(keepends=True) if " exchange." not in line)


def test_what_a_technician_looks_at_calls_and_clears(tmp_path: Path) -> None:
    write_wav(tmp_path / "hum.wav", hum(600))

    async def scene() -> None:
        async with Site(tmp_path / "site", ("8001",)) as site:
            ports = site.ports
            exchange = Exchange(ExchangeSettings(local=(HOST, ports.line_exchange), remote=(HOST, ports.line_branch)))
            await exchange.start()
            try:
                await exchange.in_service(20)
                exchange.answer(ENGAGED, BUSY)
                with Phone(
                    "8001@branch.test", site.secret("8001"), site.proxy, tmp_path / "phone", speech=tmp_path / "hum.wav"
                ):
                    await _test_calls(site)
                    await _looks(site)
                    await _pings_and_captures(site, tmp_path)
                    await _from_headquarters(site)
                    await _clears(site, exchange)
            finally:
                await exchange.close()

    asyncio.run(scene())


async def _test_calls(site: Site) -> None:
    order = TestCall(to="8001", by="another", phone=True)
    another = talk(site.branch.state / "run" / "test.call.sock", order)
    while not isinstance(await anext(another), LineStep):
        pass
    engaged = await typed(site, "test", "call", ENGAGED)
    await another.aclose()
    phone = await typed(site, "test", "call", "8001")
    while "under way" in phone[1]:  # it ends with who asked for it
        phone = await typed(site, "test", "call", "8001")
    emergency = await typed(site, "test", "call", "110")
    lines = phone[1].splitlines()
    assert lines[0] == "pass  placed: called by sip 8001", phone
    assert lines[-3].startswith("pass  sound: the far end is heard, -1"), phone
    assert "cause 16, normal clearing" in lines[-2]
    assert (phone[0], lines[-1]) == (0, "PASS")
    assert engaged == (2, "somebody else makes a test call here: wait for its end\n")
    assert emergency[0] == 2
    status, said = await typed(site, "test", "call", ENGAGED, "trunk", "telco", language="zh_CN")
    assert status == 1
    assert "原因值17，用户忙" in said
    assert said.splitlines()[-1] == "未判", "who is engaged was reached"


async def _looks(site: Site) -> None:
    phones = await typed(site, "show", "phones")
    span = await typed(site, "show", "spans", "1")
    uplink = await typed(site, "show", "uplink")
    log = await typed(site, "show", "log", "process", "call", "last", "200")
    recordings = await typed(site, "show", "recordings")
    assert phones[0] == 1, "the lobby's is not there"
    assert [line.split()[:4] for line in phones[1].splitlines()[1:]][1] == ["8900", "Agent", "8900", "not"]
    assert "127.0.0.1:" in phones[1].splitlines()[1]
    assert "baresip" in phones[1]
    assert span[0] == 0
    assert "30 idle, 0 busy" in span[1]
    assert int(next(line.split()[1] for line in span[1].splitlines() if line.startswith("  received"))) > 1000
    assert uplink[0] == 0
    assert "up, it answers" in uplink[1]
    assert "headquarters decides" in uplink[1]
    assert "call call.test.ended" in log[1]
    assert "…01" in log[1], "a number is redacted"
    assert "8001" not in log[1].partition("to_number")[2].partition("\n")[0]
    assert recordings[1].startswith("0 recordings")
    assert (await typed(site, "clear", "counters"))[0] == 0
    after = (await typed(site, "show", "spans", "1"))[1]
    assert "counters since 2" in after
    assert int(next(line.split()[1] for line in after.splitlines() if line.startswith("  sent  "))) < 5000


async def _pings_and_captures(site: Site, folder: Path) -> None:
    status, said = await typed(site, "ping")
    assert (status, said.splitlines()[0]) == (0, f"headquarters {HOST}:{site.path.port}")
    assert f"port {site.path.port} takes us after" in said
    status, said = await typed(site, "ping", "8001")
    assert said.startswith(f"phone 8001 {HOST}\n")
    assert re.search(r"[3-5] of 5 came back|no echo can be sent", said)
    assert (await typed(site, "ping", "8900"))[0] == 2
    assert capture.SECONDS, "loaded before the while begins"
    async with asyncio.TaskGroup() as both:
        seen = both.create_task(typed(site, "capture", "signalling", "seconds", "3", str(folder / "s.pcapng")))
        await asyncio.sleep(0.3)
        call = TestCall(to="8001", by="another", phone=True)
        async for body in talk(site.branch.state / "run" / "test.call.sock", call):
            if isinstance(body, CallTested):
                break
    assert seen.result()[0] == 0, seen.result()
    assert "of SIP" in seen.result()[1]
    reader = await asyncio.create_subprocess_exec("tshark", "-r", folder / "s.pcapng", stdout=subprocess.PIPE)
    assert b"INVITE sip:8001" in (await reader.communicate())[0]


async def _from_headquarters(site: Site) -> None:
    """The same grammar, in one's own role, noted on both sides."""

    async def told(*words: str, role: str = "administrator") -> tuple[int, str]:
        return await typed(site, "box", *words, where="headquarters", role=role)

    status, said = await told("BR-0001", "sh", "ph", role="viewer")
    assert status == 1
    assert "baresip" in said
    status, said = await told("BR-0001", "clear", "counters", role="viewer")
    assert status == 2
    assert "is for a technician or an administrator" in said
    assert await told("BR-0001", "clear", "counters") == (0, "counters begin anew\n")
    assert (await told("BR-0009", "show", "version"))[0] == 2
    assert "'configure' takes a terminal: log in at the box" in (await told("BR-0001", "configure"))[1]
    noted = [json.loads(line) for line in (site.branch.state / "log" / "cli.log").read_text().splitlines()]
    far = [line for line in noted if line.get("whence") == "headquarters"]
    assert [(line["event"], line["command"]) for line in far] == [
        ("cli.command.refused", "clear counters"),
        ("cli.command.done", "clear counters"),
        ("cli.command.refused", "configure"),
    ]
    assert far[1]["by"].endswith("@headquarters")
    asked = (site.headquarters.state / "log" / "cli.log").read_text().splitlines()
    assert [json.loads(line)["box"] for line in asked if "cli.box.asked" in line] == [
        *["BR-0001"] * 3,
        "BR-0009",
        "BR-0001",
    ]


async def _clears(site: Site, exchange: Exchange) -> None:
    """A caller whom an agentless queue keeps, and who hangs as far as anybody knows."""
    call = exchange.place("95599", CLID, Script((AwaitAnswer(within_s=20), AwaitRelease(within_s=30))))
    name = ""
    for _ in range(50):
        status, said = await typed(site, "show", "calls")
        assert status == 0
        row = next((line.split() for line in said.splitlines() if CLID in line), None)
        if row is not None:
            name = row[0]
            break
    slots = (await typed(site, "show", "timeslots", "1"))[1].splitlines()
    busy = [line.split() for line in slots if "busy" in line]
    assert [(row[3], row[4], row[5]) for row in busy] == [("in", CLID, "95599")]
    assert await typed(site, "clear", "call", "BR-0001.no.1") == (
        1,
        "there is no call BR-0001.no.1 here; show calls names them\n",
    )
    assert (await typed(site, "clear", "call", name))[0] == 0
    result = await call.result()
    assert result.cause == 16
    record = await site.record_of(CLID)
    assert record["by"] == "us"
    assert (await typed(site, "show", "calls"))[1] == "no calls\n"
