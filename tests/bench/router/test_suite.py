# SPDX-License-Identifier: GPL-2.0-only
"""The figures' own properties, in seconds: nothing is lost, nothing is there twice, a restart knows the same state."""

import asyncio
import contextlib
import inspect
import re
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from appliance.router.events import CallTold, Event
from appliance.router.journal import Journal, fingerprint, path_of
from appliance.router.slots import channel_of
from appliance.router.states import AgentState
from appliance.wire.calls import LegBegan
from tests.bench.router import load, octets, processes, replay, restart, suite
from tests.bench.router.channels import TOTAL, mixed
from tests.bench.router.decision import Flow
from tests.bench.router.network import Network
from tests.bench.router.suite import Bar
from tests.headquarters.site import Site

NETWORK = Network(agents=60, queues=4)
WORKS = (AgentState.RESERVED, AgentState.BUSY, AgentState.WRAP_UP)


@pytest.mark.system
@pytest.mark.timeout(60)
def test_every_question_is_answered_and_every_event_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "QUESTION_S", 5.0)  # other tests run beside it
    with suite.serving(tmp_path / "site", NETWORK) as site:
        listen, secret = site.config.server.listen, site.config.server.secret
        seen = asyncio.run(load.run(NETWORK, listen, secret, calls_s=30, seconds=3))
        assert (seen.unanswered, suite.kept(site, seen)) == (0, (90, 0, 0))
        assert len(seen.answers_ms) == seen.asked >= 90
        assert len(seen.ages_ms) == len(seen.told) == site.stored() >= 90 * 10
        seen.told.add((NETWORK.boxes[0], 10**9))
        assert suite.kept(site, seen)[1] == 1
        assert processes.peak_mib(site.pid("headquarters")) > 10


@pytest.mark.system
@pytest.mark.timeout(60)
def test_a_restart_knows_the_same_state(tmp_path: Path) -> None:
    rules = NETWORK.rules(tmp_path / "scripts")
    before = restart.died(tmp_path / "router.db", rules, queued=40, entries=300)
    told = restart.restarted(tmp_path / "router.db", rules, before)
    assert told.before == told.after
    assert told.entries >= 300
    assert told.waiting == len(before.waiting) > 20
    other = msgspec.structs.replace(before, serial=before.serial + 1)
    assert fingerprint(other).hex() != told.before


@pytest.mark.system
@pytest.mark.timeout(60)
def test_the_real_processes_go_on_from_that_journal(tmp_path: Path) -> None:
    site = Site(tmp_path)
    NETWORK.write(site)
    path, rules = path_of(site.state), NETWORK.rules(site.config.scripts)
    before = restart.died(path, rules, queued=40, entries=300, begins_ns=time.time_ns())
    restart.restarted(path, rules, before)
    with contextlib.closing(site):
        took_s, at_work_s, memory = restart.spawned(site)
    assert at_work_s > 0
    assert 0 < took_s < 30
    assert 30 < memory < (suite.bars()["restart.memory"].at_most or 0)
    with contextlib.closing(Journal(path_of(site.state), reads=True)) as journal:
        state = journal.recall()[0]
    assert "first" in {name.rpartition(".")[2] for name in state.waiting}
    assert len(state.waiting) == len(before.waiting) + 1, "who waited waits on"
    assert state.index.legs.keys() == before.index.legs.keys(), "who talked talks on"


@pytest.mark.unit
def test_agents_stay_as_busy_as_they_began(tmp_path: Path) -> None:
    flow = Flow(NETWORK.rules(tmp_path), occupancy=0.9)
    flow.run(500)
    assert 0.7 < flow.occupancy <= 1
    assert flow.ended > 100
    assert len(flow.took_ns["RouteAsked"]) == 500


@pytest.mark.unit
def test_who_has_chats_and_mails_is_given_no_more_than_they_bear(tmp_path: Path) -> None:
    rules = mixed(Network(agents=24, queues=8), tmp_path)
    given: Counter[str] = Counter()
    flow = Flow(rules, 0.9, told=lambda event, _: given.update(kinds(event)))
    for _ in range(400):
        flow.step()
        for agent in (name for name in rules.seats if "/" not in name):
            at_work = [one for one in flow.state.index.hands[agent] if flow.state.agents[one].state in WORKS]
            assert sum(rules.channel(channel_of(one)).weight for one in at_work) <= TOTAL
    assert given.keys() == {"voice", "chat", "mail", "task"}


def kinds(event: Event) -> list[str]:
    return [event.event.kind] if isinstance(event, CallTold) and isinstance(event.event, LegBegan) else []


@pytest.mark.unit
def test_what_is_kept_of_a_decision_has_path_values_and_every_agent_by_name(tmp_path: Path) -> None:
    found = octets.of_decisions(Network(agents=40, queues=4), tmp_path, 30)
    names = "; ".join(f"a{number} busy" for number in range(20))
    path = "dialled, caller, day, hours, tier, staff, crowd, share, wait"
    assert suite.bars()["decision.octets"].reached(sum(found) / len(found))
    assert min(found) > len(names) + 2 * len(path), "all agents are named, and what each node compared"


@pytest.mark.system
@pytest.mark.timeout(60)
def test_a_recorded_day_is_decided_the_same_again(tmp_path: Path) -> None:
    replay.day(tmp_path / "day", 100)
    unchanged = replay.replayed(tmp_path / "day", changed=False)
    assert (unchanged.contacts, unchanged.same) == (100, unchanged.decisions)
    assert unchanged.of(200) - unchanged.passed_s == pytest.approx(unchanged.passed_s - unchanged.begins_s)


@pytest.mark.unit
def test_a_figure_reaches_its_bar_or_does_not() -> None:
    assert Bar("x", "ms", at_most=5).reached(5.0)
    assert not Bar("x", "ms", at_most=5).reached(5.01)
    assert Bar("x", "/s", at_least=100).reached(100.0)
    assert not Bar("x", "/s", at_least=100).reached(99.9)
    assert Bar("x", "ms").reached(1e9)
    assert suite.growth([0, 0, 1, 1, 5, 5, 9, 9]) == 8


@pytest.mark.unit
def test_every_promise_has_its_bar() -> None:
    known = suite.bars()
    assert {name for name, bar in known.items() if bar.text} >= {
        "answer.p50",
        "answer.p99",
        "answer.lost",
        "burst.lost",
    }
    assert known["restart.ready"].at_most == 3.0


@pytest.mark.parametrize("load_name", ["answer", "burst"])
def test_every_figure_of_a_load_is_in_the_table(load_name: str) -> None:
    told = re.findall(r'yield f"{name}\.(\w+)"', inspect.getsource(suite))
    assert "p99" in told
    assert {f"{load_name}.{figure}" for figure in told} <= suite.bars().keys()
