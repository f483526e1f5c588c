# SPDX-License-Identifier: GPL-2.0-only
"""A configuration as the text of its file: one value a line, so that a mistake's line says whose it is."""

import json
import re
from collections.abc import Iterator
from typing import Any

_PLAIN = re.compile(r"[A-Za-z0-9_./+][A-Za-z0-9_./+:@-]*(?<!:)")

Keys = tuple[str | int, ...]


def text(data: Any) -> str:
    """YAML, with a newline at its end."""
    return "".join(f"{line}\n" for line, _ in _lines(data, (), ""))


def places(data: Any) -> dict[int, Keys]:
    """For each line of `text`, from 1, the keys that lead to what it says."""
    return {number + 1: path for number, (_, path) in enumerate(_lines(data, (), ""))}


def _lines(data: Any, path: Keys, indent: str) -> Iterator[tuple[str, Keys]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _entry(f"{indent}{_scalar(key)}:", value, (*path, key), f"{indent}  ")
    else:
        for number, value in enumerate(data):
            here = (*path, number)
            if isinstance(value, dict) and value:
                (first, *rest) = _lines(value, here, f"{indent}  ")
                yield f"{indent}- {first[0].lstrip()}", here
                yield from rest
            else:
                yield from _entry(f"{indent}-", value, here, f"{indent}  ")


def _entry(head: str, value: Any, path: Keys, indent: str) -> Iterator[tuple[str, Keys]]:
    if isinstance(value, str):
        yield f"{head} {_scalar(value)}", path
    elif not value:
        yield f"{head} {'{}' if isinstance(value, dict) else '[]'}", path
    else:
        yield head, path
        yield from _lines(value, path, indent)


def _scalar(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
