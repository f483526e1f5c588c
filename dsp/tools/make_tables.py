# SPDX-License-Identifier: GPL-2.0-only
"""Write every generated table under dsp/tables: `python -m dsp.tools.make_tables`.

A maker is a file here with `render()`; its name is the table's.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
TABLES = HERE.parent / "tables"


def makers() -> dict[str, Callable[[], str]]:
    """What prints each table, by the table's name."""
    modules = (importlib.import_module(f"dsp.tools.{path.stem}") for path in sorted(HERE.glob("*.py")))
    return {module.__name__.rpartition(".")[2]: module.render for module in modules if hasattr(module, "render")}


def main() -> None:
    """Write all tables."""
    for stem, render in makers().items():
        (TABLES / f"{stem}.h").write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
