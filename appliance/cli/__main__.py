# SPDX-License-Identifier: GPL-2.0-only
"""The command line: at a prompt, or one command by its words. Returns the exit status."""

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.cli import shell, terminal
from appliance.cli.grammar.matching import GrammarError
from appliance.cli.grammar.table import TABLE
from appliance.cli.session import Session
from appliance.config.scalars import suggestion

INTERRUPTED = 130  # as a shell tells of SIGINT
COMMANDS = tuple(dict.fromkeys(one.run for one in TABLE.command if ":" not in one.run))
"""Modules that read their words themselves, options with `--` too."""


def main(words: Sequence[str]) -> int:
    """0: well; 1: what was asked about is not well; 2: it could not be asked; 130: Ctrl-C."""
    session = _session()
    if not words:
        return shell.interactive(session)
    if words[0] in ("help", "-h", "--help"):
        words = ["help"]
    with contextlib.suppress(GrammarError):
        matched = session.grammar().match(words)
        if ":" in matched.command.run:
            return shell.Shell(session).run_words(words)
    if words[0] in COMMANDS:
        try:
            # When it is typed, so that a branch's alarms do not wait for what headquarters' reports need.
            return int(importlib.import_module(f"appliance.cli.{words[0]}").main(words[1:]))
        except KeyboardInterrupt:
            return INTERRUPTED
    known = dict.fromkeys(one.pattern.split()[0] for one in session.commands())
    sys.stderr.write(f"{words[0]!r} is no command; {suggestion(words[0], known)}\n")
    return 2


def _session() -> Session:
    file = Path(os.environ.get("BRANCHLINE_CONFIG", ""))
    state = Path(os.environ.get("BRANCHLINE_STATE", ""))
    return shell.session_of(file, state, chinese=terminal.spoken() == "zh")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
