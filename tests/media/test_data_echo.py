# SPDX-License-Identifier: GPL-2.0-only
"""What an answer tone does to a leg with an echo (G.168 §7, V.152, V.8), and how it becomes a voice's again.

Heard by its sound: with the NLP the party's room is comfort noise, which is not the room's; without it is the room
itself; without the canceller every octet is what came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from appliance.media.engine import RTP_FIRST
from appliance.media.events import AnswerTone, EchoStatus, FaxHeard, Profile, ProfileChanged, ToneHeard
from tests.dsp.tone_sound import Sound, answer, flags, noise, sine
from tests.media.hybrid import LEG, TAIL_MS, HybridLine, Passed, hybrid_line
from tests.sound.alaw import level_dbm0

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

PHONE = RTP_FIRST
ERL_DB = 12.0
ROOM_DBM0, FAR_DBM0 = -50.0, -16.0
SETTLED = slice(8000, None)
RELEASE_MS, CANCELLER_RELEASE_MS = 2000, 250


def room(ms: float, seed: int = 7) -> Sound:
    return noise(ROOM_DBM0, ms, seed)


def far(ms: float, seed: int = 3) -> Sound:
    return noise(FAR_DBM0, ms, seed)


def likeness(passed: Passed, part: slice) -> float:
    """Of what is heard to what the party said: 1 for the same."""
    return float(np.corrcoef(passed.heard[part], passed.said[part])[0, 1])


def erle_db(passed: Passed, part: slice) -> float:
    """What was taken of the echo; what A-law adds to the party's sound counts as echo."""
    left = passed.heard[part] - passed.said[part]
    return float(10 * np.log10(np.mean(passed.echoed[part] ** 2) / np.mean(left**2)))


def is_untouched(passed: Passed) -> bool:
    return np.array_equal(passed.heard, passed.echoed)


def is_cancelled(passed: Passed) -> bool:
    """Its echo is taken out, and the party is heard as it is."""
    return erle_db(passed, SETTLED) > 27 and likeness(passed, SETTLED) > 0.9


def is_covered(passed: Passed, part: slice = SETTLED) -> bool:
    """By comfort noise of the party's level."""
    return abs(likeness(passed, part)) < 0.1 and abs(level_dbm0(passed.heard[part]) - ROOM_DBM0) < 3


def echo(line: HybridLine) -> EchoStatus:
    status = line.side.engine.port_status(LEG).echo
    assert status is not None
    return status


def profile(line: HybridLine) -> Profile:
    return line.side.engine.port_status(LEG).profile


def profiles_told(line: HybridLine) -> list[Profile]:
    return [event.profile for event in line.side.call.all(ProfileChanged)]


@pytest.fixture
def line() -> Iterator[HybridLine]:
    """A call that has lasted for some seconds: its echo and its room are known."""
    with hybrid_line(ERL_DB) as line:
        line.passed(None, room(8000, 1))
        assert is_covered(line.passed(far(4000), room(4000)))
        yield line


def test_g168_7_answer_tone_keeps_the_canceller_and_drops_the_nlp(line: HybridLine) -> None:
    line.passed(None, answer(1500) + room(1500))
    assert [event.tone for event in line.side.call.all(ToneHeard) if event.on] == [AnswerTone.ANS]
    assert profiles_told(line) == [Profile.VBD]
    passed = line.passed(far(3000, 5), room(3000, 6))
    assert erle_db(passed, slice(400, 1600)) > 22, "it had not to learn"
    assert is_cancelled(passed)
    assert not echo(line).disabled
    assert profile(line) is Profile.VBD


@pytest.mark.parametrize(
    ("tone", "last"),
    [
        (answer(1600, every_ms=450), AnswerTone.ANS_PR),
        (answer(1600, depth=0.2), AnswerTone.ANSAM),
        (answer(1600, every_ms=450, depth=0.2), AnswerTone.ANSAM_PR),
    ],
    ids=["reversals", "modulated", "both"],
)
def test_g168_7_v8_reversals_and_modulation_switch_the_canceller_off_until_it_is_quiet(
    line: HybridLine, tone: Sound, last: AnswerTone
) -> None:
    line.passed(None, tone + room(1600))
    assert [event.tone for event in line.side.call.all(ToneHeard) if event.on][-1] is last
    line.passed(None, room(75 + 5))  # V.8's silence; the modems
    for ms in (80, 1000):
        assert is_untouched(line.passed(far(ms, 5), noise(-20, ms, 6)))
        line.passed(None, room(100))
        assert echo(line).disabled
        assert profile(line) is Profile.VBD
    line.passed(None, room(CANCELLER_RELEASE_MS - 100 + 20))
    assert not echo(line).disabled
    assert is_cancelled(line.passed(far(3000, 8), room(3000, 9))), "and without the NLP, for it is data yet"
    assert profile(line) is Profile.VBD


