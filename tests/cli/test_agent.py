# SPDX-License-Identifier: GPL-2.0-only
"""Agents and queues, as they are seen and commanded at headquarters."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest

from appliance.cli import terminal
from appliance.cli.__main__ import main
from appliance.wire.agents import AgentNow, AgentWish, CallWish, ContactNow, QueueNow
from tests.cli.test_line import typed
from tests.headquarters.floor import Floor, answering
from tests.headquarters.site import BOX, Site

pytestmark = pytest.mark.system

MINUTES_NS = 60_000_000_000


def floor() -> Floor:
    now_ns = time.time_ns()
    return Floor(
        AgentNow("1001", "Li Na", BOX, "8001", "available", now_ns - 61 * MINUTES_NS, queues=("card", "loan")),
        AgentNow("1002", "王伟", BOX, "8002", "busy", now_ns - 2 * MINUTES_NS, then="not-ready: lunch"),
        AgentNow("1003", "Zhang Min", BOX, "8003", "logged-out", 0),
        queues=(QueueNow("card", 2, now_ns - 5 * MINUTES_NS, 2, 1, 1, 95), QueueNow("loan")),
    )


def table(page: str) -> list[list[str]]:
    """Its cells; the seconds of what grows are left out."""
    return [row.split() for row in re.sub(r":\d\d(?!\S)", "", page).splitlines()]


def test_c3_agents_and_queues_in_two_languages(site: Site) -> None:
    async def scene() -> None:
        site.start("nats-server")
        async with answering(site, floor()):
            status, page, _ = await typed(site.state, "show", "agents")
            queues = await typed(site.state, "show", "queues")
            chinese = await typed(site.state, "show", "agents", language="zh_CN")
        assert status == 0
        assert table(page) == [
            ["agent", "name", "branch", "extension", "state", "for", "then", "queues"],
            ["1001", "Li", "Na", BOX, "8001", "available", "1:01", "-", "card", "loan"],
            ["1002", "王伟", BOX, "8002", "busy", "2", "not", "ready:", "lunch", "-"],
            ["1003", "Zhang", "Min", BOX, "8003", "logged", "out", "-", "-", "-"],
        ]
        assert len({terminal.columns(row[: row.index(BOX)]) for row in page.splitlines()[1:]}) == 1
        assert queues[0] == 0
        assert table(queues[1])[1:] == [["card", "2", "5", "2", "1", "1", "1"], ["loan", "0", "-", "0", "0", "0", "-"]]
        assert table(chinese[1])[2] == ["1002", "王伟", BOX, "8002", "忙", "2", "未就绪：lunch", "-"]

    asyncio.run(scene())


def test_c3_an_agent_s_state_is_changed_now_or_after_the_call(site: Site) -> None:
    async def scene() -> None:
        site.start("nats-server")
        these = floor()
        async with answering(site, these):
            ready = await typed(site.state, "agent", "1001", "not-ready", "lunch", "break")
            later = await typed(site.state, "agent", "1002", "log-out", language="zh_CN")
        assert ready == (0, "1001 Li Na: not ready: lunch break\n", "")
        assert later == (0, "1002 王伟：忙；通话后未签入\n", "")
        assert [(one.agent, one.to, one.reason) for one in these.asked] == [
            ("1001", AgentWish.NOT_READY, "lunch break"),
            ("1002", AgentWish.LOG_OUT, ""),
        ]
        assert these.asked[0].by

    asyncio.run(scene())


def test_f1_a_caller_is_handed_on_and_the_next_agent_sees_what_is_known(site: Site) -> None:
    async def scene() -> None:
        site.start("nats-server")
        these = floor()
        these.contacts["1002"] = ContactNow(
            "BR-0001.x.1", "95588", "13800000001", "card", ced="1", fields={"tier": "金"}
        )
        async with answering(site, these):
            handed = await typed(site.state, "agent", "1002", "consult", "95599")
            noted = await typed(site.state, "agent", "1002", "note", "lost", "card", language="zh_CN")
            shown = await typed(site.state, "agent", "1002", "contact")
            nothing = await typed(site.state, "agent", "1001", "contact")
        assert handed[0] == 0
        assert [(one.to, one.number) for one in these.ordered] == [(CallWish.CONSULT, "95599")]
        assert noted[1].splitlines()[-1].split() == ["1002的备注", "lost", "card"]
        rows = dict(line.split("  ", 1) for line in shown[1].splitlines())
        assert {name: value.strip() for name, value in rows.items()} == {
            "contact": "BR-0001.x.1",
            "caller": "13800000001",
            "called": "95588",
            "call type": "card",
            "digits": "1",
            "tier": "金",
            "note of 1002": "lost card",
        }
        assert nothing == (0, "1001 has no contact now\n", "")

    asyncio.run(scene())


def test_what_cannot_be_is_said_and_changes_nothing(site: Site) -> None:
    async def scene() -> None:
        site.start("nats-server")
        these = floor()
        before = these.agents_now()
        async with answering(site, these):
            refused = await typed(site.state, "agent", "1003", "ready")
            unknown = await typed(site.state, "agent", "101", "ready")
        assert refused == (1, "", "1003 is logged out\n")
        assert unknown == (1, "", "no agent 101; did you mean '1001'?\n")
        assert these.agents_now() == before

    asyncio.run(scene())


def test_headquarters_that_cannot_be_asked_is_said(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str) -> str:
        assert main([*words, "--state", str(site.state)]) == 2
        return capsys.readouterr().err

    assert "agents and queues are headquarters', and a running branch's" in said("show", "agents")
    site.start("nats-server")
    assert "is its process running?" in said("agent", "1001", "ready")
    site.kill("nats-server")
    assert "is headquarters running?" in said("show", "queues")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("1001", "ready", "lunch"), "only not-ready has a reason"),
        (("1001", "readi"), "invalid choice: 'readi'"),
        (("1001", "transfer"), "transfer takes one number"),
        (("1001", "note"), "what is to be noted?"),
        (("1001",), "the following arguments are required"),
    ],
)
def test_what_is_typed_wrong_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["agent", *words, "--state", str(tmp_path)])
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
