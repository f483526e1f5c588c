# SPDX-License-Identifier: GPL-2.0-only
"""Tone zones: the readable dsp/tables/tone_zones.toml made into a C table.

Law: every zone names every kind, and what C could not play is refused here with zone and kind.
"""

import tomllib
from pathlib import Path

from dsp.tools.ctable import float_literal, header

SOURCE = Path(__file__).parent.parent / "tables" / "tone_zones.toml"
KINDS = ("dial", "ringback", "busy", "congestion", "unobtainable", "waiting")  # order of enum bl_tone_kind
STEPS = 12  # BL_TONE_STEPS
RATE_KHZ = 8


def steps(tone: str, level_dbm0: float) -> list[str]:
    """C initialisers of struct bl_tone_step for one tone."""
    cadence, _, own_level = tone.partition("@")
    level = float_literal(float(own_level or level_dbm0))
    result = []
    for step in cadence.split(","):
        pitch, _, length_ms = step.partition("/")
        low, _, high = pitch.partition("+")
        hz = (int(low), int(high or 0))
        if not all(0 <= value < RATE_KHZ * 500 for value in hz):
            raise ValueError(f"{step}: a frequency is 0 to {RATE_KHZ * 500 - 1} Hz")
        result.append(f"{{{{{hz[0]}, {hz[1]}}}, {level}, {int(length_ms or 0) * RATE_KHZ}}}")
    if len(result) > STEPS:
        raise ValueError(f"{cadence}: more than {STEPS} steps")
    return result


def render() -> str:
    """Text of dsp/tables/tone_zones.h."""
    zones = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    body = [
        "struct bl_tone_cadence {\n\tuint32_t steps_n;\n\tstruct bl_tone_step steps[BL_TONE_STEPS];\n};\n",
        "struct bl_tone_zone_data {\n\tchar name[8];\n\tstruct bl_tone_cadence kinds[BL_TONE_KINDS];\n};\n",
        f"static const struct bl_tone_zone_data bl_tone_zones[{len(zones)}] = {{",
    ]
    for name, zone in zones.items():
        body.append(f'\t{{"{name}", {{')
        for kind in KINDS:
            try:
                cells = steps(zone[kind], zone["level_dbm0"])
            except (KeyError, ValueError) as error:
                raise ValueError(f"tone_zones.toml: [{name}] {kind}: {error}") from error
            lines = ",\n".join(f"\t\t\t{cell}" for cell in cells)
            body.append(f"\t\t{{{len(cells)}, {{ /* {kind} */\n{lines}}}}},")
        body.append("\t}},")
    body.append("};\n")
    return header("tone_zones", "tone_zones", "Tones of tone_zones.toml. Included by tone.c after tone.h.", body)
