# SPDX-License-Identifier: GPL-2.0-only
"""What a box's file would be: read, changed by words, checked as a whole. It is in force when it is committed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from appliance.config import edit, written
from appliance.config.document import compose
from appliance.config.errors import ConfigurationError
from appliance.config.files import AnyBox, load
from appliance.config.tree import Choice, Leaf, Node, Rows, Table, path_text, tree


class Candidate(msgspec.Struct, frozen=True):
    """Of the box's file `file`, with what it says now in `data`."""

    file: Path
    data: Any

    @classmethod
    def of(cls, file: Path, text: str | None = None) -> "Candidate":
        """The file as it is, or as `text` says. Raises ConfigurationError where that cannot be read."""
        load(file, text=text)
        return cls(file, edit.data(FORM, compose(file, text)))

    @property
    def text(self) -> str:
        """As a file."""
        return written.text(self.data)

    def path(self, words: Sequence[str]) -> tuple[str, ...]:
        """With its keys written out, which may be abbreviated. Raises edit.EditError."""
        return edit.full(FORM, self.data, words)

    def put(self, words: Sequence[str]) -> "Candidate":
        """With a value set: the words of the path, then the value's. Raises edit.EditError."""
        return Candidate(self.file, edit.put(FORM, self.data, words, self.file.parent))

    def drop(self, words: Sequence[str]) -> "Candidate":
        """Without what is at the path. Raises edit.EditError."""
        return Candidate(self.file, edit.drop(FORM, self.data, words))

    def lines(self) -> list[str]:
        """What would have to be typed to have it."""
        return list(edit.lines(FORM, self.data))

    def since(self, before: "Candidate") -> list[str]:
        """Lines that only one of the two has: `- set …` goes, `+ set …` comes."""
        return edit.compare(FORM, before.data, self.data)

    def faults(self) -> list[str]:
        """Every mistake of form and of meaning, with its path; empty where it can be committed."""
        try:
            load(self.file, text=self.text)
        except ConfigurationError as error:
            places = written.places(self.data)
            paths = [words_of(FORM, self.data, places.get(mistake.line, ())) for mistake in error.mistakes]
            sentences = (mistake.sentence for mistake in error.mistakes)
            return [f"{path_text(path)}: {said}" if path else said for path, said in zip(paths, sentences, strict=True)]
        return []


FORM = tree(AnyBox)


def words_of(form: Node, data: Any, keys: written.Keys) -> tuple[str, ...]:
    """The keys as they are typed: rows by their names."""
    if not keys or isinstance(form, Leaf):
        return ()
    key, rest = keys[0], keys[1:]
    match form:
        case Rows():
            return (edit.names(form, data)[int(key)], *words_of(form.item, data[key], rest))
        case Table():
            return (str(key), *words_of(form.value, data[key], rest))
    known = edit.fields(form, data)
    if key not in known or (isinstance(form, Choice) and key == form.tag):
        return (str(key),)
    return (str(key), *words_of(known[str(key)], data[key], rest))