def test_v152_two_seconds_of_silence_make_data_a_voice_again(line: HybridLine) -> None:
    line.passed(None, answer(1600, every_ms=450) + room(1600))
    assert is_untouched(line.passed(far(400), room(400)))
    line.passed(None, room(RELEASE_MS - 50))
    line.passed(None, sine(1000, -30, 50))  # a party that is not done
    line.passed(None, room(RELEASE_MS - 50))
    assert profile(line) is Profile.VBD
    line.passed(None, room(100))
    assert profile(line) is Profile.VOICE
    assert profiles_told(line) == [Profile.VBD, Profile.VOICE]
    assert is_covered(line.passed(far(3000, 5), room(3000, 6)))
    line.lose(20)  # who speaks now may sit behind another hybrid
    assert is_covered(line.passed(far(4000, 8), room(4000, 9)), slice(16000, None))
    assert echo(line).erl_db == pytest.approx(20, abs=1)
    line.passed(None, answer(1500) + room(1500))
    assert profile(line) is Profile.VBD


def test_v152_both_sides_of_a_bridge_change_together(line: HybridLine) -> None:
    line.side.engine.open_rtp(PHONE, None)
    line.side.engine.connect(LEG, PHONE)
    line.say(answer(1500) + room(1500))
    line.host.tick((1500 + RELEASE_MS) // 5 - 20)
    assert {(event.port, event.profile) for event in line.side.call.all(ProfileChanged)} == {
        (LEG, Profile.VBD),
        (PHONE, Profile.VBD),
    }
    line.host.tick(30)
    assert {(event.port, event.profile) for event in line.side.call.all(ProfileChanged)[2:]} == {
        (LEG, Profile.VOICE),
        (PHONE, Profile.VOICE),
    }


def test_change_of_profile_in_the_middle_of_both_talking_does_not_click() -> None:
    """What is heard of the party is that of a call in which nothing was changed, but for what lies below its room."""

    def heard(between: Profile) -> Sound:
        with hybrid_line(ERL_DB) as line:
            line.passed(None, room(8000, 1))
            line.passed(far(4000), room(4000))
            talk = sine(620, -12, 500) + room(500)
            parts = []
            for profile in (Profile.VOICE, between, Profile.VOICE):
                line.side.engine.set_profile(LEG, profile, TAIL_MS)
                parts.append(line.passed(far(500, 5), talk).heard)
            return np.concatenate(parts)

    difference = heard(Profile.VBD) - heard(Profile.VOICE)
    loudest = max(level_dbm0(tick) for tick in difference.reshape(-1, 40))
    assert loudest < ROOM_DBM0


def test_data_by_command_is_not_ended_by_silence(line: HybridLine) -> None:
    line.side.engine.set_profile(LEG, Profile.VBD, TAIL_MS)
    line.passed(None, answer(1500) + room(1500))
    line.passed(None, room(2 * RELEASE_MS))
    assert profile(line) is Profile.VBD
    assert not profiles_told(line)


def test_t30_preamble_asks_for_t38_and_is_data_until_then(line: HybridLine) -> None:
    """A machine that has said no CED, or one that begins again after a silence."""
    line.passed(None, flags(1000) + room(1000))
    assert [event.port for event in line.side.call.all(FaxHeard)] == [LEG]
    assert profiles_told(line) == [Profile.VBD]
    assert is_cancelled(line.passed(far(3000, 5), room(3000, 6)))
    line.passed(None, room(RELEASE_MS))
    line.passed(None, flags(1000) + room(1000))
    assert len(line.side.call.all(FaxHeard)) == 2
    assert profiles_told(line) == [Profile.VBD, Profile.VOICE, Profile.VBD]


def test_t30_calling_tone_alone_leaves_it_a_voice(line: HybridLine) -> None:
    line.passed(None, sine(1100, -12, 500) + room(500))
    line.passed(None, room(500))
    assert [event.tone for event in line.side.call.all(ToneHeard) if event.on] == [AnswerTone.CNG]
    assert is_covered(line.passed(far(2000, 5), room(2000, 6)))
    assert not profiles_told(line)


def next_call(line: HybridLine) -> None:
    line.side.engine.close_port(LEG)
    line.begin_call()


def nothing(line: HybridLine) -> None:
    """The same call goes on."""
    assert echo(line).disabled


def death(line: HybridLine) -> None:
    line.host.die()
    line.host.start()
    assert echo(line).disabled


@pytest.mark.parametrize(("between", "held"), [(nothing, True), (death, True), (next_call, False)])
def test_hold_outlives_the_engine_and_not_the_call(
    line: HybridLine, between: Callable[[HybridLine], None], *, held: bool
) -> None:
    line.passed(None, answer(1600, every_ms=450) + room(1600))
    assert is_untouched(line.passed(far(400), room(400)))
    between(line)
    passed = line.passed(far(3000, 5), room(3000, 6))
    assert is_untouched(passed) is held
    assert profile(line) is (Profile.VBD if held else Profile.VOICE)
    if not held:
        line.passed(None, room(8000, 1))
        assert is_covered(line.passed(far(3000), room(3000))), "the line is learned anew, and its room"
