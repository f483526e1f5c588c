# SPDX-License-Identifier: GPL-2.0-only
"""A caller leaves a message when nobody is there, by real processes; who dies meanwhile costs it a second at most."""

import asyncio
import contextlib
import datetime as dt
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from appliance.cli import voicemail
from appliance.headquarters.reports import voicemail as messages
from appliance.headquarters.reports.intervals.reading import rows
from appliance.headquarters.reports.intervals.story import Kind
from appliance.simulator.call import Call
from appliance.simulator.caller import (
    AwaitAnswer,
    AwaitQuiet,
    AwaitRelease,
    AwaitSound,
    HangUp,
    Key,
    Script,
    Step,
    Talk,
)
from appliance.simulator.exchange import Exchange
from tests.accept.site import NUMBER, Site, until
from tests.accept.talk import exchange_of, in_service
from tests.recording.alaw_wav import read_wav
from tests.sound.alaw import Linear, decode
from tests.sound.speech import speech, write_wav

pytestmark = [pytest.mark.system, pytest.mark.timeout(90)]

ZONE = "Asia/Shanghai"
SECOND = 8000
SPOKEN_S = 2.0
LEASE_S = 4.5
"""Until a branch that is cut off decides by itself."""
GREETED: tuple[Step, ...] = (AwaitAnswer(20), AwaitSound(10), AwaitQuiet(15, quiet_ms=600))
SCRIPT = f"""\
start: when
zone: {ZONE}
nodes:
  when: {{do: switch, on: holiday, cases: {{closed/Stocktaking: message}}, otherwise: gone}}
  message:
    do: voicemail
    mailbox: card
    prompts: [vm-goodbye]
    silence_s: 2
    shortest_s: 1
    next: thanks
    failed: gone
  thanks: {{do: play, prompts: [auth-thankyou], next: gone}}
  gone: {{do: release}}
"""


def configure(site: Site) -> None:
    """These days nobody works."""
    scripts = site.folder / "scripts"
    scripts.mkdir()
    (scripts / "night.yaml").write_text(SCRIPT)
    today = dt.datetime.now(ZoneInfo(ZONE)).date()
    days = f"{today - dt.timedelta(1)}..{today + dt.timedelta(1)}"
    path = site.headquarters.configuration
    kept = [
        line for line in path.read_text().splitlines() if "script: " not in line and not line.startswith("scripts:")
    ]
    kept = [line for line in kept if not line.startswith("call_types:")]
    kept += [
        f"scripts: {scripts}",
        f"call_types: [{{name: card-service, dnis: [{NUMBER}], script: night}}]",
        f"calendars: [{{name: closed, zone: {ZONE}, days: {{{days}: Stocktaking}}}}]",
    ]
    path.write_text("\n".join(kept) + "\n")


class Night:
    """One branch whose callers find nobody."""

    def __init__(self, site: Site, exchange: Exchange) -> None:
        self.site, self.exchange = site, exchange
        self.said = write_wav(site.folder / "said.wav", speech(SPOKEN_S))

    def caller(self, clid: str, *then: Step, times: int = 1) -> Call:
        """Who speaks after the beep."""
        return self.exchange.place(NUMBER, clid, Script((*GREETED, Talk((str(self.said),), times), *then)))

    def messages(self, clid: str) -> list[dict[str, Any]]:
        """Of this caller, at headquarters."""
        return [one for one in messages.messages(self.site.record().engine) if one["clid"] == clid]

    async def message(self, clid: str, within_s: float = 15.0) -> dict[str, Any]:
        """The one that there is, once its sound is here."""
        await until(lambda: any(one["here"] for one in self.messages(clid)), within_s, f"no message of {clid}")
        (one,) = self.messages(clid)
        return one

    def sound(self, message: dict[str, Any]) -> Linear:
        return decode(read_wav(self.site.headquarters.state / "recordings" / f"{message['recording']}.wav").left)

    async def speaks(self, clid: str, seconds: float = 1.5) -> None:
        """Until so much of the message has been said."""
        began = lambda: any(row["clid"] == clid for row in self._begun())  # noqa: E731
        await until(began, 15, f"{clid} has heard the beep")
        await asyncio.sleep(seconds)

    def _begun(self) -> list[dict[str, Any]]:
        record = self.site.record()
        now = {row["contact"]: row for row in record.calls_now()}
        with record.engine.connect() as store:
            names = store.exec_driver_sql("SELECT contact FROM voicemail").scalars().all()
        return [now[name] for name in names if name in now]

    async def revived(self, child: str) -> None:
        """Kill -9, and wait for the next life."""
        box = self.site.branch
        before = box.pid(child)
        box.kill(child)
        await until(lambda: box.children()[child]["pid"] not in (None, before), 10, f"{child} is back")
        await until(lambda: box.children()[child]["state"] == "running", 10, f"{child} is ready")


