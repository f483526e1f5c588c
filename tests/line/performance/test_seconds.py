# SPDX-License-Identifier: GPL-2.0-only
"""What makes a second errored, and severely so, by G.826, of a span over UDP and of a framer's."""

import msgspec
import pytest

from appliance.line.performance.look import Look
from appliance.line.performance.seconds import Second, far, near
from drivers.model import Alarm, LineErrors, SpanCounters, SpanStatus

pytestmark = pytest.mark.unit


def look(alarms: Alarm = Alarm.NONE, errors: LineErrors | None = None, **counters: int) -> Look:
    status = SpanStatus(0, open=True, alarms=alarms, counters=SpanCounters(**counters), buffer_ms=10, clock_ppm=0.0,
                        clock_locked=True)  # fmt: skip
    return Look(status, errors=errors)


def second_of(now: Look) -> Second:
    second = near(look(errors=LineErrors() if now.errors else None), now)
    assert second is not None
    return second


@pytest.mark.parametrize(
    ("lost", "errored", "severe"), [(0, False, False), (1, True, False), (299, True, False), (300, True, True)]
)
def test_g826_ses_of_packets_is_30_percent_of_the_blocks(lost: int, errored: bool, severe: bool) -> None:  # noqa: FBT001
    second = second_of(look(received=1000 - lost, lost=lost))
    assert (second.blocks, second.errored_blocks) == (1000, lost)
    assert (second.errored, second.severe) == (errored, severe)


@pytest.mark.parametrize(("crc", "severe"), [(1, False), (299, False), (300, True), (2000, True)])
def test_g826_ses_of_a_framer_is_300_of_1000_submultiframes(crc: int, severe: bool) -> None:  # noqa: FBT001
    second = second_of(look(errors=LineErrors(crc_errors=crc)))
    assert (second.errored, second.severe) == (True, severe)
    assert second.errored_blocks == min(crc, 1000)


def test_g826_ses_of_a_t1_is_100_of_333_superframes() -> None:
    before = msgspec.structs.replace(look(errors=LineErrors()), blocks=333)
    for crc, severe in ((99, False), (100, True)):
        second = near(before, msgspec.structs.replace(look(errors=LineErrors(crc_errors=crc)), blocks=333))
        assert second == Second(333, crc)
        assert second.severe is severe


def test_slips_of_the_framer_and_of_the_engine_are_the_line_s() -> None:
    assert second_of(look(errors=LineErrors(slips=1), slips=2)).slips == 3


@pytest.mark.parametrize("alarm", [Alarm.LOS, Alarm.LFA, Alarm.AIS])
@pytest.mark.parametrize("errors", [None, LineErrors()])
def test_g826_a_defect_makes_a_second_severely_errored(alarm: Alarm, errors: LineErrors | None) -> None:
    assert second_of(look(alarm, errors, received=1000)).severe


def test_rai_is_the_far_end_s_trouble_and_none_of_ours() -> None:
    before, now = look(), look(Alarm.RAI, received=1000)
    assert near(before, now) == Second(1000)
    assert far(before, now) == Second(defect=True)


def test_rfc5086_a_loss_of_synchronisation_within_the_second_is_a_defect() -> None:
    assert second_of(look(received=960, resyncs=1)).severe


def test_rfc4805_a_slip_makes_a_second_errored_and_no_more() -> None:
    for now in (look(received=1000, slips=1), look(errors=LineErrors(slips=1))):
        second = second_of(now)
        assert (second.errored, second.severe, second.slips) == (True, False, 1)


def test_e_bits_are_errored_blocks_of_the_far_end() -> None:
    before, now = look(errors=LineErrors()), look(errors=LineErrors(far_end_block_errors=301))
    assert near(before, now) == Second(1000)
    heard = far(before, now)
    assert heard is not None
    assert heard.severe


@pytest.mark.parametrize("alarm", [Alarm.LOS, Alarm.LFA, Alarm.AIS])
def test_nothing_is_known_of_a_far_end_that_is_not_heard(alarm: Alarm) -> None:
    assert far(look(), look(alarm)) is None


def test_a_second_in_which_the_engine_took_nothing_was_seen_by_nobody() -> None:
    assert near(look(received=5000), look(received=5000)) is None
    assert far(look(received=5000), look(received=5000)) is None


def test_counters_that_begin_anew_count_from_nothing() -> None:
    assert near(look(received=90_000, lost=7), look(received=990, lost=10)) == Second(1000, 10)
