# SPDX-License-Identifier: GPL-2.0-only
"""Settings of Q.24's administrations: the readable dsp/tables/dtmf_columns.toml made into a C table.

Law: a column names every setting, in the order of struct bl_dtmf_cfg.
"""

import tomllib
from pathlib import Path

from dsp.tools.ctable import float_literal, header

SOURCE = Path(__file__).parent.parent / "tables" / "dtmf_columns.toml"
SETTINGS = ("min_level_dbm0", "max_high_twist_db", "max_low_twist_db", "min_on_ms", "min_pause_ms", "max_off_percent")


def _literal(setting: str, value: float) -> str:
    return str(int(value)) if setting.endswith("_ms") else float_literal(value)


def render() -> str:
    """Text of dsp/tables/dtmf_columns.h."""
    columns = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    body = [
        "struct bl_dtmf_column_data {\n\tchar name[12];\n\tstruct bl_dtmf_cfg cfg;\n};\n",
        f"static const struct bl_dtmf_column_data bl_dtmf_columns[{len(columns)}] = {{",
    ]
    for name, column in columns.items():
        settings = column["settings"]
        if set(settings) != set(SETTINGS):
            raise ValueError(f"dtmf_columns.toml: [{name}] settings: {sorted(set(settings) ^ set(SETTINGS))}")
        cells = ", ".join(_literal(setting, settings[setting]) for setting in SETTINGS)
        body.append(f'\t{{"{name}", {{{cells}}}}},')
    body.append("};\n")
    return header("dtmf_columns", "dtmf_columns", "Settings of dtmf_columns.toml. Included after dtmf.h.", body)
