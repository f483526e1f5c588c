# SPDX-License-Identifier: GPL-2.0-only
"""What an administrator wants of the fleet: differences, a push, its end, what became of it; or a sentence why not."""

import asyncio
import functools
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from appliance.config import edit, pushed
from appliance.config.document import compose
from appliance.config.errors import ConfigurationError
from appliance.headquarters.fleet.fleet import Fleet
from appliance.headquarters.fleet.groups import MISTAKES_LIMIT, Groups, UnknownTargetError, Wanted, rendered
from appliance.headquarters.fleet.push import Entry, Made, Push, Terms, WrongWavesError, in_waves
from appliance.headquarters.fleet.states import Course, Stage, Turn
from appliance.headquarters.fleet.templates import FORM
from appliance.wire.fleet import (
    AuditAsked,
    AuditEntry,
    AuditTold,
    BoxChanged,
    BoxesAsked,
    BoxesTold,
    BoxNow,
    DiffAsked,
    DiffTold,
    OrderPush,
    PushAsked,
    PushTold,
    PushWish,
    StartPush,
)
from appliance.wire.service_messages import Refused

Command = BoxesAsked | DiffAsked | StartPush | OrderPush | PushAsked | AuditAsked
Told = BoxesTold | DiffTold | PushTold | AuditTold | Refused
SHOWN = 10


