# SPDX-License-Identifier: GPL-2.0-only
"""A configuration changed by paths of words: `set spans Main echo_tail_ms 64`. Every function leaves its input alone.

A configuration here is what its file says, every scalar as text: keys with values, lists of blocks, lists of words.
What a value may be is asked of the schema's tree at once; what it means together with the others, at the commit.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec.inspect import LiteralType

from appliance.config.document import MappingNode, Node, ScalarNode, SequenceNode
from appliance.config.scalars import convert, nearest, suggestion
from appliance.config.tree import Block, Choice, Leaf, Rows, Said, Table, path_text
from appliance.config.tree import Node as Form

Words = tuple[str, ...]


class EditError(ValueError):
    """Its text is a sentence that says what, where and what would have been right."""


def data(form: Form, node: Node) -> Any:
    """What a file says that the schema has found right."""
    match form, node:
        case Leaf(many=True), ScalarNode(value=value):
            return [value]
        case _, ScalarNode(value=value):
            return value
        case Leaf(), SequenceNode(value=nodes):
            return [one.value for one in nodes]
        case Rows(item=item), SequenceNode(value=nodes):
            return [data(item, one) for one in nodes]
        case Table(value=under), MappingNode(value=pairs):
            return {key.value: data(under, value) for key, value in pairs}
        case Block() | Choice(), MappingNode(value=pairs):
            said = {key.value: value.value for key, value in pairs if isinstance(value, ScalarNode)}
            known = fields(form, said)
            return {key.value: data(known[key.value], value) for key, value in pairs}
    raise TypeError(f"{node} is no {form}")


def fields(form: Block | Choice, said: Any) -> dict[str, Form]:
    """What may stand in this block as it is now; of a choice not yet made, that key alone."""
    if isinstance(form, Block):
        return dict(form.fields)
    chosen = form.kinds.get(said.get(form.tag, "")) if isinstance(said, dict) else None
    return {form.tag: _tag(form), **(chosen.fields if chosen else {})}


def _tag(form: Choice) -> Leaf:
    return Leaf(LiteralType(tuple(form.kinds)), reason=Said("which kind it is", "类型"))


def full(form: Form, said: Any, words: Sequence[str]) -> Words:
    """A path with its keys written out, of which as much was typed as tells them from others. Raises EditError."""
    found: Words = ()
    for number, word in enumerate(words):
        match form:
            case Leaf():
                return (*found, *words[number:])
            case Rows(item=item):
                at = place_of(form, said or [], word)
                form, said, word_in_full = item, said[at] if at is not None else {}, word
            case Table(value=value):
                form, said, word_in_full = value, (said or {}).get(word), word
            case _:
                known = fields(form, said)
                begun = [word] if word in known else [key for key in known if key.startswith(word)]
                if len(begun) > 1:
                    raise EditError(f"{word!r} may be {' or '.join(begun)}")
                word_in_full = begun[0] if begun else word
                form = _field(form, said, word_in_full, found)
                said = (said or {}).get(word_in_full)
        found = (*found, word_in_full)
    return found


def put(form: Form, said: Any, words: Sequence[str], folder: Path) -> Any:
    """`said` with the value at the path set: the path's words, then the value's. Raises EditError."""
    return _put(form, said, tuple(words), (), folder)


def _put(form: Form, said: Any, words: Words, path: Words, folder: Path) -> Any:
    match form:
        case Leaf():
            return _value(form, words, path, folder)
        case Rows():
            return _put_row(form, said or [], words, path, folder)
        case Table():
            name, rest = _next(words, path, "a name")
            _check(name, form.name, (*path, name), folder)
            return {**(said or {}), name: _put(form.value, (said or {}).get(name), rest, (*path, name), folder)}
    if not words:
        if path and said is None:
            return {}
        raise EditError(_more(path, f"one of: {', '.join(fields(form, said))}"))
    word, rest = words[0], words[1:]
    under = _field(form, said, word, path)
    before = said or {}
    after = {**before, word: _put(under, before.get(word), rest, (*path, word), folder)}
    if isinstance(form, Choice) and word == form.tag:
        return {key: value for key, value in after.items() if key in fields(form, after)}
    return after


def _put_row(form: Rows, rows: list[Any], words: Words, path: Words, folder: Path) -> list[Any]:
    name, rest = _next(words, path, f"its {form.key}" if form.key else "its place, from 1")
    at = place_of(form, rows, name)
    if at is None and form.key is None and name != str(len(rows) + 1):
        raise EditError(f"{path_text((*path, name))}: the next one's place is {len(rows) + 1}")
    row = rows[at] if at is not None else ({form.key: name} if form.key else {})
    if at is None and form.key:
        row = _put(form.item, {}, (form.key, name), (*path, name), folder) if isinstance(form.item, Block) else row
    if rest:
        try:
            row = _put(form.item, row, rest, (*path, name), folder)
        except EditError as error:
            near = nearest(name, names(form, rows)) if at is None else None
            if near is None:
                raise
            raise EditError(f"{error}; or did you mean {near!r}?") from None
    if form.key and any(other.get(form.key) == row.get(form.key) for n, other in enumerate(rows) if n != at):
        raise EditError(f"{path_text(path)}: there is a {row[form.key]} already")
    return [*rows[:at], row, *rows[at + 1 :]] if at is not None else [*rows, row]


def place_of(form: Rows, rows: Sequence[Any], name: str) -> int | None:
    """Where the row of this name, or place from 1, stands in the list."""
    for number, row in enumerate(rows):
        if name == (str(row.get(form.key)) if form.key else str(number + 1)):
            return number
    return None


def drop(form: Form, said: Any, words: Sequence[str]) -> Any:
    """`said` without what the path leads to. Raises EditError where there is nothing."""
    return _drop(form, said, tuple(words), ())


def _drop(form: Form, said: Any, words: Words, path: Words) -> Any:
    word, rest = _next(words, path, "what to delete")
    here = (*path, word)
    match form:
        case Leaf():
            raise EditError(f"{path_text(path)} has one value; delete it whole")
        case Rows():
            at = place_of(form, said or [], word)
            if at is None:
                raise EditError(f"{path_text(here)} is not there; {suggestion(word, names(form, said or []))}")
            under = [_drop(form.item, said[at], rest, here)] if rest else []
            return [*said[:at], *under, *said[at + 1 :]]
    under_form = form.value if isinstance(form, Table) else _field(form, said, word, path)
    if word not in (said or {}):
        raise EditError(f"{path_text(here)} is not set; what is set there: {', '.join(said or ()) or 'nothing'}")
    if not rest:
        return {key: value for key, value in said.items() if key != word}
    return {**said, word: _drop(under_form, said[word], rest, here)}


def names(form: Rows, rows: Sequence[Any]) -> list[str]:
    """What tells the rows apart."""
    return [str(row.get(form.key, "")) if form.key else str(n + 1) for n, row in enumerate(rows)]


def lines(form: Form, said: Any, path: Words = ()) -> Iterator[str]:
    """What would have to be typed to have this configuration, in the schema's order."""
    match form:
        case Leaf():
            words = said if isinstance(said, list) else [said]
            yield "set " + path_text((*path, *words))
        case Rows():
            for name, row in zip(names(form, said), said, strict=True):
                yield from _row(form, row, (*path, name))
        case Table():
            for name, value in said.items():
                yield from lines(form.value, value, (*path, name))
        case Block() | Choice():
            for name, under in fields(form, said).items():
                if name in said:
                    yield from lines(under, said[name], (*path, name))


