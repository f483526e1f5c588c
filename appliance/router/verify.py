# SPDX-License-Identifier: GPL-2.0-only
"""Decides a journal's events once more and compares: the same engine decides the same, or something is wrong."""

import msgspec

from appliance.router.apply import ENGINE
from appliance.router.journal import Journal, digest


class Verified(msgspec.Struct, frozen=True):
    """`differs`: the first entry (seq, at_ns) that was decided otherwise, 0 where none was."""

    entries: int = 0
    first_ns: int = 0
    last_ns: int = 0
    other_engine: int = 0
    """Entries that another version of the engine decided; they are not compared."""
    differs: int = 0
    differs_ns: int = 0


def verify(journal: Journal, from_ns: int, to_ns: int) -> Verified:
    """All entries of that time, from the snapshot before it on. Raises sqlite3.Error."""
    told = Verified()
    for entry, _, effects in journal.decided(journal.snapshot(from_ns)):
        if entry.at_ns >= to_ns:
            break
        if entry.at_ns < from_ns:
            continue
        told = msgspec.structs.replace(
            told, entries=told.entries + 1, first_ns=told.first_ns or entry.at_ns, last_ns=entry.at_ns
        )
        if entry.engine != ENGINE:
            told = msgspec.structs.replace(told, other_engine=told.other_engine + 1)
        elif digest(effects) != entry.decided:
            return msgspec.structs.replace(told, differs=entry.seq, differs_ns=entry.at_ns)
    return told
