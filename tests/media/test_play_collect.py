# SPDX-License-Identifier: GPL-2.0-only
"""Prompts, tones and digits, with DTMF that one engine sends and the other hears."""

from __future__ import annotations

import itertools

import pytest

from appliance.media.events import (
    Codec,
    ComfortNoise,
    CommandRefused,
    DigitDetected,
    DigitsCollected,
    DigitsSent,
    PlayEnded,
    ToneKind,
)
from tests.media.rig import Side, noise, until

pytestmark = pytest.mark.system

Sides = tuple[Side, Side]
PORT = 3


@pytest.fixture
def call(sides: Sides) -> Sides:
    """A caller's timeslot, open on both sides."""
    for side in sides:
        side.engine.open_timeslot(PORT)
    return sides


def test_sounds_follow_each_other_and_repeat_without_a_gap(call: Sides) -> None:
    caller, branch = call
    one, two = noise(0.1, 1)[:-7], noise(0.2, 2)[:-11]
    caller.engine.record(1, PORT, PORT, 0)
    branch.ivr.engine.play(PORT, 9, [branch.arena.add_alaw(one), branch.arena.add_alaw(two)], 3)
    ended = branch.ivr.wait(PlayEnded)
    assert (ended.port, ended.play_id, ended.reason, ended.played_octets) == (PORT, 9, "finished", 3 * len(one + two))
    until(lambda: (one + two) * 3 in caller.recorder.left(1))


def test_collect_until_full(call: Sides) -> None:
    caller, branch = call
    branch.ivr.engine.collect(PORT, 5, 4, 3000, 2000)
    caller.engine.send_digits(PORT, 1, "19A0", on_ms=60, off_ms=60)
    got = branch.ivr.wait(DigitsCollected)
    assert (got.collect_id, got.digits, got.reason, got.terminator) == (5, "19A0", "full", "")
    assert caller.line.wait(DigitsSent).send_id == 1
    heard = branch.ivr.all(DigitDetected)
    assert "".join(event.digit for event in heard) == "19A0"
    steps = [later.sample - earlier.sample for earlier, later in itertools.pairwise(heard)]
    assert all(abs(step - 120 * 8) <= 80 for step in steps)


def test_collect_until_terminator(call: Sides) -> None:
    caller, branch = call
    branch.ivr.engine.collect(PORT, 5, 20, 3000, 2000, "*#")
    caller.engine.send_digits(PORT, 1, "12#", on_ms=60, off_ms=60)
    got = branch.ivr.wait(DigitsCollected)
    assert (got.digits, got.reason, got.terminator) == ("12", "terminator", "#")


def test_collect_times_out_between_digits_and_before_the_first(call: Sides) -> None:
    caller, branch = call
    branch.ivr.engine.collect(PORT, 5, 20, 3000, 300)
    caller.engine.send_digits(PORT, 1, "7", on_ms=60, off_ms=60)
    assert branch.ivr.wait(DigitsCollected).digits == "7"
    begun = branch.engine.samples
    branch.ivr.engine.collect(PORT, 6, 20, 400, 3000)
    got = branch.ivr.wait(DigitsCollected, 2)
    assert (got.digits, got.reason) == ("", "timeout")
    assert 3200 <= branch.engine.samples - begun <= 3200 + 800


def test_first_digit_is_waited_for_after_the_prompt(call: Sides) -> None:
    _, branch = call
    branch.ivr.engine.play(PORT, 1, [branch.arena.add_alaw(noise(0.8))])
    branch.ivr.engine.collect(PORT, 2, 1, 200, 200)
    begun = branch.engine.samples
    assert branch.ivr.wait(DigitsCollected).reason == "timeout"
    assert branch.engine.samples - begun >= 8 * 950


def test_barge_in_stops_the_prompt_with_the_first_digit(call: Sides) -> None:
    caller, branch = call
    prompt = branch.arena.add_alaw(noise(5))
    branch.ivr.engine.play(PORT, 1, [prompt], stop_on_digit=True)
    branch.ivr.engine.collect(PORT, 2, 3, 3000, 2000)
    caller.engine.send_digits(PORT, 1, "456", on_ms=60, off_ms=60)
    got = branch.ivr.wait(DigitsCollected)
    ended = branch.ivr.wait(PlayEnded)
    assert (got.digits, ended.reason) == ("456", "digit")
    first = branch.ivr.all(DigitDetected)[0].sample
    assert 0 < ended.played_octets < 8 * 1000
    assert branch.ivr.seen.index(ended) < branch.ivr.seen.index(got)
    assert first < branch.engine.samples


def test_prompt_goes_on_over_digits_without_stop_on_digit(call: Sides) -> None:
    caller, branch = call
    branch.ivr.engine.play(PORT, 1, [branch.arena.add_alaw(noise(1))])
    caller.engine.send_digits(PORT, 1, "4", on_ms=60, off_ms=60)
    assert branch.ivr.wait(PlayEnded).reason == "finished"


