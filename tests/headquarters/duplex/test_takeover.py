# SPDX-License-Identifier: GPL-2.0-only
"""The active router is killed or frozen at 50 calls a second: nobody and no place is lost, nothing is doubled."""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from tests.headquarters.duplex.crowd import GOLD, Crowd
from tests.headquarters.duplex.site import BOXES, VOTER, A, B, DuplexSite
from tests.headquarters.site import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

RATE = 50
GOLD_AGENTS = 3
GOLD_WAITING = 10
TAKEOVER_S = 5.0
ELECTION_S = 15.0
"""JetStream's own election takes 4 to 9 s; then somebody becomes active."""
CLOCKS_S = 0.3
"""How far a caller's own clock and the router's may be apart: asking, deciding, and a takeover between clocks."""

Hurt = Callable[[], Coroutine[Any, Any, None]]


class Story:
    """Callers with and without agents, and what happens to headquarters meanwhile."""

    def __init__(self, duplex: DuplexSite) -> None:
        self.duplex = duplex
        self.crowd = Crowd([duplex.listens[box] for box in BOXES], duplex.secret)
        self.hurt_at = 0.0
        self.order: list[str] = []
        self.calls = 0

    def run(self, hurt: Hurt, seconds: float, survivor: str) -> None:
        """Load for `seconds`, `hurt` after 2.5 of them; then those who waited get their agents."""
        self.crowd.run_beside(lambda: self._scene(hurt, seconds, survivor))

    async def _scene(self, hurt: Hurt, seconds: float, survivor: str) -> None:
        crowd = self.crowd
        await so(lambda: crowd.link.up, 5)
        ends = [asyncio.Event() for _ in range(GOLD_AGENTS + GOLD_WAITING)]
        gold = []
        for end in ends:
            gold.append(asyncio.create_task(crowd.call(GOLD, end)))
            await asyncio.sleep(0.1)
        await so(lambda: len(crowd.answered) == len(ends), 5)
        self.order = list(crowd.asked_ns)
        load = asyncio.create_task(crowd.calls(RATE, seconds))
        await asyncio.sleep(2.5)
        self.hurt_at = time.monotonic()
        await hurt()
        await load
        places = self.duplex.router(survivor)[0].places
        for contact in self.order[GOLD_AGENTS:]:
            assert abs(places[contact].queued_ns - crowd.asked_ns[contact]) < CLOCKS_S * 1e9
        for end in ends:
            end.set()
            await asyncio.sleep(0.05)
        await asyncio.gather(*gold)
        await so(lambda: not crowd.unsent, 10)
        self.calls = int(RATE * seconds) + len(ends)

    def p99_ms(self) -> float:
        """How long answers took before the hurt."""
        took = sorted(took for at, took in self.crowd.answered if at < self.hurt_at)
        return took[len(took) * 99 // 100] * 1000

    def back_s(self) -> float:
        """From the hurt to the first answer to a question that was asked after it."""
        return min(at for at, took in self.crowd.answered if at - took > self.hurt_at) - self.hurt_at

    def check(self, boxes: Sequence[str]) -> None:
        """Nobody lost, everybody in order, no event doubled, in the records and journals of those boxes."""
        crowd = self.crowd
        assert len(crowd.served) == self.calls
        assert [contact for contact in crowd.served if contact in self.order] == self.order
        for box in boxes:
            self._check(box)

    def _check(self, box: str) -> None:
        crowd, duplex = self.crowd, self.duplex
        until(lambda: duplex.stored(box) == crowd.sent, 15, f"all events in the record of {box}")
        unique = "SELECT count(*) FROM (SELECT DISTINCT box, process, incarnation, seq FROM event)"
        assert duplex.record(box, unique) == [(crowd.sent,)]
        assert duplex.record(box, "SELECT count(*) FROM contact WHERE ended_ns IS NULL") == [(0,)]
        until(lambda: not duplex.router(box)[0].places, 5, f"the router of {box} knows that all are gone")
        state, verified = duplex.router(box)
        assert (verified.differs, verified.other_engine) == (0, 0)
        assert not state.reservations


async def so(what: Callable[[], object], within_s: float) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(within_s):
        while not what():  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.05)


def test_i4_the_active_is_killed_at_50_calls_a_second(duplex: DuplexSite) -> None:
    duplex.start_all()
    story = Story(duplex)

    async def hurt() -> None:
        assert await duplex.alarms(A) == set()
        duplex.signal(signal.SIGKILL, f"{A}/headquarters")
        await asyncio.sleep(7)
        assert await duplex.alarms(B) == {"duplex.no-standby"}

    story.run(hurt, 9, B)
    print(f"takeover {story.back_s():.2f} s, answers before p99 {story.p99_ms():.1f} ms, {story.calls} calls")
    assert story.back_s() <= TAKEOVER_S
    assert story.crowd.silent > 0  # else nobody was killed
    story.check([B])
    assert story.crowd.doubled == []


