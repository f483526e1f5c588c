# SPDX-License-Identifier: GPL-2.0-only
"""Commands and keys as a manual: `python -m appliance.cli.grammar.manual` writes cli.md, keys.md and branchline.1."""

import sys
from collections.abc import Iterator
from pathlib import Path

from appliance.cli.grammar.syntax import Mode
from appliance.cli.grammar.table import TABLE
from appliance.cli.pipes import FILTERS
from appliance.config import edit, impacts
from appliance.config.candidate import FORM

PAGE = "cli.md"
KEYS = "keys.md"
MANUAL = "branchline.1"
_NOTE = "Made from `appliance/cli/grammar/commands.toml`; change that and run `python -m appliance.cli.grammar.manual`."
_OF_KEYS = "Made from the schema, `appliance/config/help.toml` and `impacts.py`; as cli.md is."
_ENDS = (
    "What the change of a key ends, it ends when it comes into force; calls are waited for first, five minutes unless"
    " told (`commit now`, `commit within 10`). Words in brackets say of which kind of block a key is."
)
_HOW = (
    "A word may be shortened to what tells it from others. `?` says what may follow, Tab completes, arrows and"
    " Ctrl-A E U K W edit, up and down bring lines back, Ctrl-C leaves a line or what runs. Groups in brackets may be"
    " left out and come in any order. Lines that begin with `#` or `!` say nothing, so that a listing can be pasted."
)


def page() -> str:
    """Markdown."""
    lines = ["# The command line", "", _NOTE, "", _HOW, ""]
    for mode in Mode:
        lines += [f"## {mode.capitalize()} mode", "", "| typed | does | 作用 | role |", "|---|---|---|---|"]
        for one in TABLE.command:
            if mode in one.modes:
                lines.append(f"| `{one.pattern}` | {one.said[0]} | {one.said[1]} | {one.role} |")
        lines.append("")
    lines += ["## After a `|`", "", "| typed | does | 作用 |", "|---|---|---|"]
    lines += [f"| `{name}` | {said[0]} | {said[1]} |" for name, said in FILTERS.items()]
    lines += [
        "",
        "In configure mode `show | compare` is `compare`.",
        "",
        "## Arguments",
        "",
        "| argument | is | 说明 |",
    ]
    lines += ["|---|---|---|"]
    lines += [f"| `<{name}>` | {kind.said[0]} | {kind.said[1]} |" for name, kind in sorted(TABLE.kind.items())]
    return "\n".join(lines) + "\n"


def keys() -> str:
    """Markdown of every key of a configuration."""
    lines = ["# The keys of a configuration", "", _OF_KEYS, "", _ENDS]
    shown = ""
    for path, typed, leaf in impacts.leaves(FORM):
        if path[0] != shown and len(path) > 1:
            shown = path[0]
            lines += ["", f"## {shown}", ""]
            lines += ["| key | is | 说明 | value | default | a change | 改动 |", "|---|---|---|---|---|---|---|"]
        if len(path) > 1:
            said, ends = leaf.reason, impacts.WORDS[impacts.impact(path)]
            value, default = edit.form_of(leaf), leaf.default or ""
            cells = (f"`{' '.join(typed)}`", said.english, said.chinese, value, default, *ends)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def manual() -> str:
    """For man(1)."""
    return "\n".join(_manual()) + "\n"


def _manual() -> Iterator[str]:
    yield '.\\" SPDX-License-Identifier: GPL-2.0-only'
    yield '.TH BRANCHLINE 1 "" "Branchline" "Branchline"'
    yield ".SH NAME\nbranchline \\- the command line of a Branchline box"
    yield ".SH SYNOPSIS\n.B branchline\n.RI [ command ]"
    yield f".SH DESCRIPTION\n{_escaped(_HOW)}"
    for mode in Mode:
        yield f".SH {mode.upper()} MODE"
        for one in TABLE.command:
            if mode in one.modes:
                yield f".TP\n.B {_escaped(one.pattern)}\n{_escaped(one.said[0])} ({one.role})"
    yield f".SH KEYS\n{_escaped(_ENDS)}"
    for path, typed, leaf in impacts.leaves(FORM):
        role = f"{path[0]}: " if len(path) > 1 else ""
        ends = impacts.WORDS[impacts.impact(path)][0]
        yield f".TP\n.B {_escaped(role + ' '.join(typed))}\n{_escaped(f'{leaf.reason.english}; {ends}')}"
    yield ".SH PIPES"
    for name, said in FILTERS.items():
        yield f".TP\n.B | {_escaped(name)}\n{_escaped(said[0])}"
    yield ".SH EXIT STATUS\n0 well; 1 what was asked about is not well; 2 it could not be asked; 130 Ctrl-C"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("-", "\\-").replace("`", "").replace("'", "\\(aq")


def main() -> int:
    """Write all three into a folder, docs unless told."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    (folder / PAGE).write_text(page())
    (folder / KEYS).write_text(keys())
    (folder / MANUAL).write_text(manual())
    return 0


if __name__ == "__main__":
    sys.exit(main())
