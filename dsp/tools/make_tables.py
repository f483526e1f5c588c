# SPDX-License-Identifier: GPL-2.0-only
"""Write every generated table under dsp/tables: `python -m dsp.tools.make_tables`."""

from pathlib import Path

from dsp.tools import dtmf_tables, echo_tables, g711_tables, hdlc_tables, sine_table, tone_zones

TABLES = Path(__file__).parent.parent / "tables"
MAKERS = {
    "dtmf_tables": dtmf_tables.render,
    "echo_tables": echo_tables.render,
    "g711_tables": g711_tables.render,
    "hdlc_tables": hdlc_tables.render,
    "sine_table": sine_table.render,
    "tone_zones": tone_zones.render,
}


def main() -> None:
    """Write all tables."""
    for stem, render in MAKERS.items():
        (TABLES / f"{stem}.h").write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
