# SPDX-License-Identifier: GPL-2.0-only
"""Loads scripts: form by the schema of `nodes`, then meaning: targets exist, nodes can be reached, names are known."""

import hashlib
import zoneinfo
from collections.abc import Collection, Iterator
from pathlib import Path

from appliance.config import Fault, Keys, read
from appliance.config.scalars import suggestion
from appliance.script import switch
from appliance.script.nodes import Collect, Count, Field, Node, Play, Queue, Script, Switch, Text

VERSION_DIGITS = 12


def load(path: Path, skill_groups: Collection[str]) -> Script:
    """The script in this file, named as the file's stem. Raises ConfigurationError with every mistake and its place."""
    text = read(path, Text, lambda one: _faults(one, skill_groups))
    return Script(path.stem, hashlib.sha256(path.read_bytes()).hexdigest()[:VERSION_DIGITS], text)


def _faults(text: Text, skill_groups: Collection[str]) -> Iterator[Fault]:
    zones = zoneinfo.available_timezones()
    if text.zone not in zones:
        yield Fault(("zone",), f"time zone {text.zone!r} is unknown; {suggestion(text.zone, zones)}")
    yield from _missing(("start",), text.start, text)
    for name, node in text.nodes.items():
        yield from _node_faults(name, node, text, skill_groups)
    for name in sorted(text.nodes.keys() - _reached(text)):
        yield Fault(("nodes", name), f"node {name!r} cannot be reached from {text.start!r}")


def _node_faults(name: str, node: Node, text: Text, skill_groups: Collection[str]) -> Iterator[Fault]:
    for keys, target in _targets(node):
        yield from _missing(("nodes", name, *keys), target, text)
    if isinstance(node, Queue) and node.skill_group not in skill_groups:
        sentence = f"skill group {node.skill_group!r} is unknown; {suggestion(node.skill_group, skill_groups)}"
        yield Fault(("nodes", name, "skill_group"), sentence)
    if isinstance(node, Switch) and node.on is Field.TIME:
        for case in node.cases:
            if not switch.is_span(case):
                yield Fault(("nodes", name, "cases", case), f"{case!r} is not a span of time such as 09:00-18:00")


def _targets(node: Node) -> Iterator[tuple[Keys, str]]:
    if isinstance(node, Switch):
        yield from ((("cases", case), target) for case, target in node.cases.items())
    if isinstance(node, Play | Collect | Count):
        yield ("next",), node.next
    if isinstance(node, Switch | Queue | Count):
        yield ("otherwise",), node.otherwise


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
