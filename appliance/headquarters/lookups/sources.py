# SPDX-License-Identifier: GPL-2.0-only
"""All sources by name, with their time limits and what they have answered lately.

    sources = Sources(config.lookups)
    await sources.ask("customers", {"number": "02512345678"})    # {"tier": "gold"}, or LookupFailed with a sentence

A source that hangs holds threads and connections of its own, nobody else's.
"""

import asyncio
import importlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Protocol

from appliance.config.lookups import DatabaseLookup, Lookup
from appliance.headquarters.lookups.http import Http
from appliance.headquarters.lookups.values import LookupFailed

KEPT = 10_000

Key = tuple[str, tuple[tuple[str, str], ...]]


class Source(Protocol):
    """One place to ask."""

    async def ask(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """What it answers. Raises LookupFailed."""

    async def close(self) -> None:
        """Let go of its connections."""


class Sources:
    """Opened when first asked, so one that is down delays nothing but its own lookups."""

    def __init__(self, lookups: Iterable[Lookup]) -> None:
        self._lookups = {one.name: one for one in lookups}
        self._open: dict[str, Source] = {}
        self._known: OrderedDict[Key, tuple[float, dict[str, str]]] = OrderedDict()

    async def ask(self, name: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Values by name, as text. Raises LookupFailed."""
        lookup = self._lookups.get(name)
        if lookup is None:
            raise LookupFailed(f"no lookup {name}")
        key = (name, tuple(sorted(parameters.items())))
        until_s, known = self._known.get(key, (0.0, {}))
        if time.monotonic() < until_s:
            return known
        try:
            found = await asyncio.wait_for(self._source(lookup).ask(parameters), lookup.timeout_ms / 1000)
        except TimeoutError as error:
            raise LookupFailed(f"{name} did not answer within {lookup.timeout_ms} ms") from error
        except asyncio.CancelledError as error:
            if self._lookups.get(name) is lookup:
                raise
            raise LookupFailed(f"{name} was changed meanwhile") from error
        except (LookupFailed, OSError) as error:
            raise LookupFailed(f"{name}: {error}") from error
        if lookup.cache_s and self._lookups.get(name) is lookup:
            self._known[key] = (time.monotonic() + lookup.cache_s, found)
            self._known.move_to_end(key)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found

    async def change(self, lookups: Iterable[Lookup]) -> None:
        """Others; what has changed is opened anew, and nothing is known of it."""
        before, self._lookups = self._lookups, {one.name: one for one in lookups}
        for name, lookup in before.items():
            if self._lookups.get(name) != lookup:
                for key in [key for key in self._known if key[0] == name]:
                    del self._known[key]
                source = self._open.pop(name, None)
                if source is not None:
                    await source.close()

    async def close(self) -> None:
        """All of them."""
        await self.change(())

    def _source(self, lookup: Lookup) -> Source:
        if lookup.name not in self._open:
            self._open[lookup.name] = _database(lookup) if isinstance(lookup, DatabaseLookup) else Http(lookup)
        return self._open[lookup.name]


def _database(lookup: DatabaseLookup) -> Source:
    """A branch's own router asks none, so its start does not wait for SQLAlchemy."""
    source: Source = importlib.import_module("appliance.headquarters.lookups.database").Database(lookup)
    return source
