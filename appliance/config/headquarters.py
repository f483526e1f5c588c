# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters: what is dialled, who answers, where the page is. Field names are the keys of the file."""

import enum
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from appliance.config import channels, diagnostics, fleet, groupings, lookups, management, peripherals
from appliance.config.branch import Name, repeated
from appliance.config.calendars import Calendar
from appliance.config.channels import VOICE, Capacity, Channel, ChannelName, Placed
from appliance.config.credentials import Enrolment, enrolment_faults, enrolment_listeners
from appliance.config.diagnostics import Diagnostics
from appliance.config.fleet import Fleet
from appliance.config.groupings import Service, Site, Team
from appliance.config.lookups import Lookup
from appliance.config.management import Management
from appliance.config.outbound import Policy
from appliance.config.peripherals import Peripheral, TranslationRoute
from appliance.config.ports import Listener, clashes, listen
from appliance.config.reader import Fault, Keys
from appliance.config.scalars import AgentId, Endpoint, Number, Serial, suggestion
from appliance.config.schedule import Period, ScriptName
from appliance.config.secrets import trouble
from appliance.config.voter import Duplex, Server, duplex_faults, server_listeners

AttributeName = Annotated[str, Meta(pattern="[a-z][a-z0-9_]{0,31}")]
Skill = Annotated[str, Meta(pattern="[1-9]|10|yes|no")]
WrapUp = Annotated[int, Meta(ge=0, le=7200)]
POSTGRESQL = r"postgresql://[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9_-]+"
Seconds = Annotated[int, Meta(ge=1, le=604_800)]
SERVICE_LEVEL_S = 20
SHORT_CALL_S = 5


class Web(msgspec.Struct, frozen=True):
    """The page."""

    listen: Endpoint


class Record(msgspec.Struct, frozen=True):
    """A PostgreSQL that keeps the record, instead of a file of headquarters' own.

    The password is in the file `secret`. `tls`: the server's certificate is verified by ~/.postgresql/root.crt, or TLS
    is required of whoever answers, or there is none, which suits loopback alone.
    """

    url: Annotated[str, Meta(pattern=POSTGRESQL)]
    secret: Path
    tls: Literal["verify-full", "require", "disable"] = "verify-full"


class CallType(msgspec.Struct, frozen=True):
    """What callers of these numbers want, and the script that decides for them.

    Of `schedule` the first period in which they call has its own script, by the clock of `zone` (IANA). Answered within
    `service_level_s` of their arrival they count as in time.
    """

    name: Name
    dnis: tuple[Number, ...]
    script: ScriptName
    service_level_s: Seconds = SERVICE_LEVEL_S
    channel: ChannelName = VOICE
    schedule: tuple[Period, ...] = ()
    zone: str = "UTC"

    def scripts(self) -> tuple[str, ...]:
        """All that it has."""
        return (self.script, *(period.script for period in self.schedule))


class SkillGroup(msgspec.Struct, frozen=True):
    """Agents who can do the same; after a contact each has `wrap_up_s` before the next.

    `service_level_s` counts from the entry into their queue.
    """

    name: Name
    agents: tuple[AgentId, ...]
    service_level_s: Seconds = SERVICE_LEVEL_S
    wrap_up_s: WrapUp = 0
    channel: ChannelName = VOICE


class Kind(enum.StrEnum):
    """Of an attribute: how well, from 1 to 10 (0: not at all), or whether at all."""

    PROFICIENCY = "proficiency"
    YES_NO = "yes-no"


class PrecisionStep(msgspec.Struct, frozen=True):
    """Agents `where` this is so of their attributes; after `wait_s` the next step. `consider_if` no: passed over."""

    where: str
    wait_s: Annotated[int, Meta(ge=0, le=86_400)] = 0
    consider_if: str = ""


class Widening(enum.StrEnum):
    """Whether a later step's agents are added to those of the steps before, or take their place."""

    CUMULATIVE = "cumulative"
    REPLACING = "replacing"


class PrecisionQueue(msgspec.Struct, frozen=True):
    """A queue whose agents are found by what they can do, step by step."""

    name: Name
    steps: Annotated[tuple[PrecisionStep, ...], Meta(min_length=1, max_length=10)]
    widening: Widening = Widening.CUMULATIVE
    service_level_s: Seconds = SERVICE_LEVEL_S
    wrap_up_s: WrapUp = 0
    channel: ChannelName = VOICE


