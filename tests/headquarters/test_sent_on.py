# SPDX-License-Identifier: GPL-2.0-only
"""What is counted of calls that go on over the PSTN: to a number outside, as one too many, to an agent elsewhere."""

import msgspec
import pytest

from appliance.headquarters.reports.intervals.facts import facts
from appliance.headquarters.reports.intervals.figures import Figures, Key
from appliance.headquarters.reports.intervals.thresholds import Thresholds
from appliance.wire import calls
from appliance.wire.envelope import Envelope
from appliance.wire.routes import Label, Tandem, Treat
from tests.headquarters.told import (
    ASKS,
    BUSY,
    HOLD,
    began,
    caller_gone,
    decided,
    ended,
    ring,
    row_of,
    rung,
    story,
    talk,
    talked,
    unanswered,
)

pytestmark = pytest.mark.unit

OUT = Label("02512345678")
ROUTED = Label("7001", agent="1001", queue="gold", token="t", within_s=10)
OVER = Tandem("telco", "02187650099")
FAR = "BR-0002.x.1"


def rows(*contacts: list[Envelope]) -> dict[Key, Figures]:
    told: dict[Key, Figures] = {}
    for events in contacts:
        for key, figures in facts(events, Thresholds()).items():
            assert figures.offered == figures.accounted
            told[key] = told.get(key, Figures()) + figures
    return told


def outcomes(told: dict[Key, Figures], kind: str, name: str) -> dict[str, int]:
    names = {"offered", "answered", "overflow", "released", "redirected", "abandoned_ringing", "abandoned_ivr", "short"}
    return {field: value for field, value in row_of(told, kind, name).items() if field in names}


def to_trunk() -> calls.LegBegan:
    return msgspec.structs.replace(rung("L2", agent=None), trunk="telco")


def test_who_is_answered_outside_has_overflowed() -> None:
    told = rows(
        story((0, began()), (1, decided(OUT)), (1, to_trunk()), (5, talk()), (65, talked(60)), (65, ended("called")))
    )
    for row in (("call-type", "card"), ("trunk", "telco")):
        assert outcomes(told, *row) == {"offered": 1, "overflow": 1}


def test_who_comes_back_from_a_busy_number_is_answered_here() -> None:
    told = rows(
        story(
            *((0, began()), (1, decided(OUT)), (1, to_trunk()), (2, unanswered(cause=17))),
            *((2, decided(ring(), outcome="busy")), (2, rung("L3")), (6, talk("L3")), (66, talked(60)), (67, ended())),
        )
    )
    assert outcomes(told, "call-type", "card") == {"offered": 1, "answered": 1}
    assert outcomes(told, "queue", "gold") == {"offered": 1, "answered": 1}


def test_one_too_many_overflows_at_its_trunk_and_is_no_call_type_s() -> None:
    over = msgspec.structs.replace(decided(ASKS, call_type="", by="branch"), action=OVER)
    told = rows(story((0, began()), (0, over), (0, to_trunk()), (5, talk()), (65, talked(60)), (65, ended())))
    assert outcomes(told, "trunk", "telco") == {"offered": 1, "overflow": 1}
    assert {key.kind for key in told} == {"trunk"}


def second(*steps: tuple[float, calls.CallEvent]) -> list[Envelope]:
    """At the other site, two seconds later."""
    origin = msgspec.structs.replace(decided(ring(), call_type=""), origin="BR-0001.x.1")
    return story((2, began("telco-b")), (2, origin), (2, rung("L2")), *steps, contact=FAR)


def test_f2_two_calls_of_one_contact_are_counted_once() -> None:
    first = story(
        *((0, began()), (1, decided(HOLD, "gold")), (21, decided(ROUTED, outcome="waiting")), (21, to_trunk())),
        *((26, talk()), (86, talked(60)), (86, ended("called"))),
    )
    told = rows(first, second((26, talk()), (86, talked(60)), (86, ended("agent"))))
    for row in (("call-type", "card"), ("queue", "gold"), ("agent", "1001"), ("trunk", "telco"), ("trunk", "telco-b")):
        assert outcomes(told, *row) == {"offered": 1, "answered": 1}
    assert not [key for key in told if key.name == ""], "no call type but its own"
    assert row_of(told, "queue", "gold")["answer_wait_ms"] == 25_000, "his wait, at both sites"


def test_f2_who_lets_go_while_it_rings_there_is_abandoned_once() -> None:
    first = story(
        *((0, began()), (1, decided(ROUTED)), (1, to_trunk()), (31, caller_gone()), (31, ended())),
    )
    told = rows(first, second((31, caller_gone()), (31, ended())))
    for row in (("call-type", "card"), ("queue", "gold")):
        assert outcomes(told, *row) == {"offered": 1, "abandoned_ringing": 1}


def test_f2_an_agent_there_who_does_not_answer_leaves_the_second_call_to_the_queues() -> None:
    again: Treat = HOLD
    told = rows(
        second(
            *((22, unanswered()), (22, decided(again, "gold", outcome="no-answer", call_type=""))),
            *((30, decided(BUSY, outcome="played", call_type="")), (30, ended("us"))),
        )
    )
    assert outcomes(told, "agent", "1001") == {"offered": 1, "redirected": 1}
    assert outcomes(told, "queue", "gold") == {"offered": 1, "released": 1}
