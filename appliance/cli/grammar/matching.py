# SPDX-License-Identifier: GPL-2.0-only
"""What was typed, against the table: the command that is meant, what may come next, or where it goes wrong.

Each command is walked at once, word by word: a word that stands for itself goes before one that begins so, and both
before an argument. What is left at the end is one command, or a sentence.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from appliance.cli.grammar.kinds import Kind
from appliance.cli.grammar.syntax import Argument, Command, Element, Group, Word
from appliance.config.scalars import nearest, suggestion

APART = "\x1f"
"""Between the words of an argument that takes all that follow."""


class GrammarError(ValueError):
    """Its text is a sentence; `at` counts the words that were right."""

    def __init__(self, sentence: str, at: int) -> None:
        super().__init__(sentence)
        self.at = at


class Next(msgspec.Struct, frozen=True):
    """What may come: `text` is typed as it is, or (`fixed` no) stands for what has to be typed."""

    text: str
    said: str
    fixed: bool = True


class Matched(msgspec.Struct, frozen=True):
    """The command that is meant. `words`: as it is written in full, arguments as they were typed.

    `arguments`: by name, and the words themselves, whose value is empty.
    """

    command: Command
    arguments: dict[str, str]
    words: tuple[str, ...]
    argv: tuple[str, ...]
    """The words, with `--` before those that begin a group: as argparse has options."""


class _Walk(msgspec.Struct, frozen=True):
    """One command, so far."""

    command: Command
    ahead: Group
    left: tuple[Group, ...]
    arguments: dict[str, str] = {}
    words: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    optional: bool = False

    @property
    def complete(self) -> bool:
        return all(isinstance(one, Argument) and one.rest and one.name in self.arguments for one in self.ahead)

    def coming(self) -> Iterator[tuple[Element, "_Walk"]]:
        """Each element that may come, and where one stands then."""
        if self.ahead:
            element, ahead = self.ahead[0], self.ahead[1:]
            stays = isinstance(element, Argument) and element.rest
            yield element, msgspec.structs.replace(self, ahead=self.ahead if stays else ahead)
            return
        for number, group in enumerate(self.left):
            left = (*self.left[:number], *self.left[number + 1 :])
            stays = isinstance(group[0], Argument) and group[0].rest
            ahead = group if stays else group[1:]
            yield group[0], msgspec.structs.replace(self, ahead=ahead, left=left, optional=True)

    def took(self, element: Element, word: str) -> "_Walk":
        if isinstance(element, Word):
            option = f"--{element.text}" if self.optional else element.text
            given = {**self.arguments, element.text: ""}
            words = (*self.words, element.text)
            return msgspec.structs.replace(self, words=words, argv=(*self.argv, option), arguments=given)
        before = self.arguments.get(element.name)
        joined = f"{before}{APART}{word}" if element.rest and before is not None else word
        given = {**self.arguments, element.name: joined}
        return msgspec.structs.replace(self, words=(*self.words, word), argv=(*self.argv, word), arguments=given)


class Grammar:
    """Of some commands, and what is known of their arguments."""

    def __init__(
        self,
        commands: Sequence[Command],
        kind: Callable[[str], Kind],
        said: Callable[[Command], str],
        head: Callable[[str], str],
        *,
        chinese: bool = False,
    ) -> None:
        """`said`: what a command does; `head`: what a word is about that several share; `chinese`: mistakes too."""
        self._commands, self._kind, self._said, self._head = commands, kind, said, head
        self._chinese = chinese

    def match(self, words: Sequence[str]) -> Matched:
        """The command. Raises GrammarError."""
        walks = self._walked(words)
        whole = [walk for walk in walks if walk.complete]
        if not whole:
            following = ", ".join(dict.fromkeys(one.text for one in self._following(walks)))
            typed = " ".join(words) or self._told("a command", "命令")
            raise GrammarError(
                self._told(f"{typed}: what follows is missing: {following}", f"{typed}：不完整，其后可为：{following}"),
                len(words),
            )
        walk = whole[0]
        return Matched(walk.command, walk.arguments, walk.words, walk.argv)

    def following(self, words: Sequence[str], begun: str = "") -> list[Next]:
        """What may come after whole words, of what begins so. Raises GrammarError."""
        found = self._following(self._walked(words))
        return [one for one in found if not one.fixed or one.text.startswith(begun)]

    def ends(self, words: Sequence[str]) -> list[str]:
        """What the commands do that are complete with these words."""
        return [self._said(walk.command) for walk in self._walked(words) if walk.complete]

    def _walked(self, words: Sequence[str]) -> list[_Walk]:
        walks = [_Walk(command, command.elements, command.groups) for command in self._commands]
        for at, word in enumerate(words):
            walks = self._step(walks, word, words[:at])
        return walks

    def _step(self, walks: list[_Walk], word: str, before: Sequence[str]) -> list[_Walk]:
        coming = [(element, walk) for walk in walks for element, walk in walk.coming()]
        texts = {element.text for element, _ in coming if isinstance(element, Word)}
        begun = [word] if word in texts else sorted(text for text in texts if text.startswith(word))
        if len(begun) > 1:
            said = self._told(f"{word!r} may be {' or '.join(begun)}", f"{word!r}可为{'或'.join(begun)}")
            raise GrammarError(said, len(before))
        if begun:
            return [walk.took(one, word) for one, walk in coming if isinstance(one, Word) and one.text == begun[0]]
        arguments = [(element, walk) for element, walk in coming if isinstance(element, Argument)]
        wrong = [self._kind(element.name).wrong(word) for element, _ in arguments]
        right = [walk.took(one, word) for (one, walk), no in zip(arguments, wrong, strict=True) if not no]
        if not right:
            raise GrammarError(wrong[0] if wrong else self._unknown(word, before, texts), len(before))
        return right

    def _following(self, walks: list[_Walk]) -> list[Next]:
        found: dict[str, Next] = {}
        commands: dict[str, set[str]] = {}
        for element, walk in [pair for one in walks for pair in one.coming()]:
            if isinstance(element, Word):
                commands.setdefault(element.text, set()).add(walk.command.pattern)
                alone = len(commands[element.text]) == 1
                said = self._said(walk.command) if alone else self._head(element.text)
                found[element.text] = Next(element.text, said)
                continue
            kind = self._kind(element.name)
            typed = walk.arguments.get(element.name, "").split(APART) if element.rest else ()
            for text, said in kind.known([word for word in typed if word]):
                found.setdefault(text, Next(text, said, fixed=not text.startswith("<")))
            if not element.rest:
                found.setdefault(str(element), Next(str(element), kind.said(), fixed=False))
        return list(found.values())

    def _unknown(self, word: str, before: Sequence[str], texts: Iterable[str]) -> str:
        after = " ".join(before)
        if not self._chinese:
            return f"{word!r} is unknown{f' after {after!r}' if before else ''}; {suggestion(word, texts)}"
        near = nearest(word, texts)
        meant = f"是否为{near!r}？" if near else f"可为：{', '.join(sorted(texts))}"
        return f"{f'{after!r}之后' if before else ''}没有{word!r}；{meant}"

    def _told(self, english: str, chinese: str) -> str:
        return chinese if self._chinese else english
