# SPDX-License-Identifier: GPL-2.0-only
"""Test patterns by O.150 to O.152, bit for bit beside a shift register and spandsp's; what a receiver counts."""

import random
from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any

import pytest
from cffi import FFI
from hypothesis import given
from hypothesis import strategies as st

from dsp.prbs import SLIP_MAX, Pattern, PatternCounters, PatternReceiver, PatternTransmitter

pytestmark = pytest.mark.unit

STAGES = {Pattern.PRBS11: (9, 11), Pattern.PRBS15: (14, 15), Pattern.QRSS20: (17, 20)}
LONGEST_ZEROS = {Pattern.PRBS11: 10, Pattern.PRBS15: 15, Pattern.QRSS20: 14}
SPANDSP = {Pattern.PRBS11: 11, Pattern.PRBS15: 10}
"""Its numbers of them. Its QRSS is the inverse of what O.151 draws."""


def bits_of(octets: bytes) -> list[int]:
    return [octet >> place & 1 for octet in octets for place in range(7, -1, -1)]


def octets_of(bits: list[int]) -> bytes:
    return bytes(
        sum(bit << 7 - place for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits) - 7, 8)
    )


def shift_register(pattern: Pattern) -> Iterator[int]:
    """As the Recommendations draw it: stages in a row, a sum modulo 2 fed back, the last stage to the line."""
    tap, length = STAGES[pattern]
    stages = [1] * length
    while True:
        out = stages[-1]
        if pattern is Pattern.PRBS15:
            out ^= 1
        if pattern is Pattern.QRSS20 and not any(stages[5:19]):  # the next fourteen to come
            out = 1
        yield out
        stages = [stages[tap - 1] ^ stages[length - 1], *stages[:-1]]


def sent(pattern: Pattern, octets: int) -> bytes:
    return PatternTransmitter(pattern).process(octets)


def heard(pattern: Pattern, line: bytes) -> PatternCounters:
    receiver = PatternReceiver(pattern)
    receiver.process(line)
    return receiver.counters


