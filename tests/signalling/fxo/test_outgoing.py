# SPDX-License-Identifier: GPL-2.0-only
"""Calls that we place: dial tone, digits by tone and pulse, what the exchange says, the answer however it is told."""

import pytest

from appliance.signalling.fxo import events
from appliance.signalling.fxo.events import Feed, Hook
from appliance.signalling.fxo.line import Call, CallStateError, Line
from appliance.signalling.fxo.settings import Answer, DialBy, Settings
from appliance.signalling.fxo.words import State
from dsp.tone import Kind
from tests.signalling.fxo.rig import Rig

pytestmark = pytest.mark.unit


def dials(rig: Rig) -> list[tuple[float, events.Order]]:
    return [(at, order) for at, order in rig.orders if isinstance(order, events.Dial | events.Pulse)]


def test_dialling_waits_for_dial_tone() -> None:
    rig = Rig()
    rig.line.place(Call("5551234"))
    rig.pass_s(3)
    assert rig.hooks()[-1] is Hook.OFF
    assert dials(rig) == []
    rig.line.hear_tone(Kind.DIAL)
    rig.pass_s(0.001)
    assert dials(rig) == [(5.0, events.Dial("5551234"))]


def test_no_dial_tone_ends_the_call_with_cause_27() -> None:
    rig = Rig()
    rig.line.place(Call("1"))
    rig.pass_s(12)
    assert [event for _, event in rig.told] == [events.CallDisconnected(27), events.CallCleared(27, by_peer=False)]
    assert dials(rig) == []
    assert rig.hooks() == [Hook.ON, Hook.OFF, Hook.ON]


def test_ring_and_place_at_once_no_digit_goes_to_the_caller() -> None:
    """Off-hook where a ring was about to begin answers it: a voice is heard, no dial tone."""
    rig = Rig()
    rig.line.place(Call("5551234"))
    rig.line.see_ring(on=True)
    rig.pass_s(0.05)
    rig.line.see_ring(on=False)
    rig.line.hear_voice(on=True)
    rig.pass_s(12)
    assert dials(rig) == []
    assert rig.last() == events.CallCleared(27, by_peer=False)


def test_a_line_may_be_dialled_blindly() -> None:
    rig = Rig(Settings(dial_tone=False))
    rig.line.place(Call("1"))
    rig.pass_s(2)
    assert [at for at, _ in dials(rig)] == [3.0]


def test_a_pulse_dialled_digit_opens_the_loop_as_often_as_it_says_and_zero_ten_times() -> None:
    rig = Rig(Settings(dial_by=DialBy.PULSE))
    rig.dialled("30")
    ((_, order),) = dials(rig)
    assert isinstance(order, events.Pulse)
    opened = [ms for hook, ms in order.steps if hook is Hook.BREAK]
    assert opened == [60] * 13
    assert [ms for hook, ms in order.steps if hook is Hook.OFF] == [40] * 3 + [800] + [40] * 10 + [800]


@pytest.mark.parametrize("zone", ["us", "cn"])
def test_dahdi_modes_and_zones_change_without_a_restart(zone: str) -> None:
    rig = Rig()
    rig.answered()
    rig.line.change(Settings(mode="CHINA", zone=zone, hang_up=()))
    rig.pass_s(1)
    assert rig.orders[-1][1] == events.SetMode("CHINA", 15, zone)
    rig.line.hear_tone(Kind.BUSY)
    rig.feed(Feed.REVERSED, 1)
    assert rig.line.state is State.CONNECTED
    rig.line.change(Settings(mode="CHINA", zone=zone))
    rig.feed(Feed.NORMAL, 1)
    assert rig.every(events.CallDisconnected) == [events.CallDisconnected(16)]


REFUSALS = [(Kind.BUSY, 17), (Kind.CONGESTION, 42), (Kind.UNOBTAINABLE, 1), (Kind.INFORMATION, 4)]


@pytest.mark.parametrize(("kind", "cause"), REFUSALS)
@pytest.mark.parametrize("answer", [Answer.POLARITY, Answer.RINGBACK])
def test_q850_what_the_exchange_says_by_tone_is_the_cause(kind: Kind, cause: int, answer: Answer) -> None:
    rig = Rig(Settings(answer=answer))
    rig.dialled()
    rig.line.hear_tone(kind)
    rig.pass_s(3)
    assert [event for _, event in rig.told] == [
        events.CallDisconnected(cause),
        events.CallCleared(cause, by_peer=True),
    ]


@pytest.mark.parametrize(("kind", "cause"), REFUSALS)
def test_q850_what_the_exchange_says_after_ringing_tone_is_the_cause(kind: Kind, cause: int) -> None:
    rig = Rig()
    rig.dialled()
    rig.line.hear_tone(Kind.RINGBACK)
    rig.pass_s(6)
    rig.line.hear_tone(kind)
    rig.pass_s(3)
    assert [event for _, event in rig.told] == [
        events.CallAccepted(),
        events.CallDisconnected(cause),
        events.CallCleared(cause, by_peer=True),
    ]


@pytest.mark.parametrize(("kind", "cause"), REFUSALS)
def test_q850_what_the_exchange_says_among_the_digits_is_the_cause(kind: Kind, cause: int) -> None:
    rig = Rig()
    rig.line.place(Call("5551234"))
    rig.line.hear_tone(Kind.DIAL)
    rig.pass_s(0.2)
    rig.line.hear_tone(kind)
    rig.pass_s(3)
    assert rig.last() == events.CallCleared(cause, by_peer=True)


