# SPDX-License-Identifier: GPL-2.0-only
"""python.lock as it says it: each package's version, hashes, and who asked for it.

    needed(lock, {"python_version": "3.13"}, "setuptools")   # what the project runs with there, and setuptools

What only tests asked for is left out.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from packaging.requirements import Requirement

PROJECT = "branchline (pyproject.toml)"


class Pin(NamedTuple):
    """A package of the lock; `text`: its lines."""

    name: str
    version: str
    hashes: frozenset[str]
    askers: frozenset[str]
    text: str

    def suits(self, environment: Mapping[str, str]) -> bool:
        """Whether it is one for that environment (PEP 508's markers)."""
        marker = _requirement(self.text).marker
        return marker is None or marker.evaluate({**environment, "extra": ""})


def pins(lock: str) -> dict[str, Pin]:
    """All of a lock, by name."""
    found = {}
    for text in re.findall(r"^\S+==(?:.+\n)+?(?=\S|\Z)", lock, re.MULTILINE):
        named = _requirement(text)
        hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))
        askers = frozenset(re.findall(r"^\s+#\s+(?:via )?(\S.*)$", text, re.MULTILINE)) - {"via"}
        found[named.name] = Pin(named.name, next(iter(named.specifier)).version, hashes, askers, text)
    return found


def needed(lock: str, environment: Mapping[str, str], *more: str) -> list[Pin]:
    """What the project asks for and `more`, and what those ask for, in the lock's order."""
    known, names = pins(lock), {PROJECT, *more}
    while fresh := {pin.name for pin in known.values() if pin.name not in names and names & pin.askers}:
        names |= fresh
    return [pin for pin in known.values() if pin.name in names and pin.suits(environment)]


def _requirement(text: str) -> Requirement:
    return Requirement(text.splitlines()[0].rstrip(" \\"))
