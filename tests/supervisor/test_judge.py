# SPDX-License-Identifier: GPL-2.0-only
"""No worse than before: what counts, what is waited for, and since when."""

import asyncio

import pytest

from appliance.supervisor import judge
from appliance.supervisor.judge import Judge, ServiceNow, Verdict, known

pytestmark = pytest.mark.unit

PSTN = "test call pstn"


def now(line: bool | None = True, test: bool | None = True, why: str = "") -> ServiceNow:  # noqa: FBT001, FBT002
    return ServiceNow({"the signal of telco": line, PSTN: test}, {PSTN: why} if why else {})


def test_what_was_good_and_is_not_is_worse_with_why_and_the_seconds_count_from_there() -> None:
    judged = Judge(("the signal of telco", PSTN), 0.0)
    assert judged.look(now(), 5.0) == 5.0
    assert judged.look(now(test=False, why="cause 1"), 6.0) == 0.0
    assert (judged.verdict, judged.worse) == (Verdict.WORSE, (f"{PSTN}: cause 1",))
    assert judged.look(now(line=False, test=False, why="cause 38"), 20.0) == 14.0, "worse all the time"
    assert judged.worse == ("the signal of telco", f"{PSTN}: cause 38")
    assert judged.look(now(), 21.0) == 0.0
    assert judged.verdict is Verdict.NO_WORSE


def test_what_was_not_good_before_and_what_is_gone_are_no_worse() -> None:
    judged = Judge(("the signal of telco",), 0.0)
    judged.look(now(test=False), 1.0)
    assert judged.verdict is Verdict.NO_WORSE
    judged.look(ServiceNow(), 2.0)
    assert judged.verdict is Verdict.NO_WORSE


def test_what_was_good_and_is_not_known_yet_is_neither_worse_nor_well() -> None:
    judged = Judge(("the signal of telco", PSTN), 0.0)
    assert judged.look(now(test=None), 1.0) == 0.0
    assert (judged.verdict, judged.open, judged.worse) == (Verdict.OPEN, (PSTN,), ())
    assert judged.look(now(line=False, test=None), 2.0) == 0.0
    assert judged.look(now(line=False), 30.0) == 28.0, "the line counts, whatever becomes known"
    judged.look(now(test=None), 31.0)
    assert judged.look(now(), 40.0) == 0.0, "well from when it is known"


def test_it_is_waited_for_what_is_not_known_yet_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "LOOK_S", 0.001)
    told = [now(test=None), now(test=None), now(test=False)]

    async def look() -> ServiceNow:
        return told.pop(0) if len(told) > 1 else told[0]

    async def story() -> None:
        assert await known(look) == now(test=False)
        told[:] = [now(test=None)]
        assert await known(look, lambda: False) is None
        monkeypatch.setattr(judge, "KNOWN_S", 0.02)
        assert await known(look) == now(test=None)

    asyncio.run(story())
