# SPDX-License-Identifier: GPL-2.0-only
"""Modems and fax on ports of a voice: the profile follows the tone, and no octet is lost by it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from appliance.media.events import AnswerTone, Client, FaxHeard, Profile, ProfileChanged, ToneHeard
from drivers.model import Alarm, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.dsp.tone_sound import Sound, answer, flags
from tests.media.rig import Listener, Side, engine_thread, until
from tests.ports import HOST
from tests.sound import alaw
from tests.sound.speech import speech

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

CALLER, LEG, PHONE = Timeslot(0, 1).port, Timeslot(1, 1).port, 256
TAIL_MS = 64
RATE = 8000


@pytest.fixture
def side() -> Iterator[Side]:
    """A caller beyond a pair of spans, whose leg talks with a phone."""
    with engine_thread() as host:
        side = Side(host)
        driver = VpairDriver(side.engine)
        driver.configure(0, VpairSettings(partner=1), 16)
        driver.configure(1, VpairSettings(partner=0), 16)
        until(lambda: driver.alarms(0) == driver.alarms(1) == Alarm.NONE)
        side.engine.open_timeslot(CALLER)
        side.engine.open_timeslot(LEG)
        side.engine.set_profile(LEG, Profile.VOICE, TAIL_MS)
        side.engine.open_rtp(PHONE, (HOST, host.rtp_base + 2))
        side.engine.connect(LEG, PHONE)
        yield side


def coded(sound: Sound) -> bytes:
    return alaw.encode(np.rint(sound).astype(np.int16))


def play(side: Side, sound: bytes) -> Listener:
    call = Listener(side.host.engine(Client.CALL))
    side.ivr.engine.play(CALLER, 1, [side.arena.add_alaw(sound)])
    return call


def test_v25_answer_tone_keeps_the_canceller_and_makes_both_sides_data(side: Side) -> None:
    call = play(side, coded(answer(1500)))
    until(lambda: len(call.all(ProfileChanged)) == 2)
    assert {(event.port, event.profile) for event in call.all(ProfileChanged)} == {
        (LEG, Profile.VBD),
        (PHONE, Profile.VBD),
    }
    assert call.wait(ToneHeard).tone is AnswerTone.ANS
    status = side.engine.port_status(LEG)
    assert status.echo is not None
    assert not status.echo.disabled


def test_tone_is_told_to_the_call_though_the_ivr_hears_the_digits(side: Side) -> None:
    side.ivr.engine.collect(LEG, 1, 4, 5000, 5000)
    call = play(side, coded(answer(1500)))
    assert call.wait(ToneHeard).port == LEG


def test_g168_7_reversals_switch_the_canceller_off(side: Side) -> None:
    call = play(side, coded(answer(3000, every_ms=450)))
    until(lambda: any(event.tone is AnswerTone.ANS_PR for event in call.all(ToneHeard)), 5)
    assert side.engine.port_status(LEG).profile is Profile.VBD
    sound = coded(answer(1000))
    side.recorder.engine.record(1, LEG, LEG, 0)
    side.ivr.engine.play(CALLER, 2, [side.arena.add_alaw(sound)])
    until(lambda: sound in side.recorder.left(1), 4)


def test_v8_ansam_is_told_from_ans(side: Side) -> None:
    call = play(side, coded(answer(2000, depth=0.2)))
    until(lambda: any(event.tone is AnswerTone.ANSAM for event in call.all(ToneHeard)), 4)


def test_v21_preamble_asks_for_t38(side: Side) -> None:
    call = play(side, coded(flags(1000)))
    assert call.wait(FaxHeard).port == LEG


def test_speech_is_no_modem_and_is_seen_as_a_voice(side: Side) -> None:
    call = play(side, alaw.encode(speech(4)))
    spoke = 0
    for _ in range(40):
        time.sleep(0.1)
        spoke += side.engine.port_status(LEG).speaks
    assert not call.all(ProfileChanged)
    assert not call.all(FaxHeard)
    assert spoke > 15


def test_next_call_on_the_port_is_a_voice_again(side: Side) -> None:
    call = play(side, coded(answer(1500)))
    until(lambda: len(call.all(ProfileChanged)) == 2)
    side.engine.close_port(PHONE)
    side.engine.open_rtp(PHONE, None)
    until(lambda: side.engine.port_status(PHONE).profile is Profile.VOICE)


def test_quiet_talker_is_brought_to_a_usual_level(side: Side) -> None:
    quiet = np.rint(speech(6) * 0.06).astype(np.int16)
    side.engine.set_profile(LEG, Profile.VOICE)
    side.engine.set_gain(LEG, 0, 0, automatic=True)
    side.recorder.engine.record(1, LEG, LEG, 0)
    play(side, alaw.encode(quiet))
    time.sleep(5.5)
    heard = alaw.decode(side.recorder.left(1)).astype(float)
    assert np.sqrt(np.mean(heard[-2 * RATE :] ** 2)) > 3 * np.sqrt(
        np.mean(quiet[3 * RATE : 5 * RATE].astype(float) ** 2)
    )
