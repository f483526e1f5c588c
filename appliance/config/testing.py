# SPDX-License-Identifier: GPL-2.0-only
"""Test calls that a box makes by itself, to see whether its telephone service is good.

    test_calls:
      - {name: pstn, number: "02512345678", trunk: telco, every_s: 3600}
      - {name: front, number: "8001", hours: 08:00-20:00, zone: Asia/Shanghai}

A number that a machine answers at any hour is best: a time announcement, the telco's own test number. One that rings
people has `hours`.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config import clock, outbound
from appliance.config.outbound import EMERGENCY, Way
from appliance.config.reader import Fault, Keys
from appliance.config.scalars import Number, suggestion

EVERY_LEAST_S, EVERY_MOST_S = 60, 86_400
RING_LEAST_S, RING_MOST_S = 5, 20
MOST = 3
"""They are made one after the other; what a change has spoiled has to be known, and back, within two minutes."""


class TestedNumber(msgspec.Struct, frozen=True, kw_only=True):
    """`number` is called on `trunk`, a span or a peer; without one it is a phone here, or goes out by `outbound`.

    `hours` of the day by the clock of `zone` (IANA), at which it may be called; left out: at any.
    """

    __test__ = False  # no test of pytest's

    name: Annotated[str, Meta(pattern="[A-Za-z0-9._-]{1,32}")]
    number: Number
    trunk: str | None = None
    every_s: Annotated[int, Meta(ge=EVERY_LEAST_S, le=EVERY_MOST_S)] = 3600
    ring_s: Annotated[int, Meta(ge=RING_LEAST_S, le=RING_MOST_S)] = 20
    hours: str = ""
    zone: str = "UTC"

    @property
    def called(self) -> str:
        """As alarms and judgements name it."""
        return f"test call {self.name}"

    def may_ring(self, at_ns: int) -> bool:
        """Whether UTC nanoseconds are in its hours."""
        return not self.hours or clock.inside(self.hours, f"{clock.local(at_ns, self.zone):%H:%M}")


def faults(
    tests: Sequence[tuple[TestedNumber, bool]], trunks: Collection[str], peers: Collection[str], ways: Sequence[Way]
) -> Iterator[Fault]:
    """Mistakes of meaning. `tests`: and whether it is a phone here; `trunks`: spans and peers."""
    if len(tests) > MOST:
        yield Fault(("test_calls",), f"{len(tests)} test calls; a box makes {MOST} at most, one after the other")
    seen: set[str] = set()
    for place, (one, phone) in enumerate(tests):
        keys: Keys = ("test_calls", place)
        if one.name in seen:
            yield Fault((*keys, "name"), f"test call {one.name!r} is there twice")
        seen.add(one.name)
        if one.number in EMERGENCY:
            yield Fault((*keys, "number"), f"{one.number} is an emergency number: nobody calls it to see")
        if one.trunk is not None and one.trunk not in trunks:
            yield Fault(
                (*keys, "trunk"), f"{one.trunk!r} is neither a span nor a peer; {suggestion(one.trunk, trunks)}"
            )
        if one.trunk is None and not phone and outbound.way(ways, one.number) is None:
            sentence = f"{one.number} is no phone here, and no way of outbound leads there: name a trunk"
            yield Fault((*keys, "number"), sentence)
        yield from _hour_faults(keys, one, rings=phone or one.trunk in peers)


def _hour_faults(keys: Keys, one: TestedNumber, *, rings: bool) -> Iterator[Fault]:
    """`rings`: a phone, at any time of the day."""
    if one.hours and not clock.is_span(one.hours):
        yield Fault((*keys, "hours"), f"{one.hours!r} is no span of the day such as 08:00-20:00")
    if rings and not one.hours:
        sentence = f"{one.number} is a phone, and would ring by night too: add hours, such as 08:00-20:00"
        yield Fault((*keys, "number"), sentence)
    if wrong := clock.no_zone(one.zone):
        yield Fault((*keys, "zone"), wrong)
