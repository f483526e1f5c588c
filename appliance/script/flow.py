# SPDX-License-Identifier: GPL-2.0-only
"""A script as a graph: where its nodes lead, which go round without an end, what may fail."""

from collections.abc import Iterator, Mapping

from appliance.config import Keys
from appliance.script import context, expression, treating
from appliance.script.nodes import (
    Count,
    Distribute,
    If,
    Menu,
    Node,
    Percent,
    Queue,
    Return,
    Switch,
    Text,
    Treatment,
    Voicemail,
)

Graph = Mapping[str, tuple[str, ...]]


def targets(node: Node) -> Iterator[tuple[Keys, str]]:
    """Nodes that it names, and where."""
    match node:
        case Switch() | Menu():
            yield from ((("cases", case), target) for case, target in node.cases.items())
        case Percent():
            yield from ((("shares", target), target) for target in node.shares)
        case Distribute():
            yield from ((("weights", target), target) for target in node.weights)
            yield from ((("load", target), target) for target in node.load)
        case Return():
            return
    for key in ("next", "then", "otherwise", "failed", "nothing", "invalid"):
        target = getattr(node, key, None)
        if target is not None:
            yield (key,), target


def prompts(node: Node) -> Iterator[tuple[Keys, str]]:
    """All that it plays or says, and where that stands."""
    for key in ("prompts", "wrong", "hold"):
        played: tuple[str, ...] = getattr(node, key, ())
        yield from (((key, place), prompt) for place, prompt in enumerate(played))
    if isinstance(node, Voicemail):
        yield ("beep",), node.beep


def unprovided(text: Text) -> Iterator[tuple[str, str]]:
    """Nodes that may fail and do not say what then, each with the node that goes on all the same."""
    for name, node in text.nodes.items():
        if isinstance(node, Treatment) and node.failed is None and _fails_itself(name, text):
            yield name, node.nothing if isinstance(node, Menu) else node.next
        elif isinstance(node, If) and node.failed is None and not _sure(node.that, text):
            yield name, node.otherwise


def _fails_itself(name: str, text: Text) -> bool:
    """Whether a treatment may end with it: it does not always go out with the next one, or they go round."""
    seen = [name]
    while isinstance(node := text.nodes[seen[-1]], Treatment):
        after = treating.follower(node)
        if after is None or after not in text.nodes or not treating.joins(node, text.nodes[after]):
            return len(seen) == 1
        if after in seen:
            return after == name
        seen.append(after)
    return False


def _sure(asked: str, text: Text) -> bool:
    """One that cannot be read is another mistake."""
    try:
        return expression.parse(asked, context.names(text.context)).sure
    except expression.FormError:
        return True


def reached(text: Text) -> set[str]:
    """Nodes that a contact can come to."""
    return _reached(text.start, _graph(text))


def spinning(text: Text) -> Iterator[tuple[str, ...]]:
    """Ways that go round and never let time pass or count: each contact on one would go on to the limit."""
    graph = _graph(text)
    left = cyclic({name: graph[name] for name, node in text.nodes.items() if not _ends_loop(node)})
    while left:
        way = [next(iter(left))]
        while (follower := next(one for one in left[way[-1]] if one in left)) not in way:
            way.append(follower)
        loop = tuple(way[way.index(follower) :])
        yield loop
        left = cyclic({name: followers for name, followers in left.items() if name not in loop})


def _ends_loop(node: Node) -> bool:
    waits = isinstance(node, Queue) and bool(node.hold)
    return waits or isinstance(node, Count | Treatment)


def _graph(text: Text) -> Graph:
    """Without what does not exist."""
    return {
        name: tuple(dict.fromkeys(target for _, target in targets(node) if target in text.nodes))
        for name, node in text.nodes.items()
    }


def _reached(start: str, graph: Graph) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in graph and name not in found:
            found.add(name)
            waiting.extend(graph[name])
    return found


def last_first(graph: Graph) -> list[str]:
    """Each node after all that it leads to, without those that lead into a circle."""
    leads_here: dict[str, list[str]] = {name: [] for name in graph}
    open_ways = {}
    for name, followers in graph.items():
        inside = [one for one in followers if one in graph]
        open_ways[name] = len(inside)
        for one in inside:
            leads_here[one].append(name)
    ordered = [name for name, count in open_ways.items() if count == 0]
    for name in ordered:
        for before in leads_here[name]:
            open_ways[before] -= 1
            if open_ways[before] == 0:
                ordered.append(before)
    return ordered


def cyclic(graph: Graph) -> Graph:
    """The part that leads into a circle."""
    ended = set(last_first(graph))
    return {name: followers for name, followers in graph.items() if name not in ended}
