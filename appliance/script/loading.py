# SPDX-License-Identifier: GPL-2.0-only
"""Loads scripts: form by the schema of `nodes`, then meaning by `checking`; those that name one another together."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from appliance.config import ConfigurationError, Fault, Mistake, read
from appliance.config.calendars import Calendar
from appliance.config.lookups import Parameters
from appliance.script.checking import Around, faults
from appliance.script.nodes import GoToScript, Requalify, Run, Script, Text

VERSION_DIGITS = 12


def load(path: Path, queues: Collection[str], calendars: Mapping[str, Calendar] = {}) -> Script:
    """The script in this file, named as the file's stem. Raises ConfigurationError with every mistake and its place.

    Other scripts and call types that it names are not looked for.
    """
    return _loaded(path, Around(queues, calendars=calendars))


def load_all(
    folder: Path,
    names: Iterable[str],
    call_types: Mapping[str, Collection[str]],
    queues: Collection[str],
    lookups: Mapping[str, Parameters] = {},
    calendars: Mapping[str, Calendar] = {},
) -> dict[str, Script]:
    """These scripts of the folder and all that they go on with; `call_types` by name, each with its scripts.

    `lookups` by name, each with the parameters that it takes; `calendars` by name.

    Raises ConfigurationError with every mistake in any of them.
    """
    there: dict[str, Text | None] = {path.stem: None for path in folder.glob("*.yaml")}
    waiting, scripts, mistakes = sorted(set(names)), dict[str, Path](), list[Mistake]()
    while waiting:
        name = waiting.pop()
        if name in scripts:
            continue
        scripts[name] = folder / f"{name}.yaml"
        try:
            text = read(scripts[name], Text)
        except ConfigurationError as error:
            mistakes += error.mistakes
        else:
            there[name] = text
            waiting += (one for one in _onward(text, call_types) if one in there)
    found = {}
    for name, path in sorted(scripts.items()):
        if there.get(name) is not None:
            try:
                found[name] = _loaded(path, Around(queues, lookups, calendars, there, call_types, name))
            except ConfigurationError as error:
                mistakes += error.mistakes
    if mistakes:
        raise ConfigurationError(mistakes)
    return found


def _loaded(path: Path, around: Around) -> Script:
    text = read(path, Text, lambda one: faults(one, around))
    return Script(path.stem, version_of(path.read_bytes()), text, around.calendars)


def placed(path: Path, faults: Iterable[Fault]) -> Sequence[Mistake]:
    """Those of a script that can be read, with line and column, for which the file is read once more."""
    try:
        read(path, Text, lambda _: faults)
    except ConfigurationError as error:
        return error.mistakes
    return ()


def version_of(octets: bytes) -> str:
    """A file's."""
    return hashlib.sha256(octets).hexdigest()[:VERSION_DIGITS]


def _onward(text: Text, call_types: Mapping[str, Collection[str]]) -> Iterable[str]:
    """Scripts that it goes on with."""
    for node in text.nodes.values():
        if isinstance(node, GoToScript | Run):
            yield node.script
        elif isinstance(node, Requalify):
            yield from call_types.get(node.call_type, ())
