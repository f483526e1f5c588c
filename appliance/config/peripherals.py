# SPDX-License-Identifier: GPL-2.0-only
"""Peripherals: what speaks with headquarters and is no branch of ours (docs/peripheral.md); and translation routes.

A translation route is a pool of telephone numbers at a site. A call that another site is to send there dials one of
them, and is known by it when it arrives.
"""

import enum
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.branch import Name, repeated
from appliance.config.reader import Fault
from appliance.config.scalars import Number, Serial, suggestion
from appliance.config.secrets import read_secret, trouble

SECRET_LEAST = 16
_SECRET = re.compile(r"[A-Za-z0-9._~+/=-]+")


class Kind(enum.StrEnum):
    """What it is."""

    IVR = "ivr"
    PBX = "pbx"
    MEDIA = "media"


class May(enum.StrEnum):
    """What it may do: ask for routes, tell call events, say what its agents are."""

    ROUTE = "route"
    RECORD = "record"
    AGENTS = "agents"


class Peripheral(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. `secret` is the file, mode 0600, with the password that it shows, its `box` being its user name.

    `may` left out: everything, but an IVR has no agents. `messages_s`: of more messages a second some are refused.
    """

    box: Serial
    name: Name
    kind: Kind
    secret: Path
    may: tuple[May, ...] = ()
    messages_s: Annotated[int, Meta(ge=1, le=10_000)] = 200

    @property
    def rights(self) -> tuple[May, ...]:
        """What it may do."""
        return self.may or ((May.ROUTE, May.RECORD) if self.kind is Kind.IVR else tuple(May))


class TranslationRoute(msgspec.Struct, frozen=True, kw_only=True):
    """How sites `from_boxes` (`from` in the file) send a call to an agent of `to`: they dial `prefix` and a number.

    `dnis` are the numbers as `to` tells them in its route request. A call that has not arrived `within_s` is given up.
    With `same_caller` it has to show the number that the caller had at the first site.
    """

    name: Name
    from_boxes: Annotated[tuple[Serial, ...], Meta(min_length=1)] = msgspec.field(name="from")
    to: Serial
    dnis: Annotated[tuple[Number, ...], Meta(min_length=1)]
    prefix: Annotated[str, Meta(pattern="[0-9*#+]{0,12}")] = ""
    within_s: Annotated[int, Meta(ge=2, le=120)] = 20
    same_caller: bool = False


def faults(peripherals: Sequence[Peripheral], box: str) -> Iterator[Fault]:
    """Mistakes of meaning; `box` is headquarters' own."""
    yield from repeated(((("peripherals", n, "box"), one.box) for n, one in enumerate(peripherals)), "peripheral")
    for place, one in enumerate(peripherals):
        if one.box == box:
            yield Fault(("peripherals", place, "box"), f"{box} is headquarters itself; a peripheral has its own serial")
        if (wrong := trouble(one.secret) or _unfit(one.secret)) is not None:
            yield Fault(("peripherals", place, "secret"), wrong)


def route_faults(
    routes: Sequence[TranslationRoute], agents: Mapping[str, str], boxes: Collection[str]
) -> Iterator[Fault]:
    """Mistakes of meaning. `agents` with their boxes, `boxes` that there are."""
    yield from repeated(((("translation_routes", n, "name"), one.name) for n, one in enumerate(routes)), "route")
    numbers = (
        (("translation_routes", n, "dnis", m), f"{one.to}/{dnis}")
        for n, one in enumerate(routes)
        for m, dnis in enumerate(one.dnis)
    )
    yield from repeated(numbers, "number")
    ways = (
        (("translation_routes", n, "from", m), f"{box} to {one.to}")
        for n, one in enumerate(routes)
        for m, box in enumerate(one.from_boxes)
    )
    yield from repeated(ways, "way from")
    for place, one in enumerate(routes):
        if one.to in one.from_boxes:
            yield Fault(("translation_routes", place, "to"), f"{one.to} would call itself")
        if one.to not in agents.values():
            sentence = f"no agent is at {one.to}; {suggestion(one.to, set(agents.values()))}"
            yield Fault(("translation_routes", place, "to"), sentence)
        for number, box in enumerate(one.from_boxes):
            if box not in boxes:
                sentence = f"{box} is neither a peripheral nor a branch with agents; {suggestion(box, boxes)}"
                yield Fault(("translation_routes", place, "from", number), sentence)


def _unfit(path: Path) -> str | None:
    secret = read_secret(path)
    if len(secret) >= SECRET_LEAST and _SECRET.fullmatch(secret):
        return None
    return f"secret file {path} must hold {SECRET_LEAST} or more letters, digits or ._~+/=-"