class RefusedError(Exception):
    """Nothing was done; `code` is stable."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


async def command(fleet: Fleet, asked: Command) -> Told:
    """Carry it out."""
    try:
        return await _HANDLERS[type(asked)](fleet, asked)  # type: ignore[no-any-return,operator]
    except RefusedError as error:
        return Refused(code=error.code, sentence=str(error))
    except ConfigurationError as error:
        return Refused(code="push.invalid", sentence="\n".join(map(str, error.mistakes)))
    except (UnknownTargetError, WrongWavesError) as error:
        return Refused(code="push.unknown", sentence=str(error))
    except (SQLAlchemyError, OSError) as error:
        return Refused(code="push.storing", sentence=f"nothing was done: {error}")


async def _boxes(fleet: Fleet, asked: BoxesAsked) -> BoxesTold:
    groups = await fleet.groups()
    known = {one.box: one.group for one in _targeted(fleet, groups, asked.target)}
    now = [fleet.inventory.now(box, group, fleet.own(box)) for box, group in known.items()]
    if not asked.drift:
        return BoxesTold(boxes=tuple(now))
    drifted = [one for one in now if one.drift]
    pairs = [(one.box, one.pushed, one.fingerprint) for one in drifted]
    return BoxesTold(boxes=tuple(drifted), changed=await _changed(fleet, pairs, {}))


def _targeted(fleet: Fleet, groups: Groups, target: str) -> list[BoxNow]:
    """Boxes of the tables, and those that nobody has put into one."""
    others = [BoxNow(box) for box in sorted(fleet.inventory.boxes.keys() - groups.members.keys())]
    if target in fleet.inventory.boxes and target not in groups.members:
        return [BoxNow(target)]
    named = [BoxNow(one.box, group=one.group) for one in groups.targeted(target)]
    return [*named, *(others if target == "all" else ())]


async def _diff(fleet: Fleet, asked: DiffAsked) -> DiffTold:
    _, wanted = await _wanted(fleet, asked.target)
    runs = {one.box: _runs(fleet, one.box) for one in wanted}
    known = [one for one in wanted if runs[one.box]]
    pairs = [(one.box, runs[one.box], one.fingerprint) for one in known if runs[one.box] != one.fingerprint]
    return DiffTold(
        same=len(known) - len(pairs),
        changed=await _changed(fleet, pairs, {one.fingerprint: one.text for one in wanted}),
        unknown=tuple(one.box for one in wanted if not runs[one.box]),
        drifted=tuple(_drifted(fleet, wanted)),
    )


async def _start(fleet: Fleet, asked: StartPush) -> PushTold:
    _may_begin(fleet)
    groups, wanted = await _wanted(fleet, asked.target)
    todo = [one for one in wanted if _runs(fleet, one.box) != one.fingerprint]
    if not todo:
        raise RefusedError("push.same", f"all {len(wanted)} boxes have it already")
    drifted = list(_drifted(fleet, todo))
    if drifted and not asked.force:
        more = f" and {len(drifted) - SHOWN} more" if len(drifted) > SHOWN else ""
        sentence = f"changed at the box since: {', '.join(drifted[:SHOWN])}{more}; see show drift, or add force"
        raise RefusedError("push.drift", sentence)
    here = sorted(todo, key=lambda one: (fleet.inventory.health(one.box).away, one.box))
    waves = in_waves([one.box for one in here], asked.waves)
    entries = [Entry(one.box, waves[one.box], _runs(fleet, one.box), one.fingerprint) for one in here]
    terms = Terms(asked.healthy_s, asked.drain_s, asked.tolerate, asked.force)
    sources = await asyncio.to_thread(groups.sources)
    texts = {one.fingerprint: one.text for one in todo} | {one.fingerprint: one.text for one in sources}
    made = _made(fleet, asked.target, asked.by, asked.comment, terms, origin=asked.origin)
    _may_begin(fleet)  # somebody may have been quicker
    push = await fleet.begin(made, entries, texts, {one.name: one.fingerprint for one in sources})
    return PushTold(now=push.now(fleet.inventory.health))


async def _order(fleet: Fleet, asked: OrderPush) -> PushTold:
    push = _push(fleet, asked.number)
    if push is None:
        raise RefusedError("push.unknown", f"there is no push {asked.number or ''} that anything could be done with")
    if asked.wish is PushWish.BACK:
        return await _back(fleet, push, asked)
    if wrong := push.wish(asked.wish, f"by {asked.by}"):
        raise RefusedError("push.course", wrong)
    fleet.told(push, asked.wish.value, asked.by, asked.origin)
    await fleet.write()
    return PushTold(now=push.now(fleet.inventory.health))


async def _back(fleet: Fleet, push: Push, asked: OrderPush) -> PushTold:
    """What was before, to all that have had it, at once: a push of its own."""
    newest = fleet.newest
    if newest is not None and push is not newest:
        raise RefusedError("push.course", f"push {newest.made.number} came after it: take that back first")
    if wrong := push.refusal(PushWish.BACK):
        raise RefusedError("push.course", wrong)
    had = [one for one in push.entries.values() if one.stage in (Stage.KEPT, Stage.TRIAL, Stage.CONFIRMED)]
    entries = [Entry(one.box, 1, one.after, one.base) for one in had]
    begun = push
    if entries:
        number, comment = push.made.number, f"back from push {push.made.number}"
        made = _made(fleet, push.made.target, asked.by, comment, push.made.terms, number, asked.origin)
        begun = await fleet.begin(made, entries, {}, {})
    push.wish(PushWish.BACK, f"by {asked.by}")
    fleet.told(push, PushWish.BACK.value, asked.by, asked.origin)
    await fleet.write()
    return PushTold(now=begun.now(fleet.inventory.health))


async def _told(fleet: Fleet, asked: PushAsked) -> PushTold:
    push = _push(fleet, asked.number) or await fleet.on_disk(lambda: fleet.store.push(asked.number))
    if push is None and asked.number:
        raise RefusedError("push.unknown", f"there is no push {asked.number}")
    return PushTold(now=push.now(fleet.inventory.health) if push else None)


async def _audit(fleet: Fleet, asked: AuditAsked) -> AuditTold:
    await fleet.write()
    entries = await fleet.on_disk(lambda: fleet.store.audit(asked.box, asked.count))
    texts = await _texts(fleet, ((one.before, one.after) for one in entries))
    return AuditTold(entries=await asyncio.to_thread(lambda: tuple(_with_lines(entries, texts))))


_HANDLERS = {
    BoxesAsked: _boxes,
    DiffAsked: _diff,
    StartPush: _start,
    OrderPush: _order,
    PushAsked: _told,
    AuditAsked: _audit,
}


def _may_begin(fleet: Fleet) -> None:
    newest = fleet.newest
    if newest is not None and not newest.over:
        number = newest.made.number
        raise RefusedError("push.busy", f"push {number} is under way: see show push; push stop ends it here")


def _made(fleet: Fleet, target: str, by: str, comment: str, terms: Terms, back_of: int = 0, origin: str = "") -> Made:
    """A push by its number and its name for ever. One that was stopped is over now."""
    newest = fleet.newest
    if newest is not None and newest.course is Course.STOPPED and not back_of:
        newest.wish(Turn.SUPERSEDED, "another was begun")
        fleet.told(newest, newest.course.value, by, origin, newest.reason)
    number, at_ns = newest.made.number + 1 if newest else 1, time.time_ns()
    name = f"{fleet.box}.{number}.{at_ns // 1_000_000}"
    return Made(number, name, target, by or "unknown", comment, at_ns, terms, back_of, origin)


def _push(fleet: Fleet, number: int) -> Push | None:
    return fleet.pushes.get(number) if number else fleet.newest


def _runs(fleet: Fleet, box: str) -> str:
    """The fingerprint of what runs there; empty: it has never told."""
    one = fleet.inventory.boxes.get(box)
    return one.fingerprint if one else ""


async def _wanted(fleet: Fleet, target: str) -> tuple[Groups, list[Wanted]]:
    """What the target's boxes shall say, all of it right. Raises ConfigurationError."""
    groups = await fleet.groups()
    wanted = await asyncio.to_thread(rendered, groups.targeted(target))
    await _no_secret_lacks(fleet, [one for one in wanted if one.lacking])
    return groups, wanted


