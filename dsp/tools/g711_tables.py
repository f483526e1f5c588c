# SPDX-License-Identifier: GPL-2.0-only
"""G.711 tables: decoders of 256 codes, encoders by magnitude, transcoders.

Law: values follow from the segments of G.711 tables 1 and 2; the transcoders from nearest-interval coding with the
departures of tables 3 and 4, which trade half a step for a better round trip.
"""

from dsp.tools.ctable import array, header

ALAW_INVERSION = 0x55  # even bits, G.711 §3.4
ULAW_DEPARTURES = {48, 49, 64, *range(81, 96)}  # mu values that table 3 maps one A interval higher than their own
ALAW_DEPARTURES = set(range(80, 96))  # A intervals (from 0) that table 4 maps one mu value lower than their own


def alaw_magnitude(interval: int) -> int:
    """Output value of A-law interval 0 to 127, 16-bit scale (table 1, column 8, times 8)."""
    segment, step = interval >> 4, interval & 15
    return (2 * step + 1) * 8 if segment == 0 else (2 * step + 33) * 8 << (segment - 1)


def ulaw_magnitude(interval: int) -> int:
    """Output value of mu-law interval 0 to 127, 16-bit scale (table 2, column 8, times 4)."""
    return (((2 * (interval & 15) + 33) << (interval >> 4)) - 33) * 4


def alaw_interval(magnitude: int) -> int:
    """A-law interval of a 16-bit magnitude 0 to 32767."""
    steps = magnitude >> 4
    if steps < 32:
        return steps
    segment = steps.bit_length() - 4
    return segment << 4 | (steps >> (segment - 1)) & 15


def ulaw_interval(magnitude: int) -> int:
    """Mu-law interval of a 16-bit magnitude 0 to 32767; above the overload point 32636 the last."""
    biased = min((magnitude >> 2) + 33, 8191)
    segment = biased.bit_length() - 6
    return segment << 4 | (biased >> (segment + 1)) & 15


def alaw_linear(code: int) -> int:
    """Linear value of an A-law code."""
    code ^= ALAW_INVERSION
    return alaw_magnitude(code & 127) * (1 if code & 128 else -1)


def ulaw_linear(code: int) -> int:
    """Linear value of a mu-law code."""
    code ^= 0xFF
    return ulaw_magnitude(code & 127) * (-1 if code & 128 else 1)


def ulaw_to_alaw(code: int) -> int:
    """A-law code that stands for a mu-law code (table 3)."""
    interval = ~code & 127
    return alaw_interval(ulaw_magnitude(interval)) + (interval in ULAW_DEPARTURES) ^ ALAW_INVERSION | code & 128


def alaw_to_ulaw(code: int) -> int:
    """Mu-law code that stands for an A-law code (table 4)."""
    interval = (code ^ ALAW_INVERSION) & 127
    return (ulaw_interval(alaw_magnitude(interval)) - (interval in ALAW_DEPARTURES) ^ 127) | code & 128


def _octets(values: list[int]) -> list[str]:
    return [f"0x{value:02x}" for value in values]


def render() -> str:
    """Text of dsp/tables/g711_tables.h."""
    codes = range(256)
    return header(
        "g711_tables",
        "g711_tables",
        "G.711: encoders are indexed by magnitude (A-law by 16; mu-law by 8, its decision values 4, 12, 20 … rounded\n"
        "up) and give the code of the positive value; the sign bit is 0x80.",
        [
            array("int16_t", "bl_alaw_linear", [str(alaw_linear(code)) for code in codes], 12),
            array("int16_t", "bl_ulaw_linear", [str(ulaw_linear(code)) for code in codes], 12),
            array(
                "uint8_t",
                "bl_alaw_code",
                _octets([alaw_interval(at * 16) ^ ALAW_INVERSION | 128 for at in range(2048)]),
                20,
            ),
            array(
                "uint8_t",
                "bl_ulaw_code",
                _octets([ulaw_interval(max(at * 8 - 4, 0)) ^ 255 for at in range(4097)]),
                20,
            ),
            array("uint8_t", "bl_ulaw_alaw", _octets([ulaw_to_alaw(code) for code in codes]), 20),
            array("uint8_t", "bl_alaw_ulaw", _octets([alaw_to_ulaw(code) for code in codes]), 20),
        ],
    )
