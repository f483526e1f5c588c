# SPDX-License-Identifier: GPL-2.0-only
"""Settings of a CESoPSN span, and what the driver tells of it."""

from __future__ import annotations

import pytest

from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.model import Alarm, Cas, SpanCounters, SpanStatus, Timeslot
from drivers.protocol import CardSettings

pytestmark = pytest.mark.unit

HERE, THERE = ("127.0.0.1", 5000), ("10.1.2.3", 6000)


class Engine:
    """Remembers what it is asked for."""

    def __init__(self) -> None:
        self.opened: dict[int, tuple[CardSettings, int | None]] = {}
        self.cas: Cas | None = None

    def open_span(self, span: int, settings: CardSettings, d_channel: int | None, cas: Cas | None = None) -> None:
        self.opened[span] = (settings, d_channel)
        self.cas = cas

    def close_span(self, span: int) -> None:
        del self.opened[span]

    def span_status(self, span: int) -> SpanStatus:
        return SpanStatus(span, span in self.opened, Alarm.RAI, SpanCounters(lost=3), 10.0, 0.0, clock_locked=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"frames_per_packet": 0},
        {"frames_per_packet": 41},
        {"jitter_ms": 1},
        {"jitter_ms": 61},
        {"trim_ppm": 201},
        {"clock_domain": 0},
        {"clock_priority": 9},
        {"local": ("127.0.0.1", 0)},
        {"remote": ("host.example", 5)},
        {"line": "t3"},
        {"line": "t1", "framing": "sf"},
        {"framing": "d4"},
    ],
)
def test_a_value_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        CesopsnSettings(**{"local": HERE, "remote": THERE, **wrong})  # type: ignore[arg-type]


def test_octets_for_the_engine() -> None:
    octets = CesopsnSettings(HERE, THERE, frames_per_packet=40, rtp_header=True, jitter_ms=60).encode()
    assert octets == bytes([1, 0, 0, 127, 0x88, 0x13, 3, 2, 1, 10, 0x70, 0x17, 40, 1, 60, 0, 0])
    assert CesopsnSettings(HERE, THERE, line="t1", framing="d4").encode()[-1] == 1


def test_driver_puts_spans_in_and_out_of_service() -> None:
    engine = Engine()
    driver = CesopsnDriver(engine)
    settings = CesopsnSettings(HERE, THERE, clock="local", trim_ppm=5)
    driver.configure(1, settings, 16)
    assert engine.opened == {1: (settings, 16)}
    assert [(span.number, span.card, span.clock.source) for span in driver.spans] == [(1, "cesopsn", "local")]
    assert (driver.alarms(1), driver.counters(1).lost) == (Alarm.RAI, 3)
    driver.close(1)
    assert not driver.spans
    assert not engine.opened


@pytest.mark.parametrize("frames", [3, 5, 10, 32, 40])
def test_rfc5086_a_packet_with_cas_is_an_even_part_of_a_multiframe(frames: int) -> None:
    engine = Engine()
    driver = CesopsnDriver(engine)
    with pytest.raises(ValueError, match=f"frames_per_packet={frames}: 1, 2, 4, 8 or 16 with CAS"):
        driver.configure(1, CesopsnSettings(HERE, THERE, frames_per_packet=frames), None, Cas())
    assert (driver.spans, engine.opened) == ((), {})


@pytest.mark.parametrize("frames", [5, 9, 16, 40])
def test_rfc5086_with_cas_a_t1_has_multiframes_of_24(frames: int) -> None:
    engine = Engine()
    driver = CesopsnDriver(engine)
    with pytest.raises(ValueError, match=f"frames_per_packet={frames}: 1, 2, 3, 4, 6, 8, 12 or 24 with CAS"):
        driver.configure(1, CesopsnSettings(HERE, THERE, frames_per_packet=frames, line="t1"), None, Cas())
    assert (driver.spans, engine.opened) == ((), {})
    driver.configure(1, CesopsnSettings(HERE, THERE, frames_per_packet=24, line="t1"), None, Cas())
    assert list(engine.opened) == [1]


@pytest.mark.parametrize("bits", [-1, 16])
def test_bits_are_four(bits: int) -> None:
    with pytest.raises(ValueError, match=f"resting_bits={bits}: 0 to 15"):
        Cas(resting_bits=bits)


def test_a_multiframe_a_packet_goes_with_cas() -> None:
    engine = Engine()
    CesopsnDriver(engine).configure(1, CesopsnSettings(HERE, THERE, frames_per_packet=16), None, Cas(0b1001))
    assert engine.cas == Cas(0b1001)


def test_people_count_spans_from_one() -> None:
    assert str(Timeslot(0, 5)) == "span 1 timeslot 5"
    assert Timeslot(7, 31).port == 255
