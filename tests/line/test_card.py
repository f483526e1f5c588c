# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines of a card: calls in and out over chips of registers and the engine's own sound, in virtual time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest
from msgspec.structs import replace

from appliance.line.states import Event
from appliance.media.events import Sound, ToneKind
from appliance.signalling.fxo.settings import Answer, CallerId, DialBy, HangUp, Settings
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.legs import LegAlerting, LegAnswered, LegOffered, LegReleased, ReleasedBy
from appliance.wire.spans import ChannelState
from drivers.model import Alarm, Timeslot
from drivers.spi.line_modes import IMPEDANCES
from dsp.caller_id import Message
from dsp.g711 import alaw_encode
from tests.line.card_office import CARD, EXCHANGE, NUMBERS, Office
from tests.media.virtual import VirtualEngine, virtual_engine
from tests.signalling.fxo.simulated_line import BLOCK, PROMPT_S, RATE_HZ, SimulatedLine, right

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

CALLER = Message(number="02512345678", name="NANJING", month=11, day=26, hour=9, minute=30)
CPC = (HangUp.POLARITY, HangUp.CPC)
LINE = Settings(mode="FCC", zone="us", hang_up=CPC, answer=Answer.POLARITY, caller_id=CallerId.BELL202)
QUIET = replace(LINE, caller_id=CallerId.NONE)
ACIM = 30
EXCHANGE_1 = Timeslot(EXCHANGE, 1).port
IDLE, BUSY, BLOCKED = ChannelState.IDLE, ChannelState.BUSY, ChannelState.BLOCKED


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    with virtual_engine() as host:
        yield host


def states(office: Office) -> list[ChannelState]:
    return list(office.span.channels.states().values())


def dial_tone(office: Office, line: int) -> None:
    office.side.engine.tone(Timeslot(EXCHANGE, line).port, ToneKind.DIAL, "us")


def test_a_caller_is_told_between_the_rings_talks_and_is_let_go_by_an_open_loop(host: VirtualEngine) -> None:
    office = Office(host, LINE)
    assert states(office) == [IDLE, IDLE]
    office.rings(2, CALLER)
    leg = office.expect(LegOffered).leg
    assert (leg.clid, leg.name, leg.dnis, leg.trunk) == (CALLER.number, CALLER.name, NUMBERS[2], "lines")
    assert leg.channel == "span 1 timeslot 2"
    assert states(office) == [IDLE, BUSY]
    assert not office.chips[2].hook_log
    office.step(leg.leg, Event.ANSWER)
    office.seconds(1)
    assert [chip.off_hook for chip in office.chips.values()] == [False, True]
    office.side.engine.send_digits(Timeslot(EXCHANGE, 2).port, 1, "95")
    office.until(lambda: office.heard(2) == "95")
    office.opens(2, 0.3)
    released = office.expect(LegReleased)
    assert (released.leg, released.cause, released.by) == (leg.leg, 16, ReleasedBy.PEER)
    office.seconds(2)
    assert not office.chips[2].off_hook
    assert states(office) == [IDLE, IDLE]
    assert not office.chips[1].hook_log
    assert not office.refused


def test_a_caller_who_gives_up_is_released(host: VirtualEngine) -> None:
    office = Office(host, QUIET)
    office.rings(1)
    leg = office.expect(LegOffered).leg
    assert office.expect(LegReleased, 12).leg == leg.leg
    assert not office.chips[1].hook_log


def test_a_number_is_dialled_by_dtmf_after_dial_tone_and_a_reversal_answers(host: VirtualEngine) -> None:
    office = Office(host, LINE)
    assert office.places("5559876")
    office.until(lambda: office.chips[1].off_hook, 0.1)
    office.seconds(1)
    assert office.digits[1] == ""
    dial_tone(office, 1)
    office.until(lambda: office.digits[1])
    office.side.engine.stop(Timeslot(EXCHANGE, 1).port)
    office.until(lambda: office.digits[1] == "5559876")
    office.side.engine.tone(Timeslot(EXCHANGE, 1).port, ToneKind.RINGBACK, "us")
    assert office.expect(LegAlerting).leg == "leg-out"
    office.chips[1].reverse()
    assert office.expect(LegAnswered, 0.2).leg == "leg-out"
    office.span.release(office.leg("leg-out"), 16, ReleasedBy.US)
    assert office.expect(LegReleased).by is ReleasedBy.US
    assert not office.chips[1].off_hook
    assert not office.refused