@pytest.mark.soak
def test_the_whole_box_of_the_active_dies(duplex: DuplexSite) -> None:
    duplex.start_all()
    story = Story(duplex)

    async def hurt() -> None:
        duplex.signal(signal.SIGKILL, f"{A}/nats-server", f"{A}/headquarters")

    story.run(hurt, 10, B)
    print(f"takeover {story.back_s():.2f} s, {story.crowd.silent} questions without an answer, {story.calls} calls")
    assert story.back_s() <= TAKEOVER_S
    story.check([B])
    assert story.crowd.doubled == []


@pytest.mark.slow
def test_an_active_that_sleeps_and_wakes_harms_nobody_and_stands_by(duplex: DuplexSite) -> None:
    duplex.start_all()
    story = Story(duplex)

    async def hurt() -> None:
        duplex.signal(signal.SIGSTOP, f"{A}/headquarters")
        await so(lambda: duplex.lives(B), 10)
        await asyncio.sleep(2)
        duplex.signal(signal.SIGCONT, f"{A}/headquarters")

    story.run(hurt, 10, B)
    assert story.back_s() <= TAKEOVER_S
    story.check([A, B])
    assert story.crowd.doubled == []
    assert "duplex.life.ended" in duplex.log_of(A)
    assert duplex.lives(A) == duplex.lives(B) == 1
    assert duplex.log_of(A).count("duplex.standby.began") == 2


@pytest.mark.soak
def test_an_active_cut_off_from_the_majority_stands_down_and_the_branch_goes_to_another_server(
    duplex: DuplexSite,
) -> None:
    duplex.start_all()
    story = Story(duplex)

    async def hurt() -> None:
        duplex.signal(signal.SIGSTOP, f"{A}/nats-server")
        await so(lambda: duplex.lives(B), 15)
        await asyncio.sleep(3)
        duplex.signal(signal.SIGCONT, f"{A}/nats-server")

    story.run(hurt, 15, B)
    print(f"takeover {story.back_s():.2f} s, {story.crowd.silent} questions without an answer, {story.calls} calls")
    assert story.back_s() <= TAKEOVER_S
    story.check([A, B])
    assert story.crowd.doubled == []
    assert "duplex.life.ended" in duplex.log_of(A)
    assert duplex.lives(A) == 1


@pytest.mark.soak
def test_without_a_quorum_nobody_routes_and_nothing_is_lost_when_it_is_back(duplex: DuplexSite) -> None:
    duplex.start_all()
    story = Story(duplex)
    answered = 0

    async def hurt() -> None:
        nonlocal answered
        duplex.signal(signal.SIGKILL, f"{B}/nats-server", f"{VOTER}/nats-server")
        await so(lambda: not story.crowd.link.up, 10)
        answered = len(story.crowd.answered)
        await asyncio.sleep(3)
        assert len(story.crowd.answered) == answered
        assert await duplex.alarms(A) == {"duplex.no-quorum"}
        duplex.start(f"{B}/nats-server", f"{VOTER}/nats-server")

    story.run(hurt, 8, A)  # for longer than a reservation lasts: who was rung before it may be offered once more
    print(f"back after {story.back_s():.2f} s, {story.crowd.silent} questions without an answer, {story.calls} calls")
    story.check([A, B])


@pytest.mark.soak
def test_the_voter_dies_and_another_server_leads_the_streams(duplex: DuplexSite) -> None:
    duplex.start_all()
    story = Story(duplex)

    async def hurt() -> None:
        duplex.signal(signal.SIGKILL, f"{VOTER}/nats-server")

    story.run(hurt, 15, A)  # for longer than a reservation lasts, as without a quorum
    print(f"back after {story.back_s():.2f} s, {story.crowd.silent} questions without an answer, {story.calls} calls")
    assert story.back_s() <= ELECTION_S
    story.check([A, B])


@pytest.mark.soak
def test_a_box_comes_back_with_an_empty_disk_and_has_all_of_it_again(duplex: DuplexSite) -> None:
    duplex.start_all()
    story = Story(duplex)

    async def hurt() -> None:
        duplex.signal(signal.SIGKILL, f"{A}/nats-server", f"{A}/headquarters")
        shutil.rmtree(duplex.state(A))
        await so(lambda: duplex.lives(B), 10)
        duplex.start(f"{A}/nats-server", f"{A}/headquarters")

    story.run(hurt, 10, B)
    assert story.back_s() <= TAKEOVER_S
    story.check([A, B])
    assert story.crowd.doubled == []
    assert "duplex.state.taken" in duplex.log_of(A)
