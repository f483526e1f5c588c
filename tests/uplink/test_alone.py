# SPDX-License-Identifier: GPL-2.0-only
"""Agents of a branch that is alone are commanded there, and headquarters knows of it when the branch is back."""

import asyncio
import contextlib
import io
import time
from pathlib import Path

import pytest

from appliance.cli import floor, headquarters
from appliance.cli.__main__ import main
from appliance.headquarters.reports import store
from appliance.headquarters.reports.intervals.agents import Times, times
from appliance.router.floor import ForAgent
from appliance.wire.agents import AgentAsked, AgentTold, AgentWish
from appliance.wire.routes import Release
from tests.accept.tcp_path import TcpPath
from tests.headquarters.site import BOX, Site, answers
from tests.uplink.calls import Calls, so
from tests.uplink.test_autonomy import queued, story, verified

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

ALONE_NS = 3_000_000_000
OVER, GRANTED = "domain.lease.over", "domain.lease.granted"


async def typed(state: Path, *words: str) -> str:
    """What the command says, on either channel; in English."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        await asyncio.to_thread(main, [*words, "--language", "en", "--state", str(state)])
    return said.getvalue()


async def asked(state: Path, command: ForAgent) -> floor.Said:
    return await asyncio.to_thread(floor.command, state, command)


async def wish(state: Path, agent: str, to: AgentWish, reason: str = "") -> AgentTold:
    told = (await asked(state, AgentAsked(agent=agent, to=to, reason=reason, by="test"))).answer
    assert isinstance(told, AgentTold), told
    return told


async def alone(site: Site, path: TcpPath, *ways: str) -> None:
    over = site.log_of("uplink").count(OVER)
    path.black_hole(*ways)
    await so(lambda: site.log_of("uplink").count(OVER) > over, 8, "the branch decides by itself")


async def back(site: Site, path: TcpPath) -> None:
    granted = site.log_of("uplink").count(GRANTED)
    path.heal()
    await so(lambda: site.log_of("uplink").count(GRANTED) > granted, 8, "headquarters decides again")


async def now_at(state: Path) -> dict[str, str]:
    agents, _, _ = await asyncio.to_thread(floor.look, state)
    return {one.agent: f"{one.state} {one.reason}".strip() for one in agents}


@pytest.mark.parametrize("way", ["down", pytest.param("up", marks=pytest.mark.soak)])
def test_an_agent_who_logs_out_at_a_branch_that_is_alone_is_logged_out_at_headquarters(site: Site, way: str) -> None:
    async def tell(calls: Calls, path: TcpPath) -> None:
        state = site.branch_state
        said = await typed(state, "agent", "1002", "not-ready", "lunch")
        assert said == "1002 Wang Wei: not ready: lunch\nheadquarters decides\n"
        assert (await now_at(site.state))["1002"] == "not-ready lunch"
        await queued(calls, "c1", "c2")
        assert [(name, ring.agent) for name, ring in calls.rung] == [("c1", "1001")]
        await so(lambda: not site.waiting(), 5, "headquarters knows of the talk")
        await alone(site, path, way)
        assert "decides by itself since" in await typed(state, "show", "agents")
        said = await typed(state, "agent", "1001", "log-out")
        assert said.startswith("1001 Li Na: busy; after the call logged out\nthis branch decides by itself since ")
        said = await typed(state, "agent", "1001", "transfer", "8002")
        assert said.startswith("Li Na (1001) has the caller on hold already\nthis branch decides by itself since ")
        assert [(one.number, one.contact) for one in calls.asked] == [("8002", f"{BOX}.c1")]
        assert "did you mean '1002'" in await typed(state, "agent", "1010", "ready")
        await wish(state, "1002", AgentWish.READY)
        await so(lambda: len(calls.rung) == 2, 2, "the branch rings the agent who is ready")
        assert (calls.rung[1][0], calls.rung[1][1].agent) == ("c2", "1002")
        calls.end("c1")
        calls.end("c2")
        await asyncio.sleep(0.5)
        assert (await now_at(state))["1001"] == "logged-out", "after the call, as asked"
        await wish(state, "1002", AgentWish.NOT_READY, "training")
        await back(site, path)
        assert await now_at(site.state) == {"1001": "logged-out", "1002": "not-ready training"}
        await so(lambda: not site.waiting(), 5, "the record has all of it")
        await asyncio.to_thread(verified, site)
        spent = {row.agent: row for row in await asyncio.to_thread(today, site)}
        assert spent["1001"].of("busy") > ALONE_NS, "headquarters has not seen the end of that talk"
        assert spent["1001"].login_ns < spent["1002"].login_ns
        assert list(spent["1002"].reasons) == ["lunch", "training"]
        assert spent["1002"].of("reserved", "busy") > 0

    story(site, tell)


def today(site: Site) -> list[Times]:
    reader = store.open_reader(site.state / "record.db")
    now_ns = time.time_ns()
    try:
        return times(reader, now_ns - 3600 * 1_000_000_000, now_ns, None, now_ns)
    finally:
        reader.dispose()


def test_a_command_whose_answer_the_cut_has_swallowed_is_done_once_and_by_one_router(site: Site) -> None:
    """The agent's word reaches headquarters, or does not; nobody is rung twice, and the uplink dies in the midst."""

    async def tell(calls: Calls, path: TcpPath) -> None:
        state = site.branch_state
        path.black_hole("down")
        began = time.monotonic()
        told = await wish(state, "1002", AgentWish.NOT_READY, "lunch")
        assert time.monotonic() - began < 8
        assert told.now.state == "not-ready"
        await queued(calls, "c1")
        assert calls.answers[-1].by == "branch"
        await asyncio.sleep(0.3)
        assert (await now_at(state))["1001"] == "busy"
        site.kill("uplink")
        site.start("uplink")
        await so(lambda: answers(state / "run" / "floor.sock"), 10, "the uplink is back")
        said = await typed(state, "agent", "1001", "log-out")
        assert said.startswith("1001 Li Na: busy; after the call logged out\nthis branch decides by itself since ")
        await back(site, path)
        calls.end("c1")
        await so(lambda: not site.waiting(), 5, "the record has all of it")
        await asyncio.sleep(0.5)
        assert await now_at(site.state) == {"1001": "logged-out", "1002": "not-ready lunch"}
        assert [name for name, _ in calls.rung] == ["c1"]
        await asyncio.to_thread(verified, site)
        spent = {row.agent: row for row in await asyncio.to_thread(today, site)}
        assert spent["1001"].of("busy") > ALONE_NS, "the uplink's death has cost nothing of it"
        assert list(spent["1002"].reasons) == ["lunch"]

    story(site, tell)


