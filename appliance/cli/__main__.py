# SPDX-License-Identifier: GPL-2.0-only
"""Words to commands: the first word names a module here, which reads the others. Returns the exit status."""

import sys
from collections.abc import Callable, Sequence

from appliance.cli import line, trace
from appliance.config.scalars import suggestion

COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"line": line.main, "trace": trace.main}


def main(words: Sequence[str]) -> int:
    """0: well; 1: what was asked about is not well; 2: it could not be asked."""
    if words and words[0] in COMMANDS:
        return COMMANDS[words[0]](words[1:])
    known = f"commands are: {', '.join(sorted(COMMANDS))}"
    told = f"{words[0]!r} is no command; {suggestion(words[0], COMMANDS)}" if words else known
    sys.stderr.write(f"{told}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
