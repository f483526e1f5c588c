# SPDX-License-Identifier: GPL-2.0-only
"""Identities: who speaks (box, process, incarnation) and what is spoken of (contact, leg).

An incarnation is taken anew at every start of a process, so (box, incarnation, seq) never names two different events,
not even after the box's disk was restored from an older copy. Incarnations of one box sort by the time they were taken.
"""

import base64
import itertools
import os
import re
import secrets
import time
from collections.abc import Iterator

import msgspec

_BOX = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}")
_INCARNATION = re.compile("[0-9a-v]{16}")
_CONTACT = re.compile(rf"({_BOX.pattern})\.{_INCARNATION.pattern}\.[0-9]{{1,18}}")
_LEG = re.compile(rf"({_BOX.pattern})\.[a-z0-9-]{{1,32}}\.{_INCARNATION.pattern}\.[0-9]{{1,18}}")


def is_box(serial: str) -> bool:
    """Whether `serial` can name a box: a NATS token and a file name on its own."""
    return _BOX.fullmatch(serial) is not None


def is_incarnation(name: str) -> bool:
    """Whether it is written as `new_incarnation` does."""
    return _INCARNATION.fullmatch(name) is not None


def box_of_contact(name: str) -> str | None:
    """Of a name as IdSource makes it, else None."""
    found = _CONTACT.fullmatch(name)
    return found[1] if found else None


def box_of_leg(name: str) -> str | None:
    """Likewise."""
    found = _LEG.fullmatch(name)
    return found[1] if found else None


def new_incarnation() -> str:
    """16 characters (base32hex): 48 bits of UTC milliseconds, then 32 random bits."""
    taken = time.time_ns() // 1_000_000
    return base64.b32hexencode(taken.to_bytes(6, "big") + os.urandom(4)).decode().lower()


class Identity(msgspec.Struct, frozen=True):
    """One life of one process of one box."""

    box: str
    process: str
    incarnation: str

    @classmethod
    def take(cls, box: str, process: str) -> "Identity":
        """A new life. Raises ValueError if `box` is not a serial."""
        if not is_box(box):
            raise ValueError(f"box serial {box!r}: capital letters, digits and '-', at most 32")
        return cls(box, process, new_incarnation())


class IdSource:
    """Makes the ids that a process gives out; unique because its incarnation is."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._numbers: Iterator[int] = itertools.count(1)

    def contact(self) -> str:
        """`box.incarnation.n`: a contact, named before its first route request."""
        return f"{self._identity.box}.{self._identity.incarnation}.{next(self._numbers)}"

    def leg(self) -> str:
        """`box.process.incarnation.n`: one party's side, named by whoever saw it first."""
        return f"{self._identity.box}.{self._identity.process}.{self._identity.incarnation}.{next(self._numbers)}"

    def command(self) -> str:
        """`process.incarnation.n`: a command, the same at each repetition."""
        return f"{self._identity.process}.{self._identity.incarnation}.{next(self._numbers)}"

    def number(self) -> int:
        """63 random bits: a recording's id, unique without a counter to be kept."""
        return secrets.randbits(63)