@pytest.mark.soak
def test_headquarters_word_for_an_agent_of_a_branch_that_is_alone_counts_when_it_is_back(site: Site) -> None:
    async def tell(calls: Calls, path: TcpPath) -> None:
        await queued(calls, "c1")
        await alone(site, path, "up", "down")
        said = await typed(site.state, "agent", "1002", "not-ready", "training")
        assert said.endswith("BR-0001 decides by itself now, and hears of it when it is back\n")
        assert (await now_at(site.branch_state))["1002"] == "available"
        await wish(site.branch_state, "1001", AgentWish.NOT_READY, "lunch")
        await back(site, path)
        assert (await now_at(site.state))["1002"] == "not-ready training"
        assert (await now_at(site.branch_state))["1002"] == "not-ready training"
        calls.end("c1")
        await asyncio.sleep(0.5)
        assert (await now_at(site.state))["1001"] == "not-ready lunch", "asked for at the branch, during the talk"

    story(site, tell)


SCRIPT = """
start: tier
context: {tier: {kind: text}, pin: {kind: text, secret: yes}}
nodes:
  tier: {do: set, fields: {tier: "'gold'", pin: ced}, next: greet, failed: gone}
  greet: {do: play, prompts: [hello-world], next: known}
  known: {do: if, that: "tier == 'gold' and pin == '1'", then: offer, otherwise: gone, failed: gone}
  offer: {do: callback, queues: [card], number: clid, next: thanks, failed: gone}
  thanks: {do: release, cause: 16}
  gone: {do: release, cause: 17}
"""


def test_a_caller_s_fields_and_the_promise_to_call_back_outlive_the_cut(site: Site) -> None:
    """Headquarters' script has set the fields; the branch goes on by them, promises, and headquarters calls, once."""

    async def tell(calls: Calls, path: TcpPath) -> None:
        for agent in ("1001", "1002"):
            await wish(site.state, agent, AgentWish.NOT_READY, "lunch")
        calls.begin("c1", clid="02512345678")
        calls.ask("c1", "offered", cursor="")
        await so(lambda: calls.answers, 2, "headquarters has greeted")
        await alone(site, path, "down", "up")
        calls.ask("c1")
        await so(lambda: len(calls.answers) == 2, 2, "the branch has answered")
        answer = calls.answers[-1]
        assert (answer.by, answer.action) == ("branch", Release(cause=16)), answer
        assert "kept until headquarters is back" in answer.values["offer"]
        calls.end("c1")
        await back(site, path)
        (callback,) = (await asyncio.to_thread(headquarters.state, site.state)).callbacks
        assert (callback.number, callback.state, callback.origin) == ("02512345678", "waiting", f"{BOX}.c1")

    (site.folder / "scripts" / "welcome.yaml").write_text(SCRIPT)
    with (site.folder / "headquarters.yaml").open("a") as file:
        file.write('outbound: {numbers: ["025"]}\n')
    story(site, tell)
