# SPDX-License-Identifier: GPL-2.0-only
"""What a script asks of a contact: a small typed language, checked when the script is loaded.

    asked = parse("ced == '1' and time >= '09:00' and tries < 3", {**NAMES, "tries": Decimal})  # FormError
    asked.value(world)                                                   # True, or ValueError: it has none

Text stands in quotes of either kind, numbers are whole or have a point, `yes` and `no` are truths. Weakest first: or,
and, not; == != < <= > >= and in (…); + and -; * / %. Text is compared letter by letter, so '09:00' is before '18:00'.
Names are NAMES and the script's context fields.

Functions: length(text), number(text), text(number), starts(text, text), ends(text, text), contains(text, text),
part(text, from, count) with characters counted from 1; holiday(calendar); of a queue free(…) and staffed(…) agents,
waiting(…) contacts and expected(…) seconds that the contact would wait, from its place where it stands there, which has
no value if nobody can tell; calls(…) other contacts in progress of a call type. Of the contact itself position() in its
first queue, where 1 is next, and waited() seconds since it came to its first, which have no value in no queue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, NamedTuple, Protocol

import msgspec

from appliance.config.scalars import suggestion

Value = str | Decimal | bool
LONGEST = 1000
DEEPEST = 50

KINDS: Mapping[type, str] = {str: "text", Decimal: "a number", bool: "yes or no"}

NAMES: Mapping[str, type] = {
    "dnis": str,
    "clid": str,
    "ani": str,
    "ced": str,
    "outcome": str,
    "time": str,  # 09:30, in the script's zone
    "date": str,  # 2026-11-26
    "weekday": Decimal,  # 1 is Monday
}


class World(Protocol):
    """What is so for a contact now."""

    def name(self, name: str) -> Value:
        """One of NAMES, or a context field."""

    def queue(self, figure: str, name: str) -> int | None:
        """One of FIGURES of a queue, calls of a call type, or of OWN with the name ''; None where nobody can tell."""

    def holiday(self, calendar: str) -> bool:
        """Whether today stands in it."""


class FormError(ValueError):
    """No expression. `column` from 1."""

    def __init__(self, column: int, sentence: str) -> None:
        super().__init__(f"column {column}: {sentence}")
        self.column = column


class Function(NamedTuple):
    """`named`: its one argument is a quoted name of this kind, known when the script is loaded."""

    takes: tuple[type, ...]
    gives: type
    run: Callable[..., Value]
    named: str = ""


def number_of(text: str) -> Decimal:
    """As it is written, 12 or -0.5. Raises ValueError."""
    if re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,6})?", text) is None:
        raise ValueError(f"number({text!r}): that is none")
    return Decimal(text)


def _text(number: Decimal) -> str:
    if abs(number) >= _TOO_LARGE:
        raise ValueError("text(…) of a number that is too large")
    return format(round(number, 6).normalize() + 0, "f")


def _part(text: str, first: Decimal, count: Decimal) -> str:
    if first % 1 or count % 1 or first < 1 or count < 0:
        raise ValueError("part(…) takes whole numbers, the first from 1")
    begin = int(first) - 1
    return text[begin : begin + int(count)]


def _figure(figure: str, world: World, queue: str) -> Decimal:
    count = world.queue(figure, queue)
    if count is None:
        raise ValueError(f"{figure}({queue!r}): nobody can tell" if queue else f"{figure}(): it stands in no queue")
    return Decimal(count)


FIGURES = ("free", "waiting", "staffed", "expected")
OWN = ("position", "waited")
"""Of the contact in its queues."""
_TOO_LARGE = 10**18
FUNCTIONS: Mapping[str, Function] = {
    "length": Function((str,), Decimal, lambda _, text: Decimal(len(text))),
    "number": Function((str,), Decimal, lambda _, text: number_of(text)),
    "starts": Function((str, str), bool, lambda _, text, start: text.startswith(start)),
    "text": Function((Decimal,), str, lambda _, number: _text(number)),
    "ends": Function((str, str), bool, lambda _, text, end: text.endswith(end)),
    "contains": Function((str, str), bool, lambda _, text, part: part in text),
    "part": Function((str, Decimal, Decimal), str, lambda _, text, first, count: _part(text, first, count)),
    **{figure: Function((str,), Decimal, partial(_figure, figure), "queue") for figure in FIGURES},
    **{own: Function((), Decimal, partial(_figure, own, queue="")) for own in OWN},
    "calls": Function((str,), Decimal, partial(_figure, "calls"), "call type"),
    "holiday": Function((str,), bool, lambda world, calendar: world.holiday(calendar), "calendar"),
}


class Node(msgspec.Struct, frozen=True):
    """A part: what it gives, and how that is found."""

    kind: type
    find: Callable[[World], Value]
    literal: str | None = None
    """The text of a quoted text."""


class Named(NamedTuple):
    """A name that the script uses, and of what."""

    what: str
    name: str
    column: int


class Expression(msgspec.Struct, frozen=True):
    """One that has been checked; `uses` is to be known, `names` are those that it may look at.

    `sure`: it has a value whatever the contact is.
    """

    text: str
    kind: type
    find: Callable[[World], Value]
    uses: tuple[Named, ...]
    names: frozenset[str]
    sure: bool = True

    def value(self, world: World) -> Value:
        """For this contact. Raises ValueError with why it has none."""
        try:
            return self.find(world)
        except ArithmeticError as error:
            raise ValueError("a division by zero, or a number that is too large") from error


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


_TOKENS = re.compile(
    r"""\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<text>'[^']*'|"[^"]*")|(?P<word>[a-z_][a-z0-9_]*)"""
    r"""|(?P<sign>==|!=|<=|>=|[-+*/%<>(),]))"""
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_UNSURE = frozenset({"number", "text", "part", "expected", *OWN, "/", "%"})
_SUM: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {"+": lambda a, b: a + b, "-": lambda a, b: a - b}
_TERM: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
}
WORDS = ("and", "or", "not", "in", "yes", "no")


