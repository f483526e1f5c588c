# SPDX-License-Identifier: GPL-2.0-only
"""The clock on the wall is set, by hand or by NTP: no wait ends early or late by it, and none is negative."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest
from nats.aio.client import Client
from structlog.testing import capture_logs

from appliance.headquarters.desk import clock as clocks
from appliance.headquarters.desk.clock import AGREE_NS, SLEW, Clock, keep, kept
from appliance.headquarters.live import Live
from appliance.router import agents
from appliance.router.journal import Journal
from appliance.router.verify import verify
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from tests.headquarters.site import BOX, Site, until
from tests.headquarters.test_desk import asked, running
from tests.headquarters.test_intake import with_client
from tests.headquarters.test_record_process import agent_asked, live
from tests.headquarters.told import DAY_NS, TEN_NS, S

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

HOUR_NS = 3600 * S
STEPS = {"-1 h": -HOUR_NS, "+1 h": HOUR_NS, "+1 day": DAY_NS, "1970": -TEN_NS}


class Times:
    """A wall and a steady clock that go together until the wall's is set."""

    def __init__(self, wall_ns: int = TEN_NS) -> None:
        self.steady_ns, self.off_ns = 5_000 * S, wall_ns - 5_000 * S
        self.clock = Clock(0, None, lambda: self.steady_ns + self.off_ns, lambda: self.steady_ns)

    def go(self, seconds: float, step_s: float = 0.25) -> list[int]:
        """The router's times, looked at as the desk does."""
        told = []
        for _ in range(round(seconds / step_s)):
            self.steady_ns += round(step_s * S)
            self.clock.look()
            told.append(self.clock.now_ns())
        return told


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_wait_lasts_as_long_as_it_shall_though_the_clock_is_set_in_it(step: str) -> None:
    times = Times()
    before = times.go(10)[-1]
    times.off_ns += STEPS[step]
    with capture_logs() as log:
        told = times.go(20)
    assert told == sorted(told), "never back"
    assert abs(told[-1] - before - 20 * S) <= 20 * S // SLEW + 1
    said = [one for one in log if one["event"] == "router.clock.stepped"]
    assert [one["sentence"] for one in said] == ["the wall clock was set; waits and time-outs go on"]
    assert float(said[0]["by_s"]) == STEPS[step] / S


@pytest.mark.parametrize("step", ["-1 h", "+1 h"])
def test_an_hour_is_made_good_in_a_day_and_the_clocks_agree_from_then_on(step: str) -> None:
    times = Times()
    times.go(1)
    times.off_ns += STEPS[step]
    told = times.go(21 * 3600, 1)
    assert told == sorted(told)
    assert abs(told[-1] - times.steady_ns - times.off_ns) <= AGREE_NS + S // SLEW
    assert times.go(100)[-1] - times.clock.ahead_ns == times.steady_ns


def test_what_ntp_slews_is_no_step_and_a_clock_that_was_never_set_is_taken_over() -> None:
    times = Times(wall_ns=100 * S)  # 1970: a board without a battery
    with capture_logs() as log:
        times.off_ns += S // 3
        times.go(5)
    assert log == []
    times.off_ns += TEN_NS
    with capture_logs() as log:
        told = times.go(1)
    assert {one["event"] for one in log} == {"router.clock.stepped", "router.clock.set"}
    assert told[0] > TEN_NS
    assert told == sorted(told)


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_reservation_lapses_in_its_time_though_the_clock_is_set_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(agents, "RESERVED_NS", S)

    async def scene() -> None:
        async with running(Journal(tmp_path / "router.db")) as desk:
            desk.heard(BOX)
            await desk.ask(BOX, asked("c1"))
            desk._router.clock._wall = lambda: time.time_ns() + STEPS[step]
            await asyncio.sleep(0.6)
            assert {one.agent: one.state for one in desk.floor.agents_now()}["1001"] == "reserved"
            await asyncio.sleep(0.8)
            assert {one.agent: one.state for one in desk.floor.agents_now()}["1001"] == "available"
        journal = Journal(tmp_path / "router.db")
        told = [entry.at_ns for entry in journal.entries(0)]
        assert told == sorted(told)
        assert verify(journal, 0, 2 * time.time_ns()).differs == 0
        journal.close()

    asyncio.run(scene())


def test_the_next_life_of_the_same_boot_goes_on_by_the_same_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run" / "router.clock"
    assert kept(path) is None
    keep(path, 123)
    assert kept(path) == 123
    other = tmp_path / "boot"
    other.write_text("another boot\n")
    monkeypatch.setattr(clocks, "BOOT", other)
    assert kept(path) is None
    path.write_text("{")
    assert kept(path) is None


def test_a_headquarters_whose_clock_was_an_hour_ahead_routes_on_after_a_restart(site: Site) -> None:
    """The wall's was set back by an hour before the restart."""
    ahead_ns = time.time_ns() + HOUR_NS - time.monotonic_ns()
    keep(site.state / "run" / "router.clock", ahead_ns)

    async def story_of(client: Client) -> None:
        assert await agent_asked(client, Sealer(Identity.take(BOX, "call")), 1) == "1001"
        began = max(one.since_ns for one in (await live(client)).agents)
        assert abs(began - time.time_ns() - HOUR_NS) < 60 * S
        await asyncio.sleep(0.5)
        site.kill("headquarters")
        site.start("headquarters")
        until(lambda: site.log_of("headquarters").count("headquarters.intake.opened") == 2, 10, "it is back")
        assert {one.agent: one.state for one in (await live(client)).agents}["1001"] == "reserved"
        assert await agent_asked(client, Sealer(Identity.take(BOX, "call")), 2) == "1002"
        slewed = '"way": "slower", "event": "router.clock.slewed"'
        until(lambda: site.log_of("headquarters").count(slewed) == 2, 5, "both lives say that they are ahead")

    with_client(site, story_of)
    assert kept(site.state / "run" / "router.clock") is not None


def test_a_branch_heard_before_the_clock_was_set_back_is_missed_in_time() -> None:
    shown = Live()
    beat = msgspec.json.encode({"box": BOX, "incarnation": "i", "at_ns": 1, "name": "one"})
    shown.beat(BOX, beat, TEN_NS)
    (branch,) = shown.state(TEN_NS - HOUR_NS, (), ()).branches
    assert branch.heard_ns == TEN_NS - HOUR_NS, "not in an hour to come"
    (branch,) = shown.state(TEN_NS - HOUR_NS + 60 * S, (), ()).branches
    assert branch.heard_ns == TEN_NS - HOUR_NS
