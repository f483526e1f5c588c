# SPDX-License-Identifier: GPL-2.0-only
"""G.722 tables: output levels of the quantizers by code, decision levels, scale factor adaptation, 2^x.

Law: levels are those of G.722 clause 6 times 8, as the clauses multiply; which level a code means follows from the
order of the codes (two's complement, the greatest magnitude first).
"""

from dsp.tools.ctable import array, header

LEVELS_6 = (
    *(17, 54, 91, 130, 170, 211, 254, 300, 347, 396, 447, 501, 558, 618, 682, 750),
    *(822, 899, 982, 1072, 1170, 1279, 1399, 1535, 1689, 1873, 2088, 2376, 2738, 3101),
)
LEVELS_5 = (35, 110, 190, 276, 370, 473, 587, 714, 858, 1023, 1219, 1458, 1765, 2195, 2919)
LEVELS_4 = (0, 150, 323, 530, 786, 1121, 1612, 2557)
LEVELS_2 = (202, 926)
DECISIONS_6 = (
    *(35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714),
    *(786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919),
)
DECISION_2 = 564
STEPS_LOW = (-60, -30, 58, 172, 334, 538, 1198, 3042)
STEPS_HIGH = (-214, 798)
QMF = (3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11)


def low_64() -> list[int]:
    """Levels of the 6-bit codes: 0 to 3 are never sent and mean the smallest negative one."""
    negative = [-level for level in reversed(LEVELS_6[2:])]
    return [-17] * 4 + negative + [-level for level in negative] + [54, 17, -54, -17]


def low_56() -> list[int]:
    """Levels of the upper 5 bits: 0 and 1 are never sent."""
    negative = [-level for level in reversed(LEVELS_5[1:])]
    return [-35] * 2 + negative + [-level for level in negative] + [35, -35]


def low_48() -> list[int]:
    """Levels of the upper 4 bits, which alone steer the predictor."""
    negative = [-level for level in reversed(LEVELS_4[1:])]
    return [0, *negative, *(-level for level in negative), 0]


def step_of_low(code: int) -> int:
    """What the upper 4 bits add to the logarithm of the scale factor."""
    return STEPS_LOW[LEVELS_4.index(abs(low_48()[code]))]


def code_of_low(interval: int, *, negative: bool) -> int:
    """The 6-bit code of interval 0 to 29 of the magnitude."""
    if negative:
        return 63 - interval if interval < 2 else 33 - interval
    return 61 - interval


def power(fraction: int) -> int:
    """2^(11 + fraction / 32), rounded."""
    return round(2048 * 2 ** (fraction / 32))


def _words(values: list[int]) -> list[str]:
    return [str(value) for value in values]


def render() -> str:
    """Text of dsp/tables/g722_tables.h."""
    decoded = [[8 * level for level in levels] for levels in (low_64(), low_56(), low_48())]
    high = [8 * (-1 if code < 2 else 1) * LEVELS_2[1 - code % 2] for code in range(4)]
    codes = [code_of_low(interval, negative=negative) for negative in (False, True) for interval in range(30)]
    return header(
        "g722_tables",
        "g722_tables",
        "G.722: levels by code, times 8; what a code adds to the scale factor's logarithm; decision levels; codes by\n"
        "interval, positive first; 2^(11 + n / 32); the mirror filter's even taps.",
        [
            array("int16_t", "bl_g722_level_64", _words(decoded[0]), 12),
            array("int16_t", "bl_g722_level_56", _words(decoded[1]), 12),
            array("int16_t", "bl_g722_level_48", _words(decoded[2]), 12),
            array("int16_t", "bl_g722_level_high", _words(high), 12),
            array("int16_t", "bl_g722_step_low", _words([step_of_low(code) for code in range(16)]), 12),
            array("int16_t", "bl_g722_step_high", _words([STEPS_HIGH[1 - code % 2] for code in range(4)]), 12),
            array("int16_t", "bl_g722_decision", _words(list(DECISIONS_6)), 12),
            array("uint8_t", "bl_g722_code_low", _words(codes), 15),
            array("int16_t", "bl_g722_power", _words([power(fraction) for fraction in range(32)]), 12),
            array("int16_t", "bl_g722_qmf", _words(list(QMF)), 12),
        ],
    )
