# SPDX-License-Identifier: GPL-2.0-only
"""The command line: at a prompt, one command by its words, or a line after `-c`. Returns the exit status."""

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.cli import audit, roles, shell, terminal
from appliance.cli.grammar.matching import GrammarError
from appliance.cli.grammar.syntax import Role
from appliance.cli.grammar.table import TABLE
from appliance.cli.session import Session

INTERRUPTED = 130  # as a shell tells of SIGINT
COMMANDS = tuple(dict.fromkeys(one.run for one in TABLE.command if ":" not in one.run))
"""Modules that read their words themselves, options with `--` too."""


def main(words: Sequence[str]) -> int:
    """0: well; 1: what was asked about is not well; 2: it could not be asked; 130: Ctrl-C."""
    session = _session()
    if session is None:
        sys.stderr.write(f"{roles.nobody(os.getuid(), chinese=terminal.spoken() == 'zh')}\n")
        return terminal.UNASKED
    if not words:
        return shell.interactive(session)
    if words[0] == "-c" or "|" in words:
        return shell.Shell(session).run(" ".join(words).removeprefix("-c "))
    if words[0] in ("help", "-h", "--help"):
        words = ["help"]
    if session.role is not Role.ADMINISTRATOR or _typed(session, words):
        return shell.Shell(session).run_words(words)
    if words[0] in COMMANDS:
        return _with_options(session, words)
    return shell.Shell(session).run_words(words)


def _typed(session: Session, words: Sequence[str]) -> bool:
    """Whether it is a command as it is typed at the prompt, without options."""
    if any(word.startswith("--") for word in words):
        return False
    with contextlib.suppress(GrammarError):
        return bool(session.grammar().match(words))
    return False


def _with_options(session: Session, words: Sequence[str]) -> int:
    """A command of an administrator whose words are options."""
    status = INTERRUPTED
    try:
        # When it is typed, so that a branch's alarms do not wait for what headquarters' reports need.
        status = int(importlib.import_module(f"appliance.cli.{words[0]}").main(words[1:]))
    except KeyboardInterrupt:
        pass
    finally:
        if any(one.role is not Role.VIEWER for one in TABLE.command if one.pattern.split()[0] == words[0]):
            said = " ".join(words[:3])
            audit.note(session.state, "cli.command.done", by=session.author, role=session.role, command=said)
    return status


def _session() -> Session | None:
    file = Path(os.environ.get("BRANCHLINE_CONFIG", ""))
    state = Path(os.environ.get("BRANCHLINE_STATE", ""))
    return shell.session_of(file, state, chinese=terminal.spoken() == "zh")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
