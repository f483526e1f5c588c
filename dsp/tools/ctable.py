# SPDX-License-Identifier: GPL-2.0-only
"""How a generated C table looks: head, guard, rows.

Law: the text depends on the values alone (no date, no path), so that regenerating can be compared byte by byte.
"""

from collections.abc import Iterable, Sequence


def header(stem: str, maker: str, says: str, body: Iterable[str]) -> str:
    """Whole header file `dsp/tables/<stem>.h`; `says` is one or more lines without comment marks."""
    guard = f"BL_{stem.upper()}_H"
    comment = "\n".join(f" * {line}" for line in says.strip().splitlines())
    return (
        "/* SPDX-License-Identifier: GPL-2.0-only */\n"
        f"/*\n * Made by dsp/tools/{maker}.py; do not edit.\n{comment}\n */\n"
        f"#ifndef {guard}\n#define {guard}\n\n#include <stdint.h>\n\n" + "\n".join(body) + "\n#endif\n"
    )


def array(ctype: str, name: str, values: Sequence[str], per_row: int) -> str:
    """`static const` array of one dimension from C literals."""
    rows = [", ".join(values[at : at + per_row]) for at in range(0, len(values), per_row)]
    return f"static const {ctype} {name}[{len(values)}] = {{\n" + "".join(f"\t{row},\n" for row in rows) + "};\n"


def matrix(ctype: str, name: str, rows: Sequence[Sequence[str]], per_row: int) -> str:
    """`static const` array of two dimensions from C literals; all rows are of one length."""
    blocks = []
    for row in rows:
        lines = [", ".join(row[at : at + per_row]) for at in range(0, len(row), per_row)]
        blocks.append("\t{\n" + "".join(f"\t\t{line},\n" for line in lines) + "\t},\n")
    return f"static const {ctype} {name}[{len(rows)}][{len(rows[0])}] = {{\n" + "".join(blocks) + "};\n"


def float_literal(value: float) -> str:
    """Float literal of 9 digits: rounds to the nearest float, hides the last-bit differences of maths libraries."""
    return f"{value:.8e}f"