class SignIn(enum.StrEnum):
    """Automatic: ready from the first, which suits a phone without a desktop. Manual: they log in and say so."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class NoAnswer(enum.StrEnum):
    """What becomes of an agent whose phone rang in vain."""

    NOT_READY = "not-ready"
    AVAILABLE = "available"


class Agent(msgspec.Struct, frozen=True):
    """A person: at which box, at which phone, and what they can do; an attribute not named is 0 or no.

    Without a `capacity` it is one call at a time.
    """

    id: AgentId
    name: Name
    box: Serial
    extension: Number
    attributes: dict[AttributeName, Skill] = {}
    sign_in: SignIn = SignIn.AUTOMATIC
    capacity: Name | None = None


class Headquarters(msgspec.Struct, frozen=True, tag="headquarters", tag_field="role", kw_only=True):
    """The whole file."""

    role: ClassVar[str] = "headquarters"

    box: Serial
    server: Server
    web: Web
    call_types: tuple[CallType, ...]
    scripts: Path
    skill_groups: tuple[SkillGroup, ...]
    agents: tuple[Agent, ...]
    attributes: dict[AttributeName, Kind] = {}
    precision_queues: tuple[PrecisionQueue, ...] = ()
    no_answer: NoAnswer = NoAnswer.NOT_READY
    lookups: tuple[Lookup, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    channels: tuple[Channel, ...] = ()
    capacities: tuple[Capacity, ...] = ()
    record: Record | None = None
    """Where calls and statistics are kept; None: `record.db` in the state directory."""
    short_call_s: Annotated[int, Meta(ge=0, le=60)] = SHORT_CALL_S
    """Who hangs up sooner, unanswered, counts as a short call and not as abandoned."""
    outbound: Policy = Policy()
    duplex: Duplex | None = None
    peripherals: tuple[Peripheral, ...] = ()
    translation_routes: tuple[TranslationRoute, ...] = ()
    enrolment: Enrolment | None = None
    """Where boxes get their certificates; None: there are none, and the message server speaks no TLS."""
    services: tuple[Service, ...] = ()
    teams: tuple[Team, ...] = ()
    sites: tuple[Site, ...] = ()
    diagnostics: Diagnostics = diagnostics.NONE
    fleet: Fleet | None = None
    """Branches whose configuration comes from here; None: each has its own alone."""
    management: Management = management.NONE

    def groups(self) -> groupings.Of:
        """Services, teams and sites by their members."""
        boxes = {agent.id: agent.box for agent in self.agents}
        return groupings.of(self.services, self.teams, self.sites, boxes)


def listeners(headquarters: Headquarters) -> Iterator[Listener]:
    """Every port that headquarters' processes will bind."""
    yield from server_listeners(headquarters.server, headquarters.duplex)
    yield from listen(headquarters.web.listen, ("tcp",), "the page", ("web", "listen"))
    yield from diagnostics.listeners(headquarters.diagnostics)
    yield from enrolment_listeners(headquarters.enrolment)


def check(headquarters: Headquarters) -> Iterator[Fault]:
    """Mistakes of meaning."""
    yield from clashes((*listeners(headquarters), *management.listeners(headquarters.management)))
    yield from duplex_faults(headquarters.server, headquarters.duplex)
    yield from diagnostics.faults(headquarters.diagnostics)
    yield from management.faults(headquarters.management)
    yield from enrolment_faults(headquarters.enrolment, duplex=headquarters.duplex is not None)
    yield from _call_type_faults(headquarters)
    yield from _agent_faults(headquarters)
    yield from _attribute_faults(headquarters)
    yield from _channel_faults(headquarters)
    yield from lookups.faults(headquarters.lookups)
    yield from repeated(((("lookups", n, "name"), one.name) for n, one in enumerate(headquarters.lookups)), "lookup")
    yield from peripherals.faults(headquarters.peripherals, headquarters.box)
    boxes = {agent.id: agent.box for agent in headquarters.agents}
    known = {*boxes.values(), *(one.box for one in headquarters.peripherals)}
    yield from peripherals.route_faults(headquarters.translation_routes, boxes, known)
    yield from _grouping_faults(headquarters, boxes)
    yield from fleet.faults(headquarters.fleet or Fleet())
    if headquarters.record is not None and (sentence := trouble(headquarters.record.secret)) is not None:
        yield Fault(("record", "secret"), sentence)


