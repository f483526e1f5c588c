# SPDX-License-Identifier: GPL-2.0-only
"""`make sound`: the quality sheets, one PNG or more a block, under build/sound. ARGS: names of blocks (all without).

A sheet is tests/sound/sheets/<block>.py with `draw(folder) -> list[Path]`; what it measures it prints too, a line each.
"""

import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from rootfs.setup.paths import BUILD

FOLDER = BUILD / "sound"
SHEETS = Path(__file__).parent / "sheets"


def main(arguments: Sequence[str]) -> int:
    """Draw them; 2 for a name that is none."""
    known = sorted(path.stem for path in SHEETS.glob("*.py"))
    if unknown := [name for name in arguments if name not in known]:
        print(f"no sheet {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    mpl.use("Agg")  # no screen
    drawn: list[Path] = []
    for name in arguments or known:
        print(f"-- {name}", flush=True)
        began = time.monotonic()
        drawn += importlib.import_module(f"tests.sound.sheets.{name}").draw(FOLDER)
        print(f"   {time.monotonic() - began:.0f} s", flush=True)
    for path in drawn:
        print(f"  {path}")
    print(f"SOUND: {len(drawn)} sheets in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
