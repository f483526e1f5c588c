# SPDX-License-Identifier: GPL-2.0-only
"""A served line that learns: a minute of ordinary use, and the next call has what was found."""

from collections import Counter

import pytest
from msgspec.structs import replace

from appliance.signalling.fxo.events import Ear, Feed
from appliance.signalling.fxo.learning.learned import Learned
from appliance.signalling.fxo.modes import modes
from appliance.signalling.fxo.settings import CallerId, HangUp, Place
from appliance.wire.learning import Contradiction
from dsp.caller_id import Message
from dsp.tone import Kind
from tests.signalling.fxo.learning_rig import CARD_LEARNS, LEARNS, LearningRig
from tests.signalling.fxo.simulated_line import BLOCK, RATE_HZ, SimulatedLine, right
from tests.sound.speech import speech

pytestmark = pytest.mark.unit


SEEDS = {
    (CallerId.DTMF, Place.POLARITY, HangUp.POLARITY, HangUp.TONE): 13,
    (CallerId.V23, Place.BEFORE_RING, HangUp.CPC): 88,
    (CallerId.BELL202, Place.AFTER_RING, HangUp.TONE): 296,
    (CallerId.DTMF, Place.AFTER_RING, HangUp.POLARITY): 15,
    (CallerId.NONE, Place.AFTER_RING, HangUp.POLARITY): 37,
    (CallerId.BELL202, Place.AFTER_RING): 11,
    (CallerId.V23_JP, Place.POLARITY, HangUp.CPC): 50017,  # it switches as it is answered
}
"""Held-out lines that are so."""


def of(caller_id: CallerId, place: Place, *methods: HangUp) -> SimulatedLine:
    simulated = SimulatedLine(SEEDS[(caller_id, place, *methods)], "CHINA", held_out=True)
    truth = simulated.truth
    assert (truth.caller_id, truth.place, truth.hang_up) == (caller_id, place, frozenset(methods))
    return simulated


@pytest.mark.parametrize(
    ("caller_id", "place", "methods"),
    [
        (CallerId.DTMF, Place.POLARITY, (HangUp.POLARITY, HangUp.TONE)),
        (CallerId.V23, Place.BEFORE_RING, (HangUp.CPC,)),
        (CallerId.BELL202, Place.AFTER_RING, (HangUp.TONE,)),
        (CallerId.V23_JP, Place.POLARITY, (HangUp.CPC,)),
    ],
)
def test_the_second_call_has_what_the_first_has_shown(
    caller_id: CallerId, place: Place, methods: tuple[HangUp, ...]
) -> None:
    rig, simulated = LearningRig(), of(caller_id, place, *methods)
    assert Ear.STIR in rig.ears, "on-hook too"
    over_s = rig.use(simulated)
    assert not rig.ears & {Ear.SOUND, Ear.STIR}
    assert over_s < simulated.release_s - 1, "the caller's hang-up ends the call while it is learned too"
    used = rig.line.settings
    assert (used.caller_id, used.place, set(used.hang_up)) == (
        caller_id,
        place,
        {*methods, HangUp.TONE, HangUp.SILENCE},
    )
    sentences = " | ".join(proof.sentence for proof in rig.line.learned.proofs)
    assert f"a whole message by {caller_id}" in sentences or "rings of half a second" in sentences
    assert "whole message" not in "".join(proof.chinese for proof in rig.line.learned.proofs)
    assert all(0 <= proof.at_ns < 60e9 for proof in rig.line.learned.proofs)
    rig.restart()
    assert rig.line.settings == used
    later_s = rig.use(simulated)
    assert later_s < over_s - 1, "a sign that is known ends a call at once"


def test_a_card_s_impedances_are_tried_in_one_call_and_the_best_is_set_from_then_on() -> None:
    rig, simulated = LearningRig(CARD_LEARNS), of(CallerId.DTMF, Place.AFTER_RING, HangUp.POLARITY)
    rig.line.change(replace(CARD_LEARNS, mode="CHINA"))
    rig.pass_s(0.1)
    assert rig.acim == modes()["CHINA"].acim
    rig.use(simulated)
    assert Ear.ECHO not in rig.ears
    assert right(rig.acim, simulated.truth)
    assert "dB weaker with" in " | ".join(proof.sentence for proof in rig.line.learned.proofs)
    found = rig.acim
    rig.restart()
    rig.settle()
    assert rig.acim == found
    rig.line.change(replace(CARD_LEARNS, learns=LEARNS.learns, acim=1))
    rig.pass_s(0.1)
    assert rig.acim == 1


