# SPDX-License-Identifier: GPL-2.0-only
"""Prompts by name: "hello-world", "digits/1". A name is looked for in the configured folders, in order, as WAV."""

import difflib
import re
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


class UnknownPromptError(Exception):
    """No folder has this prompt; the sentence gives the nearest name that one has."""


class PromptFolders:
    """Finds prompt files. `<folder>/<language>/<name>.wav` comes before `<folder>/<name>.wav`."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders

    def find(self, name: str, language: str) -> Path:
        """The prompt's file. Raises UnknownPromptError."""
        if _NAME.fullmatch(name) is None or _NAME.fullmatch(language) is None:
            raise UnknownPromptError(f"prompt {name!r} is no name: letters, digits, '-', '_' and '/'")
        for folder in self._folders:
            for path in (folder / language / f"{name}.wav", folder / f"{name}.wav"):
                if path.is_file():
                    return path
        raise UnknownPromptError(self._sentence(name))

    def _sentence(self, name: str) -> str:
        names = {
            str(path.relative_to(folder).with_suffix("")) for folder in self._folders for path in folder.rglob("*.wav")
        }
        near = difflib.get_close_matches(name, names, n=1)
        where = ", ".join(str(folder) for folder in self._folders) or "no folder at all"
        return f"prompt {name} is not in {where}" + (f"; is {near[0]} meant?" if near else "")