async def _no_secret_lacks(fleet: Fleet, wanted: Sequence[Wanted]) -> None:
    """What is not kept here is a file of the box's own, which what runs there names. Raises ConfigurationError."""
    texts = await _texts(fleet, ((_runs(fleet, one.box), "") for one in wanted)) if wanted else {}
    mistakes = [
        mistake
        for one in wanted
        for name, mistake in one.lacking.items()
        if not pushed.names(texts.get(_runs(fleet, one.box), ""), name)
    ]
    if mistakes:
        raise ConfigurationError(mistakes[:MISTAKES_LIMIT])


def _drifted(fleet: Fleet, wanted: Iterable[Wanted]) -> Iterator[str]:
    for one in wanted:
        box = fleet.inventory.boxes.get(one.box)
        if box is not None and box.drifted({one.fingerprint, *fleet.own(one.box)}):
            yield one.box


async def _texts(fleet: Fleet, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    wanted = set(itertools.chain.from_iterable(pairs))
    await fleet.write()  # what boxes have just told
    return await fleet.on_disk(lambda: fleet.store.texts(wanted))


async def _changed(
    fleet: Fleet, pairs: Sequence[tuple[str, str, str]], texts: Mapping[str, str]
) -> tuple[BoxChanged, ...]:
    """(box, before, after) as differences, alike ones together."""
    known = {**await _texts(fleet, ((before, after) for _, before, after in pairs)), **texts}
    return await asyncio.to_thread(_grouped, pairs, known)


def _grouped(pairs: Iterable[tuple[str, str, str]], texts: Mapping[str, str]) -> tuple[BoxChanged, ...]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for box, before, after in pairs:
        alike.setdefault(_difference(texts, before, after), []).append(box)
    return tuple(BoxChanged(tuple(boxes), lines) for lines, boxes in alike.items())


def _with_lines(entries: Iterable[AuditEntry], texts: Mapping[str, str]) -> Iterator[AuditEntry]:
    for one in entries:
        lines = _difference(texts, one.before, one.after) if one.before and one.after else ()
        yield msgspec.structs.replace(one, lines=lines)


def _difference(texts: Mapping[str, str], before: str, after: str) -> tuple[str, ...]:
    """As it would be typed; one sentence where a text is not known here."""
    if before not in texts or after not in texts:
        return (f"  {before or 'nothing'} → {after}: the text is not known here yet",)
    try:
        return tuple(edit.compare(FORM, _data(texts[before]), _data(texts[after])))
    except (ConfigurationError, TypeError) as error:
        return (f"  {before} → {after}: {error}",)


@functools.lru_cache(maxsize=256)
def _data(text: str) -> object:
    return edit.data(FORM, compose(Path(), text))
