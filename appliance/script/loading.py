# SPDX-License-Identifier: GPL-2.0-only
"""Loads scripts: form by the schema of `nodes`, then meaning: targets exist, nodes can be reached, names are known."""

import hashlib
import zoneinfo
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from appliance.config import Fault, Keys, read
from appliance.config.scalars import suggestion
from appliance.script import expression, switch
from appliance.script.nodes import Collect, Count, Field, If, Node, Percent, Play, Queue, Script, Switch, Text
from appliance.script.share import WHOLE

VERSION_DIGITS = 12


def load(path: Path, skill_groups: Collection[str]) -> Script:
    """The script in this file, named as the file's stem. Raises ConfigurationError with every mistake and its place."""
    text = read(path, Text, lambda one: _faults(one, skill_groups))
    return Script(path.stem, hashlib.sha256(path.read_bytes()).hexdigest()[:VERSION_DIGITS], text)


def _faults(text: Text, skill_groups: Collection[str]) -> Iterator[Fault]:
    zones = zoneinfo.available_timezones()
    if text.zone not in zones:
        yield Fault(("zone",), f"time zone {text.zone!r} is unknown; {suggestion(text.zone, zones)}")
    for name, spans in text.calendars.items():
        for place, span in enumerate(spans):
            if wrong := _no_days(span):
                yield Fault(("calendars", name, place), wrong)
    yield from _missing(("start",), text.start, text)
    for name, node in text.nodes.items():
        yield from _node_faults(name, node, text, skill_groups)
    for name in sorted(text.nodes.keys() - _reached(text)):
        yield Fault(("nodes", name), f"node {name!r} cannot be reached from {text.start!r}")


def _node_faults(name: str, node: Node, text: Text, skill_groups: Collection[str]) -> Iterator[Fault]:
    for keys, target in _targets(node):
        yield from _missing(("nodes", name, *keys), target, text)
    if isinstance(node, Queue):
        for place, queue in enumerate(node.queues):
            if queue not in skill_groups:
                sentence = f"queue {queue!r} is unknown; {suggestion(queue, skill_groups)}"
                yield Fault(("nodes", name, "queues", place), sentence)
    if isinstance(node, If):
        names = {"skill group": skill_groups, "calendar": text.calendars}
        yield from (Fault(("nodes", name, "that"), wrong) for wrong in _wrong(node.that, names))
    if isinstance(node, Percent) and sum(node.shares.values()) != WHOLE:
        yield Fault(("nodes", name, "shares"), f"shares are {sum(node.shares.values())} % together, not {WHOLE}")
    if isinstance(node, Switch) and node.on is Field.TIME:
        for case in node.cases:
            if not switch.is_span(case):
                yield Fault(("nodes", name, "cases", case), f"{case!r} is not a span of time such as 09:00-18:00")


def _wrong(that: str, names: Mapping[str, Collection[str]]) -> Iterator[str]:
    try:
        asked = expression.parse(that)
    except expression.FormError as error:
        yield str(error)
        return
    if asked.kind is not bool:
        yield f"that is {expression.KINDS[asked.kind]}, yes or no is needed"
    yield from expression.known(asked, names)


def _no_days(span: str) -> str:
    try:
        switch.days(span)
    except ValueError as error:
        return f"{span!r} is no day such as 2026-10-01, nor a span such as 2026-10-01..2026-10-07: {error}"
    return ""


def _targets(node: Node) -> Iterator[tuple[Keys, str]]:
    if isinstance(node, Switch):
        yield from ((("cases", case), target) for case, target in node.cases.items())
    if isinstance(node, Play | Collect | Count):
        yield ("next",), node.next
    if isinstance(node, Switch | If | Queue | Count):
        yield ("otherwise",), node.otherwise
    if isinstance(node, If):
        yield ("then",), node.then
        if node.failed is not None:
            yield ("failed",), node.failed
    if isinstance(node, Percent):
        yield from ((("shares", target), target) for target in node.shares)


def _missing(keys: Keys, target: str, text: Text) -> Iterator[Fault]:
    if target not in text.nodes:
        yield Fault(keys, f"node {target!r} does not exist; {suggestion(target, text.nodes)}")


def _reached(text: Text) -> set[str]:
    reached: set[str] = set()
    waiting = [text.start]
    while waiting:
        name = waiting.pop()
        if name in text.nodes and name not in reached:
            reached.add(name)
            waiting.extend(target for _, target in _targets(text.nodes[name]))
    return reached
