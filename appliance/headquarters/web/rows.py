# SPDX-License-Identifier: GPL-2.0-only
"""A section of many rows: whoever follows it is told those that have changed since he last looked, and no others."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

One = TypeVar("One", bound=msgspec.Struct)


class Rows:
    """Rows by key, as JSON. `version` counts the changes; 0 has seen nothing."""

    def __init__(self) -> None:
        self.version = 0
        self._rows: dict[str, bytes] = {}
        self._changed: dict[str, int] = {}
        self._whole = 0
        self._encode = msgspec.json.Encoder().encode

    def put(self, rows: Sequence[One], key_of: Callable[[One], str]) -> bool:
        """What is so now; whether that is news."""
        now = {key_of(row): self._encode(row) for row in rows}
        changed = [key for key, row in now.items() if self._rows.get(key) != row]
        others = self.version == 0 or list(now) != list(self._rows)
        if not changed and not others:
            return False
        self.version += 1
        if others:
            self._whole = self.version
        self._rows = now
        self._changed = {key: self._changed.get(key, 0) for key in now} | dict.fromkeys(changed, self.version)
        return True

    def since(self, version: int) -> bytes:
        """`{whole, rows}`: all of them in order, where some came, went or moved; else what changed after `version`."""
        whole = version < self._whole
        rows = [row for key, row in self._rows.items() if whole or self._changed[key] > version]
        return b'{"whole":%s,"rows":[%s]}' % (b"true" if whole else b"false", b",".join(rows))
