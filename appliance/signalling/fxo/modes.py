# SPDX-License-Identifier: GPL-2.0-only
"""Line modes and AC impedances of an FXO port, from modes.toml.

load("CHINA").acim
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from appliance.config.scalars import suggestion

FILE = Path(__file__).with_name("modes.toml")


class Mode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Register fields by their names in the data sheet."""

    ohs: int = 0
    ohs2: int = 0
    rz: int = 0
    rt: int = 0
    ilim: int = 0
    dcv: int = 0
    mini: int = 0
    acim: int = 0


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def modes() -> dict[str, Mode]:
    """All 73 by name."""
    return msgspec.convert(_file()["modes"], dict[str, Mode])


@cache
def impedances() -> list[tuple[float, float, float]]:
    """By acim: ohms in series, ohms with nanofarads beside them; 0 ohms: nanofarads in series."""
    return msgspec.convert(_file()["impedances"], list[tuple[float, float, float]])


def load(name: str) -> Mode:
    """The mode of this name. Raises: ValueError with the nearest valid name."""
    if name not in modes():
        raise ValueError(f"no line mode {name!r}; {suggestion(name, modes())}")
    return modes()[name]
