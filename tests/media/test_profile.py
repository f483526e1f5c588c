# SPDX-License-Identifier: GPL-2.0-only
"""What is done to a port's sound by its profile: echo, gain and loss, and nothing where nobody may touch it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from appliance.media.events import CommandRefused, Profile
from drivers.model import Alarm, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Side, engine_process, engine_thread, noise, until
from tests.sound import alaw
from tests.sound.speech import speech

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

CALLER, LEG, OTHER = Timeslot(0, 1).port, Timeslot(1, 1).port, Timeslot(1, 2).port
TAIL_MS = 64
LEARN_S, LISTEN_S = 4.0, 1.0
ERL_DB = 10.0


@pytest.fixture
def side() -> Iterator[Side]:
    with engine_thread() as host:
        side = Side(host)
        joined(side)
        yield side


def joined(side: Side) -> None:
    driver = VpairDriver(side.engine)
    driver.configure(0, VpairSettings(partner=1), 16)
    driver.configure(1, VpairSettings(partner=0), 16)
    until(lambda: driver.alarms(0) == driver.alarms(1) == Alarm.NONE)
    for port in (CALLER, LEG, OTHER):
        side.engine.open_timeslot(port)


def dbm0(octets: bytes) -> float:
    square = np.mean(alaw.decode(octets).astype(float) ** 2)
    return float(10 * np.log10(max(square, 1e-9)) - 20 * np.log10(alaw.FULL_SCALE / 2**0.5) + alaw.FULL_SCALE_DBM0)


def received(side: Side, recording: int, port: int, seconds: float) -> bytes:
    side.recorder.engine.record(recording, port, port, 0)
    until(lambda: len(side.recorder.left(recording)) >= 8000 * seconds, seconds + 3)
    side.recorder.engine.stop_recording(recording)
    return side.recorder.left(recording)


def hybrid(side: Side) -> None:
    """The caller's end gives back what it hears, 10 dB weaker, while the leg is played a prompt."""
    side.engine.set_gain(CALLER, -ERL_DB, 0)
    side.engine.listen(CALLER, CALLER)
    prompt = side.arena.add_alaw(alaw.encode(speech(20)))
    side.ivr.engine.play(LEG, 1, [prompt], 0)


def test_echo_of_our_own_prompt_is_taken_out(side: Side) -> None:
    hybrid(side)
    time.sleep(0.5)
    echo = dbm0(received(side, 1, LEG, LISTEN_S))
    side.engine.set_profile(LEG, Profile.VBD, TAIL_MS)  # without the non-linear processor
    time.sleep(LEARN_S)
    left = dbm0(received(side, 2, LEG, LISTEN_S))
    status = side.engine.port_status(LEG)
    assert status.profile == Profile.VBD
    assert status.echo is not None
    print(f"echo {echo:.1f} dBm0, left {left:.1f} dBm0, {status.echo}")
    assert left < echo - 20
    assert abs(status.echo.erl_db - ERL_DB) < 3


def test_line_is_known_after_the_engine_was_killed() -> None:
    with engine_process() as host:
        side = Side(host)
        joined(side)
        hybrid(side)
        side.engine.set_profile(LEG, Profile.VBD, TAIL_MS)
        time.sleep(LEARN_S)
        host.kill()
        host.start()
        time.sleep(0.3)
        left = dbm0(received(side, 1, LEG, LISTEN_S))
        assert left < -45


def test_clear_port_passes_every_octet_and_a_change_of_profile_loses_none(side: Side) -> None:
    sound = noise(1.5)
    side.engine.set_profile(LEG, Profile.VOICE, TAIL_MS)
    side.engine.set_profile(LEG, Profile.CLEAR)
    side.recorder.engine.record(1, LEG, LEG, 0)
    side.ivr.engine.play(CALLER, 1, [side.arena.add_alaw(sound)])
    time.sleep(0.5)
    side.engine.set_profile(LEG, Profile.T38, TAIL_MS)
    time.sleep(0.5)
    side.engine.set_profile(LEG, Profile.CLEAR)
    until(lambda: sound in side.recorder.left(1))


def test_gain_and_loss_are_those_of_the_plan(side: Side) -> None:
    tone = alaw.encode(np.rint(8000 * np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)).astype(np.int16))
    side.ivr.engine.play(CALLER, 1, [side.arena.add_alaw(tone)], 0)
    plain = dbm0(received(side, 1, LEG, 0.2))
    for number, gain_db in enumerate((-6.0, 3.0, 0.0)):
        side.engine.set_gain(LEG, gain_db, 0)
        time.sleep(0.02)
        assert dbm0(received(side, 2 + number, LEG, 0.2)) - plain == pytest.approx(gain_db, abs=0.2)
    side.engine.set_gain(CALLER, 0, -12.5)
    time.sleep(0.03)
    assert dbm0(received(side, 9, LEG, 0.2)) - plain == pytest.approx(-12.5, abs=0.2)


def test_noise_clipping_and_level_are_reported(side: Side) -> None:
    loud = np.rint(40000 * np.sin(2 * np.pi * 500 * np.arange(8000) / 8000)).clip(-32768, 32767).astype(np.int16)
    side.ivr.engine.play(CALLER, 1, [side.arena.add_alaw(alaw.encode(loud))], 0)
    until(lambda: side.engine.port_status(LEG).clipped > 1000, 5)
    assert side.engine.port_status(LEG).rx_dbm0 > 3


@pytest.mark.parametrize("tail_ms", [15, 129])
def test_tail_that_no_canceller_has_is_refused(side: Side, tail_ms: int) -> None:
    with pytest.raises(ValueError, match="16 to 128"):
        side.engine.set_profile(LEG, Profile.VOICE, tail_ms)


def test_only_a_line_has_an_echo(side: Side) -> None:
    with pytest.raises(ValueError, match="timeslot port"):
        side.engine.set_profile(256, Profile.VOICE, TAIL_MS)


def test_profile_of_a_closed_port_is_refused(side: Side) -> None:
    side.engine.set_profile(Timeslot(1, 9).port, Profile.VOICE)
    assert side.line.wait(CommandRefused).error == "ENOTCONN"
