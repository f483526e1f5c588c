# SPDX-License-Identifier: GPL-2.0-only
"""Digits are heard by the limits of the port's administration, and by none of another's; also behind a death."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.media.engine import Engine
from appliance.media.events import CommandRefused, DigitDetected
from drivers.model import Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from dsp.g711 import alaw_encode
from tests.dsp.dtmf_sound import DIGITS, digit, silence
from tests.media.rig import Side, engine_process, until
from tests.media.virtual import TICKS_A_SECOND, VirtualEngine, virtual_engine

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

NEAR = [Timeslot(0, slot).port for slot in (1, 2, 3)]
FAR = [Timeslot(1, slot).port for slot in (1, 2, 3)]
RTP, NULL, CLOSED = 256, 512, Timeslot(1, 9).port


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    with virtual_engine() as host:
        yield host


@pytest.fixture
def side(host: VirtualEngine) -> Side:
    side = Side(host)
    opened(side)
    host.tick(2)
    return side


def opened(side: Side) -> None:
    """Three timeslots, each end open."""
    driver = VpairDriver(side.engine)
    for span in (0, 1):
        driver.configure(span, VpairSettings(partner=1 - span), None)
    for port in (*NEAR, *FAR):
        side.engine.open_timeslot(port)


def keyed(side: Side, digits: str, low_dbm0: float = -10, high_dbm0: float = -10) -> None:
    """These keys on each timeslot, at these levels."""
    sound = [silence(60)]
    for which in digits:
        sound += [digit(which, 60, low_dbm0=low_dbm0, high_dbm0=high_dbm0), silence(60)]
    for port in NEAR:
        octets = b"".join(alaw_encode(part.round().astype("int16").tobytes()) for part in sound)
        side.ivr.engine.play(port, 1, [side.arena.add_alaw(octets)])


def heard(side: Side) -> list[str]:
    """Digits so far, by timeslot."""
    told = side.call.all(DigitDetected)
    return ["".join(event.digit for event in told if event.port == port) for port in FAR]


def level(dbm0: float) -> dict[str, float]:
    return {"low_dbm0": dbm0, "high_dbm0": dbm0}


@pytest.mark.parametrize(
    ("how", "whose"),
    [
        (level(-27.5), ["AT&T", "Denmark", "Australia", "Brazil"]),  # NTT: -26.5
        (level(-29), ["AT&T", "Denmark", "Brazil"]),  # Australia: -28.5
        (level(-34), ["AT&T", "Brazil"]),  # Denmark: -30
        (
            {"low_dbm0": -19.5, "high_dbm0": -12.5},
            ["NTT", "Denmark", "Australia", "Brazil"],
        ),  # AT&T: 4 dB, and a margin
        ({"low_dbm0": -11, "high_dbm0": -20}, ["AT&T", "Australia", "Brazil"]),  # Denmark: 6 dB, NTT: 5, and a margin
    ],
    ids=lambda value: None if isinstance(value, dict) else "+".join(value),
)
def test_q24_each_administration_hears_what_lies_within_its_limits(
    host: VirtualEngine, side: Side, how: dict[str, float], whose: list[str]
) -> None:
    them = ["AT&T", "NTT", "Denmark", "Australia", "Brazil"]
    found = []
    for administration in them:
        side.engine.set_dtmf(FAR[0], administration)
        before = heard(side)[0]
        keyed(side, "159D", **how)
        host.tick(TICKS_A_SECOND)
        told = heard(side)[0].removeprefix(before)
        assert told in ("", "159D")
        found += [administration] if told else []
    assert found == whose


@pytest.mark.parametrize("least", [-45.0, -38.0, -29.0])
@pytest.mark.parametrize("administration", ["AT&T", "NTT"])
def test_a_level_that_is_set_goes_before_the_administration_s(
    host: VirtualEngine, side: Side, least: float, administration: str
) -> None:
    side.engine.set_dtmf(FAR[0], administration, least)
    keyed(side, DIGITS, **level(least))
    host.tick(3 * TICKS_A_SECOND)
    assert heard(side)[0] == ""
    keyed(side, DIGITS, **level(least + 1))
    host.tick(3 * TICKS_A_SECOND)
    assert heard(side)[0] == DIGITS


def test_a_port_that_opens_anew_has_its_own_limits_again(host: VirtualEngine, side: Side) -> None:
    side.engine.set_dtmf(FAR[0], "NTT")
    side.engine.open_timeslot(FAR[0])
    host.tick(2)
    keyed(side, "42", **level(-34))
    host.tick(TICKS_A_SECOND)
    assert heard(side) == ["42", "42", "42"]


def test_limits_given_while_a_digit_is_on_end_it(host: VirtualEngine, side: Side) -> None:
    sound = alaw_encode(digit("5", 900).round().astype("int16").tobytes())
    side.ivr.engine.play(NEAR[0], 1, [side.arena.add_alaw(sound)])
    host.tick(TICKS_A_SECOND // 2)
    assert heard(side)[0] == "5"
    side.engine.set_dtmf(FAR[0], "NTT")
    host.tick(TICKS_A_SECOND)
    assert set(heard(side)[0]) == {"5"}
    before = heard(side)[0]
    keyed(side, "9")
    host.tick(TICKS_A_SECOND)
    assert heard(side)[0].removeprefix(before) == "9"


def test_a_death_between_two_ticks_costs_no_limits(host: VirtualEngine, side: Side) -> None:
    side.engine.set_dtmf(FAR[0], "NTT")
    side.engine.set_dtmf(FAR[1], "AT&T", -33.0)
    host.tick(2)
    host.die()
    host.start()
    host.tick(2)
    keyed(side, "73", **level(-34))
    host.tick(TICKS_A_SECOND)
    assert heard(side) == ["", "", "73"]
    keyed(side, "28", **level(-31))
    host.tick(TICKS_A_SECOND)
    assert heard(side) == ["", "28", "7328"]


def test_a_killed_engine_hears_by_the_limits_that_it_had() -> None:
    with engine_process() as host:
        side = Side(host)
        opened(side)
        side.engine.set_dtmf(FAR[0], "NTT")
        side.engine.set_dtmf(FAR[1], "AT&T", -33.0)
        for number, digits in enumerate(("31", "62")):
            keyed(side, digits, **level(-34))
            until(lambda digits=digits: heard(side)[2].endswith(digits))  # type: ignore[misc]
            assert heard(side)[:2] == ["", ""]
            keyed(side, digits[::-1], **level(-25))
            until(lambda digits=digits: all(one.endswith(digits[::-1]) for one in heard(side)))  # type: ignore[misc]
            side.call.seen.clear()
            if not number:
                host.kill()
                host.start()


@pytest.mark.parametrize("port", [RTP, NULL, CLOSED])
def test_limits_of_a_closed_port_are_refused(host: VirtualEngine, side: Side, port: int) -> None:
    side.engine.set_dtmf(port, "NTT")
    host.tick(2)
    refused = side.line.all(CommandRefused)
    assert [(one.kind.name, one.port, one.error) for one in refused] == [("SET_DTMF", port, "ENOTCONN")]


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (("Atlantis",), "no column Atlantis"),
        (("NTT", -45.1), "non_operate_dbm0=-45.1: -45 to -29"),
        (("NTT", -28.9), "-45 to -29"),
        (("NTT", float("nan")), "-45 to -29"),
    ],
)
def test_limits_that_are_none_are_refused_at_once(side: Side, limits: tuple[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        side.engine.set_dtmf(FAR[0], *limits)


def test_the_engine_takes_no_limits_that_its_receiver_has_not(
    host: VirtualEngine, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes the ring without the handle changes nothing."""

    def none(*_: object) -> dict[str, float]:
        return {"min_level_dbm0": float("nan")}

    side.engine.set_dtmf(FAR[0], "NTT")
    monkeypatch.setitem(Engine.set_dtmf.__globals__, "limits", none)
    side.engine.set_dtmf(FAR[0], "NTT")
    host.tick(2)
    assert side.line.all(CommandRefused)[0].error == "EINVAL"
    keyed(side, "4", **level(-34))
    host.tick(TICKS_A_SECOND)
    assert heard(side) == ["", "4", "4"]
