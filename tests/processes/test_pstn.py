# SPDX-License-Identifier: GPL-2.0-only
"""Callers sent on over the PSTN, by real processes: to numbers outside, to another branch's agents, and too many."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from appliance.headquarters.reports.intervals.figures import BASE_NS, Figures
from appliance.headquarters.reports.intervals.reading import rows
from appliance.headquarters.reports.intervals.story import Kind
from appliance.simulator.caller import (
    BUSY,
    NO_ANSWER,
    Answerer,
    AwaitAnswer,
    AwaitRelease,
    AwaitSound,
    HangUp,
    Script,
    Talk,
)
from appliance.simulator.exchange import Exchange
from appliance.wire.agents import ContactAsked
from tests.accept.site import ROOT, hum, until
from tests.accept.sites import FAR_BOX
from tests.headquarters.site import settled
from tests.peers.hand import HandCall, HandPhone
from tests.processes.pstn_site import OVERFLOW, POOL, PstnSites, started
from tests.sound.speech import write_wav

pytestmark = [pytest.mark.system, pytest.mark.timeout(90)]

Running = tuple[PstnSites, Exchange, list[HandPhone]]
Counts = dict[tuple[str, str], tuple[int, int, int]]
WAITS = Script((AwaitRelease(within_s=60),))


async def first_of(phones: list[HandPhone]) -> HandCall:
    """Whichever is called; it rings."""
    ringing = [asyncio.create_task(phone.called()) for phone in phones]
    (done, others) = await asyncio.wait(ringing, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    (rung,) = done
    await rung.result().alert()
    return rung.result()


def typed(sites: PstnSites, *words: str) -> str:
    """At branch A."""
    command = [sys.executable, "-m", "appliance.cli", *words, "--state", str(sites.branch.state), "--language", "en"]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


async def one_of(sites: PstnSites, clid: str, box: str) -> dict[str, Any]:
    """The caller's ended contact at that branch."""

    def found() -> list[dict[str, Any]]:
        return [one for one in sites.calls(clid) if one["box"] == box]

    await until(lambda: len(found()) == 1, 10, f"a record of {clid} at {box}")
    return found()[0]


def counted(sites: PstnSites) -> Counts:
    """What was offered, answered, gone on, by kind and name, since the day before."""
    made = rows_since(sites)
    return {key: (one.offered, one.answered, one.overflow) for key, one in made.items()}


