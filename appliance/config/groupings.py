# SPDX-License-Identifier: GPL-2.0-only
"""What reports and supervisors look at as one: services, teams, sites. Routing does not ask for them.

    services: [{name: cards, call_types: [card-service, card-queue]}]
    teams: [{name: cards-day, agents: ['1001', '1002']}]
    sites: [{name: Shanghai, boxes: [BR-0001, BR-0002]}]

Whoever is in none is reported without; nobody is in two of a kind, so what all of them add up to is what there was.
"""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from appliance.config.branch import Name, repeated
from appliance.config.reader import Fault, Keys
from appliance.config.scalars import AgentId, Serial, suggestion


class Service(msgspec.Struct, frozen=True):
    """What callers of several call types want of the bank, whatever numbers they dial."""

    name: Name
    call_types: tuple[Name, ...]


class Team(msgspec.Struct, frozen=True):
    """Agents whom one supervisor looks after."""

    name: Name
    agents: tuple[AgentId, ...]


class Site(msgspec.Struct, frozen=True):
    """A place; the agents at its boxes are there."""

    name: Name
    boxes: tuple[Serial, ...]


Section = tuple[tuple[str, tuple[str, ...]], ...]
"""Names, each with its members."""


class Of(msgspec.Struct, frozen=True):
    """Which service a call type is of, which team an agent is of, at which site an agent is."""

    service: dict[str, str]
    team: dict[str, str]
    site: dict[str, str]


def of(services: tuple[Service, ...], teams: tuple[Team, ...], sites: tuple[Site, ...], boxes: Mapping[str, str]) -> Of:
    """By member; `boxes`: the one of each agent."""
    box_site = _by_member(tuple((one.name, one.boxes) for one in sites))
    return Of(
        service=_by_member(tuple((one.name, one.call_types) for one in services)),
        team=_by_member(tuple((one.name, one.agents) for one in teams)),
        site={agent: box_site[box] for agent, box in boxes.items() if box in box_site},
    )


def _by_member(section: Section) -> dict[str, str]:
    return {member: name for name, members in section for member in members}


def faults(section: str, key: str, told: Section, what: str, known: Collection[str]) -> Iterator[Fault]:
    """Names that are there twice, members (`what`) that are nothing, and members of two."""
    yield from repeated((((section, n, "name"), name) for n, (name, _) in enumerate(told)), section[:-1])
    first: dict[str, str] = {}
    for place, (name, members) in enumerate(told):
        for number, member in enumerate(members):
            keys: Keys = (section, place, key, number)
            if member not in known:
                yield Fault(keys, f"{what} {member!r} is unknown; {suggestion(member, known)}")
            elif member in first:
                yield Fault(keys, f"{what} {member!r} is in {first[member]!r} already")
            first.setdefault(member, name)
