# SPDX-License-Identifier: GPL-2.0-only
"""What callers who wait are told and hear: real processes, real phones, and each caller's ear at the exchange."""

import asyncio
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.simulator.caller import Answerer as Customer
from appliance.simulator.caller import AwaitCue, AwaitRelease, AwaitSound, HangUp, Key, Rest, Script
from appliance.simulator.result import CallResult
from appliance.wire.legs import ReleasedBy
from tests.headquarters.told import intervals
from tests.processes.waiting_site import CHINESE, ENGLISH, GOLD, SHUT, floor_of, pressing
from tests.sound.recognition import Spoken

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

TALKING = ("02512350001", "02512350002")
FIRST, ORDINARY, BACK, EARLY = "02512350003", "02512350004", "02512350005", "02512350006"
OFFERED_S, SONGS_S = 4.0, 6.0
"""The offer is said within 2 s, a list's songs within 3, wherever the processes have time to begin at once."""
TURN = 4000
"""Samples, half a second, between two things that are said, beside the time that headquarters takes for its answer."""
CLOSED = ["zh/all-circuits-busy-now", "zh/please-try-call-later"]


class Told(msgspec.Struct):
    """One evening: by caller what came of the call, what was heard, and the waits in seconds that the router knew."""

    results: dict[str, CallResult] = {}
    heard: dict[str, list[Spoken]] = {}
    expected_s: dict[str, int] = {}
    asked_ms: dict[str, list[float]] = {}
    """How long headquarters took for each answer."""
    customer: CallResult | None = None
    early: Mapping[str, Any] = {}
    """The record of the call that was never answered."""
    trunk: tuple[int, int] = (0, 0)
    """By its report: calls offered, and released by us before an agent had them."""

    def names(self, clid: str) -> list[str]:
        """The prompts, in their order."""
        return [one.name for one in self.heard[clid]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with asyncio.Runner() as runner:
        yield runner.run(_evening(tmp_path_factory.mktemp("waiting")))


async def _evening(folder: Path) -> Told:
    """Both agents talk; three wait, of whom the last takes the callback, then a gold one; one calls a closed number.

    The gold one comes when the others have been told all, so nobody's place or wait depends on who was quicker.
    """
    told = Told()
    async with floor_of(folder) as floor:
        talks = [await floor.talks(clid) for clid in TALKING]
        calls = {clid: await floor.waits(CHINESE, clid) for clid in (FIRST, ORDINARY)}
        calls[BACK] = await floor.waits(CHINESE, BACK, pressing(AwaitCue(), Rest(OFFERED_S), Key("1")))
        calls[EARLY] = floor.exchange.place(SHUT, EARLY, Script((AwaitSound(), AwaitRelease()), record=True))
        await floor.passes(BACK, "offer")
        calls[BACK].cue()
        told.expected_s[BACK] = floor.told_s(BACK)
        told.results = {clid: await calls.pop(clid).result() for clid in (EARLY, BACK)}
        await floor.passes(ORDINARY, "list-o")
        calls[GOLD] = await floor.waits(ENGLISH, GOLD)
        await floor.passes(GOLD, "list-g")
        await asyncio.sleep(SONGS_S)
        told.expected_s |= {clid: floor.told_s(clid) for clid in (ORDINARY, GOLD)}
        told.asked_ms = {clid: floor.asked_ms(clid) for clid in (ORDINARY, GOLD)}
        for clid, call in calls.items():
            call.hang_up(16)
            told.results[clid] = await call.result()
        floor.exchange.answer(BACK, Customer(Script((Rest(0.5), HangUp()))))
        talks[0].hang_up(16)
        told.customer = await asyncio.wait_for(floor.exchange.answered.get(), 40)
        told.early = await floor.site.record_of(EARLY)
        rows = [row for key, row in intervals(floor.site.record().engine).items() if key.kind == "trunk"]
        told.trunk = sum(row.offered for row in rows), sum(row.released for row in rows)
    told.heard = {clid: floor.heard(told.results[clid]) for clid in (ORDINARY, BACK, GOLD, EARLY)}
    return told


def _is_said(told: Told, clid: str, pieces: list[list[str]]) -> None:
    """These treatments one after another: without a gap within each, and none long between them."""
    heard = told.heard[clid]
    assert [one.name for one in heard] == [name for piece in pieces for name in piece]
    turns = {sum(map(len, pieces[:number])): number for number in range(1, len(pieces))}
    for place, (earlier, later) in enumerate(pairwise(heard), 1):
        gap, turn = later.begin - earlier.end, turns.get(place)
        longest = 0 if turn is None else TURN + round(8 * told.asked_ms[clid][turn])
        assert 0 <= gap <= longest, (earlier, later, longest)


def _chinese_wait(seconds: int) -> list[str]:
    """From one minute to below five: to the half, 两 before minutes and 二 nowhere."""
    assert 60 <= seconds < 285
    minutes, half = divmod((seconds + 15) // 30, 2)
    whole = f"zh/digits/{'two' if minutes == 2 else minutes}"
    return [whole, *(["zh/date/minute", "zh/digits/3", "zh/digits/10", "zh/seconds"] if half else ["zh/minutes"])]


def _music(told: Told, clid: str) -> list[str]:
    return [name for name in told.names(clid) if "/" not in name]


def test_b5_a_caller_is_told_in_chinese_his_place_his_wait_and_how_many_agents_there_are(told: Told) -> None:
    """第二位, 一分钟 (or 一分三十秒), 两位坐席: two is 两 before what is counted, and 二 in an order."""
    place = ["zh/queue-thereare", "zh/digits/2", "zh/queue-callswaiting"]
    wait = ["zh/queue-holdtime", *_chinese_wait(told.expected_s[ORDINARY])]
    staff = ["zh/queue-staffed", "zh/digits/two", "zh/agents"]
    _is_said(told, ORDINARY, [place, wait, staff, _music(told, ORDINARY)])


def test_b5_a_caller_is_told_the_same_in_english(told: Told) -> None:
    """Who is the first will wait less than a minute."""
    assert 0 < told.expected_s[GOLD] < 60
    place = ["en/queue-thereare", "en/digits/1", "en/queue-callswaiting"]
    wait = ["en/queue-holdtime", "en/queue-less-than", "en/digits/1", "en/minute"]
    staff = ["en/queue-staffed", "en/digits/2", "en/agents"]
    _is_said(told, GOLD, [place, wait, staff, _music(told, GOLD)])


def test_b6_a_gold_caller_hears_list_g_while_an_ordinary_one_hears_list_o(told: Told) -> None:
    for clid, songs in ((GOLD, ["g-1", "g-2"]), (ORDINARY, ["o-1", "o-2"])):
        music = _music(told, clid)
        assert len(music) >= len(songs)
        assert music == (songs * len(music))[: len(music)], "in turn, and no other"


def test_b6_who_would_wait_two_minutes_is_offered_a_callback_and_by_a_digit_called_back(told: Told) -> None:
    assert 120 < told.expected_s[BACK] < 165
    place = ["zh/queue-thereare", "zh/digits/3", "zh/queue-callswaiting"]
    wait = ["zh/queue-holdtime", *_chinese_wait(told.expected_s[BACK])]
    assert "zh/digits/two" in wait, "两分钟, or 两分三十秒"
    staff = ["zh/queue-staffed", "zh/digits/two", "zh/agents"]
    offer = ["zh/queue-callback", "zh/digits/1", "zh/queue-called-back", "zh/vm-goodbye"]
    assert told.names(BACK) == [*place, *wait, *staff, *offer]
    assert "zh/queue-callback" not in told.names(ORDINARY), "whose wait is shorter"
    result, customer = told.results[BACK], told.customer
    assert (result.unmet, result.cause, result.by) == (None, 16, ReleasedBy.PEER)
    assert customer is not None
    assert (customer.dialled, customer.unmet) == (BACK, None), "with an agent on the line"


def test_b4_an_announcement_before_the_answer_is_heard_and_the_call_is_never_answered(told: Told) -> None:
    """Progress indicator 8 (Q.931 §5.4.1), then the words, then cause 17: no CONNECT, so nothing is charged."""
    result = told.results[EARLY]
    _is_said(told, EARLY, [CLOSED])
    assert result.heard is not None
    assert result.sounding is not None
    assert result.sounding.sample < result.heard.from_sample + told.heard[EARLY][0].end, "read while it is said"
    assert (result.alerting, result.answered) == (None, None)
    assert (result.cause, result.by, result.unmet) == (17, ReleasedBy.PEER, None)
    (leg,) = told.early["legs"]
    assert (leg["connected_ns"], leg["cause"]) == (None, 17)
    assert told.trunk == (7, 1), "its trunk's report has it"