def rows_since(sites: PstnSites) -> dict[tuple[str, str], Figures]:
    settled(sites.headquarters.state)
    end_ns = (time.time_ns() // BASE_NS + 1) * BASE_NS
    store = create_engine(f"sqlite:///file:{sites.headquarters.state / 'record.db'}?mode=ro&uri=true")
    kinds = (kind.value for kind in Kind)
    told = [(kind, row) for kind in kinds for row in rows(store, kind, end_ns - 12 * BASE_NS, end_ns, None)]
    return {(kind, row.name): row.figures for kind, row in told}


def less(now: Counts, before: Counts, those: Counts) -> Counts:
    """Of those rows, how much more."""
    nothing = (0, 0, 0)
    return {
        key: tuple(a - b for a, b in zip(now.get(key, nothing), before.get(key, nothing), strict=True))  # type: ignore[misc]
        for key in those
    }


@pytest.fixture(scope="module")
def running(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    opened: AbstractAsyncContextManager[Running] = started(tmp_path_factory.mktemp("pstn"))
    yield loop.run(opened.__aenter__())
    loop.run(opened.__aexit__(None, None, None))


async def out_and_back(
    sites: PstnSites, exchange: Exchange, folder: Path, clid: str, *, shown: str | None, within_s: float = 10
) -> None:
    """Ring-back of the network before the answer, then voices both ways; the caller's number is `shown`."""
    write_wav(folder / "hum.wav", hum(440, 1))
    hears, says = AwaitSound(within_s=5, loud_ms=300), Talk((str(folder / "hum.wav"),))
    exchange.answer("02512340001", Answerer(Script((hears, says, AwaitRelease(10))), 0.1, 1.0))
    steps = (AwaitSound(within_s), AwaitAnswer(10), says, hears, HangUp())
    result = await exchange.call("95501", clid, Script(steps))
    assert result.unmet is None
    far = await asyncio.wait_for(exchange.answered.get(), 5)
    assert (far.unmet, far.clid, far.cause) == (None, shown, 16)
    await until(lambda: bool(sites.record().calls_before(limit=1)), 10, "a record of it")
    record = sites.record().call(sites.record().calls_before(limit=1)[0]["contact"])
    assert record is not None
    assert [(leg["channel"], leg["cause"]) for leg in record["legs"]][1:] == [("trunk telco", 16)]
    assert (record["by"], record["talk_samples"] > 8_000) == ("caller", True)


def test_a_label_dials_and_both_hear_each_other(loop: asyncio.Runner, running: Running, tmp_path: Path) -> None:
    sites, exchange, _ = running
    loop.run(out_and_back(sites, exchange, tmp_path, "02500000001", shown="02500000001"))


@pytest.mark.soak
@pytest.mark.parametrize(
    ("signalling", "shown"),
    [(", signalling: r2, variant: cn", "02500000002"), (", signalling: cas, variant: em_wink_e1", None)],
)
def test_a_label_dials_over_trunks_of_other_kinds(tmp_path: Path, signalling: str, shown: str | None) -> None:
    async def story() -> None:
        async with started(tmp_path / "site", signalling) as (sites, exchange, _):
            await out_and_back(sites, exchange, tmp_path, "02500000002", shown=shown, within_s=40)

    asyncio.run(story())


def test_a_script_hears_how_a_label_ended(loop: asyncio.Runner, running: Running) -> None:
    async def story() -> None:
        sites, exchange, _ = running
        exchange.answer("02512340002", BUSY)
        exchange.answer("02512340003", NO_ANSWER)
        exchange.answer("110", Answerer(Script((HangUp(),)), 0.1, 0.1))
        tries = [exchange.call(number, f"0250000{number}", WAITS) for number in ("95502", "95503", "95504", "95505")]
        assert [one.cause for one in await asyncio.gather(*tries)] == [17, 19, 21, 16]
        told = [(await sites.record_of(f"0250000{number}"))["decisions"][-1] for number in ("95502", "95503", "95504")]
        assert "the label led nowhere: busy (cause 17 by telco)" in told[0]["compared"]["busy"]
        assert "the label led nowhere: no-answer (it rang for 1 s)" in told[1]["compared"]["rings"]
        assert told[2]["reason"].startswith("numbers that begin with 168 are refused by outbound.refused")

    loop.run(story())


def test_a8_the_sixth_call_of_a_five_call_limit_reaches_branch_b(loop: asyncio.Runner, running: Running) -> None:
    async def story() -> None:
        sites, exchange, phones = running
        before = counted(sites)
        held = [exchange.place("95510", f"0251000000{number}", WAITS) for number in range(5)]
        await until(lambda: all(one.answered for one in held), 10, "five callers are served at A")
        sixth = exchange.place("95510", "02510000005", WAITS)
        rung = await first_of(phones)
        shown = await asyncio.to_thread(typed, sites, "show", "trunks")
        assert shown.splitlines()[1].split()[:5] == ["pstn", "telco", "5/5", "1", "6"]
        await rung.answer()
        await until(lambda: sixth.answered is not None, 5, "the sixth talks at B")
        await rung.release(16)
        assert (await sixth.result()).cause == 16
        for call in held:
            call.hang_up(16)
        there, here = await asyncio.gather(*(one_of(sites, "02510000005", box) for box in (FAR_BOX, "BR-0001")))
        assert here["decisions"][0]["reason"] == (
            f"overflow: pstn has 5 of 5 calls in; 95510 goes on to {OVERFLOW} by telco"
        )
        assert (there["call_type"], there["agent"] in ("18101", "18102", "18103")) == ("desk-overflow", True)
        grown = {
            ("trunk", "telco"): (6, 0, 1),
            ("trunk", "telco-b"): (1, 1, 0),
            ("call-type", "desk"): (5, 0, 0),
            ("call-type", "desk-overflow"): (1, 1, 0),
        }
        await until(lambda: less(counted(sites), before, grown) == grown, 10, "both branches' reports agree")

    loop.run(story())


def test_j3_f2_the_third_call_goes_over_the_pstn_and_its_context_is_there(
    loop: asyncio.Runner, running: Running
) -> None:
    """Two calls from A to B are what the WAN takes; the agent who gets the third sees what its script knew at A."""

    async def story() -> None:
        sites, exchange, phones = running
        before, talks = counted(sites), []
        calls = []
        for number in range(3):
            calls.append(exchange.place("95520", f"0252000000{number}", WAITS))
            rung = await first_of(phones)
            await rung.answer()
            talks.append(rung)
            await until(lambda: calls[-1].answered is not None, 5, "they talk")
        agent = f"1{talks[2].phone.number}"
        pop = (await sites.told(ContactAsked(agent=agent))).now
        assert (pop.dnis, pop.clid, pop.fields, pop.call_type) == (
            "95520",
            "02520000002",
            {"tier": "gold"},
            "far-service",
        )
        fourth = exchange.place("95520", "02520000003", WAITS)
        await until(lambda: sites.stage("02520000003") == "waiting", 10, "all agents of B are busy: one waits at A")
        await talks[2].release(16)
        assert (await calls[2].result()).cause == 16
        await (await first_of(phones)).answer()
        await until(lambda: sites.stage("02520000003") == "talking", 10, "who waits goes by the PSTN too")
        for call in (*calls[:2], fourth):
            call.hang_up(16)
            await call.result()
        first, second = await asyncio.gather(*(one_of(sites, "02520000002", box) for box in ("BR-0001", FAR_BOX)))
        why = first["decisions"][-1]["reason"]
        assert why.endswith(
            f"by translation route to-b the call goes to {FAR_BOX} as {POOL[0]}, as wan has 2 of 2 calls out"
        )
        assert second["decisions"][0]["reason"].startswith(f"contact {first['contact']} arrives by {POOL[0]} of to-b")
        assert second["agent"] == agent
        for clid in ("02520000000", "02520000001"):
            (leg,) = [one for one in (await sites.record_of(clid))["legs"] if one["agent"]]
            assert leg["channel"].endswith(f"at {FAR_BOX}"), "by the WAN"
        grown = {("call-type", "far-service"): (4, 4, 0), ("call-type", ""): (0, 0, 0), ("queue", "far"): (4, 4, 0)}
        await until(lambda: less(counted(sites), before, grown) == grown, 10, "four contacts, each counted once")

    loop.run(story())


def test_f2_a_stranger_who_calls_a_number_of_the_pool_is_a_caller_like_any_other(
    loop: asyncio.Runner, running: Running
) -> None:
    async def story() -> None:
        sites, exchange, _ = running
        assert (await exchange.call(POOL[1], "02599990000", WAITS)).cause == 1
        (told,) = (await sites.record_of("02599990000"))["decisions"]
        assert told["reason"] == (
            f"{POOL[1]} of translation route to-b was called, and nobody is awaited by it; "
            f"no call type for called number {POOL[1]}"
        )

    loop.run(story())
