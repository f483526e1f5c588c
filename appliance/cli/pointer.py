# SPDX-License-Identifier: GPL-2.0-only
"""Where in a line a mistake is: a `^` under the word that is meant."""

import re

from appliance.cli.grammar.matching import GrammarError
from appliance.cli.terminal import columns

_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s|"'])+|\|""")


def pointed(line: str, before: str, error: Exception, room: int) -> str:
    """A `^` below the word, where what stands `before` the line and the line up to there fit in `room` columns.

    Empty where the sentence speaks of no word of the line.
    """
    words = list(_WORD.finditer(line))
    at = _at(words, error)
    if at is None:
        return ""
    start = words[at].start() if at < len(words) else len(line.rstrip()) + 1
    width = columns(before) + columns(line[:start])
    return " " * width + "^" if width < room else ""


def _at(words: list[re.Match[str]], error: Exception) -> int | None:
    if isinstance(error, GrammarError):
        pipe = next((number for number, word in enumerate(words) if word[0] == "|"), len(words))
        return min(error.at, pipe)
    said = str(error)
    named = next((n for n, word in enumerate(words) if repr(word[0].strip("\"'")) in said), None)
    value = said.partition(": ")[2].split()
    return named if named is not None else next((n for n, word in enumerate(words) if word[0] in value), None)
