# SPDX-License-Identifier: GPL-2.0-only
"""Who may command agents, and how little the page is told of many."""

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.headquarters import server
from appliance.headquarters.web.rows import Rows
from appliance.router.floor import Told, command
from appliance.wire.agents import AgentAsked, AgentNow, AgentTold, AgentWish, QueueNow
from appliance.wire.envelope import Body, Sealer, encode
from appliance.wire.ids import Identity
from appliance.wire.service_messages import Refused
from tests.headquarters.floor import Floor, answered
from tests.headquarters.site import BOX, Site, until
from tests.headquarters.test_web import first, sections, serves

HEADQUARTERS = "HQ-0001"
READY = AgentAsked(agent="1001", to=AgentWish.READY)


def agents(count: int, state: str = "available") -> tuple[AgentNow, ...]:
    return tuple(
        AgentNow(str(number), f"Agent {number}", BOX, str(number + 7000), state, 1, queues=("card",))
        for number in range(1001, 1001 + count)
    )


def commanded(floor: Floor, body: Body, box: str = HEADQUARTERS) -> Told:
    envelope = Sealer(Identity.take(box, "cli")).seal(body)
    answer, cause = asyncio.run(command(floor, HEADQUARTERS, encode(envelope)))
    assert cause == envelope.id
    return answer


def read(rows: Rows, seen: int) -> tuple[bool, list[str]]:
    told: dict[str, Any] = msgspec.json.decode(rows.since(seen))
    return told["whole"], [row["agent"] for row in told["rows"]]


@pytest.mark.unit
def test_an_agent_is_commanded_by_headquarters_alone() -> None:
    floor = Floor(*agents(1, "not-ready"))
    stranger = commanded(floor, READY, BOX)
    assert stranger == Refused(
        code="agent.box", sentence=f"box {BOX} may not command agents; headquarters {HEADQUARTERS} may"
    )
    other = commanded(floor, stranger)
    assert isinstance(other, Refused)
    assert other.sentence == "Refused is no command of an agent's state or a callback; AgentAsked is"
    assert floor.asked == []
    answer = commanded(floor, READY)
    assert isinstance(answer, AgentTold)
    assert answer.now.state == "available"


@pytest.mark.unit
@pytest.mark.parametrize("payload", [b"", b"\xff", b"{}", b'{"agent":"1001","to":"ready"}'])
def test_rubbish_is_no_command(payload: bytes) -> None:
    floor = Floor(*agents(1))
    answer, cause = asyncio.run(command(floor, HEADQUARTERS, payload))
    assert isinstance(answer, Refused)
    assert (answer.code, cause) == ("message.unknown", None)
    assert floor.asked == []


@pytest.mark.unit
def test_a_follower_is_told_what_has_changed_since_he_looked() -> None:
    rows, now = Rows(), list(agents(5))
    assert rows.put(now, lambda one: one.agent)
    assert read(rows, 0) == (True, ["1001", "1002", "1003", "1004", "1005"])
    assert not rows.put(now, lambda one: one.agent)
    for place in (3, 1):
        now[place] = msgspec.structs.replace(now[place], state="busy")
        assert rows.put(now, lambda one: one.agent)
    assert read(rows, rows.version - 2) == (False, ["1002", "1004"])
    assert read(rows, rows.version - 1) == (False, ["1002"])
    assert rows.put(now[1:], lambda one: one.agent)
    assert read(rows, rows.version - 1) == (True, ["1002", "1003", "1004", "1005"])


@pytest.mark.unit
def test_a_section_without_rows_is_news_once() -> None:
    rows = Rows()
    assert rows.put((), lambda one: one.agent)
    assert not rows.put((), lambda one: one.agent)
    assert read(rows, 0) == (True, [])


@pytest.mark.unit
def test_the_server_s_door_is_as_it_was_written(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with pytest.raises(FileNotFoundError):
        server.door(site.state)
    server.prepare(site.config, site.state)
    door = server.door(site.state)
    assert (door.box, door.listen) == (site.config.box, site.config.server.listen)
    assert door.token == site.config.server.secret.read_text().strip()
    (site.state / "run" / "nats.conf").write_text("port: 4222")
    with pytest.raises(OSError, match="no configuration of ours"):
        server.door(site.state)


@pytest.mark.system
def test_c3_a_change_of_one_among_1000_agents_is_on_the_page_within_a_second(site: Site) -> None:
    floor = Floor(*agents(1000), queues=tuple(QueueNow(f"queue {number}") for number in range(100)))
    site.start("nats-server", "web")
    with answered(site, floor):
        until(lambda: serves(site), 10, "the page is served")
        assert len(first(site, "queues", lambda news: news["whole"])["rows"]) == 100
        changed_s = 0.0
        for name, news in sections(site):
            if name == "agents" and news["whole"]:
                assert len(news["rows"]) == 1000
                changed_s = time.monotonic()
                floor.agents["1700"] = msgspec.structs.replace(floor.agents["1700"], state="busy")
            elif name == "agents":
                assert [(row["agent"], row["state"]) for row in news["rows"]] == [("1700", "busy")]
                break
        assert 0 < time.monotonic() - changed_s < 1