def _call_type_faults(headquarters: Headquarters) -> Iterator[Fault]:
    types = list(enumerate(headquarters.call_types))
    yield from repeated(((("call_types", n, "name"), kind.name) for n, kind in types), "call type")
    for channel in sorted({kind.channel for _, kind in types}):
        of_it = [(n, kind) for n, kind in types if kind.channel == channel]
        numbers = [(("call_types", n, "dnis", m), dnis) for n, kind in of_it for m, dnis in enumerate(kind.dnis)]
        yield from repeated(numbers, "DNIS")
    if not headquarters.scripts.is_dir():
        yield Fault(("scripts",), f"{headquarters.scripts} is no folder")
        return
    known = {file.stem for file in headquarters.scripts.glob("*.yaml")}
    for place, kind in types:
        named: list[tuple[Keys, str]] = [(("script",), kind.script)]
        named += [(("schedule", n, "script"), period.script) for n, period in enumerate(kind.schedule)]
        for keys, script in named:
            if script not in known:
                sentence = f"{headquarters.scripts} has no {script}.yaml; {suggestion(script, known)}"
                yield Fault(("call_types", place, *keys), sentence)


def _agent_faults(headquarters: Headquarters) -> Iterator[Fault]:
    agents = list(enumerate(headquarters.agents))
    yield from repeated(((("agents", n, "id"), agent.id) for n, agent in agents), "agent")
    phones = [(("agents", n, "extension"), f"{agent.box}/{agent.extension}") for n, agent in agents]
    yield from repeated(phones, "extension")
    groups = list(enumerate(headquarters.skill_groups))
    queues = [(("skill_groups", n, "name"), group.name) for n, group in groups]
    queues += [(("precision_queues", n, "name"), one.name) for n, one in enumerate(headquarters.precision_queues)]
    yield from repeated(queues, "queue")
    known = {agent.id for agent in headquarters.agents}
    for place, group in groups:
        for number, agent in enumerate(group.agents):
            if agent not in known:
                sentence = f"agent {agent!r} is not among the agents; {suggestion(agent, known)}"
                yield Fault(("skill_groups", place, "agents", number), sentence)


def _grouping_faults(headquarters: Headquarters, boxes: dict[str, str]) -> Iterator[Fault]:
    services = tuple((one.name, one.call_types) for one in headquarters.services)
    teams = tuple((one.name, one.agents) for one in headquarters.teams)
    sites = tuple((one.name, one.boxes) for one in headquarters.sites)
    call_types = {one.name for one in headquarters.call_types}
    yield from groupings.faults("services", "call_types", services, "call type", call_types)
    yield from groupings.faults("teams", "agents", teams, "agent", boxes)
    yield from groupings.faults("sites", "boxes", sites, "box", {*boxes.values()})


def _attribute_faults(headquarters: Headquarters) -> Iterator[Fault]:
    for place, agent in enumerate(headquarters.agents):
        for name, value in agent.attributes.items():
            keys = ("agents", place, "attributes", name)
            kind = headquarters.attributes.get(name)
            if kind is None:
                yield Fault(keys, f"attribute {name!r} is not declared; {suggestion(name, headquarters.attributes)}")
            elif (kind is Kind.YES_NO) != (value in {"yes", "no"}):
                wanted = "yes or no" if kind is Kind.YES_NO else "1 to 10"
                yield Fault(keys, f"{name} is {wanted}, not {value}")


def _channel_faults(headquarters: Headquarters) -> Iterator[Fault]:
    yield from channels.faults(headquarters.channels, headquarters.capacities)
    told = [
        Placed((section, n, "channel"), one.channel)
        for section in ("call_types", "skill_groups", "precision_queues")
        for n, one in enumerate(getattr(headquarters, section))
    ]
    yield from channels.unknown("channel", iter(told), channels.names(headquarters.channels))
    slots = {one.name: one.slots for one in headquarters.capacities}
    agents = enumerate(headquarters.agents)
    has = [Placed(("agents", n, "capacity"), one.capacity) for n, one in agents if one.capacity is not None]
    yield from channels.unknown("capacity", iter(has), slots)
    able = {agent.id: (VOICE, *slots.get(agent.capacity or "", ())) for agent in headquarters.agents}
    for place, group in enumerate(headquarters.skill_groups):
        for number, agent in enumerate(group.agents):
            if group.channel not in able.get(agent, (group.channel,)):
                sentence = f"agent {agent} has no slot for {group.channel}; their capacity does not name it"
                yield Fault(("skill_groups", place, "agents", number), sentence)
