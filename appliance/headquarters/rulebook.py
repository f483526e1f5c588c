# SPDX-License-Identifier: GPL-2.0-only
"""What the administrator has decided, from files to the router's rules, and again whenever a file changes.

A file that cannot be used is an alarm with its line and column; the rules that were good last go on.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import structlog

from appliance.config import ConfigurationError, Fault, Headquarters, clock, headquarters
from appliance.config.calendars import Calendar
from appliance.config.document import text_of
from appliance.config.files import load_role
from appliance.config.headquarters import Agent, Kind, NoAnswer, PrecisionQueue, Widening
from appliance.headquarters import channels
from appliance.router import schedule
from appliance.router.rules import CallType, Peripheral, QueueRule, QueueStep, Rules, Seat
from appliance.script import expression, timetables
from appliance.script.loading import load_all

LOOK_S = 0.5
KINDS: Mapping[Kind, type] = {Kind.PROFICIENCY: Decimal, Kind.YES_NO: bool}

Stamp = tuple[tuple[str, int, int], ...]
UNSEEN: Stamp = ()
log = structlog.get_logger()


class Book(NamedTuple):
    """What the files say; `text` is headquarters' file, of which `config` was read.

    `stamp` was taken before each was read, so what is saved meanwhile differs from it.
    """

    text: str
    config: Headquarters
    rules: Rules
    stamp: Stamp


Change = Callable[[Book], Awaitable[None]]


def faults(config: object) -> Iterator[Fault]:
    """Mistakes in calendars, in the schedules of call types and in the conditions of precision queues."""
    if not isinstance(config, Headquarters):
        return
    calendars = {one.name for one in config.calendars}
    for place, kind in enumerate(config.call_types):
        yield from schedule.faults(("call_types", place, "schedule"), kind.schedule, calendars)
        if wrong := clock.no_zone(kind.zone):
            yield Fault(("call_types", place, "zone"), wrong)
    yield from timetables.calendar_faults(("calendars",), config.calendars)
    skills = _skills(config)
    queues = [one.name for one in config.skill_groups] + [one.name for one in config.precision_queues]
    for place, queue in enumerate(config.precision_queues):
        for number, step in enumerate(queue.steps):
            keys = ("precision_queues", place, "steps", number)
            yield from (Fault((*keys, "where"), wrong) for wrong in _wrong(step.where, skills, ()))
            if step.consider_if:
                yield from (Fault((*keys, "consider_if"), wrong) for wrong in _wrong(step.consider_if, {}, queues))


def read(path: Path) -> Book:
    """All of it, as it is now. Raises ConfigurationError."""
    file = _stamp([path])
    text = text_of(path)
    config = load_role(path, Headquarters, faults, text=text)
    stamp = (*file, *_stamp(_scripts(config)))
    return Book(text, config, rules_of(config), stamp)


def refused(error: ConfigurationError) -> str:
    """The alarm's sentence."""
    return f"{error.mistakes[0]}; calls are routed by what was good before"


def rules_of(config: Headquarters) -> Rules:
    """What the configuration and its scripts say. Raises ConfigurationError."""
    seats, calendars = channels.seats(config), {one.name: one for one in config.calendars}
    groups = {
        one.name: QueueRule((QueueStep(channels.slots_in(seats, one.agents, one.channel)),), one.wrap_up_s, one.channel)
        for one in config.skill_groups
    }
    queues = groups | {one.name: _precision_queue(one, config, seats) for one in config.precision_queues}
    types = {one.name: one.scripts() for one in config.call_types}
    peripherals = {one.box: Peripheral(one.box, one.name, one.rights, one.messages_s) for one in config.peripherals}
    scripts = load_all(
        config.scripts,
        itertools.chain.from_iterable(types.values()),
        types,
        queues,
        {one.name: one.parameters for one in config.lookups},
        calendars,
    )
    channels.fit(config, scripts)
    numbered = [_call_type(one, dnis, calendars) for one in config.call_types for dnis in one.dnis]
    return Rules(
        call_types={one.key: one for one in numbered},
        queues=queues,
        seats=seats,
        scripts=scripts,
        unnumbered=tuple(_call_type(one, "", calendars) for one in config.call_types if not one.dnis),
        lookups={one.name: one.timeout_ms for one in config.lookups},
        no_answer_not_ready=config.no_answer is NoAnswer.NOT_READY,
        outbound=config.outbound,
        peripherals=peripherals,
        translation_routes=config.translation_routes,
        channels=channels.rules(config),
    )