def test_a_call_that_ends_while_impedances_are_tried_leaves_the_mode_s() -> None:
    rig = LearningRig(CARD_LEARNS)
    rig.connected()
    tried, prompt = set(), speech(3.0, "agent", 1)
    for number in range(150):
        sent = prompt[number * BLOCK : number * BLOCK + BLOCK]
        returned = (sent // 4).tobytes()
        rig.now += BLOCK / RATE_HZ
        rig.line.hear_sound(returned, sent.tobytes(), round(rig.now * RATE_HZ) - BLOCK, returned)
        rig.settle()
        tried.add(rig.acim)
    assert len(tried) > 3
    rig.line.release()
    rig.settle()
    assert rig.acim == 0
    assert rig.line.learned.acim is None


def test_what_is_set_stays_and_what_contradicts_it_is_told() -> None:
    setting = replace(LEARNS, learns=(), caller_id=CallerId.BELL202, hang_up=(HangUp.CPC, HangUp.SILENCE))
    rig = LearningRig(setting)
    rig.use(of(CallerId.DTMF, Place.AFTER_RING, HangUp.POLARITY))
    assert rig.line.settings == setting
    assert rig.line.against() == [
        Contradiction("caller_id", "bell202 after_ring", "dtmf after_ring"),
        Contradiction("hang_up", "cpc, silence", "polarity"),
    ]
    rig.line.change(LEARNS)
    assert rig.line.against() == []
    assert rig.line.settings.caller_id is CallerId.DTMF


def test_what_is_known_is_not_learned_again_from_a_call_that_nobody_listened_to() -> None:
    rig, known = LearningRig(), Learned(hang_up=(HangUp.POLARITY,), caller_id=CallerId.DTMF)
    rig.line.recall(known)
    rig.connected()
    rig.pass_s(6)
    rig.line.see_feed(Feed.OPEN)
    rig.pass_s(0.4)
    rig.line.see_feed(Feed.NORMAL)
    rig.pass_s(3)
    rig.line.release()
    rig.pass_s(3)
    assert rig.line.learned == replace(known, calls=1, missed=1), "nobody has heard what came after"


def test_a_line_that_has_become_another_is_learned_anew() -> None:
    rig, simulated = LearningRig(), of(CallerId.DTMF, Place.AFTER_RING, HangUp.POLARITY)
    rig.use(simulated)
    for call in range(5):
        assert rig.line.settings.caller_id is CallerId.DTMF, call
        assert rig.line.learned.signs == (HangUp.POLARITY,)
        rig.connected()
        rig.line.hear_voice(on=False)
        assert rig.pass_s(70) is not None, "by silence alone"
        rig.pass_s(3)
    assert not rig.line.learned.caller_sure
    assert not rig.line.learned.hang_up_sure
    rig.use(simulated)
    assert (rig.line.learned.caller_id, rig.line.learned.signs) == (CallerId.DTMF, (HangUp.POLARITY,))


def test_what_was_learned_yields_to_a_setting_whose_messages_are_read() -> None:
    rig = LearningRig(replace(LEARNS, learns=(), caller_id=CallerId.BELL202))
    rig.line.recall(Learned(caller_id=CallerId.DTMF))
    assert rig.line.against()
    rig.line.see_ring(on=True)
    rig.pass_s(2)
    rig.line.see_ring(on=False)
    rig.pass_s(1)
    rig.line.hear_caller(Message(number="02512345678"))
    rig.line.answer()
    assert rig.line.against() == []


def test_our_own_hang_up_shows_nothing_of_the_line_s() -> None:
    rig = LearningRig()
    rig.use(of(CallerId.NONE, Place.AFTER_RING, HangUp.POLARITY), ours=True)
    assert rig.line.learned.hang_up == ()
    assert rig.line.settings.hang_up == tuple(HangUp)


@pytest.mark.parametrize(("sounds", "within_s"), [(True, 7.5), (False, 0.1)])
def test_dial_tone_which_has_no_cadence_ends_a_call_too(sounds: bool, within_s: float) -> None:  # noqa: FBT001
    rig = LearningRig()
    rig.connected()
    assert rig.pass_s(3, sounds=sounds) is None
    rig.line.hear_tone(Kind.DIAL)
    over_s = rig.pass_s(10, sounds=sounds)
    assert over_s is not None
    assert within_s - 2.5 < over_s <= within_s, "at once where there is no sound to judge by"


def test_one_silent_call_does_not_make_a_line_without_signs() -> None:
    rig = LearningRig()
    rig.use(of(CallerId.BELL202, Place.AFTER_RING))
    assert rig.line.settings.hang_up == tuple(HangUp)


def test_a_line_tells_no_caller_only_when_three_calls_have_told_none() -> None:
    rig, simulated = LearningRig(), of(CallerId.NONE, Place.AFTER_RING, HangUp.POLARITY)
    for _ in range(2):
        rig.use(simulated)
        assert rig.line.settings.caller_id is CallerId.BELL202
    rig.use(simulated)
    assert rig.line.settings.caller_id is CallerId.NONE


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_served_lines_of_every_mode_are_learned_99_times_in_a_hundred() -> None:
    wrong: Counter[str] = Counter()
    names = list(modes())
    lines = 4 * len(names)
    for number in range(lines):
        simulated = SimulatedLine(50000 + number, names[number % len(names)], held_out=True)
        truth, rig = simulated.truth, LearningRig(CARD_LEARNS)
        rig.use(simulated)
        learned = rig.line.learned
        told = None if truth.caller_id is CallerId.NONE else truth.caller_id
        wrong["hang-up"] += set(learned.signs) != truth.hang_up
        wrong["impedance"] += learned.acim is None or not right(learned.acim, truth)
        wrong["caller ID"] += (learned.caller_id, learned.place) != (told, truth.place)
    assert all(count <= 0.01 * lines for count in wrong.values()), wrong
