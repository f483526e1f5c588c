# SPDX-License-Identifier: GPL-2.0-only
"""What the technician is told of a span, and when it is over."""

import asyncio

import pytest

from appliance.line.alarms import D_CHANNEL_PATIENCE_S, AlarmBoard
from appliance.line.span import PriLine, PriSpan
from appliance.line.switch import Switch, TrunkPlan
from appliance.signalling.pri.link import Link, Side
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from drivers.model import Alarm
from tests.line.fake_engine import SPAN, FakeEngine

pytestmark = pytest.mark.unit


async def told(*moments: tuple[Alarm, float]) -> list[tuple[str, str]]:
    """What the board says of a span without a far end: alarms set, and the time in seconds."""
    engine = FakeEngine()
    switch = Switch(engine, lambda _seconds, _flush: None)
    span = PriSpan(
        PriLine(SPAN, "telco", 16, Link(Side.USER), TrunkPlan()), switch, lambda: "leg", lambda _: None, lambda _: None
    )
    board = AlarmBoard()
    said: list[AlarmRaised | AlarmCleared] = []
    for alarms, at_s in moments:
        span.alarm(alarms)
        said += board.update([span], at_s)
    engine.close()
    return [(type(alarm).__name__, alarm.code) for alarm in said]


def test_red_comes_and_goes_once() -> None:
    red = Alarm.LOS | Alarm.RED
    moments = ((Alarm.NONE, 0.0), (red, 1.0), (red, 2.0), (Alarm.NONE, 3.0))
    assert asyncio.run(told(*moments)) == [("AlarmRaised", "span.red"), ("AlarmCleared", "span.red")]


def test_a_card_in_fault_is_not_called_a_cable() -> None:
    dead = Alarm.LOS | Alarm.FAULT
    moments = ((dead, 0.0), (dead | Alarm.RED, 1.0), (Alarm.LOS | Alarm.RED, 2.0))
    assert asyncio.run(told(*moments)) == [
        ("AlarmRaised", "span.fault"),
        ("AlarmCleared", "span.fault"),
        ("AlarmRaised", "span.red"),
    ]


def test_a_silent_d_channel_on_a_good_line_is_told_after_a_while() -> None:
    moments = ((Alarm.NONE, 0.0), (Alarm.NONE, D_CHANNEL_PATIENCE_S - 0.1), (Alarm.NONE, D_CHANNEL_PATIENCE_S))
    assert asyncio.run(told(*moments)) == [("AlarmRaised", "span.d-channel-down")]


def test_ais_hides_the_silent_d_channel_that_it_explains() -> None:
    moments = ((Alarm.AIS, 0.0), (Alarm.AIS, D_CHANNEL_PATIENCE_S + 1))
    assert asyncio.run(told(*moments)) == [("AlarmRaised", "span.ais")]