def test_a_number_is_dialled_by_pulses_of_60_to_40_ms(host: VirtualEngine) -> None:
    office = Office(host, replace(QUIET, dial_by=DialBy.PULSE))
    office.places("30")
    office.seconds(1)
    dial_tone(office, 1)
    office.seconds(6)
    moves = office.chips[1].hook_log[1:]
    broken = [round(after - at, 2) for (at, closed), (after, _) in itertools.pairwise(moves) if not closed]
    made = [round(after - at, 2) for (at, closed), (after, _) in itertools.pairwise(moves) if closed]
    assert broken == [pytest.approx(0.06, abs=0.011)] * 13
    assert made == [pytest.approx(0.84 if n == 2 else 0.04, abs=0.011) for n in range(12)]
    assert office.chips[1].off_hook
    assert not office.alarms


def test_a_flash_opens_the_loop_of_a_call_that_goes_on(host: VirtualEngine) -> None:
    office = Office(host, replace(QUIET, timers={"flash": 0.1}))
    leg = office.called(1)
    before = len(office.chips[1].hook_log)
    office.circuit(1).channel.flash()
    office.seconds(1)
    ((opened_s, opened), (closed_s, closed)) = office.chips[1].hook_log[before:]
    assert (opened, closed) == (False, True)
    assert closed_s - opened_s == pytest.approx(0.1, abs=0.011)
    assert leg.leg in office.span.legs


def test_settings_of_one_line_change_in_a_call_down_to_the_chip(host: VirtualEngine) -> None:
    office = Office(host, QUIET)
    leg = office.called(1)
    office.span.change(replace(QUIET, mode="GERMANY", acim=2), "5550000", 1)
    assert [office.chips[1].registers[number] for number in (26, 30, 31)] == [3 << 6 | 2, 2, 0x28]
    assert [office.chips[2].registers[number] for number in (26, 30)] == [3 << 6, 0]
    assert leg.leg in office.span.legs
    assert office.chips[1].off_hook
    office.opens(1, 0.3)
    office.expect(LegReleased)
    office.seconds(3)
    office.rings(1)
    assert office.expect(LegOffered).leg.dnis == "5550000"
    office.rings(2)
    assert office.expect(LegOffered).leg.dnis == NUMBERS[2]


def test_a_dead_chip_is_an_alarm_of_its_line_and_the_other_serves(host: VirtualEngine) -> None:
    office = Office(host, QUIET)
    leg = office.called(1)
    office.chips[1].bus.state = "floats"
    released = office.expect(LegReleased, 1)
    assert (released.leg, released.cause, released.by) == (leg.leg, 27, ReleasedBy.FAULT)
    office.seconds(0.1)
    (raised,) = office.alarms
    assert isinstance(raised, AlarmRaised)
    assert (raised.code, raised.address) == ("line.fault", "span 1 timeslot 1")
    assert "PCM/SPI Mode Select reads 0xff" in raised.sentence
    assert states(office) == [BLOCKED, IDLE]
    office.called(2)
    office.chips[1].bus.state = "fine"
    office.until(lambda: states(office) == [IDLE, BUSY], 3)
    assert office.alarms[1:] == [AlarmCleared(code="line.fault", address="span 1 timeslot 1")]
    assert not office.chips[1].off_hook
    office.called(1)


