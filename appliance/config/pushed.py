# SPDX-License-Identifier: GPL-2.0-only
"""Secret files that come from headquarters: which keys of a branch name them, and what they are called there.

A template says `secrets/8001`; a box is told `secrets/8001.pushed-3f9ac2e17b60a1d2`, and gets that file. The digits are
a keyed digest of what is in it, so another secret is another file: a version goes on naming what it was made with, and
goes back with it. Whoever reads a configuration, a difference or the audit sees changed or not, and no more.
"""

import re
from collections.abc import Iterator

from appliance.config.branch import Branch
from appliance.config.reader import Keys

FOLDER = "secrets"
"""Beside a box's configuration: the only place where headquarters' files go."""
_PLAIN = rf"{FOLDER}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+"
_NAME = re.compile(_PLAIN)
_PUSHED = re.compile(rf"(?<![\w./-]){_PLAIN}\.pushed-[0-9a-f]{{16}}(?![\w./-])")


def secret_keys(branch: Branch) -> Iterator[Keys]:
    """Every key that names a secret file."""
    if branch.headquarters.secret is not None:
        yield ("headquarters", "secret")
    for block, rows in (("extensions", branch.extensions), ("peers", branch.peers)):
        yield from ((block, place, "secret") for place in range(len(rows)))
    if branch.diagnostics.snmp is not None:
        yield from (("diagnostics", "snmp", key) for key in ("authentication", "privacy"))


def may_be_pushed(name: str) -> bool:
    """Whether headquarters may keep a file of this name: one in FOLDER."""
    return _NAME.fullmatch(name) is not None and not is_pushed(name)


def pushed(name: str, digest: str) -> str:
    """What a box calls it; `digest`: 16 hexadecimal digits."""
    return f"{name}.pushed-{digest}"


def plain(name: str) -> str:
    """What the template calls it."""
    return name.rpartition(".pushed-")[0]


def is_pushed(name: str) -> bool:
    """Whether it is the name of a file that headquarters gave."""
    return _PUSHED.fullmatch(name) is not None


def names_in(text: str) -> frozenset[str]:
    """Of headquarters' files, all that a configuration's text names."""
    return frozenset(_PUSHED.findall(text))


def names(text: str, name: str) -> bool:
    """Whether a configuration's text names this file."""
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w./-])", text) is not None