def test_digits_dialled_ahead_are_collected_first_and_skip_the_prompt(call: Sides) -> None:
    caller, branch = call
    caller.engine.send_digits(PORT, 1, "12", on_ms=60, off_ms=60)
    until(lambda: len(branch.call.all(DigitDetected)) == 2)
    branch.ivr.engine.play(PORT, 1, [branch.arena.add_alaw(noise(5))], stop_on_digit=True)
    branch.ivr.engine.collect(PORT, 2, 3, 3000, 2000)
    assert branch.ivr.wait(PlayEnded).played_octets <= 80
    caller.line.wait(DigitsSent)
    caller.engine.send_digits(PORT, 1, "3", on_ms=60, off_ms=60)
    assert branch.ivr.wait(DigitsCollected).digits == "123"


def test_type_ahead_can_be_cleared(call: Sides) -> None:
    caller, branch = call
    caller.engine.send_digits(PORT, 1, "12", on_ms=60, off_ms=60)
    until(lambda: len(branch.call.all(DigitDetected)) == 2)
    branch.ivr.engine.collect(PORT, 2, 1, 3000, 2000, clear_type_ahead=True)
    caller.line.wait(DigitsSent)
    caller.engine.send_digits(PORT, 2, "9", on_ms=60, off_ms=60)
    assert branch.ivr.wait(DigitsCollected).digits == "9"


def test_stop_and_close_end_everything_with_its_event(call: Sides) -> None:
    _, branch = call
    sound = branch.arena.add_alaw(noise(5))
    branch.ivr.engine.play(PORT, 1, [sound])
    branch.ivr.engine.collect(PORT, 2, 1, 3000, 2000)
    branch.ivr.engine.send_digits(PORT, 3, "123")
    branch.ivr.engine.stop(PORT)
    assert branch.ivr.wait(PlayEnded).reason == "stopped"
    assert branch.ivr.wait(DigitsCollected).reason == "closed"
    assert branch.ivr.wait(DigitsSent).send_id == 3
    branch.ivr.engine.play(PORT, 4, [sound], 0)
    branch.ivr.engine.play(PORT, 5, [sound], 0)
    assert branch.ivr.wait(PlayEnded, 2).play_id == 4
    branch.line.engine.close_port(PORT)
    assert branch.ivr.wait(PlayEnded, 3).reason == "closed"
    until(lambda: branch.engine.port_status(PORT).kind == "closed")


def test_e180_ringback_is_heard_and_ends_with_the_answer(call: Sides) -> None:
    caller, branch = call
    branch.engine.tone(PORT, ToneKind.RINGBACK)
    until(lambda: caller.engine.port_status(PORT).rx_dbm0 > -20)
    assert branch.engine.port_status(PORT).source == "tone"
    branch.engine.stop(PORT)
    until(lambda: caller.engine.port_status(PORT).rx_dbm0 < -60)


def test_a_second_sending_of_digits_is_refused_while_one_is_under_way(call: Sides) -> None:
    caller, _ = call
    caller.engine.send_digits(PORT, 1, "1")
    caller.engine.send_digits(PORT, 2, "2")
    refused = caller.line.wait(CommandRefused)
    assert (refused.id, refused.error) == (2, "EBUSY")


def test_bad_values_never_reach_the_engine(call: Sides) -> None:
    _, branch = call
    for wrong in (
        lambda: branch.engine.play(PORT, 1, []),
        lambda: branch.engine.collect(PORT, 1, 0, 1, 1),
        lambda: branch.engine.collect(PORT, 1, 1, 1, 1, "x"),
        lambda: branch.engine.send_digits(PORT, 1, "12z"),
        lambda: branch.engine.tone(PORT, ToneKind.BUSY, "atlantis"),
        lambda: branch.engine.open_timeslot(256),
        lambda: branch.engine.open_rtp(5, None),
        lambda: branch.engine.open_rtp(256, None, sent_event_type=96),
        lambda: branch.engine.open_rtp(256, ("localhost", 5)),
        lambda: branch.engine.open_rtp(256, None, packet_ms=15),
        lambda: branch.engine.open_rtp(256, None, Codec.OPUS, packet_ms=5, payload_type=111),
        lambda: branch.engine.open_rtp(256, None, Codec.OPUS),
        lambda: branch.engine.open_rtp(256, None, Codec.G722, payload_type=8),
        lambda: branch.engine.open_rtp(256, None, Codec.OPUS, payload_type=101, event_type=101),
        lambda: branch.engine.open_rtp(256, None, Codec.OPUS, payload_type=111, noise=ComfortNoise()),
        lambda: branch.engine.open_rtp(256, None, noise=ComfortNoise(8)),
        lambda: branch.engine.connect(1, 1),
        lambda: branch.engine.send_frame(0, bytes(301)),
        lambda: branch.engine.span_status(8),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            wrong()
