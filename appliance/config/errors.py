# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a file, where, and what to do: all of it at once."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

EXIT_STATUS = 2
"""A process that cannot use its configuration ends with this status and is not started again."""


class Mistake(msgspec.Struct, frozen=True):
    """One mistake. `line` and `column` count from 1; 0 where the file as a whole is meant."""

    file: Path
    line: int
    column: int
    sentence: str

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self.sentence}"


class ConfigurationError(Exception):
    """The file cannot be used. Its text is one block for a terminal, one mistake a line."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        head = "1 mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        super().__init__("\n".join([f"configuration: {head}, nothing was started", *(f"  {m}" for m in self.mistakes)]))
