# SPDX-License-Identifier: GPL-2.0-only
"""What a country asks of an analogue line, as fields of the Si3050; 73 line modes under the names installers know.

The data sheet's country table as it is used in the field (DAHDI's FXO modes have the same names and values); for a
country whose exchange prefers another impedance a line may name one of `IMPEDANCES` besides.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import msgspec


class LineMode(msgspec.Struct, frozen=True):
    """One country's line, in the data sheet's fields."""

    ohs: int = 0
    """On-hook speed 26 ms, with spark quenching (Australia)."""
    ohs2: int = 0
    """On-hook speed 3 ms (ETSI); with neither, less than 0.5 ms."""
    rz: int = 0
    """Synthesised ringer impedance."""
    rt: int = 0
    """Ringer threshold 21.5 V instead of 15 V."""
    ilim: int = 0
    """Loop current limited to 60 mA (TBR21)."""
    dcv: int = 0
    """TIP/RING voltage while off hook, 3.1 V to 3.5 V."""
    mini: int = 0
    """Least loop current at which it works: 10, 12, 14, 16 mA."""
    acim: int = 0
    """AC termination, a number of `IMPEDANCES`."""


IMPEDANCES = (
    "600",
    "900",
    "270+750||150n",
    "220+820||120n",
    "370+620||310n",
    "320+1050||230n",
    "370+820||110n",
    "275+780||115n",
    "120+820||110n",
    "350+1000||210n",
    "200+680||100n",
    "600+2.16u",
    "900+1u",
    "900+2.16u",
    "600+1u",
    "global",
)
"""Ω and F, by ACIM; `200+680||100n` is China's."""

_COUNTRIES = (
    (LineMode(rt=1, dcv=3), "FCC"),
    (
        LineMode(dcv=3),
        (
            "ARGENTINA CANADA CHILE COLOMBIA ECUADOR ELSALVADOR GUAM HONGKONG HUNGARY INDONESIA KAZAKHSTAN KUWAIT "
            "MACAO MEXICO PERU ROMANIA SAUDIARABIA SINGAPORE SOUTHKOREA UAE USA YEMEN"
        ),
    ),
    (
        LineMode(mini=3),
        "BRAZIL EGYPT JAPAN JORDAN MALAYSIA OMAN PAKISTAN PHILIPPINES RUSSIA SYRIA TAIWAN THAILAND",
    ),
    (LineMode(mini=3, acim=15), "CHINA"),
    (
        LineMode(ilim=1, dcv=3, acim=2),
        "TBR21 BAHRAIN CROATIA CYPRUS CZECH ISRAEL LATVIA LEBANON MALTA MOROCCO NIGERIA",
    ),
    (
        LineMode(ohs2=1, ilim=1, dcv=3, acim=2),
        (
            "BELGIUM DENMARK FINLAND FRANCE GREECE ICELAND IRELAND ITALY LUXEMBOURG NETHERLANDS NORWAY PORTUGAL SPAIN "
            "SWEDEN SWITZERLAND"
        ),
    ),
    (LineMode(ohs2=1, ilim=1, dcv=3, acim=3), "AUSTRIA GERMANY"),
    (LineMode(ohs2=1, ilim=1, dcv=3, acim=5), "UK"),
    (LineMode(ohs=1, mini=3, acim=3), "AUSTRALIA"),
    (LineMode(ilim=1, dcv=3, acim=3), "BULGARIA"),
    (LineMode(dcv=3, acim=4), "INDIA NEWZEALAND"),
    (LineMode(rz=1, rt=1, dcv=3), "POLAND"),
    (LineMode(dcv=3, acim=3), "SLOVAKIA"),
    (LineMode(dcv=3, acim=2), "SLOVENIA"),
    (LineMode(ohs=1, rz=1, dcv=3, acim=3), "SOUTHAFRICA"),
)

LINE_MODES = {name: mode for mode, names in _COUNTRIES for name in names.split()}


def line_mode(name: str, impedance: str | None = None) -> LineMode:
    """The mode of that name, with another impedance where one is named. Raises: ValueError."""
    if name not in LINE_MODES:
        raise ValueError(f"line_mode={name}: not known{_nearest(name.upper(), LINE_MODES)}")
    if impedance is None:
        return LINE_MODES[name]
    if impedance not in IMPEDANCES:
        raise ValueError(f"impedance={impedance}: not known{_nearest(impedance, IMPEDANCES)}")
    return msgspec.structs.replace(LINE_MODES[name], acim=IMPEDANCES.index(impedance))


def _nearest(name: str, names: Iterable[str]) -> str:
    return "".join(f"; the nearest name is {near}" for near in difflib.get_close_matches(name, names, 1, 0.4))
