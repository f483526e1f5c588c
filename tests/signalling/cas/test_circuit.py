# SPDX-License-Identifier: GPL-2.0-only
"""CAS calls through the engine's own bits and tones, in virtual time: E&M, and our station on our exchange."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from appliance.media.events import BitsChanged, DigitsCollected, DigitsSent, SignalHeard, SignalKind, ToneKind
from appliance.signalling.cas import events
from appliance.signalling.cas.channel import Call, Wants
from appliance.signalling.cas.events import Digits
from appliance.signalling.cas.station_circuit import StationCircuit
from appliance.signalling.fxo import events as fxo
from appliance.signalling.fxo.settings import Answer, CallerId, DialBy, HangUp, Place, Settings
from dsp.caller_id import CallerIdSender, DtmfForm, Message, Standard, dtmf_digits
from dsp.dtmf import DtmfSender
from dsp.g711 import alaw_encode
from tests.media.virtual import VirtualEngine, virtual_engine
from tests.signalling.cas.cable import PORTS, ZONE, Cable, station, trunk
from tests.sound import alaw
from tests.sound.speech import speech

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

DNIS, ANI = "5551234", "02512345678"
SEVEN = Wants(dnis_digits=len(DNIS))
every_trunk = pytest.mark.parametrize("variant", ["em_wink_e1", "em_immediate_e1"])


def em(host: VirtualEngine, variant: str, wants: Wants) -> Cable:
    cable = Cable(host, trunk(variant, wants), trunk(variant, wants))
    assert cable.idle()
    return cable


@every_trunk
@pytest.mark.parametrize("digits", list(Digits))
def test_a_call_between_trunks_is_offered_answered_and_cleared(variant: str, digits: Digits) -> None:
    with virtual_engine() as host:
        cable = em(host, variant, Wants(dnis_digits=7, digits=digits))
        cable.a.place(DNIS, ANI)
        assert cable.until("b", events.CallOffered) == events.CallOffered(DNIS, None)
        cable.until("a", events.CallAccepted)
        cable.b.open()
        cable.b.channel.answer()
        cable.until("a", events.CallAnswered, 2)
        assert cable.kinds() == ["timeslot"] * 2
        assert [cable.side.engine.port_status(port).hears for port in PORTS.values()] == [(), ()]
        cable.a.channel.release(16)
        assert cable.until("b", events.CallCleared, 3) == events.CallCleared(16, by_peer=True)
        cable.until("a", events.CallCleared, 3)
        cable.seconds(1)
        assert cable.idle()
        assert cable.kinds() == ["closed"] * 2
        assert not cable.refused
        assert cable.digits() == "", "the number is the register's"


def test_a_hotline_is_called_by_seizing_alone() -> None:
    with virtual_engine() as host:
        cable = em(host, "em_immediate_e1", Wants(dnis_digits=0))
        cable.a.place("", None)
        assert cable.until("b", events.CallOffered, 2).dnis == ""
        while cable.a.channel.state != "awaiting":
            cable.tick()
        assert cable.all("a", events.CallAccepted), "told at once, for nothing else may come"
        cable.b.channel.answer()
        cable.until("a", events.CallAnswered, 2)
        assert not cable.refused


def test_numbers_that_are_too_long_for_one_order_are_refused() -> None:
    with virtual_engine() as host:
        cable = em(host, "em_wink_e1", Wants(dnis_digits=7, ani=True))
        with pytest.raises(ValueError, match="both numbers have 67 signals: 60 are possible"):
            cable.a.place("1" * 32, "2" * 32)
        assert cable.idle()


def test_the_caller_s_number_comes_where_the_trunk_has_it() -> None:
    with virtual_engine() as host:
        cable = em(host, "em_wink_e1", Wants(dnis_digits=7, ani=True))
        cable.a.place(DNIS, ANI)
        assert cable.until("b", events.CallOffered) == events.CallOffered(DNIS, ANI)


def test_a_caller_that_is_alerted_hears_the_ringing_tone_and_the_number_is_no_type_ahead() -> None:
    with virtual_engine() as host:
        cable = em(host, "em_wink_e1", SEVEN)
        cable.a.place(DNIS, None)
        cable.until("b", events.CallOffered)
        cable.b.open()
        cable.b.ring_back()
        cable.side.engine.hear_signals(PORTS["a"], [SignalKind.PROGRESS], ZONE)
        cable.seconds(10)
        heard = [event for event in cable.events if isinstance(event, SignalHeard) and event.port == PORTS["a"]]
        assert [ToneKind(event.code) for event in heard if event.on] == [ToneKind.RINGBACK]
        cable.side.ivr.engine.collect(PORTS["b"], 1, 7, 300, 300)
        cable.seconds(1)
        (collected,) = cable.side.ivr.all(DigitsCollected)
        assert (collected.digits, collected.reason) == ("", "timeout")


def test_a_caller_that_lets_go_while_it_dials_leaves_both_ends_idle_and_the_next_call_whole() -> None:
    with virtual_engine() as host:
        cable = em(host, "em_wink_e1", SEVEN)
        cable.a.place("9999999", None)
        cable.until("b", events.CallSeized)
        cable.seconds(1)
        assert cable.a.channel.state == "dialling"
        cable.a.channel.release(16)
        cable.a.leave()
        cable.until("a", events.CallCleared, 3)
        cable.seconds(1)
        assert cable.idle()
        assert cable.kinds() == ["closed"] * 2
        cable.a.place(DNIS, None)
        assert cable.until("b", events.CallOffered).dnis == DNIS


@pytest.mark.parametrize(("cause", "tone"), [(17, ToneKind.BUSY), (34, ToneKind.CONGESTION)])
def test_a_refused_caller_hears_why_until_he_lets_go(cause: int, tone: ToneKind) -> None:
    with virtual_engine() as host:
        cable = em(host, "em_wink_e1", SEVEN)
        cable.a.place(DNIS, None)
        cable.until("b", events.CallOffered)
        cable.b.open()
        cable.b.leave()
        cable.b.release(cause)
        cable.side.engine.hear_signals(PORTS["a"], [SignalKind.PROGRESS], ZONE)
        cable.seconds(5)
        heard = [event for event in cable.events if isinstance(event, SignalHeard) and event.port == PORTS["a"]]
        assert [ToneKind(event.code) for event in heard if event.on] == [tone]
        cable.a.release(16)
        assert cable.until("b", events.CallCleared, 3).cause == cause
        cable.seconds(2)
        assert cable.idle()
        assert cable.kinds() == ["closed"] * 2


def test_a_station_of_ours_that_stays_off_hook_hears_busy_and_the_line_is_free_when_it_hangs_up() -> None:
    with virtual_engine() as host:
        cable = loop(host, replace(LINE, answer=Answer.DIALLED, hang_up=(HangUp.TONE,)), "fxs_loop_e1")
        cable.b.place(DNIS, None)
        cable.until("a", events.CallOffered)
        cable.a.open()
        cable.a.channel.answer()
        cable.seconds(2)
        cable.a.leave()
        cable.a.release(16)
        assert cable.until("b", fxo.CallDisconnected, 8).cause == 16
        cable.b.leave()
        cable.b.release(16)
        cable.until("a", events.CallCleared, 3)
        cable.seconds(2)
        assert cable.idle()
        assert cable.kinds() == ["closed"] * 2


LINE = Settings(zone=ZONE, caller_id=CallerId.NONE, answer=Answer.POLARITY, hang_up=(HangUp.CPC, HangUp.POLARITY))


def loop(host: VirtualEngine, settings: Settings, exchange: str = "fxs_reversal_e1") -> Cable:
    """Exchange "a", station "b"."""
    start = "fxo_ground_e1" if settings.ground_start else "fxo_loop_e1"
    cable = Cable(host, trunk(exchange, Wants(dnis_digits=7)), station(start, settings))
    assert cable.idle()
    return cable


@pytest.mark.parametrize(
    ("exchange", "settings"),
    [
        ("fxs_reversal_e1", LINE),
        ("fxs_kewl_e1", replace(LINE, answer=Answer.DIALLED)),
        ("fxs_ground_e1", replace(LINE, answer=Answer.DIALLED, ground_start=True)),
    ],
)
def test_a_station_hears_dial_tone_dials_is_answered_and_hears_the_exchange_hang_up(
    exchange: str, settings: Settings
) -> None:
    with virtual_engine() as host:
        cable = loop(host, settings, exchange)
        cable.b.place(DNIS, None)
        assert cable.until("a", events.CallOffered).dnis == DNIS
        cable.a.open()
        if settings.answer is Answer.POLARITY:
            cable.seconds(1)
            assert not cable.all("b", fxo.CallAnswered)
        cable.a.channel.answer()
        cable.until("b", fxo.CallAnswered, 3)
        cable.seconds(1)
        cable.a.channel.release(16)
        assert cable.until("b", fxo.CallDisconnected, 3).cause == 16
        cable.b.channel.release()
        cable.b.leave()
        cable.until("b", fxo.CallCleared, 5)
        cable.seconds(2)
        assert cable.idle()
        assert cable.kinds() == ["closed"] * 2
        assert not cable.refused


def test_a_station_that_gets_no_dial_tone_does_not_dial() -> None:
    with virtual_engine() as host:
        cable = loop(host, replace(LINE, zone="cn"))
        cable.b.place(DNIS, None)  # the exchange's tone is the North American one
        assert cable.until("b", fxo.CallDisconnected).cause == 27
        assert not any(isinstance(event, DigitsSent) for event in cable.events)


def test_a_zone_that_is_changed_while_dial_tone_is_waited_for_is_heard_at_once() -> None:
    with virtual_engine() as host:
        cable = loop(host, replace(LINE, zone="cn"))
        cable.b.place(DNIS, None)
        cable.seconds(4)
        assert not any(isinstance(event, DigitsSent) for event in cable.events)
        assert isinstance(cable.b, StationCircuit)
        cable.b.change(LINE)
        assert cable.until("a", events.CallOffered, 6).dnis == DNIS


@pytest.mark.parametrize(("tone", "cause"), [(ToneKind.BUSY, 17), (ToneKind.CONGESTION, 42)])
def test_a_station_hears_why_its_call_fails(tone: ToneKind, cause: int) -> None:
    with virtual_engine() as host:
        cable = loop(host, LINE)
        cable.b.place(DNIS, None)
        cable.until("a", events.CallOffered)
        cable.a.open()
        cable.side.engine.tone(PORTS["a"], tone, ZONE)
        assert cable.until("b", fxo.CallDisconnected).cause == cause


def test_ringing_tone_is_told_and_its_end_is_the_answer_where_nothing_else_says_so() -> None:
    with virtual_engine() as host:
        cable = loop(host, replace(LINE, answer=Answer.RINGBACK), "fxs_loop_e1")
        cable.b.place(DNIS, None)
        cable.until("a", events.CallOffered)
        cable.a.open()
        cable.a.ring_back()
        cable.until("b", fxo.CallAccepted)
        cable.seconds(5)
        assert not cable.all("b", fxo.CallAnswered)
        cable.side.engine.play(PORTS["a"], 1, [cable.side.arena.add_alaw(alaw.encode(speech(8)))])
        cable.until("b", fxo.CallAnswered, 10)


def test_a_number_is_pulsed_with_the_hook() -> None:
    with virtual_engine() as host:
        cable = loop(host, replace(LINE, dial_by=DialBy.PULSE, answer=Answer.DIALLED))
        cable.b.place("31", None)
        cable.until("b", fxo.CallAnswered)
        cable.seconds(0.1)
        changes = [event for event in cable.events if isinstance(event, BitsChanged) and event.port == PORTS["a"]]
        seen = [(event.sample / 8000, event.abcd) for event in changes[1:]]
        breaks = [
            (off, next(at for at, abcd in seen[place:] if abcd == 0b1101) - off)
            for place, (off, abcd) in enumerate(seen)
            if abcd == 0b0101
        ]
        assert len(breaks) == 4
        assert all(length == pytest.approx(0.06, abs=0.011) for _, length in breaks)
        assert breaks[3][0] - breaks[2][0] > 0.8, "the digits are apart"


CALLER = Message(number="02512345678", name="WANG", month=11, day=26, hour=9, minute=30)


def ring_with(cable: Cable, sound: bytes, *, before: bool = False) -> None:
    """The exchange rings; the caller is told before, or after the first ring."""
    cable.a.open()
    number = [cable.side.arena.add_alaw(sound)]
    if before:
        cable.side.engine.play(PORTS["a"], 1, number)
        cable.seconds(3)
    cable.a.channel.place(Call())
    cable.seconds(3)
    if not before:
        cable.side.engine.play(PORTS["a"], 1, number)


def fsk(standard: Standard) -> bytes:
    sender = CallerIdSender(standard)
    sender.send(CALLER)
    sound, busy = sender.process(2 * 8000)
    return alaw_encode(sound[:busy])


def dtmf() -> bytes:
    sender = DtmfSender(on_ms=70, off_ms=70)
    sender.send(dtmf_digits(Message(number=CALLER.number), DtmfForm.A_C))
    return alaw_encode(sender.process(3 * 8000)[0])


@pytest.mark.parametrize(
    ("kind", "place", "sound", "name"),
    [
        (CallerId.BELL202, Place.AFTER_RING, fsk(Standard.BELL202), "WANG"),
        (CallerId.V23, Place.AFTER_RING, fsk(Standard.V23), "WANG"),
        (CallerId.DTMF, Place.BEFORE_RING, dtmf(), None),
        (CallerId.DTMF, Place.AFTER_RING, dtmf(), None),
        (CallerId.BELL202, Place.BEFORE_RING, fsk(Standard.BELL202), "WANG"),
    ],
)
def test_a_station_is_rung_told_the_caller_and_answers(
    kind: CallerId, place: Place, sound: bytes, name: str | None
) -> None:
    with virtual_engine() as host:
        cable = loop(host, replace(LINE, caller_id=kind, place=place))
        ring_with(cable, sound, before=place is Place.BEFORE_RING)
        assert cable.until("b", fxo.CallOffered, 10) == fxo.CallOffered(CALLER.number, restricted=False, name=name)
        assert cable.clock() < 7.5, "the second ring is not waited for"
        cable.b.channel.answer()
        cable.until("a", events.CallAnswered, 1)
        cable.seconds(1)
        cable.b.channel.release()
        cable.until("b", fxo.CallCleared, 5)
        cable.seconds(2)
        assert cable.idle()
        assert not cable.refused


def test_a_caller_that_is_not_told_is_offered_with_the_second_ring() -> None:
    with virtual_engine() as host:
        cable = loop(host, replace(LINE, caller_id=CallerId.BELL202))
        ring_with(cable, fsk(Standard.V23)[:4000])
        assert cable.until("b", fxo.CallOffered, 10).clid is None
        cable.a.channel.release()
        assert cable.until("b", fxo.CallCleared, 12) == fxo.CallCleared(16, by_peer=True)


@pytest.mark.parametrize("talk", [False, True])
def test_a_line_on_which_nobody_speaks_is_hung_up(talk: bool) -> None:  # noqa: FBT001 - a case
    with virtual_engine() as host:
        settings = replace(LINE, hang_up=(HangUp.SILENCE,), timers={"silence": 5.0})
        cable = loop(host, settings, "fxs_loop_e1")
        cable.a.place("", None)
        cable.until("b", fxo.CallOffered)
        cable.b.open()
        cable.b.channel.answer()
        cable.a.open()
        cable.until("a", events.CallAnswered)
        if talk:
            cable.side.engine.play(PORTS["a"], 1, [cable.side.arena.add_alaw(alaw.encode(speech(8)))], 2)
        cable.seconds(8)
        assert bool(cable.all("b", fxo.CallDisconnected)) is not talk


@pytest.mark.parametrize("after_s", [0.2, 1.5, 8.0])
def test_an_engine_that_dies_leaves_no_call_and_no_circuit_behind(after_s: float) -> None:
    with virtual_engine() as host:
        cable = em(host, "em_wink_e1", SEVEN)
        cable.a.place(DNIS, None)
        cable.seconds(after_s)
        host.die()
        host.start()
        cable.seconds(10)
        if cable.all("b", events.CallOffered):
            cable.b.channel.answer()
            cable.until("a", events.CallAnswered, 2)
        cable.a.channel.release(16)
        cable.until("a", events.CallCleared, 5)
        cable.seconds(2)
        assert cable.idle()
        assert [len(cable.all(side, events.CallCleared)) for side in "ab"] == [1, 1]


def test_a_lost_span_ends_the_call_once_and_the_circuit_comes_back() -> None:
    with virtual_engine() as host:
        cable = loop(host, LINE, "fxs_loop_e1")
        cable.a.place("", None)
        cable.until("b", fxo.CallOffered)
        for end in cable.ends.values():
            end.channel.lose()
        cable.seconds(0.1)
        assert cable.all("b", fxo.CallCleared) == [fxo.CallCleared(27, by_peer=False)]
        assert cable.all("a", events.CallCleared) == [events.CallCleared(27, by_peer=False)]
        for side, bits in (("a", 0b0101), ("b", 0b0101)):
            cable.ends[side].take(BitsChanged(PORTS[side], bits, cable.side.engine.samples))
        cable.seconds(2)
        assert cable.idle()
