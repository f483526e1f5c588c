# SPDX-License-Identifier: GPL-2.0-only
"""Conferences, whisper, mute, listening: what each caller hears, by the tones the others sing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from appliance.media.engine import NULL_FIRST
from appliance.media.events import CommandRefused, PlayEnded
from drivers.model import Alarm, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Side, engine_process, engine_thread, noise, until
from tests.sound import alaw

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

PARTIES = range(1, 5)
HZ = {party: 400 + 200 * party for party in PARTIES}
PROMPT_HZ = 2100
AMPLITUDE = 4000
CONFERENCE = 3
HEARD_S = 0.2
PROMPT = NULL_FIRST + 7


def caller(party: int) -> int:
    return Timeslot(0, party).port


def leg(party: int) -> int:
    return Timeslot(1, party).port


def tone(hz: float) -> bytes:
    """A second of it, which may be repeated."""
    turns = 2 * np.pi * hz * np.arange(8000) / 8000
    return alaw.encode(np.rint(AMPLITUDE * np.sin(turns)).astype(np.int16))


def singing(side: Side) -> None:
    """Spans 0 and 1 are joined, and the callers of span 0 each hold a tone."""
    driver = VpairDriver(side.engine)
    driver.configure(0, VpairSettings(partner=1), 16)
    driver.configure(1, VpairSettings(partner=0), 16)
    until(lambda: driver.alarms(0) == driver.alarms(1) == Alarm.NONE)
    for party in PARTIES:
        side.engine.open_timeslot(caller(party))
        side.engine.open_timeslot(leg(party))
        side.engine.play(caller(party), party, [side.arena.add_alaw(tone(HZ[party]))], 0)
    until(lambda: all(side.engine.port_status(caller(party)).source == "play" for party in PARTIES))


@pytest.fixture
def side() -> Iterator[Side]:
    with engine_thread() as host:
        side = Side(host)
        singing(side)
        yield side


_recordings = iter(range(1000, 100000))


def heard(side: Side, port: int) -> set[int]:
    """Frequencies that a port receives at half their level or more."""
    recording = next(_recordings)
    time.sleep(0.03)  # commands are obeyed, and the pair of spans is a tick long
    side.recorder.engine.record(recording, port, port, 0)
    until(lambda: len(side.recorder.left(recording)) >= 8000 * HEARD_S)
    side.recorder.engine.stop_recording(recording)
    sound = alaw.decode(side.recorder.left(recording))[: int(8000 * HEARD_S)].astype(float)
    turns = np.exp(-2j * np.pi * np.outer([*HZ.values(), PROMPT_HZ], np.arange(len(sound))) / 8000)
    levels = 2 * np.abs(turns @ sound) / len(sound)
    return {hz for hz, level in zip([*HZ.values(), PROMPT_HZ], levels, strict=True) if level > AMPLITUDE / 2}


def others(*parties: int) -> set[int]:
    return {HZ[party] for party in PARTIES if party not in parties}


def meet(side: Side) -> None:
    for party in PARTIES:
        side.engine.join(leg(party), CONFERENCE)


def test_every_party_hears_all_others_and_never_itself(side: Side) -> None:
    meet(side)
    for party in PARTIES:
        assert heard(side, caller(party)) == others(party)
    status = side.engine.conference_status(CONFERENCE)
    assert status.parties == len(PARTIES)
    assert status.dominant in {leg(party) for party in PARTIES}


def test_muted_party_is_heard_by_nobody_and_hears_on(side: Side) -> None:
    meet(side)
    side.engine.mute(leg(2), muted=True)
    assert heard(side, caller(1)) == others(1, 2)
    assert heard(side, caller(2)) == others(2)
    assert side.engine.port_status(leg(2)).muted
    side.engine.mute(leg(2), muted=False)
    assert heard(side, caller(1)) == others(1)


def test_supervisor_who_only_hears_is_heard_when_he_barges_in(side: Side) -> None:
    meet(side)
    side.engine.join(leg(4), CONFERENCE, speaks=False)
    assert heard(side, caller(1)) == others(1, 4)
    assert heard(side, caller(4)) == others(4)
    side.engine.join(leg(4), CONFERENCE)
    assert heard(side, caller(1)) == others(1)


def test_whisper_is_heard_by_one_side_of_a_bridge_alone(side: Side) -> None:
    side.engine.connect(leg(1), leg(2))
    side.engine.whisper(leg(2), leg(3))
    assert heard(side, caller(2)) == {HZ[1], HZ[3]}
    assert heard(side, caller(1)) == {HZ[2]}
    side.engine.whisper(leg(2), None)
    assert heard(side, caller(2)) == {HZ[1]}


def test_prompt_on_a_null_port_is_heard_by_the_whole_conference(side: Side) -> None:
    meet(side)
    side.engine.open_null(PROMPT)
    side.ivr.engine.play(PROMPT, 77, [side.arena.add_alaw(tone(PROMPT_HZ))], 0)
    side.engine.join(PROMPT, CONFERENCE, hears=False)
    assert heard(side, caller(1)) == others(1) | {PROMPT_HZ}


def test_many_listen_to_one_source_of_music(side: Side) -> None:
    side.engine.open_null(PROMPT)
    side.ivr.engine.play(PROMPT, 77, [side.arena.add_alaw(tone(PROMPT_HZ))], 0)
    for party in PARTIES:
        side.engine.listen(leg(party), PROMPT)
    for party in PARTIES:
        assert heard(side, caller(party)) == {PROMPT_HZ}


def test_listener_is_sent_away_when_the_port_closes(side: Side) -> None:
    side.engine.listen(leg(1), leg(2))
    side.engine.whisper(leg(3), leg(2))
    assert heard(side, caller(1)) == {HZ[2]}
    side.engine.close_port(leg(2))
    side.engine.open_timeslot(leg(2))
    assert heard(side, caller(1)) == set()
    assert heard(side, caller(3)) == set()
    assert side.engine.port_status(leg(1)).source == "idle"


def test_bridge_takes_a_party_out_of_its_conference(side: Side) -> None:
    meet(side)
    side.engine.connect(leg(1), leg(2))
    assert heard(side, caller(1)) == {HZ[2]}
    assert heard(side, caller(3)) == {HZ[4]}
    assert side.engine.conference_status(CONFERENCE).parties == 2


def test_last_party_leaves_an_empty_conference(side: Side) -> None:
    meet(side)
    for party in PARTIES:
        side.engine.leave(leg(party))
    until(lambda: side.engine.conference_status(CONFERENCE).parties == 0)
    assert side.engine.conference_status(CONFERENCE).dominant is None
    side.engine.leave(leg(1))
    assert side.line.wait(CommandRefused).error == "ENOTCONN"


def test_conference_goes_on_after_the_engine_was_killed() -> None:
    with engine_process() as host:
        side = Side(host)
        singing(side)
        meet(side)
        side.engine.whisper(leg(1), leg(2))
        assert heard(side, caller(3)) == others(3)
        host.kill()
        host.start()
        assert heard(side, caller(3)) == others(3)
        assert side.engine.status().repaired == 0


def test_joining_a_conference_leaves_no_gap_in_what_the_others_hear(side: Side) -> None:
    """A talk becomes a conference of three: the octets of the first tone go on to the sample."""
    side.engine.connect(leg(1), leg(2))
    time.sleep(0.05)
    side.recorder.engine.record(1, caller(2), caller(2), 0)
    time.sleep(0.1)
    side.engine.join(leg(1), CONFERENCE)
    side.engine.join(leg(2), CONFERENCE)
    side.engine.join(leg(3), CONFERENCE, speaks=False)
    time.sleep(0.2)
    side.recorder.engine.stop_recording(1)
    (piece,) = side.recorder.sounds(1)
    assert piece.left in 3 * tone(HZ[1])


def test_all_of_a_prompt_on_a_null_port_is_heard_and_nothing_it_was_told(side: Side) -> None:
    side.engine.open_null(PROMPT)
    side.engine.listen(PROMPT, leg(1))
    side.engine.whisper(PROMPT, leg(2))
    time.sleep(0.1)
    side.recorder.engine.record(1, PROMPT, PROMPT, 0)
    time.sleep(0.1)
    prompt = noise(0.2501)
    side.ivr.engine.play(PROMPT, 77, [side.arena.add_alaw(prompt)])
    side.ivr.wait(PlayEnded)
    time.sleep(0.1)
    assert side.recorder.left(1).strip(b"\xd5") == prompt.strip(b"\xd5")
