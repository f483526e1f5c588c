# SPDX-License-Identifier: GPL-2.0-only
"""Prompts, and what is said among them, as the names that are played."""

from collections.abc import Callable, Iterable

from appliance.script.expression import Value
from appliance.script.speech.forms import Form, read, spoken


def announced(
    prompts: Iterable[str], language: str, value: Callable[[str], Value | None], failed: Callable[[str], None]
) -> tuple[tuple[str, ...], bool]:
    """The names, and whether all that is said has a `value`; what has none is left out, `failed` is told why."""
    names: list[str] = []
    whole = True
    for prompt in prompts:
        said = read(prompt)
        if said is None:
            names.append(prompt)
            continue
        try:
            found = value(said.expression)
            names += () if found is None else spoken(Form(said.form), found, language)
            whole = whole and found is not None
        except ValueError as error:
            failed(str(error))
            whole = False
    return tuple(names), whole


def speaks(prompts: Iterable[str]) -> bool:
    """Whether something is said among them, which is so only now."""
    return any(read(prompt) is not None for prompt in prompts)
