# SPDX-License-Identifier: GPL-2.0-only
"""Tone zones: the readable dsp/tables/tone_zones.toml made into a C table.

Law: every zone names every kind, and what C could not play is refused here with zone and kind.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dsp.tools.ctable import float_literal, header

SOURCE = Path(__file__).parent.parent / "tables" / "tone_zones.toml"
KINDS = ("dial", "ringback", "busy", "congestion", "unobtainable", "waiting", "information")  # enum bl_tone_kind
STEPS = 12  # BL_TONE_STEPS
AM_HZ = 200  # BL_TONE_AM_HZ
RATE_KHZ = 8


class Pitch(NamedTuple):
    """What sounds in a step: two frequencies, 0 for none, and what modulates them fully, 0 for nothing."""

    low_hz: int
    high_hz: int
    am_hz: int


class ToneStep(NamedTuple):
    """A step of a cadence; 0 ms: for ever."""

    pitch: Pitch
    ms: int


SILENCE = Pitch(0, 0, 0)


def parsed(tone: str) -> tuple[list[ToneStep], float | None]:
    """The steps of a tone, and its own level if it has one.

    Raises: ValueError on what C could not play.
    """
    cadence, _, own_level = tone.partition("@")
    result = []
    for step in cadence.split(","):
        sound, _, length_ms = step.partition("/")
        carrier, _, am = sound.partition("*")
        low, _, high = carrier.partition("+")
        pitch = Pitch(int(low), int(high or 0), int(am or 0))
        if not all(0 <= value < RATE_KHZ * 500 for value in pitch[:2]):
            raise ValueError(f"{step}: a frequency is 0 to {RATE_KHZ * 500 - 1} Hz")
        if not 0 <= pitch.am_hz <= AM_HZ:
            raise ValueError(f"{step}: modulated by 0 to {AM_HZ} Hz")
        result.append(ToneStep(pitch, int(length_ms or 0)))
    if len(result) > STEPS:
        raise ValueError(f"{cadence}: more than {STEPS} steps")
    return result, float(own_level) if own_level else None


def steps(tone: str, level_dbm0: float) -> list[str]:
    """C initialisers of struct bl_tone_step for one tone."""
    cadence, own_level = parsed(tone)
    level = float_literal(level_dbm0 if own_level is None else own_level)
    result = []
    for pitch, ms in cadence:
        am = f", {pitch.am_hz}, 100, 0" if pitch.am_hz else ", 0, 0, 0"
        result.append(f"{{{{{pitch.low_hz}, {pitch.high_hz}}}, {level}, {ms * RATE_KHZ}{am}}}")
    return result


def zones() -> Mapping[str, Mapping[str, str | float]]:
    """tone_zones.toml as it stands."""
    return tomllib.loads(SOURCE.read_text(encoding="utf-8"))


def render() -> str:
    """Text of dsp/tables/tone_zones.h."""
    body = [
        "struct bl_tone_cadence {\n\tuint32_t steps_n;\n\tstruct bl_tone_step steps[BL_TONE_STEPS];\n};\n",
        "struct bl_tone_zone_data {\n\tchar name[8];\n\tstruct bl_tone_cadence kinds[BL_TONE_KINDS];\n};\n",
        f"static const struct bl_tone_zone_data bl_tone_zones[{len(zones())}] = {{",
    ]
    for name, zone in zones().items():
        body.append(f'\t{{"{name}", {{')
        for kind in KINDS:
            try:
                cells = steps(str(zone[kind]), float(zone["level_dbm0"]))
            except (KeyError, ValueError) as error:
                raise ValueError(f"tone_zones.toml: [{name}] {kind}: {error}") from error
            lines = ",\n".join(f"\t\t\t{cell}" for cell in cells)
            body.append(f"\t\t{{{len(cells)}, {{ /* {kind} */\n{lines}}}}},")
        body.append("\t}},")
    body.append("};\n")
    return header("tone_zones", "tone_zones", "Tones of tone_zones.toml. Included by tone.c after tone.h.", body)
