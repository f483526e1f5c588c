# SPDX-License-Identifier: GPL-2.0-only
"""A script as a graph: where its nodes lead, which go round without an end, how late a caller is served at worst."""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from appliance.config import Keys
from appliance.script import context, expression, treating
from appliance.script.nodes import (
    Agent,
    Busy,
    Count,
    Distribute,
    GoToScript,
    If,
    Label,
    Lookup,
    Menu,
    Node,
    Percent,
    Queue,
    Release,
    Requalify,
    Return,
    Run,
    Switch,
    Text,
    Treatment,
)

Graph = Mapping[str, tuple[str, ...]]


class Rings(msgspec.Struct, frozen=True):
    """A node that rings agents one after another, and nobody takes it; `agents` None: nobody knows how many."""

    node: str
    ring_s: int
    agents: int | None

    @property
    def lost_ms(self) -> int:
        """Of all agents that are known; of one, where none is."""
        return 1000 * self.ring_s * (1 if self.agents is None else self.agents)


class Looks(msgspec.Struct, frozen=True):
    """A node that looks something up in a source that does not answer in time."""

    node: str
    lost_ms: int


class Worst(msgspec.Struct, frozen=True):
    """Until a caller hears something or is released, at worst.

    `nodes` passed, with the one that serves; `waits` on the way that loses most time; `onward`: nodes where another
    script goes on before that. `loops`: the way goes round a `count`, so `nodes` is the script's limit and `waits`
    are all there are.
    """

    nodes: int
    waits: tuple[Rings | Looks, ...] = ()
    onward: tuple[str, ...] = ()
    loops: bool = False

    @property
    def unknown(self) -> tuple[Rings, ...]:
        """Whose agents nobody knows."""
        return tuple(one for one in self.waits if isinstance(one, Rings) and one.agents is None)

    @property
    def lost_ms(self) -> int:
        """Lost where it is known."""
        return sum(one.lost_ms for one in self.waits if one not in self.unknown)


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
    left = _cyclic({name: graph[name] for name, node in text.nodes.items() if not _ends_loop(node)})
    while left:
        way = [next(iter(left))]
        while (follower := next(one for one in left[way[-1]] if one in left)) not in way:
            way.append(follower)
        loop = tuple(way[way.index(follower) :])
        yield loop
        left = _cyclic({name: followers for name, followers in left.items() if name not in loop})


def worst(text: Text, agents: Mapping[str, Collection[str]], lookups: Mapping[str, int] = {}) -> Worst:
    """`agents` of each queue that is known, `lookups` with their time limits in ms."""
    whole = _graph(text)
    graph = {name: () if _serves(node) else whole[name] for name, node in text.nodes.items()}
    way = _reached(text.start, graph)
    graph = {name: followers for name, followers in graph.items() if name in way}
    waits = {name: one for name in sorted(way) if (one := _waits(name, text.nodes[name], agents, lookups)) is not None}
    onward = tuple(name for name in sorted(way) if isinstance(text.nodes[name], GoToScript | Run | Return | Requalify))
    if _cyclic(graph):
        return Worst(text.limit, tuple(waits.values()), onward, loops=True)
    nodes: dict[str, int] = {}
    lost: dict[str, tuple[Rings | Looks, ...]] = {}
    for name in _last_first(graph):
        nodes[name] = 1 + max((nodes[one] for one in graph[name]), default=0)
        after = max((lost[one] for one in graph[name]), key=_lost, default=())
        lost[name] = (waits[name], *after) if name in waits else after
    return Worst(nodes[text.start], lost[text.start], onward)


def _lost(waits: tuple[Rings | Looks, ...]) -> int:
    return sum(one.lost_ms for one in waits)


def _waits(
    name: str, node: Node, agents: Mapping[str, Collection[str]], lookups: Mapping[str, int]
) -> Rings | Looks | None:
    if isinstance(node, Lookup):
        return Looks(name, lookups.get(node.source, 0))
    if isinstance(node, Agent):
        return Rings(name, node.ring_s, 1)
    if not isinstance(node, Queue) or node.hold:
        return None
    known = all(queue in agents for queue in node.queues)
    return Rings(name, node.ring_s, len({one for queue in node.queues for one in agents[queue]}) if known else None)


def _serves(node: Node) -> bool:
    """The caller hears something, is released or sent elsewhere, or leaves this script."""
    heard = isinstance(node, Treatment) or (isinstance(node, Queue) and bool(node.hold))
    return heard or isinstance(node, Label | Release | Busy | GoToScript | Run | Return | Requalify)


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


def _last_first(graph: Graph) -> list[str]:
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


def _cyclic(graph: Graph) -> Graph:
    """The part that leads into a circle."""
    ended = set(_last_first(graph))
    return {name: followers for name, followers in graph.items() if name not in ended}
