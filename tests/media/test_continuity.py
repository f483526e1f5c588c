# SPDX-License-Identifier: GPL-2.0-only
"""What goes on while a leg is muted, held, whispered to, recorded, re-pointed, switched: sample by sample.

Two callers on lines talk; what each of them hears is compared with a run in which nothing was done. Virtual time makes
the two runs the same to the octet but for what the one does; so a sample that is missing, doubled or late is seen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from appliance.media.engine import NULL_FIRST
from appliance.media.events import CommandRefused, Profile
from drivers.model import Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Side, noise
from tests.media.tones import sine
from tests.media.virtual import TICK_SAMPLES, virtual_engine
from tests.sound import alaw
from tests.sound.speech import speech

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

A, B, C = 1, 2, 3
MUSIC, WHISPERER = NULL_FIRST, NULL_FIRST + 1
TAIL_MS = 64
TICKS, BEGIN, END = 400, 153, 251
"""The thing begins with one tick of the run and ends with another."""
CABLE = TICK_SAMPLES
"""A tick later it is at the caller's end."""
CONFERENCE = 4


def caller(party: int) -> int:
    return Timeslot(0, party).port


def leg(party: int) -> int:
    return Timeslot(1, party).port


class Heard(msgspec.Struct, frozen=True):
    """By A and by B, from the first tick of the run, A-law."""

    by_a: bytes
    by_b: bytes


Deed = Callable[[Side], None]


def nothing(_: Side) -> None:
    """As it would be."""


def voices() -> tuple[bytes, bytes]:
    """Two talkers, with the noise of their rooms."""
    chance = np.random.default_rng(152)
    a, b = (
        speech(TICKS / 200, voice) / 2 + chance.normal(0, 40, TICKS * TICK_SAMPLES) for voice in ("caller", "agent")
    )
    return alaw.encode(np.rint(a).astype(np.int16)), alaw.encode(np.rint(b).astype(np.int16))


def octets() -> tuple[bytes, bytes]:
    """Every octet there is, in no order."""
    return noise(TICKS / 200, 1), noise(TICKS / 200, 2)


def music() -> bytes:
    return sine(443.7, TICKS * TICK_SAMPLES, 3000)


def words() -> bytes:
    return sine(706.3, TICKS * TICK_SAMPLES, 2000)


def of_null_port(sound: bytes) -> bytes:
    """What is heard of it while the deed is done: it began two ticks before the run, and is heard a tick later."""
    return sound[(BEGIN + 1) * TICK_SAMPLES : (END + 1) * TICK_SAMPLES]


def run(begin: Deed, end: Deed, profile: Profile = Profile.VOICE) -> Heard:
    """A and B talk in a bridge; the deed is begun and ended in mid-talk. Clear ports carry octets, others voices."""
    with virtual_engine() as host:
        side = Side(host)
        engine, driver = side.engine, VpairDriver(side.engine)
        for span in (0, 1):
            driver.configure(span, VpairSettings(partner=1 - span), None)
            for party in (A, B, C):
                engine.open_timeslot(Timeslot(span, party).port)
        for party in (A, B, C):
            engine.set_profile(leg(party), profile, 0 if profile is Profile.CLEAR else TAIL_MS)
        for port, sound in ((MUSIC, music()), (WHISPERER, words())):
            engine.open_null(port)
            engine.play(port, port, [side.arena.add_alaw(sound)])
        engine.connect(leg(A), leg(B))
        host.tick(2)
        for party, said in zip((A, B), octets() if profile is Profile.CLEAR else voices(), strict=True):
            engine.play(caller(party), party, [side.arena.add_alaw(said)])
        engine.record(1, caller(A), caller(B), 0)
        host.tick(BEGIN)
        begin(side)
        host.tick(END - BEGIN)
        end(side)
        host.tick(TICKS - END)
        assert not side.line.all(CommandRefused)
        (piece,) = side.recorder.sounds(1)
        return Heard(piece.left, piece.right)


@functools.cache
def undisturbed(profile: Profile = Profile.VOICE) -> Heard:
    return run(nothing, nothing, profile)


def test_undisturbed_each_hears_all_that_the_other_says_once() -> None:
    for profile, (a, b) in ((Profile.CLEAR, octets()), (Profile.VOICE, voices())):
        heard = undisturbed(profile)
        on_the_way = heard.by_b.index(a[:100])
        assert on_the_way == 2 * CABLE
        assert heard.by_b[on_the_way:] == a[: len(heard.by_b) - on_the_way]
        assert heard.by_a[on_the_way:] == b[: len(heard.by_a) - on_the_way]


def parted(heard: bytes) -> tuple[bytes, bytes, bytes]:
    """Before the deed, while it is done, and after it, as the far end of a cable hears them."""
    begin, end = BEGIN * TICK_SAMPLES + CABLE, END * TICK_SAMPLES + CABLE
    return heard[:begin], heard[begin:end], heard[end:]


def mixed(one: bytes, other: bytes) -> bytes:
    """Sample by sample."""
    both = alaw.decode(one).astype(int) + alaw.decode(other)
    return alaw.encode(np.clip(both, -32768, 32767).astype(np.int16))


def silent(octets_heard: bytes) -> bool:
    return set(octets_heard) == {alaw.IDLE}


