# SPDX-License-Identifier: GPL-2.0-only
"""The far end hangs up: seen by each method, on lines of every mode, in both directions, and not seen where it has not.

Mission K3: 600 ms by polarity and CPC.
"""

import pytest

from appliance.signalling.fxo import events
from appliance.signalling.fxo.events import Feed
from appliance.signalling.fxo.modes import modes
from appliance.signalling.fxo.settings import Answer, HangUp, Settings
from appliance.signalling.fxo.words import State
from dsp.tone import Kind
from tests.signalling.fxo.rig import Rig

pytestmark = pytest.mark.unit

SEEN_S = 0.6
both_ways = pytest.mark.parametrize("incoming", [True, False])


def talking(settings: Settings, *, incoming: bool) -> Rig:
    rig = Rig(settings)
    if incoming:
        rig.answered()
    else:
        rig.connected()
    assert rig.line.state is State.CONNECTED
    return rig


def seen(rig: Rig, begun: float) -> float:
    assert rig.every(events.CallDisconnected) == [events.CallDisconnected(16)]
    rig.pass_s(3)
    assert rig.last() == events.CallCleared(16, by_peer=True)
    return rig.at(events.CallDisconnected) - begun


@both_ways
@pytest.mark.parametrize("answer", [Answer.RINGBACK, Answer.POLARITY, Answer.DIALLED])
def test_k3_each_method_on_each_of_73_line_modes(answer: Answer, *, incoming: bool) -> None:
    assert len(modes()) == 73
    for mode in modes():
        rig = talking(Settings(mode=mode, hang_up=(HangUp.POLARITY,), answer=answer), incoming=incoming)
        begun = rig.now
        rig.feed(Feed.NORMAL if rig.line._feed.value is Feed.REVERSED else Feed.REVERSED, 1)
        assert seen(rig, begun) <= SEEN_S
        rig = talking(Settings(mode=mode, hang_up=(HangUp.CPC,), answer=answer), incoming=incoming)
        begun = rig.now
        rig.feed(Feed.OPEN, 0.25)
        rig.feed(Feed.NORMAL, 1)
        assert seen(rig, begun) <= SEEN_S
        rig = talking(Settings(mode=mode, hang_up=(HangUp.TONE,), answer=answer), incoming=incoming)
        begun = rig.now
        rig.line.hear_tone(Kind.BUSY)
        rig.pass_s(0.01)
        assert seen(rig, begun) == 0
        rig = talking(Settings(mode=mode, hang_up=(HangUp.SILENCE,), answer=answer), incoming=incoming)
        begun = rig.now
        rig.line.hear_voice(on=False)
        rig.pass_s(61)
        assert seen(rig, begun) == pytest.approx(60)


@both_ways
@pytest.mark.parametrize("kind", [Kind.BUSY, Kind.CONGESTION, Kind.UNOBTAINABLE, Kind.DIAL])
def test_whatever_tone_follows_a_hang_up_ends_the_call(kind: Kind, *, incoming: bool) -> None:
    rig = talking(Settings(), incoming=incoming)
    rig.line.hear_tone(kind)
    rig.pass_s(0.01)
    assert rig.every(events.CallDisconnected) == [events.CallDisconnected(16)]


@pytest.mark.parametrize("hang_up", [(), (HangUp.CPC,), (HangUp.TONE,), (HangUp.POLARITY,)])
def test_a_method_that_the_line_does_not_have_ends_nothing(hang_up: tuple[HangUp, ...]) -> None:
    rig = talking(Settings(hang_up=hang_up), incoming=True)
    if HangUp.POLARITY not in hang_up:
        rig.feed(Feed.REVERSED, 2)
    if HangUp.TONE not in hang_up:
        rig.line.hear_tone(Kind.BUSY)
    rig.line.hear_tone(Kind.RINGBACK)
    rig.line.hear_tone(Kind.WAITING)
    rig.line.hear_tone(Kind.INFORMATION)
    if HangUp.CPC not in hang_up:
        rig.feed(Feed.OPEN, 2)
    assert rig.line.state is State.CONNECTED


@both_ways
def test_polarity_noise_is_no_hang_up(*, incoming: bool) -> None:
    rig = talking(Settings(), incoming=incoming)
    for _ in range(50):
        rig.feed(Feed.REVERSED, 0.04)
        rig.feed(Feed.NORMAL, 0.013)
    assert rig.every(events.CallDisconnected) == []


@both_ways
@pytest.mark.parametrize("length_s", [0.005, 0.05, 0.1, 0.19])
def test_a_cpc_that_is_too_short_is_none(length_s: float, *, incoming: bool) -> None:
    rig = talking(Settings(), incoming=incoming)
    for _ in range(10):
        rig.feed(Feed.OPEN, length_s)
        rig.feed(Feed.NORMAL, 0.3)
    assert rig.every(events.CallDisconnected) == []


def test_what_the_exchange_switches_as_we_answer_is_no_hang_up() -> None:
    rig = Rig()
    rig.offered()
    rig.line.answer()
    rig.feed(Feed.OPEN, 0.25)
    rig.feed(Feed.REVERSED, 3)
    assert rig.line.state is State.CONNECTED


def test_a_cpc_that_began_as_we_answered_and_stands_is_a_hang_up() -> None:
    rig = Rig()
    rig.offered()
    rig.line.answer()
    rig.feed(Feed.OPEN, 0.6)
    assert rig.every(events.CallDisconnected) == [events.CallDisconnected(16)]


def test_a_parallel_phone_that_comes_in_or_leaves_ends_nothing() -> None:
    rig = talking(Settings(), incoming=True)
    rig.feed(Feed.SHARED, 2)
    rig.feed(Feed.NORMAL, 2)
    assert rig.line.state is State.CONNECTED


def test_a_word_within_the_minute_keeps_a_silent_call() -> None:
    rig = talking(Settings(), incoming=True)
    for _ in range(5):
        rig.line.hear_voice(on=False)
        rig.pass_s(50)
        rig.line.hear_voice(on=True)
        rig.pass_s(2)
    assert rig.every(events.CallDisconnected) == []


def test_both_hang_up_and_the_call_is_cleared_once() -> None:
    rig = talking(Settings(), incoming=True)
    rig.line.hear_tone(Kind.BUSY)
    rig.line.release()
    rig.feed(Feed.OPEN, 0.3)
    rig.feed(Feed.NORMAL, 5)
    assert rig.every(events.CallCleared) == [events.CallCleared(16, by_peer=True)]
    assert rig.line.state is State.IDLE


def test_a_silent_call_hears_flash_and_hang_up_as_any_other() -> None:
    rig = talking(Settings(), incoming=True)
    rig.line.hear_voice(on=False)
    rig.line.flash()
    rig.pass_s(2)
    assert rig.line.state is State.CONNECTED
    rig.line.hear_voice(on=False)
    rig.feed(Feed.REVERSED, 1)
    assert rig.every(events.CallDisconnected) == [events.CallDisconnected(16)]