def test_a_line_without_battery_is_blocked_at_once_and_an_alarm_in_time(host: VirtualEngine) -> None:
    office = Office(host, QUIET)
    office.chips[2].battery_v = 0
    office.until(lambda: states(office) == [IDLE, BLOCKED], 1)
    office.seconds(3)
    assert not office.alarms
    office.seconds(4)
    assert [(alarm.code, alarm.address) for alarm in office.alarms] == [("line.no-battery", "span 1 timeslot 2")]
    office.chips[2].battery_v = -48
    office.until(lambda: states(office) == [IDLE, IDLE], 1)
    office.seconds(0.2)
    assert isinstance(office.alarms[1], AlarmCleared)


def test_the_chip_s_impedances_are_tried_under_a_prompt_and_the_best_stays(host: VirtualEngine) -> None:
    simulated = SimulatedLine(13, "CHINA", held_out=True)
    first = round((simulated.answer_s + 1) * RATE_HZ / BLOCK)
    blocks = range(first, first + round(PROMPT_S * RATE_HZ / BLOCK))
    setting = replace(QUIET, mode="CHINA", learns=("impedance",))
    office, ours = Office(host, setting), Timeslot(CARD, 1).port
    arena, player = office.side.arena, office.side.ivr.engine

    def played(linear: Iterable[bytes]) -> Sound:
        return arena.add_alaw(alaw_encode(b"".join(linear)))

    returns = [played(simulated.block(block, acim).heard for block in blocks) for acim in range(len(IMPEDANCES))]
    office.called(1)
    player.play(ours, 1, [played(simulated.block(block, 0).sent for block in blocks)])
    tried: list[int | None] = [None]
    for octet in range(0, len(blocks) * BLOCK, 40):
        acim = office.chips[1].registers[ACIM]
        if acim != tried[-1]:
            tried.append(acim)
            sound = returns[acim]
            player.play(EXCHANGE_1, 1, [Sound(sound.offset + octet, sound.octets - octet)])
        office.tick()
    assert set(tried) >= set(range(15))
    office.opens(1, 0.3)
    office.expect(LegReleased)
    office.seconds(3)
    found = office.chips[1].registers[ACIM]
    assert right(found, simulated.truth)
    (line,) = (line for line in office.span.lessons().lines if line.timeslot == 1)
    assert line.impedance == IMPEDANCES[found]
    office.called(1)
    assert office.chips[1].registers[ACIM] == found


def test_a_phone_that_is_off_hook_beside_ours_blocks_the_line(host: VirtualEngine) -> None:
    office = Office(host, QUIET)
    office.chips[1].battery_v = -8
    office.until(lambda: states(office) == [BLOCKED, IDLE], 1)
    office.places("5559876")
    assert [chip.off_hook for chip in office.chips.values()] == [False, True]
    office.chips[1].battery_v = -48
    office.until(lambda: states(office)[0] is IDLE, 1)


def test_without_sound_nobody_is_offered_and_its_return_serves_again(host: VirtualEngine) -> None:
    office = Office(host, QUIET)
    leg = office.called(1)
    office.span.alarm(Alarm.LOS | Alarm.FAULT | Alarm.RED)
    assert office.expect(LegReleased).leg == leg.leg
    office.seconds(1)
    assert not office.chips[1].off_hook
    office.told.clear()
    office.rings(1)
    assert not any(isinstance(told, LegOffered) for told in office.told)
    assert states(office) == [BLOCKED, BLOCKED]
    office.span.alarm(Alarm.NONE)
    office.until(lambda: states(office) == [IDLE, IDLE], 1)
    office.called(1)


def test_a_worker_that_died_in_a_call_leaves_a_line_that_the_next_one_puts_on_hook(host: VirtualEngine) -> None:
    office = Office(host, QUIET)
    office.called(1)
    office.live()
    assert office.chips[1].off_hook, "nobody has told the chip yet"
    office.until(lambda: not office.chips[1].off_hook, 0.1)
    office.until(lambda: states(office) == [IDLE, IDLE], 1)
    assert office.called(1).dnis == NUMBERS[1]
