# SPDX-License-Identifier: GPL-2.0-only
"""`push`: at headquarters, what configurations would change, and the change itself, wave by wave.

`push diff` shows, `push start` begins, `push stop` holds it where it is, `push go-on` takes what has failed for
granted, `push abort` ends it as it is, `push back` gives all that have had it what they had before. `push why` tells
where each value of a box's configuration comes from.
"""

import shlex
import sys
from collections.abc import Iterator
from typing import Any

from appliance.cli.fleet import asked, changed, progress, say
from appliance.cli.grammar.matching import APART, Matched
from appliance.cli.session import Session
from appliance.config import Headquarters, load
from appliance.config.candidate import words_of
from appliance.config.document import compose
from appliance.config.edit import data, lines
from appliance.config.errors import ConfigurationError
from appliance.config.fleet import Fleet
from appliance.config.tree import path_text
from appliance.config.written import Keys
from appliance.headquarters.fleet.groups import Groups, Member, UnknownTargetError
from appliance.headquarters.fleet.templates import FORM, Origin
from appliance.wire.fleet import DiffAsked, DiffTold, OrderPush, PushTold, PushWish, StartPush

DONE, REFUSED, UNASKED = 0, 1, 2
SHOWN = 8
"""Boxes that are named of many."""


def diff(session: Session, matched: Matched) -> int:
    """Exit status 0: told; 1: a box would be wrong; 2: it could not be asked."""
    told = asked(session, DiffAsked(target=matched.arguments["target"]))
    if not isinstance(told, DiffTold):
        return told if isinstance(told, int) else UNASKED
    lines_of = [*changed(session, told.changed), *_beside(session, told)]
    return say(lines_of or [session.told("there are no boxes", "没有设备")])


def _beside(session: Session, told: DiffTold) -> Iterator[str]:
    if told.same:
        yield session.told(f"{told.same} have it already", f"{told.same} 台已是该配置")
    if told.unknown:
        names = _named(told.unknown)
        yield session.told(f"never heard of, given it when they come: {names}", f"尚未上线，上线时下发：{names}")
    if told.drifted:
        names = _named(told.drifted)
        yield session.told(f"changed at the box, need force: {names}", f"已在本地修改，须加 force：{names}")


def start(session: Session, matched: Matched) -> int:
    """Exit status 0: begun; 1: refused; 2: it could not be asked."""
    given = matched.arguments
    command = StartPush(
        target=given["target"],
        waves=tuple(given["waves"].split(",")) if "waves" in given else StartPush(target="").waves,
        healthy_s=float(given["seconds"]) if "healthy" in given else 60.0,
        drain_s=60.0 * int(given["wait"]) if "within" in given else 300.0,
        tolerate=int(given["count"]) if "tolerate" in given else 0,
        force="force" in given,
        comment=given.get("text", ""),
        by=session.author,
        origin=session.origin,
    )
    return _pushed(session, command)


def stop(session: Session, matched: Matched) -> int:
    """Nothing more is given; what is on trial at a box goes on there."""
    return _wished(session, matched, PushWish.STOP)


def go_on(session: Session, matched: Matched) -> int:
    """In spite of what has failed so far."""
    return _wished(session, matched, PushWish.GO_ON)


def abort(session: Session, matched: Matched) -> int:
    """Who has it keeps it, nobody else gets it."""
    return _wished(session, matched, PushWish.ABORT)


def back(session: Session, matched: Matched) -> int:
    """All who have it get what they had before."""
    return _wished(session, matched, PushWish.BACK)


def why(session: Session, matched: Matched) -> int:
    """Each value of a box, with the file and line, or the variable, that it comes from."""
    box, path = matched.arguments["box"], tuple(filter(None, matched.arguments.get("path", "").split(APART)))
    try:
        (member,) = _groups(session).targeted(box)
        said = list(_reasons(member, path))
    except (UnknownTargetError, ConfigurationError) as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    except ValueError:
        sys.stderr.write(session.told(f"{box!r} is no single box\n", f"{box!r} 不是单台设备\n"))
        return REFUSED
    return say(said or [session.told("nothing is set there", "此处无配置")])


def _groups(session: Session) -> Groups:
    config = load(session.file)
    fleet = config.fleet if isinstance(config, Headquarters) else None
    return Groups(session.file, fleet or Fleet())


def _reasons(member: Member, path: tuple[str, ...]) -> Iterator[str]:
    text, _ = member.checked()
    said = data(FORM, compose(member.template.file, text))
    origins = member.template.origins(member.box, member.variables)
    known = {tuple(shlex.split(line)[1:]) for line in lines(FORM, said)}
    for keys, origin in origins.items():
        value = _at(said, keys)
        words = words_of(FORM, said, keys)
        if isinstance(value, str) and words[: len(path)] == path and (*words, value) in known:
            yield f"set {path_text((*words, value))}   # {_from(origin)}"


def _at(said: Any, keys: Keys) -> Any:
    for key in keys:
        said = said[key]
    return said


def _from(origin: Origin) -> str:
    place = f"{origin.file.name}:{origin.line}" if origin.line else f"{origin.file.name}: {origin.where}"
    return f"{place} ${{{origin.variable}}}" if origin.variable else place


def _wished(session: Session, matched: Matched, wish: PushWish) -> int:
    number = int(matched.arguments.get("push-number", "0"))
    return _pushed(session, OrderPush(wish=wish, number=number, by=session.author, origin=session.origin))


def _pushed(session: Session, command: StartPush | OrderPush) -> int:
    told = asked(session, command)
    if not isinstance(told, PushTold) or told.now is None:
        return told if isinstance(told, int) else REFUSED
    return say(progress(session, told.now))


def _named(boxes: tuple[str, ...]) -> str:
    more = f" +{len(boxes) - SHOWN}" if len(boxes) > SHOWN else ""
    return f"{', '.join(boxes[:SHOWN])}{more}"
