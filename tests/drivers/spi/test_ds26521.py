# SPDX-License-Identifier: GPL-2.0-only
"""A span behind a DS26521: power-up, modes, every alarm, counts, CAS bits, loopbacks, and a chip that dies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pytest

from drivers.model import Alarm, Cas, Defect, LineErrors, Loop, SpanCounters, SpanStatus
from drivers.protocol import CardSettings, FramerRefusedError, SpanDriver
from drivers.spi.ds26521 import BUILD_OUTS, FramerSettings
from drivers.spi.spans import SpiSpanDriver, SpiSpanSettings
from drivers.spi.tdm import TdmSettings
from tests.drivers.spi.board import POLL_S, Clock, MisuseError
from tests.drivers.spi.fake_ds26521 import FakeDs26521

pytestmark = pytest.mark.unit

SPAN = 2
DOWN = Alarm.LOS | Alarm.RED


class Engine:
    """A media engine whose TDM devices have an alarm that a test sets."""

    def __init__(self) -> None:
        self.opened: dict[int, tuple[CardSettings, int | None]] = {}
        self.alarms = Alarm.NONE
        self.told: list[tuple[Alarm, dict[int, int]]] = []
        self.bits: dict[int, int] = {}

    def open_span(self, span: int, settings: CardSettings, d_channel: int | None, cas: Cas | None = None) -> None:
        self.bits = {} if cas is None else {slot: cas.resting_bits for slot in range(1, 32) if slot != 16}
        self.opened[span] = (settings, d_channel)

    def tell_framer(self, span: int, alarms: Alarm, bits: Mapping[int, int]) -> None:
        assert span == SPAN
        self.told.append((alarms, dict(bits)))

    def sent_bits(self, span: int) -> Mapping[int, int]:
        assert span == SPAN
        return self.bits

    def close_span(self, span: int) -> None:
        del self.opened[span]

    def span_status(self, span: int) -> SpanStatus:
        return SpanStatus(span, span in self.opened, self.alarms, SpanCounters(slips=3), 12.0, 1.5, clock_locked=True)


class Site:
    """A driver, a chip and a clock."""

    def __init__(self, d_channel: int | None = None, sound: TdmSettings | None = None, **framer: object) -> None:
        self.clock = Clock()
        self.chip = FakeDs26521(self.clock)
        self.engine = Engine()
        self.driver = SpiSpanDriver(self.engine)
        driver: SpanDriver[SpiSpanSettings] = self.driver
        settings = FramerSettings(**framer)  # type: ignore[arg-type]
        cas = Cas(0b1101) if settings.signalling == "cas" else None
        driver.configure(SPAN, SpiSpanSettings(self.chip, settings, self.chip.reset, sound), d_channel, cas)

    def run(self, seconds: float) -> list[Alarm]:
        told = self.clock.run(seconds, self.driver.poll)
        assert all(span == SPAN for span, _ in told)
        return [alarms for _, alarms in told]

    def up(self) -> Site:
        self.run(1.5)
        assert self.driver.status(SPAN).open
        assert self.driver.alarms(SPAN) == Alarm.NONE
        return self

    def registers(self, *addresses: int) -> list[int]:
        return [self.chip.registers[address] for address in addresses]


@pytest.fixture
def site() -> Site:
    """An E1 with CRC-4, HDB3 and a D-channel, in service."""
    return Site(16).up()


def test_a_span_is_los_until_the_framer_is_in_service() -> None:
    site = Site()
    assert site.driver.alarms(SPAN) == Alarm.LOS
    assert not site.driver.status(SPAN).open
    assert site.run(0.2) == [Alarm.NONE]
    assert site.chip.in_service
    assert site.chip.sends
    assert [(span.number, span.card) for span in site.driver.spans] == [(SPAN, "spi")]


def test_e1_crc4_hdb3_with_a_d_channel(site: Site) -> None:
    assert site.registers(0x080, 0x180, 0x081, 0x181, 0x182) == [0xC1, 0xC1, 0x68, 0x05, 0x80]
    assert site.registers(0x164, 0x165, 0x084, 0x184) == [0x1B, 0x40, 0x10, 0x14]
    assert site.registers(0x1000, 0x1001, 0x1007, 0x1002) == [0x00, 0x31, 0x33, 0x01]


def test_e1_without_crc4_ami_on_coaxial_cable() -> None:
    site = Site(framing="basic", line_code="ami", impedance_ohm=75).up()
    assert site.registers(0x081, 0x181, 0x182, 0x1001, 0x1007) == [0x20, 0x00, 0x00, 0x00, 0x03]


def test_e1_with_cas_begins_with_blocked_channels() -> None:
    site = Site(signalling="cas").up()
    assert site.registers(0x081, 0x181) == [0x48, 0x45]
    assert site.registers(*range(0x140, 0x150)) == [0x0B, *[0xDD] * 15]


@pytest.mark.parametrize(("framing", "receive", "transmit", "link"), [("esf", 0x40, 0, 0x7E), ("d4", 0x60, 0x04, 0x1C)])
def test_t1_framing(framing: str, receive: int, transmit: int, link: int) -> None:
    site = Site(mode="t1", framing=framing, line_code="b8zs", impedance_ohm=100).up()
    assert site.registers(0x080, 0x180, 0x081, 0x183) == [0xC0, 0xC0, receive, transmit]
    assert site.registers(0x181, 0x084, 0x184, 0x1000) == [0x04, 0x00, 0x04, 0x02]
    assert site.registers(0x162) == [link], "flags on the data link of ESF, Fs bits of D4"


@pytest.mark.parametrize(("shape", "name"), list(enumerate(BUILD_OUTS)))
def test_t1_line_build_out(shape: int, name: str) -> None:
    site = Site(mode="t1", framing="esf", line_code="ami", impedance_ohm=100, build_out=name).up()
    assert site.registers(0x1001, 0x1007) == [0x10 | shape, 0x13]


def test_loops_of_the_framer(site: Site) -> None:
    framer = site.driver.framer(SPAN)
    for where, bits in ((Loop.LOCAL, 1), (Loop.PAYLOAD, 2), (None, 0)):
        framer.loop(where)
        assert site.registers(0x083) == [bits]


def test_what_the_framer_cannot_do_is_told(site: Site) -> None:
    framer = site.driver.framer(SPAN)
    with pytest.raises(FramerRefusedError, match="DS26521: no line loop"):
        framer.loop(Loop.LINE)
    with pytest.raises(FramerRefusedError, match="DS26521: no crc errors on purpose"):
        framer.insert(Defect.CRC)
    site.chip.bus.state = "errors"
    with pytest.raises(FramerRefusedError, match="Input/output error"):
        framer.loop(Loop.LOCAL)
    assert site.registers(0x083) == [0]


@pytest.mark.parametrize(
    ("fault", "alarm", "rai"),
    [
        ("lost_signal", Alarm.LOS, True),
        ("lost_frame", Alarm.LFA, True),
        ("ais", Alarm.AIS, False),
        ("rai", Alarm.RAI, False),
    ],
)
def test_every_alarm_is_told_and_answered(site: Site, fault: str, alarm: Alarm, rai: bool) -> None:  # noqa: FBT001
    setattr(site.chip, fault, True)
    assert site.run(POLL_S) == [alarm]
    assert site.registers(0x165) == [0x60 if rai else 0x40]
    assert site.run(1) == ([alarm | Alarm.RED] if rai else [])
    setattr(site.chip, fault, False)
    assert site.run(POLL_S) == [Alarm.RED if rai else Alarm.NONE]
    assert site.registers(0x165) == [0x40]
    assert site.run(1) == ([Alarm.NONE] if rai else [])


def test_alarms_that_stand_together(site: Site) -> None:
    site.chip.lost_frame = site.chip.ais = True
    assert site.run(POLL_S) == [Alarm.LFA | Alarm.AIS]


def test_a_short_loss_is_no_red_alarm(site: Site) -> None:
    site.chip.lost_frame = True
    site.run(0.4)
    site.chip.lost_frame = False
    assert site.run(1) == [Alarm.NONE]


def test_t1_answers_with_its_yellow_alarm() -> None:
    site = Site(mode="t1", framing="esf", line_code="b8zs", impedance_ohm=100).up()
    site.chip.lost_signal = True
    site.run(POLL_S)
    assert site.registers(0x181) == [0x05]
    site.chip.lost_signal = False
    site.run(POLL_S)
    assert site.registers(0x181) == [0x04]


def test_counts_of_every_second_add_up(site: Site) -> None:
    site.chip.second(code_violations=300, crc=2, framing=1, e_bits=5)
    site.run(0.5)
    site.chip.second(code_violations=1, crc=1000)
    site.chip.slip()
    site.run(0.5)
    site.chip.slip()
    site.run(0.5)
    assert site.driver.errors(SPAN) == LineErrors(301, 1002, 1, 5, 2)


def test_a_span_with_a_tdm_device_is_open_in_the_engine_and_has_the_alarms_of_both() -> None:
    sound = TdmSettings(1, 2, clock_domain=3, clock_priority=4)
    site = Site(16, sound).up()
    assert site.engine.opened == {SPAN: (sound, 16)}
    assert [(span.clock.number, span.clock.priority) for span in site.driver.spans] == [(3, 4)]
    assert (site.driver.counters(SPAN).slips, site.driver.status(SPAN).buffer_ms) == (3, 12.0)
    site.engine.alarms, site.chip.rai = Alarm.LOS, True
    site.run(POLL_S)
    assert site.driver.alarms(SPAN) == Alarm.LOS | Alarm.RAI
    site.driver.close(SPAN)
    assert not site.engine.opened


def test_a_span_configured_anew_without_sound_leaves_the_engine() -> None:
    site = Site(16, TdmSettings(0)).up()
    site.driver.configure(SPAN, SpiSpanSettings(site.chip, reset=site.chip.reset), 16)
    assert not site.engine.opened
    assert not site.driver.status(SPAN).open
    site.up()


def test_a_t1_has_no_tdm_device() -> None:
    with pytest.raises(ValueError, match="mode=t1: only an e1"):
        Site(None, TdmSettings(0), mode="t1", framing="esf", line_code="b8zs", impedance_ohm=100)


def test_t1_has_no_e_bits() -> None:
    site = Site(mode="t1", framing="esf", line_code="b8zs", impedance_ohm=100).up()
    site.chip.second(crc=7, e_bits=9)
    site.run(POLL_S)
    assert site.driver.errors(SPAN) == LineErrors(crc_errors=7)


def test_cas_bits_lie_where_g704_table_9_has_them() -> None:
    site = Site(signalling="cas").up()
    for timeslot in (*range(1, 16), *range(17, 32)):
        site.chip.receive_cas(timeslot, timeslot % 16)
    received = site.driver.signalling(SPAN)
    assert received == {timeslot: timeslot % 16 for timeslot in (*range(1, 16), *range(17, 32))}
    assert site.driver.send_signalling(SPAN, 1, 0b1001)
    assert site.driver.send_signalling(SPAN, 31, 0b0101)
    assert site.registers(0x141, 0x14F, 0x140) == [0x9D, 0xD5, 0x0B]


SOUND = TdmSettings(0)


def test_the_engine_is_told_what_the_framer_knows_and_red_is_its_own() -> None:
    site = Site(16, SOUND)
    site.run(POLL_S)
    assert site.engine.told == [(Alarm.LOS, {})], "not in service yet"
    site.run(0.5)
    site.chip.lost_frame = True
    site.run(1)
    site.chip.lost_frame = False
    site.run(1)
    site.chip.bus.state = "errors"
    site.run(1)
    alarms = [told for told, _ in site.engine.told]
    assert alarms == [Alarm.LOS, Alarm.NONE, Alarm.LFA, Alarm.NONE, Alarm.LOS | Alarm.FAULT]


def test_bits_go_between_the_framer_and_the_engine() -> None:
    site = Site(None, SOUND, signalling="cas").up()
    assert site.registers(*range(0x141, 0x150)) == [0xDD] * 15, "R2's blocking, at rest"
    site.engine.bits |= {1: 0b1001, 31: 0b0101}
    site.chip.receive_cas(5, 0b0110)
    site.run(POLL_S)
    assert site.registers(0x141, 0x14F) == [0x9D, 0xD5]
    alarms, bits = site.engine.told[-1]
    assert (alarms, bits[5], len(bits)) == (Alarm.NONE, 0b0110, 30)
    site.chip.lost_frame = True
    site.run(POLL_S)
    assert site.engine.told[-1] == (Alarm.LFA, {}), "what stood before stands"
    site.chip.lost_frame = False
    before = len(site.engine.told)
    site.run(1)
    assert len(site.engine.told) == before + 1, "what has not changed is not told again"


def test_a_framer_that_was_powered_up_again_is_given_its_bits_again() -> None:
    site = Site(None, SOUND, signalling="cas").up()
    site.engine.bits[1] = 0b1001
    site.run(POLL_S)
    site.chip.power_on()
    site.run(3)
    assert site.registers(0x141) == [0x9D]


def test_what_the_framer_counts_is_known_while_it_answers(site: Site) -> None:
    framer = site.driver.framer(SPAN)
    site.chip.second(crc=4, e_bits=2)
    site.run(0.5)
    assert framer.errors() == LineErrors(crc_errors=4, far_end_block_errors=2)
    assert framer.blocks == 1000
    site.chip.bus.state = "errors"
    site.run(POLL_S)
    assert framer.errors() is None


def test_cas_bits_of_a_failed_span_are_not_known() -> None:
    site = Site(signalling="cas").up()
    site.chip.lost_frame = True
    site.run(POLL_S)
    assert site.driver.signalling(SPAN) == {}


def test_cas_is_refused_where_there_is_none(site: Site) -> None:
    assert site.driver.signalling(SPAN) == {}
    with pytest.raises(ValueError, match="signalling=ccs"):
        site.driver.send_signalling(SPAN, 1, 0)
    with pytest.raises(ValueError, match="d_channel=16: the span has CAS"):
        Site(16, signalling="cas")


@pytest.mark.parametrize(("timeslot", "abcd"), [(0, 1), (16, 1), (32, 1), (1, 16), (1, -1)])
def test_cas_bits_out_of_range_are_refused(timeslot: int, abcd: int) -> None:
    site = Site(signalling="cas").up()
    with pytest.raises(ValueError, match=r"\d: \d"):
        site.driver.send_signalling(SPAN, timeslot, abcd)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"mode": "j1"}, "mode=j1: e1, t1"),
        ({"framing": "esf"}, "framing=esf: of e1 crc4, basic"),
        ({"line_code": "b8zs"}, "line_code=b8zs: of e1 hdb3, ami"),
        ({"impedance_ohm": 100}, "impedance_ohm=100: of e1 75, 120"),
        ({"build_out": "-15dB"}, "build_out=-15dB: of e1 0-133ft"),
        ({"mode": "t1", "framing": "esf", "line_code": "b8zs", "signalling": "cas"}, "signalling=cas: of t1 ccs"),
        ({"mode": "t1", "framing": "esf", "line_code": "b8zs"}, "impedance_ohm=120: of t1 100"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Site(**wrong)  # type: ignore[arg-type]


State = Literal["errors", "floats", "held low"]


@pytest.mark.parametrize("state", ["errors", "floats", "held low"])
def test_a_dead_bus_is_an_alarm_and_its_return_puts_the_span_into_service(site: Site, state: State) -> None:
    site.chip.second(crc=4)
    site.run(0.1)
    site.chip.bus.state = state
    assert site.run(0.4) == [Alarm.LOS | Alarm.FAULT]
    assert site.run(3) == [DOWN | Alarm.FAULT]
    assert not site.driver.status(SPAN).open
    assert site.driver.fault(SPAN)
    site.chip.bus.state = "fine"
    assert site.run(2.5)[-1] == Alarm.NONE
    assert site.driver.status(SPAN).open
    assert site.driver.fault(SPAN) == ""
    assert site.driver.errors(SPAN).crc_errors == 4


def test_a_bus_that_dies_between_two_polls_is_met_by_commands() -> None:
    site = Site(signalling="cas").up()
    site.chip.bus.state = "errors"
    assert site.driver.signalling(SPAN) == {}
    assert not site.driver.send_signalling(SPAN, 1, 0)
    assert Alarm.FAULT in site.driver.alarms(SPAN)
    assert site.run(POLL_S) == [Alarm.LOS | Alarm.FAULT]


def test_a_dead_bus_is_not_hammered(site: Site) -> None:
    site.chip.bus.state = "errors"
    site.run(0.2)
    before = site.chip.bus.transfers
    site.run(10)
    assert site.chip.bus.transfers - before <= 12


def test_a_chip_that_was_reset_behind_our_back_is_powered_up_again(site: Site) -> None:
    site.chip.power_on()
    assert site.run(POLL_S) == [Alarm.LOS | Alarm.FAULT]
    site.run(2)
    assert site.chip.in_service
    assert site.registers(0x165, 0x1001) == [0x40, 0x31]


def test_rai_is_sent_anew_after_a_fault(site: Site) -> None:
    site.chip.lost_signal = True
    site.run(1)
    site.chip.power_on()
    site.run(2)
    assert site.registers(0x165) == [0x60]


def test_a_closed_span_sends_nothing(site: Site) -> None:
    site.driver.close(SPAN)
    assert not site.chip.sends
    assert site.driver.spans == ()
    assert site.run(1) == []
    with pytest.raises(ValueError, match="span=2: not configured; there are none"):
        site.driver.status(SPAN)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ((0x01, 0x00), "three octets under one chip select, not 2"),
        ((0x01, 0x01, 0x00), "burst bit"),
        ((0x08, 0x00, 0x00), "address 0x0400 is no register"),
        ((0x01, 0xF0, 0x11), "register 0x0f8 is read only"),
        ((0x00, 0xA0, 0x11), "register 0x050 is read only"),
        ((0x01, 0x00, 0xC9), "register 0x080: 0xc9 sets reserved bits"),
        ((0x01, 0x00, 0xC0), "RMMR: T1 or E1 is chosen before the framer is enabled"),
    ],
)
def test_the_chip_refuses_misuse_with_a_sentence(site: Site, data: tuple[int, ...], sentence: str) -> None:
    before = dict(site.chip.registers)
    with pytest.raises(MisuseError, match=sentence):
        site.chip.transfer(bytes(data))
    assert site.chip.registers == before


def write(chip: FakeDs26521, address: int, value: int) -> None:
    chip.transfer(bytes([address >> 7, address << 1 & 0xFF, value]))


def test_the_chip_refuses_what_comes_too_early() -> None:
    site = Site()
    chip, clock = site.chip, site.clock
    chip.reset.write(value=False)
    with pytest.raises(MisuseError, match="while RESETB is low"):
        write(chip, 0x080, 1)
    chip.reset.write(value=True)
    with pytest.raises(MisuseError, match="after RESETB rose"):
        write(chip, 0x080, 1)
    clock.now_s += 0.01
    with pytest.raises(MisuseError, match=r"RMMR.FRM_EN is set before the soft resets"):
        write(chip, 0x080, 0x81)
    write(chip, 0x0F5, 1)
    with pytest.raises(MisuseError, match="let go too early"):
        write(chip, 0x0F5, 0)
    write(chip, 0x0F6, 1)
    clock.now_s += 0.01
    write(chip, 0x0F5, 0)
    write(chip, 0x0F6, 0)
    write(chip, 0x180, 2)
    with pytest.raises(MisuseError, match="soft reset is under way"):
        write(chip, 0x081, 0)
    clock.now_s += 0.01
    with pytest.raises(MisuseError, match=r"RMMR: T1 or E1 is chosen"):
        write(chip, 0x080, 0x81)
    write(chip, 0x080, 0x01)
    with pytest.raises(MisuseError, match=r"TMMR.INIT_DONE is set before FRM_EN"):
        write(chip, 0x180, 0x41)
    write(chip, 0x080, 0x81)
    with pytest.raises(MisuseError, match="registers hold rubbish"):
        write(chip, 0x080, 0xC1)
    for address in (address for address, octet in chip.registers.items() if octet == 0xA5):
        chip.registers[address] = 0
    with pytest.raises(MisuseError, match="frame alignment signal"):
        write(chip, 0x080, 0xC1)
    write(chip, 0x164, 0x1B)
    with pytest.raises(MisuseError, match=r"E1TNAF.6 is 0"):
        write(chip, 0x080, 0xC1)
    with pytest.raises(MisuseError, match=r"LMCR.TE is set before the framer is in service"):
        write(chip, 0x1002, 0x01)
