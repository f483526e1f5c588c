# SPDX-License-Identifier: GPL-2.0-only
"""What a step is given beside the contact and the event."""

from collections.abc import Mapping

import msgspec

from appliance.config import outbound, trunks
from appliance.config.outbound import Way
from appliance.config.tandem import Tandem
from appliance.config.trunks import TrunkGroup


class Fresh(msgspec.Struct, frozen=True):
    """Ids for whatever this step makes, the monotonic time it is made at, and the engine's clock then.

    `full`: trunks that take no call out now, with a sentence each.
    """

    leg: str
    request: str
    treatment: str
    recording: int
    now_ns: int
    sample: int = 0
    full: Mapping[str, str] = {}


class Trunks(msgspec.Struct, frozen=True):
    """The worker of each trunk, by its name; which calls pass the box by, over which trunks numbers are called.

    `groups`: all trunks, those without a group as one each.
    """

    workers: Mapping[str, str] = {}
    rules: tuple[Tandem, ...] = ()
    ways: tuple[Way, ...] = ()
    groups: tuple[TrunkGroup, ...] = ()

    def worker(self, trunk: str) -> str:
        """Of a trunk; empty: a phone's."""
        return self.workers[trunk] if trunk else "sip"

    def to(self, way: Way | None) -> tuple[str, ...]:
        """The trunks of a way, the first choice first."""
        named = (way.to, *way.then) if way is not None else ()
        return tuple(dict.fromkeys(one for name in named for one in trunks.members_of(self.groups, name)))

    def choices(self, number: str) -> tuple[Way | None, tuple[str, ...]]:
        """By which, and over which trunks a number is dialled."""
        way = outbound.way(self.ways, number)
        return way, self.to(way)


NO_TRUNKS = Trunks()


class Default(msgspec.Struct, frozen=True):
    """The branch's own label for when headquarters is silent: ring these extensions in turn, then release.

    `hold`: prompts for a caller whom an agent holds. `trunks`: what there is to dial by.
    """

    ring: tuple[str, ...]
    ring_s: int
    cause: int
    hold: tuple[str, ...] = ()
    trunks: Trunks = NO_TRUNKS
