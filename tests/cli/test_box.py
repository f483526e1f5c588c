# SPDX-License-Identifier: GPL-2.0-only
"""A technician at a branch as it is started: looks around, calls to see, clears what hangs."""

import asyncio
import contextlib
import io
from pathlib import Path

import pytest

from appliance.cli.__main__ import main
from appliance.simulator.caller import BUSY, AwaitAnswer, AwaitRelease, Script
from appliance.simulator.exchange import Exchange, ExchangeSettings
from appliance.simulator.phone import Phone
from appliance.wire.call_control import TestCall
from appliance.wire.line_tests import LineStep
from appliance.wire.talk import talk
from tests.accept.site import Site, hum
from tests.ports import HOST
from tests.sound.speech import write_wav

pytestmark = [pytest.mark.system, pytest.mark.timeout(90)]

ENGAGED, ROBOT, CLID = "10010", "10086", "13912345678"


async def typed(site: Site, *words: str, language: str = "en", where: str = "branch") -> tuple[int, str]:
    """Exit status, and all that was said; one at a time."""
    box = getattr(site, where)
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as now, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        now.setenv("BRANCHLINE_STATE", str(box.state))
        now.setenv("BRANCHLINE_CONFIG", str(box.configuration))
        now.setenv("LC_ALL", f"{language}.UTF-8")
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
    assert said.splitlines()[-1] == "失败"


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