BESIDE: dict[str, tuple[Deed, Deed]] = {
    "recorder": (
        lambda side: side.call.engine.record(2, leg(A), leg(B), 0),
        lambda side: side.call.engine.stop_recording(2),
    ),
    "listener": (lambda side: side.engine.listen(leg(C), leg(A)), lambda side: side.engine.disconnect(leg(C))),
    "ears": (
        lambda side: side.engine.hear_signals(leg(A), [], sound=True, echo=True),
        lambda side: side.engine.hear_signals(leg(A), []),
    ),
    "collect": (
        lambda side: side.ivr.engine.collect(leg(A), 1, 4, 5000, 5000),
        lambda side: side.ivr.engine.stop(leg(A)),
    ),
    "same bridge again": (
        lambda side: side.engine.connect(leg(A), leg(B)),
        lambda side: side.engine.connect(leg(B), leg(A)),
    ),
    "leg beside it closed and opened": (
        lambda side: side.engine.close_port(leg(C)),
        lambda side: side.engine.open_timeslot(leg(C)),
    ),
}


@pytest.mark.parametrize("profile", [Profile.CLEAR, Profile.VOICE])
@pytest.mark.parametrize("deed", BESIDE)
def test_what_is_done_beside_a_talk_changes_no_octet_of_it(deed: str, profile: Profile) -> None:
    assert run(*BESIDE[deed], profile) == undisturbed(profile)


SWITCHES: dict[str, tuple[Profile, Deed, Deed]] = {
    f"{profile.name} {between.name}": (
        profile,
        lambda side, between=between: side.engine.set_profile(leg(A), between, TAIL_MS),  # type: ignore[misc]
        lambda side, profile=profile: side.engine.set_profile(  # type: ignore[misc]
            leg(A), profile, 0 if profile is Profile.CLEAR else TAIL_MS
        ),
    )
    for profile in (Profile.CLEAR, Profile.VOICE)
    for between in Profile
    if between is not profile
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_change_of_profile_there_and_back_loses_and_doubles_no_octet(switch: str) -> None:
    """On a line without an echo the canceller is bit for bit itself."""
    profile, begin, end = SWITCHES[switch]
    assert run(begin, end, profile) == undisturbed(profile)


@pytest.mark.parametrize("profile", [Profile.CLEAR, Profile.VOICE])
def test_muted_party_hears_on_and_is_heard_again_at_the_very_sample(profile: Profile) -> None:
    heard = run(
        lambda side: side.engine.mute(leg(B), muted=True), lambda side: side.engine.mute(leg(B), muted=False), profile
    )
    was = undisturbed(profile)
    assert heard.by_b == was.by_b
    (before, during, after), (begun, _, ended) = parted(heard.by_a), parted(was.by_a)
    assert (before, after) == (begun, ended)
    assert silent(during)


@pytest.mark.parametrize("profile", [Profile.CLEAR, Profile.VOICE])
def test_whisper_lies_over_what_goes_on_and_the_other_side_hears_nothing_of_it(profile: Profile) -> None:
    heard = run(
        lambda side: side.engine.whisper(leg(B), WHISPERER), lambda side: side.engine.whisper(leg(B), None), profile
    )
    was = undisturbed(profile)
    assert heard.by_a == was.by_a
    (before, during, after), (begun, covered, ended) = parted(heard.by_b), parted(was.by_b)
    assert (before, after) == (begun, ended)
    assert during == mixed(covered, of_null_port(words()))


def hold(side: Side) -> None:
    """As call control does: B hears music, and nobody hears B."""
    side.engine.listen(leg(B), MUSIC)


def resume(side: Side) -> None:
    side.engine.connect(leg(A), leg(B))


@pytest.mark.parametrize("profile", [Profile.CLEAR, Profile.VOICE])
def test_held_party_hears_music_from_one_sample_to_another_and_a_recording_hears_on(profile: Profile) -> None:
    taps: list[bytes] = []

    def held(side: Side) -> None:
        side.call.engine.record(2, leg(A), leg(B), 0)
        hold(side)

    def resumed(side: Side) -> None:
        resume(side)
        taps.extend((side.recorder.left(2), side.recorder.right(2)))

    heard = run(held, resumed, profile)
    was = undisturbed(profile)
    (before, during, after), (begun, _, ended) = parted(heard.by_b), parted(was.by_b)
    assert (before, after) == (begun, ended), "what A said meanwhile is not said later"
    assert during == of_null_port(music())
    (before, during, after), (begun, _, ended) = parted(heard.by_a), parted(was.by_a)
    assert (before, after) == (begun, ended)
    assert silent(during)
    place = BEGIN * TICK_SAMPLES + CABLE
    assert taps == [side[place : place + len(taps[0])] for side in (was.by_b, was.by_a)]
    assert len(taps[0]) == (END - BEGIN) * TICK_SAMPLES


def meet(side: Side) -> None:
    for party in (A, B, C):
        side.engine.join(leg(party), CONFERENCE)


def part(side: Side) -> None:
    """The third has gone: two are a bridge again."""
    side.engine.leave(leg(C))
    side.engine.connect(leg(A), leg(B))


def test_third_party_joins_and_leaves_and_what_the_two_say_goes_on() -> None:
    """C says nothing, whose code is a value of 8 of 32256: what the others say moves by a step of A-law at most."""
    heard, was = run(meet, part), undisturbed()
    for now, then in ((heard.by_a, was.by_a), (heard.by_b, was.by_b)):
        (before, during, after), (begun, covered, ended) = parted(now), parted(then)
        assert (before, after) == (begun, ended)
        assert during == mixed(covered, bytes([alaw.IDLE]) * len(covered))


def test_third_party_is_heard_from_the_very_tick() -> None:
    def join(side: Side) -> None:
        side.engine.play(caller(C), C, [side.arena.add_alaw(words())])
        meet(side)

    heard, was = run(join, part), undisturbed()
    (before, during, after), (begun, covered, ended) = parted(heard.by_b), parted(was.by_b)
    assert (before, after) == (begun, ended)
    assert during == mixed(covered, (bytes([alaw.IDLE]) * CABLE + words())[: len(during)])