@pytest.mark.parametrize("pattern", Pattern)
def test_o150_the_pattern_repeats_after_its_length_and_no_sooner(pattern: Pattern) -> None:
    length = 2 ** STAGES[pattern][1] - 1
    bits = bits_of(sent(pattern, (2 * length + 7) // 8 + 8))
    assert bits[:length] == bits[length : 2 * length]
    assert all(bits[: length // 2] != bits[shift : shift + length // 2] for shift in (1, 7, 31, 89, length // 31))


@pytest.mark.parametrize("pattern", Pattern)
def test_o151_o152_the_longest_row_of_zeros(pattern: Pattern) -> None:
    bits = bits_of(sent(pattern, 2 ** STAGES[pattern][1] // 8 + 16))
    assert max(len(list(row)) for bit, row in groupby(bits) if bit == 0) == LONGEST_ZEROS[pattern]


@pytest.mark.parametrize("pattern", Pattern)
def test_it_is_the_shift_register_of_the_recommendation_bit_for_bit(pattern: Pattern) -> None:
    ours = bits_of(sent(pattern, 20_000))
    register = list(islice(shift_register(pattern), len(ours) + 64))
    shift = next(n for n in range(64) if register[n : n + 2000] == ours[:2000])
    assert register[shift : shift + len(ours)] == ours


def test_o151_qrss_is_found_wherever_it_is_entered_though_ones_stand_for_zeros() -> None:
    line = sent(Pattern.QRSS20, 20_100)
    for start in range(20_000):
        counters = heard(Pattern.QRSS20, line[start : start + 64])
        assert (counters.losses, counters.errors) == (0, 0), start
        assert counters.bits > 0


@pytest.mark.parametrize("pattern", SPANDSP)
def test_spandsp_s_pattern_is_received_without_an_error(pattern: Pattern) -> None:
    ffi = FFI()
    ffi.cdef("void *bert_init(void *, int, int, int, int); int bert_get_bit(void *);")
    library: Any = ffi.dlopen("libspandsp.so.2")
    peer = library.bert_init(ffi.NULL, 0, SPANDSP[pattern], 200, 20)
    counters = heard(pattern, octets_of([library.bert_get_bit(peer) for _ in range(400_000)]))
    assert (counters.errors, counters.losses) == (0, 0)
    assert counters.bits > 398_000


@pytest.mark.parametrize("pattern", Pattern)
@pytest.mark.parametrize("shift", range(8))
def test_synchronisation_takes_less_than_20_octets_whatever_bit_comes_first(pattern: Pattern, shift: int) -> None:
    line = octets_of(bits_of(sent(pattern, 2000))[shift:])
    counters = heard(pattern, line)
    assert counters.unsynced < 20
    assert (counters.bits, counters.errors) == (8 * (len(line) - counters.unsynced), 0)


@pytest.mark.parametrize("pattern", Pattern)
def test_every_inserted_error_is_counted_once(pattern: Pattern) -> None:
    transmitter, receiver = PatternTransmitter(pattern), PatternReceiver(pattern)
    receiver.process(transmitter.process(100))
    for _ in range(50):
        transmitter.insert(3)
        receiver.process(transmitter.process(40))
    assert receiver.counters.errors == 150
    assert receiver.counters.losses == 0


@given(st.sampled_from(Pattern), st.floats(0, 0.05), st.integers(0, 2**32))
def test_bit_errors_of_any_ratio_up_to_5_percent_are_counted_exactly(pattern: Pattern, ratio: float, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - noise
    line = bytearray(sent(pattern, 3000))
    turned = 0
    for place in range(100, len(line)):
        for bit in range(8):
            if chance.random() < ratio:
                line[place] ^= 1 << bit
                turned += 1
    counters = heard(pattern, bytes(line))
    assert (counters.errors, counters.losses) == (turned, 0)


@pytest.mark.parametrize("pattern", Pattern)
@pytest.mark.parametrize("octets", [1, -1, 72, -72, SLIP_MAX, -SLIP_MAX])
def test_a_slip_is_known_as_one_and_makes_no_error(pattern: Pattern, octets: int) -> None:
    line = sent(pattern, 4000)
    slipped = line[:1000] + line[1000 + octets :]
    counters = heard(pattern, slipped)
    assert (counters.losses, counters.slips, counters.slipped) == (1, 1, octets)
    assert counters.errors == 0


@pytest.mark.parametrize("pattern", Pattern)
def test_a_burst_is_a_loss_of_synchronisation_and_no_slip(pattern: Pattern) -> None:
    line = bytearray(sent(pattern, 4000))
    line[1000:1100] = random.Random(1).randbytes(100)  # noqa: S311 - noise
    counters = heard(pattern, bytes(line))
    assert (counters.losses, counters.slips, counters.errors) == (1, 0, 0)
    assert 100 <= counters.unsynced <= 180


@pytest.mark.parametrize("pattern", Pattern)
@pytest.mark.parametrize("octet", [0x00, 0xFF, 0xD5, 0x55, 0x7F])
def test_an_idle_line_is_no_pattern(pattern: Pattern, octet: int) -> None:
    counters = heard(pattern, bytes([octet]) * 8000)
    assert (counters.bits, counters.unsynced) == (0, 8000)


@pytest.mark.parametrize("other", Pattern)
@pytest.mark.parametrize("pattern", Pattern)
def test_another_pattern_is_not_taken_for_this_one(pattern: Pattern, other: Pattern) -> None:
    synced = heard(pattern, sent(other, 70_000)).bits > 0
    assert synced is (pattern is other)


@given(st.lists(st.integers(0, 90), max_size=40), st.sampled_from(Pattern))
def test_how_many_octets_come_at_once_changes_nothing(pieces: list[int], pattern: Pattern) -> None:
    whole, parted = PatternTransmitter(pattern), PatternTransmitter(pattern)
    line = b"".join(parted.process(octets) for octets in pieces)
    assert line == whole.process(sum(pieces))
    receiver, at = PatternReceiver(pattern), 0
    for octets in pieces:
        receiver.process(line[at : at + octets])
        at += octets
    assert receiver.counters == heard(pattern, line)
