# SPDX-License-Identifier: GPL-2.0-only
"""A line that learns, judged by lines whose parameters it was not made with: a minute of ordinary use of each."""

from collections import Counter

import pytest

from appliance.signalling.fxo.learning.hang_up import HangUpLearner
from appliance.signalling.fxo.learning.learner import Learner
from appliance.signalling.fxo.line import Line
from appliance.signalling.fxo.modes import modes
from appliance.signalling.fxo.settings import CallerId, HangUp, Place, Settings
from dsp.dtmf import DtmfSender
from tests.signalling.fxo.simulated_line import SECONDS, SimulatedLine, Truth, right

pytestmark = pytest.mark.unit

WANTED = 0.99
MODES = list(modes())


def used(line: SimulatedLine) -> Learner:
    """A minute of it."""
    learner, off_hook = Learner(), False
    for number in range(line.blocks):
        moment = line.block(number, learner.impedance.acim)
        for at, feed in moment.feeds:
            learner.see_feed(at, feed)
        for at, on in moment.rings:
            learner.see_ring(at, on=on)
        if moment.off_hook is not off_hook:
            off_hook = moment.off_hook
            learner.set_hook(moment.at_s, off=off_hook)
        learner.hear(moment.at_s, moment.heard, moment.sent)
        if off_hook:
            learner.impedance.hear(moment.at_s, moment.heard, moment.sent)
    return learner


def wrong(settings: Settings, truth: Truth) -> list[str]:
    """Verdicts that are not true."""
    found = []
    if set(settings.hang_up) != truth.hang_up | {HangUp.SILENCE}:
        found.append("hang-up")
    if truth.busy_ms is not None and not (
        settings.busy_ms
        and all(abs(a - b) <= 0.05 * b + 10 for a, b in zip(settings.busy_ms, truth.busy_ms, strict=True))
    ):
        found.append("busy tone")
    if (settings.caller_id, settings.place) != (truth.caller_id, truth.place):
        found.append("caller ID")
    if settings.acim is None or not right(settings.acim, truth):
        found.append("impedance")
    return found


def judged(numbers: range) -> Counter[str]:
    """How often each verdict is wrong over such lines, mode after mode."""
    count: Counter[str] = Counter()
    for number in numbers:
        line = SimulatedLine(number, MODES[number % len(MODES)], held_out=True)
        learner = used(line)
        settings = learner.settings(Settings())
        Line(settings)  # it can be used
        assert all(0 <= evidence.at_s < SECONDS for evidence in learner.evidence())
        count.update(wrong(settings, line.truth))
    return count


def test_held_out_lines_are_learned_within_a_minute() -> None:
    assert judged(range(9000, 9005)) == Counter()


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_held_out_lines_of_every_mode_are_learned_99_times_in_a_hundred() -> None:
    lines = 10 * len(MODES)
    count = judged(range(lines))
    assert all(wrong <= (1 - WANTED) * lines for wrong in count.values()), count


def test_what_is_believed_has_its_evidence() -> None:
    line = next(
        line
        for line in (SimulatedLine(seed, "CHINA", held_out=True) for seed in range(99))
        if line.truth.hang_up == {HangUp.POLARITY, HangUp.TONE} and line.truth.caller_id is CallerId.DTMF
    )
    learner = used(line)
    sentences = " | ".join(evidence.sentence for evidence in learner.evidence())
    assert "the line reversed, and nobody spoke for" in sentences
    assert f"ms on, {learner.settings(Settings()).busy_ms[1]} ms off, to the end" in sentences  # type: ignore[index]
    assert "a whole message by dtmf" in sentences
    assert "what we send returns " in sentences


def test_digits_of_a_caller_are_no_busy_tone() -> None:
    learner, at_s = HangUpLearner(), 0.0
    learner.answer(0.0)
    sender = DtmfSender(on_ms=100, off_ms=100)
    sender.send("5555")
    for seconds in (1, 8):
        sound, _ = sender.process(8000 * seconds)
        learner.hear(at_s, sound, bytes(2 * len(sound)))
        at_s += seconds
        assert not learner.over(at_s)
    learner.release(at_s, ours=True)
    assert learner.methods == set()


def test_nothing_is_believed_before_it_was_seen() -> None:
    known = Settings(mode="UK", zone="gb", hang_up=(HangUp.CPC,), caller_id=CallerId.V23, place=Place.POLARITY)
    learner = Learner()
    assert learner.settings(known) == known
    learner.set_hook(1.0, off=True)
    learner.set_hook(3.0, off=False)
    assert learner.settings(known) == known, "a call of two seconds shows nothing"
    assert learner.evidence() == []
