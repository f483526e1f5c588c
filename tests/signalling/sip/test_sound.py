# SPDX-License-Identifier: GPL-2.0-only
"""Sound between the engine and phones that are not ours: baresip and SIPp."""

import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.media.events import Client, DigitDetected, DigitsCollected
from appliance.simulator.phone import Phone, PhoneError
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from tests.media.rig import Listener, until
from tests.peers.sipp import Account, SippCallers, SippPhones
from tests.signalling.sip.controller import Controller
from tests.signalling.sip.site import DOMAIN, PASSWORD, Site, site

pytestmark = pytest.mark.system

SIPP = tuple(str(8101 + n) for n in range(20))
RATE = 8000
DIALLED = "4071#"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), ("8001", "8002", *SIPP)) as started:
        yield started


@pytest.fixture
def call_control(running: Site) -> Iterator[Controller]:
    with Controller(running.socket) as control:
        yield control


def tone(path: Path, hz: float) -> Path:
    """Five seconds of a sine at -16 dBov."""
    sound = 5200 * np.sin(2 * np.pi * hz * np.arange(5 * RATE) / RATE)
    with wave.open(str(path), "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(RATE)
        sink.writeframes(sound.astype("<i2").tobytes())
    return path


def loudest_hz(path: Path) -> float:
    """The strongest frequency in the second before the last."""
    with wave.open(str(path)) as source:
        octets = source.readframes(source.getnframes())
    sound = np.frombuffer(octets, "<i2").astype(float)[-2 * RATE : -RATE]
    assert len(sound) == RATE, "at least two seconds were heard"
    assert np.sqrt(np.mean(sound**2)) > 2000, "a tone, not silence"
    return float(np.argmax(np.abs(np.fft.rfft(sound))))


def baresip(running: Site, number: str, folder: Path, speech: Path | None, **settings: Any) -> Phone:
    password = PASSWORD.format(number=number)
    return Phone(f"{number}@{DOMAIN}", password, running.proxy, folder, speech=speech, **settings)


def answered(control: Controller, number: str) -> legs.Leg:
    """Place a leg and wait for the answer; returns it with its port."""
    leg = control.ids.leg()
    control.command(legs.PlaceLeg(leg=leg, to=number, contact="contact-1", clid="13912345678"))
    control.wait(legs.LegAnswered, leg)
    return control.wait(legs.LegPlaced, leg).leg


@pytest.mark.parametrize("codec", ["pcma", "pcmu"])
def test_two_baresip_phones_hear_each_other_through_the_engine(
    running: Site, call_control: Controller, tmp_path: Path, codec: str
) -> None:
    """The second one speaks one law only."""
    low, high = tone(tmp_path / "low.wav", 440), tone(tmp_path / "high.wav", 1000)
    with (
        baresip(running, "8001", tmp_path / "a", low) as first,
        baresip(running, "8002", tmp_path / "b", high, codec=codec) as second,
    ):
        ours = [answered(call_control, number) for number in ("8001", "8002")]
        a, b = (leg.port for leg in ours)
        assert a is not None
        assert b is not None
        running.engine(Client.CALL).connect(a, b)
        time.sleep(3.5)
        for leg in ours:
            call_control.command(legs.ReleaseLeg(leg=leg.leg))
        for phone in (first, second):
            phone.wait_for("CALL_CLOSED")
    # baresip completes the files after it has told of the end; at the latest when it ends itself.
    assert abs(loudest_hz(first.heard()[-1]) - 1000) <= 1
    assert abs(loudest_hz(second.heard()[-1]) - 440) <= 1


@pytest.mark.parametrize("codec", ["pcma", "pcmu"])
def test_digits_that_a_baresip_phone_dials_arrive_once_each(
    running: Site, call_control: Controller, tmp_path: Path, codec: str
) -> None:
    ivr = Listener(running.engine(Client.IVR))
    ivr.engine.attach()
    with baresip(running, "8001", tmp_path / "a", None, codec=codec) as phone:
        leg = answered(call_control, "8001")
        assert leg.port is not None
        ivr.engine.collect(leg.port, 1, 5, 5000, 3000, "#")
        port = leg.port
        until(lambda: ivr.engine.port_status(port).rtp.received > 0)  # before its sound it sends no digit (1.1.0)
        for digit in DIALLED:
            phone.press(digit)
            time.sleep(0.3)
        collected = ivr.wait(DigitsCollected)
        assert (collected.digits + str(collected.terminator)) == DIALLED
        time.sleep(0.5)
        assert "".join(event.digit for event in ivr.all(DigitDetected)) == DIALLED
        assert ivr.engine.port_status(leg.port).rtp.events > 0
        call_control.command(legs.ReleaseLeg(leg=leg.leg))
        phone.wait_for("CALL_CLOSED")


def test_digits_that_sipp_tells_by_info_arrive_once_each(
    running: Site, call_control: Controller, tmp_path: Path
) -> None:
    sound = tmp_path / "silence.alaw"
    sound.write_bytes(b"\xd5" * RATE)
    caller = Account("8001", PASSWORD.format(number="8001"))
    told = [("application/dtmf-relay", f"Signal={digit}\nDuration=100\n") for digit in DIALLED[:2]]
    told += [("application/dtmf", digit) for digit in DIALLED[2:]]
    ivr = Listener(running.engine(Client.IVR))
    ivr.engine.attach()
    with SippCallers(caller, "95588", running.proxy, DOMAIN, tmp_path / "sipp", sound, infos=told) as calling:
        leg = call_control.wait(legs.LegOffered).leg
        assert leg.port is not None
        ivr.engine.collect(leg.port, 1, 5, 5000, 3000, "#")
        call_control.command(legs.AnswerLeg(leg=leg.leg))
        collected = ivr.wait(DigitsCollected)
        assert (collected.digits + str(collected.terminator)) == DIALLED
        calling.wait(10)
        assert "".join(event.digit for event in ivr.all(DigitDetected)) == DIALLED
        assert calling.count("SuccessfulCall") == 1


def test_phone_rings_until_its_agent_answers_and_hangs_up(
    running: Site, call_control: Controller, tmp_path: Path
) -> None:
    with baresip(running, "8001", tmp_path / "a", None, auto_answer=False) as phone:
        leg = call_control.ids.leg()
        call_control.command(legs.PlaceLeg(leg=leg, to="8001", contact="contact-1"))
        phone.wait_for("CALL_INCOMING")
        assert call_control.wait(legs.LegAlerting, leg).inband is False
        assert not call_control.all(legs.LegAnswered, leg)
        phone.answer()
        call_control.wait(legs.LegAnswered, leg)
        phone.hang_up()
        released = call_control.wait(legs.LegReleased, leg)
        assert (released.cause, released.by) == (16, ReleasedBy.PEER)


def test_phone_that_loses_its_power_in_a_call_is_noticed(
    running: Site, call_control: Controller, tmp_path: Path
) -> None:
    """Ten seconds without sound, then OPTIONS in the dialog without an answer: cause 27, a fault."""
    with baresip(running, "8001", tmp_path / "a", None) as phone:
        leg = answered(call_control, "8001")
        time.sleep(0.5)
        phone.kill()
        released = call_control.wait(legs.LegReleased, leg.leg, timeout_s=20)
        assert (released.cause, released.by) == (27, ReleasedBy.FAULT)


def test_baresip_with_a_wrong_password_does_not_register(running: Site, tmp_path: Path) -> None:
    phone = Phone(f"8002@{DOMAIN}", "wrong", running.proxy, tmp_path / "a")
    with pytest.raises(PhoneError, match="refused"):
        phone.start()


def test_twenty_sipp_phones_talk_at_once(running: Site, call_control: Controller, tmp_path: Path) -> None:
    sound = tmp_path / "sound.alaw"
    sound.write_bytes(bytes(range(256)) * 250)
    accounts = [Account(number, PASSWORD.format(number=number)) for number in SIPP]
    with SippPhones(accounts, running.proxy, DOMAIN, tmp_path / "sipp", sound) as phones:
        placed = [call_control.ids.leg() for _ in SIPP]
        for leg, number in zip(placed, SIPP, strict=True):
            call_control.command(legs.PlaceLeg(leg=leg, to=number, contact="contact-1"))
        for leg in placed:
            call_control.wait(legs.LegAnswered, leg)
        time.sleep(2.0)
        ports = [call_control.wait(legs.LegPlaced, leg).leg.port for leg in placed]
        statuses = [running.engine().port_status(port) for port in ports if port is not None]
        assert len(statuses) == len(SIPP)
        assert min(status.rtp.received for status in statuses) >= 90
        assert sum(status.rtp.lost + status.rtp.bad + status.rtp.stray for status in statuses) == 0
        assert min(status.rx_dbm0 for status in statuses) > -30
        for leg in placed:
            call_control.command(legs.ReleaseLeg(leg=leg))
        time.sleep(0.5)
        phones.stop()
        assert phones.count("FailedCall") == 0, phones.errors()
        assert phones.count("SuccessfulCall") == len(SIPP)


def test_sipp_calls_the_box_and_hangs_up(running: Site, call_control: Controller, tmp_path: Path) -> None:
    sound = tmp_path / "sound.alaw"
    sound.write_bytes(bytes(range(256)) * 250)
    caller = Account("8001", PASSWORD.format(number="8001"))
    with SippCallers(caller, "95588", running.proxy, DOMAIN, tmp_path / "sipp", sound) as calling:
        leg = call_control.wait(legs.LegOffered).leg
        assert (leg.dnis, leg.clid) == ("95588", "8001")
        call_control.command(legs.AnswerLeg(leg=leg.leg))
        released = call_control.wait(legs.LegReleased, leg.leg)
        assert (released.cause, released.by) == (16, ReleasedBy.PEER)
        calling.wait(5)
        assert calling.count("SuccessfulCall") == 1
