# SPDX-License-Identifier: GPL-2.0-only
"""What the administrator has written, scripts and headquarters' file: each version once, and which was in force when.

A decision names its script's version, so what it went by can be read years later, whoever has changed the file since.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, insert, select

from appliance.headquarters.reports import schema
from appliance.script.loading import version_of

CONFIGURATION = "headquarters.yaml"


class Version(msgspec.Struct, frozen=True):
    """A text of that name; `version` is a hash of it, as decisions name it."""

    name: str
    version: str
    text: str


class InForce(msgspec.Struct, frozen=True):
    """From `since_ns` (UTC) on. `version` is empty where nothing of that name was any more."""

    since_ns: int
    name: str
    version: str


def written(path: Path, folder: Path, scripts: Iterable[str]) -> tuple[Version, ...]:
    """Headquarters' file, and these scripts of the folder, as they are now. Raises OSError."""
    files = {CONFIGURATION: path, **{name: folder / f"{name}.yaml" for name in sorted(scripts)}}
    return tuple(_version(name, file.read_bytes()) for name, file in files.items())


def keep(store: Connection, found: Sequence[Version], now_ns: int) -> None:
    """These are in force from now on, and nothing else; a clock that was set back does not let older ones return."""
    text, use = schema.text.c, schema.text_use
    held = in_force(store)
    last_ns = store.scalar(select(func.max(use.c.since_ns)))
    since_ns = now_ns if last_ns is None else max(now_ns, last_ns + 1)
    for one in found:
        if store.scalar(select(text.name).where(text.name == one.name, text.version == one.version)) is None:
            store.execute(insert(schema.text), msgspec.structs.asdict(one))
    now = {one.name: one.version for one in found}
    changed = {**now, **dict.fromkeys(held.keys() - now.keys(), "")}
    new = [
        {"since_ns": since_ns, "name": name, "version": version}
        for name, version in sorted(changed.items())
        if held.get(name, "") != version
    ]
    if new:
        store.execute(insert(use), new)


def in_force(store: Connection) -> dict[str, str]:
    """Name → version, now."""
    return {one.name: one.version for one in history(store) if one.version}


def history(store: Connection, name: str = "") -> list[InForce]:
    """Every change of it, or of all, oldest first."""
    use = schema.text_use.c
    query = select(use.since_ns, use.name, use.version).order_by(use.since_ns, use.name)
    return [InForce(*row) for row in store.execute(query.where(use.name == name) if name else query)]


def versions(store: Connection, name: str, beginning: str = "") -> list[Version]:
    """Those whose version begins so."""
    text = schema.text.c
    query = select(text.name, text.version, text.text).where(text.name == name, text.version.startswith(beginning))
    return [Version(*row) for row in store.execute(query.order_by(text.version))]


def _version(name: str, octets: bytes) -> Version:
    return Version(name, version_of(octets), octets.decode(errors="replace"))