NO_DIAL_TONE = [(Kind.BUSY, 42), (Kind.CONGESTION, 42), (Kind.UNOBTAINABLE, 27), (Kind.INFORMATION, 27)]


@pytest.mark.parametrize(("kind", "cause"), NO_DIAL_TONE)
def test_another_tone_instead_of_dial_tone_is_the_exchanges_fault(kind: Kind, cause: int) -> None:
    rig = Rig()
    rig.line.place(Call("1"))
    rig.line.hear_tone(kind)
    rig.pass_s(3)
    assert rig.last() == events.CallCleared(cause, by_peer=True)


def test_answer_by_reversal() -> None:
    rig = Rig(Settings(answer=Answer.POLARITY))
    rig.dialled()
    rig.line.hear_tone(Kind.RINGBACK)
    rig.pass_s(5)
    rig.line.hear_tone(None)
    rig.pass_s(5)
    assert [event for _, event in rig.told] == [events.CallAccepted()]
    begun = rig.now
    rig.feed(Feed.REVERSED, 1)
    assert rig.last() == events.CallAnswered()
    assert rig.at(events.CallAnswered) - begun <= 0.1


def test_answer_when_the_ringing_tone_ends() -> None:
    rig = Rig()
    rig.connected()
    assert [event for _, event in rig.told] == [events.CallAccepted(), events.CallAnswered()]


def test_answer_before_a_second_ringing_tone_is_presumed_and_busy_within_that_time_is_none() -> None:
    rig = Rig()
    rig.dialled()
    rig.pass_s(13)
    assert rig.last() == events.CallAnswered()
    rig = Rig()
    rig.dialled()
    rig.pass_s(8)
    rig.line.hear_tone(Kind.BUSY)
    rig.pass_s(3)
    assert rig.every(events.CallAnswered) == []


def test_answer_where_nothing_tells_it_is_the_last_digit() -> None:
    rig = Rig(Settings(answer=Answer.DIALLED))
    rig.dialled()
    assert rig.last() == events.CallAnswered()


def test_nobody_answers_for_two_minutes() -> None:
    rig = Rig(Settings(answer=Answer.POLARITY))
    rig.dialled()
    rig.line.hear_tone(Kind.RINGBACK)
    rig.pass_s(130)
    assert rig.last() == events.CallCleared(19, by_peer=False)


def test_a_flash_opens_the_loop_for_its_time_and_means_no_hang_up() -> None:
    rig = Rig()
    rig.answered()
    rig.line.flash()
    rig.feed(Feed.OPEN, 0.3)
    rig.feed(Feed.NORMAL, 2)
    (on_at, on), (off_at, off) = [(at, order.hook) for at, order in rig.orders if isinstance(order, events.SetHook)][
        -2:
    ]
    assert (on, off) == (Hook.BREAK, Hook.OFF)
    assert off_at - on_at == pytest.approx(0.5)
    assert rig.line.state is State.CONNECTED
    assert rig.every(events.CallDisconnected) == []


def test_ground_start_grounds_ring_until_the_exchange_grounds_tip() -> None:
    rig = Rig(Settings(ground_start=True))
    rig.line.place(Call("1"))
    rig.pass_s(1)
    assert rig.hooks() == [Hook.ON, Hook.GROUND]
    rig.feed(Feed.NORMAL, 1)
    assert rig.hooks() == [Hook.ON, Hook.GROUND, Hook.OFF]
    rig = Rig(Settings(ground_start=True))
    rig.line.place(Call("1"))
    rig.pass_s(8)
    assert rig.last() == events.CallCleared(102, by_peer=False)


@pytest.mark.parametrize(
    ("settings", "number"),
    [(Settings(), ""), (Settings(), "12x"), (Settings(dial_by=DialBy.PULSE), "1*"), (Settings(), "1" * 33)],
)
def test_what_cannot_be_dialled_is_refused_and_changes_nothing(settings: Settings, number: str) -> None:
    rig = Rig(settings)
    with pytest.raises(ValueError, match="sends 1 to 32 digits"):
        rig.line.place(Call(number))
    assert rig.line.state is State.IDLE


def test_a_command_without_a_cell_raises_and_changes_nothing() -> None:
    rig = Rig()
    for command in (rig.line.answer, rig.line.flash, rig.line.release):
        with pytest.raises(CallStateError, match="that is idle takes no"):
            command()
    assert (rig.line.take_orders(), rig.line.take_events()) == ([], [])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(mode="CHINE"), "no line mode 'CHINE'; did you mean 'CHI"),
        (Settings(zone="xx"), "no tone zone 'xx'"),
        (Settings(timers={"flsh": 1.0}), "no timer 'flsh'; did you mean 'flash'"),
        (Settings(timers={"flash": -1.0}), "cannot be negative"),
        (Settings(pulse_break_ms=0), "10 ms at least"),
    ],
)
def test_settings_that_cannot_be_are_told_and_change_nothing(settings: Settings, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Line(settings)
    rig = Rig()
    with pytest.raises(ValueError, match=sentence):
        rig.line.change(settings)
    assert rig.line.settings == Settings()


def test_an_answer_in_the_pause_after_the_last_digit_counts() -> None:
    rig = Rig(Settings(answer=Answer.POLARITY))
    rig.line.place(Call("5551234"))
    rig.pass_s(1)
    rig.line.hear_tone(Kind.DIAL)
    rig.pass_s(1)
    rig.feed(Feed.REVERSED, 0.1)
    assert rig.last() == events.CallAnswered()
    rig.line.dialled()
    rig.pass_s(1)
    assert rig.line.state is State.CONNECTED
    assert len(rig.every(events.CallAnswered)) == 1
