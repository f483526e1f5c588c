# SPDX-License-Identifier: GPL-2.0-only
"""What DAHDI is asked, octet for octet, and what is refused before it is. The kernel's own behaviour: tests/vm."""

from __future__ import annotations

import errno
import struct

import pytest

from appliance.media.events import Client
from drivers.dahdi import CardFramer, Control, DahdiDriver, DahdiError, DahdiSettings, E1Line, SpanChannels, T1Line, abi
from drivers.dahdi.abi import Maintenance, Use
from drivers.model import Alarm, Defect, LineErrors, Loop
from drivers.protocol import FramerRefusedError
from tests.drivers.dahdi.fake_kernel import FakeKernel
from tests.media.rig import engine_process, until


def test_numbers_are_those_of_dahdi_user_h() -> None:
    assert abi.GET_PARAMS == 0xC088DA05
    assert abi.SPANSTAT == 0xC13ADA0A
    assert abi.MAINT == 0x4008DA0B
    assert abi.SPANCONFIG == 0x4024DA12
    assert abi.CHANCONFIG == 0x404CDA13
    assert abi.SET_BUFINFO == 0x4018DA1B
    assert abi.DYNAMIC_CREATE == 0xC048DA50
    assert abi.STARTUP == 0x4004DA63
    assert abi.BUFFER_EVENTS == 0x4004DA69


@pytest.mark.parametrize(
    ("line", "build_out", "bits"),
    [
        (E1Line(), 0, 0x700),
        (E1Line(crc4=False), 0, 0x300),
        (E1Line(code="ami", signalling="cas", crc4=False), 0, 0x080 >> 1),
        (T1Line(build_out=7), 7, 0x0A0),
        (T1Line(framing="d4", code="ami"), 0, 0x050),
    ],
)
def test_a_line_is_set_with_framing_code_build_out_and_timing(line: E1Line | T1Line, build_out: int, bits: int) -> None:
    kernel = FakeKernel(timeslots=31 if isinstance(line, E1Line) else 24)
    Control(kernel).configure(2, line)
    assert kernel.told(18) == [struct.pack("=i20siii", 2, b"", build_out, bits, 1)]
    assert kernel.told(99) == [struct.pack("=i", 2)]


def test_all_timeslots_are_clear_and_a_law() -> None:
    kernel = FakeKernel()
    Control(kernel).configure(2, E1Line())
    assert kernel.told(19) == [struct.pack("=i40siiii16s", c, b"", 0x80, 2, 0, 0, b"") for c in range(32, 63)]


def test_timeslots_of_a_t1_are_mu_law_and_16_has_its_own_bits() -> None:
    kernel = FakeKernel(timeslots=24)
    Control(kernel).configure(1, T1Line(), Use.CAS, idle_bits=0)
    used = [struct.unpack("=i40siiii16s", told) for told in kernel.told(19)]
    assert {u[2:6] for u in used} == {(0x8000, 1, 0, 0)}


def test_cas_leaves_timeslot_16_to_the_card() -> None:
    kernel = FakeKernel()
    Control(kernel).configure(1, E1Line(signalling="cas"), Use.CAS, idle_bits=0b1001)
    used = [struct.unpack("=i40siiii16s", told) for told in kernel.told(19)]
    assert [u[0] for u in used] == list(range(1, 32))
    assert used.pop(15)[2:6] == (0, 2, 0, 0)
    assert {u[2:6] for u in used} == {(0x8000, 2, 0, 0b1001)}


def test_loopbacks_name_the_span() -> None:
    kernel = FakeKernel()
    Control(kernel).maintain(2, Maintenance.PAYLOAD_LOOP)
    assert kernel.told(11) == [struct.pack("=ii", 2, 13)]


def test_channels_are_opened_clear_with_blocks_of_a_tick_and_of_3_ms() -> None:
    kernel = FakeKernel()
    channels = SpanChannels(Control(kernel), 2)
    assert [struct.unpack("=i", told)[0] for told in kernel.told(38)] == list(range(32, 63))
    assert [struct.unpack("=6i", told)[3] for told in kernel.told(27)] == [24, *[40] * 30]
    assert channels.reference == 1
    channels.close()
    assert len(kernel.open_fds) == 1, "the control device"


def test_a_channel_that_is_taken_leaves_none_open() -> None:
    kernel = FakeKernel({38: errno.EBUSY})
    control = Control(kernel)
    with pytest.raises(DahdiError, match=r"span 1 timeslot 1 \(channel 1\): another program has it open"):
        SpanChannels(control, 1)
    assert len(kernel.open_fds) == 1


def test_a_span_that_was_never_configured_is_told() -> None:
    kernel = FakeKernel()
    kernel.use = 0
    with pytest.raises(DahdiError, match="span 2: none of its timeslots was given a use"):
        SpanChannels(Control(kernel), 2)


def test_a_machine_without_dahdi_is_told_so() -> None:
    with pytest.raises(DahdiError, match=r"/dev/dahdi/ctl: DAHDI's kernel driver is not loaded \(modprobe dahdi\)"):
        Control(FakeKernel({-1: errno.ENOENT}))