def parse(text: str, names: Mapping[str, type] = NAMES) -> Expression:
    """`names`: kinds of what it may name. Raises FormError."""
    return _parsed(text, tuple(names.items()))


@lru_cache(4096)
def _parsed(text: str, names: tuple[tuple[str, type], ...]) -> Expression:
    if len(text) > LONGEST:
        raise FormError(LONGEST, f"an expression has {LONGEST} characters at most")
    reader = _Reader(list(_tokens(text)), dict(names))
    whole = reader.disjunction()
    reader.end()
    return Expression(text, whole.kind, whole.find, tuple(reader.uses), frozenset(reader.names), reader.sure)


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while text[place:].strip():
        found = _TOKENS.match(text, place)
        if found is None:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            hint = "a text that does not end" if text[at] in "'\"" else f"{text[at]!r} means nothing here"
            raise FormError(at + 1, hint)
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], found.start(kind) + 1)
        place = found.end()
    yield _Token("end", "", len(text) + 1)


class _Reader:
    """By recursive descent; a level of binding a method."""

    def __init__(self, tokens: list[_Token], kinds: Mapping[str, type]) -> None:
        self.uses: list[Named] = []
        self.names: set[str] = set()
        self.sure = True
        self._kinds = kinds
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def end(self) -> None:
        """Nothing more."""
        if self._now.kind != "end":
            raise FormError(self._now.column, f"{self._now.text!r} was not expected")

    def disjunction(self) -> Node:
        """Parts joined by or."""
        return self._joined("or", self._conjunction, lambda a, b: lambda world: a.find(world) or b.find(world))

    def _conjunction(self) -> Node:
        return self._joined("and", self._negation, lambda a, b: lambda world: a.find(world) and b.find(world))

    def _joined(
        self, word: str, part: Callable[[], Node], join: Callable[[Node, Node], Callable[[World], Value]]
    ) -> Node:
        column, left = self._now.column, part()
        while self._take("word", word):
            _of(left, bool, column, f"before {word!r}")
            column, right = self._now.column, part()
            _of(right, bool, column, f"after {word!r}")
            left = Node(bool, join(left, right))
        return left

    def _negation(self) -> Node:
        if not self._take("word", "not"):
            return self._comparison()
        column, part = self._now.column, self._deeper(self._negation)
        _of(part, bool, column, "after 'not'")
        return Node(bool, lambda world: not part.find(world))

    def _comparison(self) -> Node:
        left, column = self._sum(), self._now.column
        if self._take("word", "in"):
            return self._contained(left)
        if self._now.kind != "sign" or self._now.text not in _COMPARE:
            return left
        sign = self._next().text
        compare, right = _COMPARE[sign], self._sum()
        _alike(left, right, column, sign)
        return Node(bool, lambda world: compare(left.find(world), right.find(world)))

    def _contained(self, left: Node) -> Node:
        self._expect("(")
        column, members = self._now.column, [self._sum()]
        while self._take("sign", ","):
            members.append(self._sum())
        self._expect(")")
        for member in members:
            _alike(left, member, column, "in")
        return Node(bool, lambda world: left.find(world) in [member.find(world) for member in members])

    def _sum(self) -> Node:
        return self._reckoned(_SUM, self._term)

    def _term(self) -> Node:
        return self._reckoned(_TERM, self._signed)

    def _reckoned(self, signs: Mapping[str, Callable[[Decimal, Decimal], Decimal]], part: Callable[[], Node]) -> Node:
        column, left = self._now.column, part()
        while self._now.kind == "sign" and self._now.text in signs:
            sign = self._next().text
            self.sure &= sign not in _UNSURE
            _of(left, Decimal, column, f"before {sign!r}")
            column, right = self._now.column, part()
            _of(right, Decimal, column, f"after {sign!r}")
            left = Node(Decimal, _both(signs[sign], left, right))
        return left

    def _signed(self) -> Node:
        if not self._take("sign", "-"):
            return self._atom()
        column, part = self._now.column, self._deeper(self._signed)
        _of(part, Decimal, column, "after '-'")
        return Node(Decimal, _both(_SUM["-"], Node(Decimal, lambda _: Decimal(0)), part))

    def _atom(self) -> Node:
        token = self._next()
        match token.kind:
            case "number":
                number = Decimal(token.text)
                return Node(Decimal, lambda _: number)
            case "text":
                return Node(str, lambda _: token.text[1:-1], token.text[1:-1])
            case "word" if token.text in ("yes", "no"):
                return Node(bool, lambda _: token.text == "yes")
            case "word" if self._take("sign", "("):
                return self._called(token)
            case "word" if token.text not in WORDS:
                return self._named(token)
            case "sign" if token.text == "(":
                inside = self._deeper(self.disjunction)
                self._expect(")")
                return inside
        raise FormError(token.column, f"{token.text!r} was not expected" if token.text else "it ends too soon")

    def _called(self, word: _Token) -> Node:
        function = FUNCTIONS.get(word.text)
        if function is None:
            raise FormError(word.column, f"no function {word.text!r}; {suggestion(word.text, FUNCTIONS)}")
        self.sure &= word.text not in _UNSURE
        column, given = self._now.column, list[Node]()
        while not self._take("sign", ")"):
            if given:
                self._expect(",")
            given.append(self._deeper(self.disjunction))
        if len(given) != len(function.takes):
            raise FormError(word.column, f"{word.text} takes {len(function.takes)} values, not {len(given)}")
        for node, kind in zip(given, function.takes, strict=True):
            _of(node, kind, column, f"in {word.text}(…)")
        if function.named:
            if given[0].literal is None:
                raise FormError(column, f"{word.text} takes a {function.named} by its name, in quotes")
            self.uses.append(Named(function.named, given[0].literal, column))
        return Node(function.gives, lambda world: function.run(world, *(node.find(world) for node in given)))

    def _named(self, token: _Token) -> Node:
        if token.text not in self._kinds:
            raise FormError(token.column, f"no name {token.text!r}; {suggestion(token.text, self._kinds)}")
        self.names.add(token.text)
        return Node(self._kinds[token.text], lambda world: world.name(token.text))

    # Tokens.

    @property
    def _now(self) -> _Token:
        return self._tokens[self._place]

    def _next(self) -> _Token:
        token = self._now
        self._place += token.kind != "end"
        return token

    def _take(self, kind: str, text: str) -> bool:
        taken = (self._now.kind, self._now.text) == (kind, text)
        self._place += taken
        return taken

    def _expect(self, sign: str) -> None:
        if not self._take("sign", sign):
            raise FormError(self._now.column, f"{sign!r} is missing here")

    def _deeper(self, part: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormError(self._now.column, f"more than {DEEPEST} levels")
        found = part()
        self._depth -= 1
        return found


def _both(reckon: Callable[[Decimal, Decimal], Decimal], left: Node, right: Node) -> Callable[[World], Value]:
    return lambda world: reckon(left.find(world), right.find(world))  # type: ignore[arg-type]


def _of(node: Node, kind: type, column: int, where: str) -> None:
    if node.kind is not kind:
        raise FormError(column, f"{where} stands {KINDS[node.kind]}, {KINDS[kind]} is needed")


def _alike(left: Node, right: Node, column: int, sign: str) -> None:
    if left.kind is not right.kind:
        raise FormError(column, f"{sign!r} between {KINDS[left.kind]} and {KINDS[right.kind]}")
    if left.kind is bool and sign not in ("==", "!="):
        raise FormError(column, f"{sign!r} does not compare yes and no")


def known(expression: Expression, names: Mapping[str, Collection[str]]) -> Iterator[str]:
    """What it uses and nobody has: sentences. `names` by kind."""
    for used in expression.uses:
        if used.name not in names[used.what]:
            told = suggestion(used.name, names[used.what])
            yield f"column {used.column}: {used.what} {used.name!r} is unknown; {told}"