def _row(form: Rows, row: dict[str, Any], path: Words) -> Iterator[str]:
    below = {key: value for key, value in row.items() if key != form.key}
    under = list(lines(form.item, below, path))
    yield from under or ["set " + path_text(path)]


def compare(form: Form, before: Any, after: Any) -> list[str]:
    """Lines that only one of the two has, `-` before what goes and `+` before what comes."""
    old, new = list(lines(form, before)), list(lines(form, after))
    gone, come = set(old) - set(new), set(new) - set(old)
    changed = [f"- {line}" for line in old if line in gone] + [f"+ {line}" for line in new if line in come]
    order = {line: number for number, line in reversed([*enumerate(old), *enumerate(new)])}
    return sorted(changed, key=lambda line: (order[line[2:]], line[0] == "+"))


def _field(form: Block | Choice, said: Any, word: str, path: Words) -> Form:
    known = fields(form, said)
    if word in known:
        return known[word]
    if isinstance(form, Choice) and len(known) == 1 and any(word in kind.fields for kind in form.kinds.values()):
        kinds = ", ".join(form.kinds)
        raise EditError(f"{path_text(path)}: say first which {form.tag} it has: {path_text((*path, form.tag))} {kinds}")
    where = f"under {path_text(path)}" if path else "here"
    raise EditError(f"{word!r} is unknown {where}; {suggestion(word, known)}")


def _value(leaf: Leaf, words: Words, path: Words, folder: Path) -> str | list[str]:
    if not words:
        raise EditError(_more(path, form_of(leaf)))
    if len(words) > 1 and not leaf.many:
        raise EditError(f"{path_text(path)} has one value: {form_of(leaf)}")
    for word in words:
        _check(word, leaf.kind, path, folder)
    return list(words) if leaf.many else words[0]


def _check(word: str, kind: Any, path: Words, folder: Path) -> None:
    try:
        convert(word, kind, folder)
    except ValueError as error:
        raise EditError(f"{path_text(path)}: {error}") from None


def form_of(leaf: Leaf) -> str:
    """What may be written there, for a person: `0…128 ms`, `e1 or t1`."""
    if leaf.words:
        return " or ".join(filter(None, (", ".join(leaf.words[:-1]), leaf.words[-1])))
    return f"{leaf.range or 'a value'} {leaf.unit}".strip()


def _next(words: Words, path: Words, what: str) -> tuple[str, Words]:
    if not words:
        raise EditError(_more(path, what))
    return words[0], words[1:]


def _more(path: Words, what: str) -> str:
    return f"{path_text(path) or 'set'} needs {what}"