@pytest.fixture(scope="module")
def night(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    opened = _night(tmp_path_factory.mktemp("voicemail"))
    yield loop.run(opened.__aenter__())
    loop.run(opened.__aexit__(None, None, None))


@contextlib.asynccontextmanager
async def _night(folder: Path) -> AsyncIterator[Night]:
    site = Site(folder, ("8001",))
    configure(site)
    async with site:
        exchange = exchange_of(site)
        await exchange.start()
        try:
            await in_service(exchange, site)
            yield Night(site, exchange)
        finally:
            await exchange.close()


def test_q3_a_message_of_a_holiday_is_heard_and_deleted_and_who_says_nothing_leaves_none(
    loop: asyncio.Runner, night: Night, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        clid, silent, state = "02512397001", "02512397003", night.site.headquarters.state
        other = night.exchange.place(NUMBER, silent, Script((*GREETED, AwaitRelease(within_s=20))))
        call = night.caller(clid, Key("#"), AwaitRelease(within_s=20))
        result = await call.result()
        assert result.cause == 16
        message = await night.message(clid)
        assert SPOKEN_S * SECOND < message["samples"] < (SPOKEN_S + 2) * SECOND
        assert np.sqrt(np.mean(night.sound(message)[SECOND // 2 : 2 * SECOND].astype(float) ** 2)) > 300
        record = await night.site.record_of(clid)
        assert [one["path"] for one in record["decisions"]] == [["when", "message"], ["thanks"], ["gone"]]
        assert record["decisions"][0]["compared"]["holiday"] == "closed/Stocktaking"
        assert record["decisions"][1]["outcome"] == "recorded"
        told = await asyncio.to_thread(voicemail.show, ["card", "--state", str(state), "--language", "en"])
        name, page = message["recording"], f"http://127.0.0.1:{night.site.ports.web}/recordings"
        assert told == 0
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{page}/{name}.wav")).status_code == 200
            for word in ("heard", "delete", "delete"):
                await asyncio.to_thread(voicemail.main, [word, name, "--state", str(state), "--language", "en"])
            assert (await client.get(f"{page}/{name}.wav")).status_code == 404
        assert night.messages(clid) == []
        await other.result()
        record = await night.site.record_of(silent)
        assert [one["outcome"] for one in record["decisions"]] == ["offered", "silent"]
        assert night.messages(silent) == []

    loop.run(story())
    shown = capsys.readouterr()
    assert re.search(r"02512397001 +0:0", shown.out)
    assert " is heard\n" in shown.out
    assert " is deleted, its sound too\n" in shown.out
    assert "no message " in shown.err


def test_q3_of_a_branch_that_is_cut_off_each_message_arrives_once_whoever_dies_meanwhile(
    loop: asyncio.Runner, night: Night
) -> None:
    async def story() -> None:
        first, second, path = "02512397002", "02512397004", night.site.path
        calls = [night.caller(first, HangUp(16), times=3)]
        await night.speaks(first, 0.5)
        path.black_hole("up", "down")
        cut = time.monotonic()
        for child in ("recorder", "ivr", "call"):
            await night.revived(child)
        await asyncio.sleep(max(0.0, cut + LEASE_S - time.monotonic()))
        calls.append(night.caller(second, HangUp(16)))
        for call in calls:
            await call.result()
        assert night.messages(first) == night.messages(second) == []
        path.heal()
        for clid, seconds, by in ((first, 3 * SPOKEN_S, "headquarters"), (second, SPOKEN_S, "branch")):
            message = await night.message(clid, 20)
            assert seconds * SECOND < message["samples"] < (seconds + 2) * SECOND
            record = await night.site.record_of(clid)
            assert (record["by"], record["decisions"][0]["by"]) == ("caller", by)
            (sound,) = record["recordings"]
            assert sound["lost_samples"] <= SECOND
        counted = rows(night.site.record().engine, Kind.CALL_TYPE, 0, 2**63 - 1, None)
        (whole,) = [row.figures for row in counted if row.name == "card-service"]
        figures = [whole.offered, whole.overflow, whole.released, whole.abandoned_ivr]
        assert figures == [4, 3, 1, 0]

    loop.run(story())


@pytest.mark.soak
def test_q3_power_is_cut_in_the_middle_of_a_message(loop: asyncio.Runner, night: Night) -> None:
    async def story() -> None:
        clid, box = "02512397005", night.site.branch
        call = night.caller(clid, AwaitRelease(within_s=30))
        await night.speaks(clid, 1.8)
        box.kill_all()
        cut_ns = time.time_ns()
        await asyncio.to_thread(box.start)
        call.hang_up(16)
        message = await night.message(clid, 20)
        assert message["samples"] >= ((cut_ns - message["at_ns"]) / 1e9 - 1) * SECOND

    loop.run(story())