def _call_type(kind: headquarters.CallType, dnis: str, calendars: Mapping[str, Calendar]) -> CallType:
    named = {period.holiday: calendars[period.holiday] for period in kind.schedule if period.holiday}
    return CallType(kind.name, dnis, kind.script, kind.schedule, kind.zone, kind.channel, named)


async def follow(
    path: Path,
    config: Headquarters,
    known: Stamp,
    change: Change,
    trouble: Callable[[str | None], None],
) -> None:
    """Look at the files, for ever; cancel to end. `known` is of those that were read last, UNSEEN where none could be.

    `trouble` is told what is wrong, None when it is mended.
    """
    while True:
        await asyncio.sleep(LOOK_S)
        now = await asyncio.to_thread(lambda: _stamp([path, *_scripts(config)]))  # noqa: B023 - it is awaited here
        if now == known:
            continue
        try:
            book = await asyncio.to_thread(read, path)
            config = book.config
            await change(book)
        except ConfigurationError as error:
            known = now
            log.error("headquarters.rules.refused", error=str(error))
            trouble(refused(error))
            continue
        except OSError as error:  # a file that is just being written; once more
            log.error("headquarters.rules.delayed", error=str(error))
            trouble(f"the changed rules cannot be taken over yet ({type(error).__name__}); it is tried again")
            continue
        known = now
        log.info("headquarters.rules.changed")
        trouble(None)


def _scripts(config: Headquarters) -> list[Path]:
    return sorted(config.scripts.glob("*.yaml"))


def _stamp(files: list[Path]) -> Stamp:
    found = []
    for file in files:
        try:
            told = file.stat()
        except FileNotFoundError:
            continue
        found.append((str(file), told.st_mtime_ns, told.st_size))
    return tuple(found)


def _precision_queue(queue: PrecisionQueue, config: Headquarters, seats: Mapping[str, Seat]) -> QueueRule:
    steps: list[QueueStep] = []
    before: tuple[str, ...] = ()
    for step in queue.steps:
        able = tuple(agent.id for agent in config.agents if agent.id in before or _able(agent, step.where, config))
        steps.append(QueueStep(channels.slots_in(seats, able, queue.channel), step.wait_s, step.consider_if))
        before = able if queue.widening is Widening.CUMULATIVE else ()
    return QueueRule(tuple(steps), queue.wrap_up_s, queue.channel)


def _able(agent: Agent, where: str, config: Headquarters) -> bool:
    try:
        return expression.parse(where, _skills(config)).value(_Skills(agent, config.attributes)) is True
    except ValueError:  # a division by what somebody is not able to do
        return False


class _Skills:
    """What an expression sees of an agent; what is not named is 0 or no."""

    def __init__(self, agent: Agent, attributes: Mapping[str, Kind]) -> None:
        self._agent = agent
        self._attributes = attributes

    def name(self, name: str) -> expression.Value:
        value = self._agent.attributes.get(name)
        if self._attributes[name] is Kind.YES_NO:
            return value == "yes"
        return Decimal(value or 0)

    def queue(self, figure: str, name: str) -> int | None:
        raise ValueError(f"{figure}({name!r}) is not known of an agent")

    def holiday(self, calendar: str) -> bool:
        raise ValueError(f"holiday({calendar!r}) is not known of an agent")


def _skills(config: Headquarters) -> dict[str, type]:
    return {name: KINDS[kind] for name, kind in config.attributes.items()}


def _wrong(condition: str, names: Mapping[str, type], queues: Collection[str]) -> Iterator[str]:
    try:
        asked = expression.parse(condition, names)
    except expression.FormError as error:
        yield str(error)
        return
    if asked.kind is not bool:
        yield f"that is {expression.KINDS[asked.kind]}, yes or no is needed"
    yield from expression.known(asked, {"queue": queues, "calendar": (), "call type": ()})