def test_a_span_that_is_not_there_is_refused_with_those_that_are() -> None:
    kernel = FakeKernel()
    with pytest.raises(DahdiError, match="span 3: no such span; there are: 1, 2"):
        Control(kernel).configure(3, E1Line())
    assert kernel.told(18) == []


@pytest.mark.parametrize(
    ("line", "timeslots", "told"),
    [(T1Line(), 31, "span 2: it has 31 timeslots, a T1 24"), (E1Line(), 24, "span 2: it has 24 timeslots, an E1 31")],
)
def test_a_line_that_the_card_does_not_have_is_refused(line: E1Line | T1Line, timeslots: int, told: str) -> None:
    kernel = FakeKernel(timeslots=timeslots)
    with pytest.raises(DahdiError, match=told):
        Control(kernel).configure(2, line)
    assert kernel.told(18) == []


def test_a_framer_s_counters_are_code_violations_crc_framing_and_e_bits() -> None:
    kernel = FakeKernel()
    kernel.counted = (11, 22, 33, 44)
    framer = CardFramer(2, "e1", kernel)
    assert framer.errors() == LineErrors(code_violations=11, crc_errors=22, far_end_block_errors=33, framing_errors=44)
    assert kernel.open_fds == set(), "its driver can be unloaded"
    assert (framer.blocks, CardFramer(2, "t1", kernel).blocks) == (1000, 333)


def test_loops_and_errors_of_a_framer_are_the_span_s_maintenance() -> None:
    kernel = FakeKernel()
    framer = CardFramer(2, "e1", kernel)
    for where in (Loop.LOCAL, Loop.LINE, Loop.PAYLOAD, None):
        framer.loop(where)
    for defect in Defect:
        framer.insert(defect)
    assert [struct.unpack("=ii", told) for told in kernel.told(11)] == [(2, n) for n in (1, 2, 13, 0, 6, 8)]
    assert kernel.open_fds == set()
    with pytest.raises(FramerRefusedError, match="span 2 LOCAL_LOOP: the card's driver cannot do that"):
        CardFramer(2, "e1", FakeKernel({11: errno.ENOSYS})).loop(Loop.LOCAL)


def test_a_line_without_a_crc_has_no_errors_of_it() -> None:
    kernel = FakeKernel()
    with pytest.raises(FramerRefusedError, match="span 2: its framing has no CRC"):
        CardFramer(2, "e1", kernel, crc=False).insert(Defect.CRC)
    assert kernel.told(11) == []


def test_a_framer_that_is_gone_has_counted_nothing_that_is_known() -> None:
    assert CardFramer(3, "e1", FakeKernel()).errors() is None
    assert CardFramer(1, "e1", FakeKernel({-1: errno.ENOENT})).errors() is None


def test_a_loopback_that_the_card_cannot_do_is_told() -> None:
    with pytest.raises(DahdiError, match="span 1 LOCAL_LOOP: the card's driver cannot do that"):
        Control(FakeKernel({11: errno.ENOSYS})).maintain(1, Maintenance.LOCAL_LOOP)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (E1Line, {"code": "b8zs"}),
        (E1Line, {"signalling": "pri"}),
        (E1Line, {"timing": -1}),
        (T1Line, {"framing": "crc4"}),
        (T1Line, {"build_out": 8}),
        (DahdiSettings, {"descriptors": {32: 5}, "reference": 32}),
        (DahdiSettings, {"descriptors": {25: 5}, "reference": 25, "line": "t1"}),
        (DahdiSettings, {"descriptors": {1: 5}, "reference": 1, "line": "j1"}),
        (DahdiSettings, {"descriptors": {1: 0xFFFF}, "reference": 1}),
        (DahdiSettings, {"descriptors": {1: 5}, "reference": 2}),
        (DahdiSettings, {"descriptors": {}, "reference": 0}),
        (DahdiSettings, {"descriptors": {}, "reference": 1}),
        (DahdiSettings, {"descriptors": {1: 5}, "reference": 1, "jitter_ms": 41}),
        (DahdiSettings, {"descriptors": {1: 5}, "reference": 1, "clock_domain": 0}),
    ],
)
def test_settings_out_of_range_are_refused(kind: type[object], wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"=|timeslot"):
        kind(**wrong)


@pytest.mark.system
@pytest.mark.timeout(30)
def test_a_span_without_its_card_is_in_fault_and_red_and_so_after_the_engine_s_death() -> None:
    with open("/dev/null", "rb") as null, engine_process([null.fileno()]) as host:  # noqa: PTH123 - its descriptor
        driver = DahdiDriver(host.engine(Client.LINE1))
        driver.configure(0, DahdiSettings({1: null.fileno()}, 1), 16)
        until(lambda: driver.alarms(0) == Alarm.LOS | Alarm.FAULT)
        until(lambda: driver.alarms(0) == Alarm.LOS | Alarm.FAULT | Alarm.RED)
        sent = driver.counters(0).sent
        host.kill()
        host.start()
        until(lambda: driver.counters(0).sent > sent)
        assert driver.status(0).open
        assert driver.alarms(0) == Alarm.LOS | Alarm.FAULT | Alarm.RED
        assert driver.counters(0).received == 0
