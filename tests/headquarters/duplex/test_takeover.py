# SPDX-License-Identifier: GPL-2.0-only
"""The active router is killed or frozen at 50 calls a second: nobody and no place is lost, nothing is doubled."""

import asyncio
import shutil
import signal

import pytest

from tests.headquarters.duplex import story as stories
from tests.headquarters.duplex.site import VOTER, A, B, DuplexSite
from tests.headquarters.duplex.story import Story, so

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

TAKEOVER_S = 5.0
ELECTION_S = 15.0
"""JetStream's own election takes 4 to 9 s; then somebody becomes active."""


@pytest.mark.soak  # 19 s; a line of `make accept`
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


@pytest.mark.slow
def test_callers_whom_no_headquarters_serves_any_more_are_counted_and_the_story_ends(
    duplex: DuplexSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "SERVED_S", 3.0)
    duplex.start_all()
    story = Story(duplex)

    async def hurt() -> None:
        duplex.signal(signal.SIGKILL, f"{A}/headquarters", f"{B}/headquarters")

    story.run(hurt, 4, B)
    served = len(story.crowd.served)
    assert 0 < served < story.calls
    assert story.lost == story.calls - served - stories.GOLD_WAITING  # of those nobody has said yet that they may go


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
