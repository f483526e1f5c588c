# SPDX-License-Identifier: GPL-2.0-only
"""Kinds of arguments: what each may be, and which there are on this box now."""

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

Known = Callable[[Sequence[str]], Iterable[tuple[str, str]]]


def nothing_known(_before: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Of what cannot be listed."""
    return ()


class Form(msgspec.Struct, frozen=True):
    """What a kind is: `said` in English and Chinese, the pattern of a word of it, or the words there are."""

    said: tuple[str, str]
    pattern: str = ".+"
    choices: tuple[str, ...] = ()


class Kind:
    """A form with what is known on this box."""

    def __init__(self, form: Form, known: Known = nothing_known, *, chinese: bool = False) -> None:
        self._form, self._known, self._chinese = form, known, chinese

    def wrong(self, word: str) -> str:
        """A sentence, empty where the word is one."""
        if self._form.choices and word not in self._form.choices:
            among = ", ".join(self._form.choices)
            return f"{word!r}须为：{among}" if self._chinese else f"{word!r} is not among: {among}"
        if re.fullmatch(self._form.pattern, word):
            return ""
        return f"{word!r}不是：{self.said()}" if self._chinese else f"{word!r} is not {self.said()}"

    def known(self, before: Sequence[str]) -> Iterable[tuple[str, str]]:
        """Those there are now, with a word on each; `before`: of an argument of many words, those typed."""
        return [(choice, "") for choice in self._form.choices] or self._known(before)

    def said(self) -> str:
        """What it is."""
        return self._form.said[self._chinese]
