# SPDX-License-Identifier: GPL-2.0-only
"""G.711 against the Recommendation's tables, written here a second time from their printed columns."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator

import pytest

from dsp import g711
from dsp.isa import Isa, at_most

pytestmark = pytest.mark.unit

# Tables 1 and 2, columns 1 and 2: number of intervals and their size, from the smallest; 13 and 14 bits.
ALAW_INTERVALS = [(32, 2), (16, 4), (16, 8), (16, 16), (16, 32), (16, 64), (16, 128)]
ULAW_INTERVALS = [(1, 1), (15, 2), (16, 4), (16, 8), (16, 16), (16, 32), (16, 64), (16, 128), (16, 256)]
ALAW_SCALE, ULAW_SCALE = 8, 4  # to 16 bits

# Tables 3 and 4 as printed: decoder output value numbers.
ULAW_TO_ALAW = [
    *[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8], *range(9, 25), 25, 27, 29, 31, *range(33, 45), 46,
    *range(48, 63), *range(64, 81), *range(82, 129),
]  # fmt: skip
ALAW_TO_ULAW = [
    *range(1, 17, 2), *range(16, 32), 32, 32, 33, 33, 34, 34, 35, 35, *range(36, 48), 48, 48, 49, 49, *range(50, 64),
    64, *range(64, 80), 80, *range(80, 128),
]  # fmt: skip


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def decision_values(intervals: list[tuple[int, int]], scale: int) -> list[int]:
    values = [0]
    for count, size in intervals:
        values += [values[-1] + size * scale * (at + 1) for at in range(count)]
    return values


ALAW_DECISIONS = decision_values(ALAW_INTERVALS, ALAW_SCALE)
ULAW_DECISIONS = decision_values(ULAW_INTERVALS, ULAW_SCALE)


def alaw_code(value: int) -> int:
    interval = min(bisect_right(ALAW_DECISIONS, value if value >= 0 else ~value) - 1, 127)
    return (interval | (0x80 if value >= 0 else 0)) ^ 0x55


def ulaw_code(value: int) -> int:
    interval = min(bisect_right(ULAW_DECISIONS, value if value >= 0 else ~value) - 1, 127)
    return (interval | (0 if value >= 0 else 0x80)) ^ 0xFF


def middle(decisions: list[int], interval: int) -> int:
    return (decisions[interval] + decisions[interval + 1]) // 2


def alaw_value(code: int) -> int:
    size = middle(ALAW_DECISIONS, (code ^ 0x55) & 127)
    return size if code & 0x80 else -size


def ulaw_value(code: int) -> int:
    interval = ~code & 127
    size = middle(ULAW_DECISIONS, interval) if interval else 0
    return size if code & 0x80 else -size


ALL_SAMPLES = array("h", range(-32768, 32768))
ALL_CODES = bytes(range(256))


def test_g711_table_1_end_points() -> None:
    assert ALAW_DECISIONS[-1] == 4096 * ALAW_SCALE
    assert len(ALAW_DECISIONS) == 129


def test_g711_table_2_end_points() -> None:
    assert ULAW_DECISIONS[-1] == 8159 * ULAW_SCALE
    assert len(ULAW_DECISIONS) == 129


def test_g711_alaw_encodes_all_65536_samples() -> None:
    assert g711.alaw_encode(ALL_SAMPLES) == bytes(map(alaw_code, ALL_SAMPLES))


def test_g711_ulaw_encodes_all_65536_samples() -> None:
    assert g711.ulaw_encode(ALL_SAMPLES) == bytes(map(ulaw_code, ALL_SAMPLES))


def test_g711_alaw_decodes_all_256_codes() -> None:
    assert g711.alaw_decode(ALL_CODES).tolist() == list(map(alaw_value, ALL_CODES))


def test_g711_ulaw_decodes_all_256_codes() -> None:
    assert g711.ulaw_decode(ALL_CODES).tolist() == list(map(ulaw_value, ALL_CODES))


def test_alaw_code_survives_decoding_and_encoding() -> None:
    assert g711.alaw_encode(g711.alaw_decode(ALL_CODES)) == ALL_CODES


def test_ulaw_code_survives_but_for_negative_zero() -> None:
    assert g711.ulaw_encode(g711.ulaw_decode(ALL_CODES)) == ALL_CODES.replace(b"\x7f", b"\xff")


def test_g711_idle_codes_are_the_smallest_positive_values() -> None:
    assert g711.alaw_decode(bytes([g711.ALAW_IDLE])).tolist() == [8]
    assert g711.ulaw_decode(bytes([g711.ULAW_IDLE])).tolist() == [0]


def test_g711_table_3_ulaw_to_alaw() -> None:
    expected = [(ULAW_TO_ALAW[~code & 127] - 1 ^ 0x55) | code & 0x80 for code in ALL_CODES]
    assert list(g711.ulaw_to_alaw(ALL_CODES)) == expected


def test_g711_table_4_alaw_to_ulaw() -> None:
    expected = [(ALAW_TO_ULAW[(code ^ 0x55) & 127] ^ 0x7F) | code & 0x80 for code in ALL_CODES]
    assert list(g711.alaw_to_ulaw(ALL_CODES)) == expected


def test_round_trips_change_eight_values_of_each_sign() -> None:
    there_and_back = g711.alaw_to_ulaw(g711.ulaw_to_alaw(ALL_CODES))
    assert sum(a != b for a, b in zip(there_and_back, ALL_CODES, strict=True)) == 16
    there_and_back = g711.ulaw_to_alaw(g711.alaw_to_ulaw(ALL_CODES))
    assert sum(a != b for a, b in zip(there_and_back, ALL_CODES, strict=True)) == 16


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="3 octets"):
        g711.alaw_encode(b"\0\0\0")


def test_nothing_in_nothing_out() -> None:
    assert g711.alaw_encode(b"") == b""
    assert len(g711.ulaw_decode(b"")) == 0


@pytest.mark.parametrize("n", [*range(31, 68), 160, 1280])
def test_any_number_of_samples_gives_the_same_in_both_forms(n: int) -> None:
    codes = bytes(place * 151 + n & 255 for place in range(n))
    linear = array("h", (place * 40503 % 65536 - 32768 for place in range(n)))
    made = []
    for form in Isa:
        with at_most(form):
            made.append(
                (
                    g711.alaw_decode(codes),
                    g711.ulaw_decode(codes),
                    g711.alaw_encode(linear),
                    g711.ulaw_encode(linear),
                    g711.alaw_to_ulaw(codes),
                    g711.ulaw_to_alaw(codes),
                )
            )
    assert made[0] == made[1]
