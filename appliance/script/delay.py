# SPDX-License-Identifier: GPL-2.0-only
"""How late a caller is served at worst: until he hears something, is released or sent elsewhere, in whatever script.

    worst("welcome", Known(texts, call_types, agents, lookups))

Other scripts are gone through as the contact goes through them: `script` and `requalify` go on with them, `run` comes
back with what `return` says. What goes round is told as such, and ends by the limit of nodes.
"""

import enum
from collections.abc import Collection, Iterator, Mapping

import msgspec

from appliance.script import flow
from appliance.script.cursor import DEEPEST
from appliance.script.nodes import (
    Agent,
    Busy,
    GoToScript,
    Label,
    Lookup,
    Node,
    Queue,
    Release,
    Requalify,
    Return,
    Run,
    Text,
    Treatment,
)


class Known(msgspec.Struct, frozen=True):
    """Scripts, call types with theirs, `agents` of each queue that is known, `lookups` with their time limits in ms."""

    scripts: Mapping[str, Text]
    call_types: Mapping[str, Collection[str]] = {}
    agents: Mapping[str, Collection[str]] = {}
    lookups: Mapping[str, int] = {}


class Rings(msgspec.Struct, frozen=True):
    """A node that rings agents one after another, and nobody takes it; `agents` None: nobody knows how many.

    Of another script `node` is `script/node`.
    """

    node: str
    ring_s: int
    agents: int | None
    queues: tuple[str, ...] = ()

    @property
    def lost_ms(self) -> int:
        """Of all agents that are known; of one, where none is."""
        return 1000 * self.ring_s * (1 if self.agents is None else self.agents)


class Looks(msgspec.Struct, frozen=True):
    """A node that looks something up in a source that does not answer in time."""

    node: str
    lost_ms: int


Wait = Rings | Looks


class Worst(msgspec.Struct, frozen=True):
    """Until a caller hears something or is released, at worst.

    `nodes` passed, with the one that serves; `waits` on the way that loses most time. `loops`: the way goes round, a
    `count` or scripts that lead to one another, so `nodes` is the limit of the scripts and `waits` are all there are.
    """

    nodes: int
    waits: tuple[Wait, ...] = ()
    loops: bool = False

    @property
    def unknown(self) -> tuple[Rings, ...]:
        """Whose agents nobody knows."""
        return tuple(one for one in self.waits if isinstance(one, Rings) and one.agents is None)

    @property
    def lost_ms(self) -> int:
        """Lost where it is known."""
        return sum(one.lost_ms for one in self.waits if one not in self.unknown)


class _End(enum.Enum):
    """How a way ends: the caller is served, or a script that was run has returned."""

    SERVED = enum.auto()
    RETURNED = enum.auto()
    FAILED = enum.auto()


class _Way(msgspec.Struct, frozen=True):
    """So many nodes at worst, and the waits of the way that loses most; these need not be the same way."""

    nodes: int = 0
    waits: tuple[Wait, ...] = ()

    def then(self, after: "_Way") -> "_Way":
        return _Way(self.nodes + after.nodes, (*self.waits, *after.waits))

    def or_else(self, other: "_Way | None") -> "_Way":
        if other is None:
            return self
        return _Way(max(self.nodes, other.nodes), max(self.waits, other.waits, key=_lost))


_Ends = Mapping[_End, _Way]
_Step = tuple[_Way, str | _End]
"""On from a node: by this way to that place, or to an end."""


def worst(script: str, known: Known) -> Worst:
    """Of who comes to that script's start."""
    search = _Search(script, known)
    ends = search.ends(script, 0)
    if search.loops:
        return Worst(search.limit, tuple(wait for _, wait in sorted(search.waits.items())), loops=True)
    return Worst(ends[_End.SERVED].nodes, ends[_End.SERVED].waits)


class _Search:
    """A place is `node` of the script that is asked for, `script/node` of another."""

    def __init__(self, script: str, known: Known) -> None:
        self.loops = False
        self.limit = 0
        self.waits: dict[str, Wait] = {}
        self._own = script
        self._known = known
        self._found: dict[tuple[str, int], _Ends] = {}

    def ends(self, script: str, depth: int) -> _Ends:
        """All ways from its start; `depth` scripts wait for it to return."""
        if (script, depth) not in self._found:
            self._found[script, depth] = self._searched(script, depth)
        return self._found[script, depth]

    def _searched(self, script: str, depth: int) -> _Ends:
        start = self._start(script)
        steps: dict[str, tuple[_Step, ...]] = {}
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place not in steps:
                steps[place] = tuple(self._steps(place, depth))
                waiting += [after for _, after in steps[place] if isinstance(after, str)]
        graph = {place: tuple(on for _, on in ways if isinstance(on, str)) for place, ways in steps.items()}
        if flow.cyclic(graph):
            self.loops = True
            return {}
        found: dict[str, _Ends] = {}
        for place in flow.last_first(graph):
            found[place] = _joined(steps[place], found)
        return found[start]

    def _steps(self, place: str, depth: int) -> Iterator[_Step]:
        script, _, name = place.rpartition("/")
        script = script or self._own
        text = self._known.scripts[script]
        self.limit = max(self.limit, text.limit)
        node = text.nodes[name]
        here = _Way(1, self._waits(place, node))
        match node:
            case GoToScript():
                yield here, self._start(node.script)
            case Requalify():
                yield from ((here, self._start(one)) for one in self._known.call_types[node.call_type])
            case Run():
                yield here, self._place(script, node.failed)
                yield from self._through(here, script, node, depth)
            case Return() if depth:
                yield here, _End.FAILED if node.failed else _End.RETURNED
            case Return():
                yield here, _End.SERVED
            case _ if _serves(node):
                yield here, _End.SERVED
            case _:
                for target in dict.fromkeys(target for _, target in flow.targets(node)):
                    yield here, self._place(script, target)

    def _through(self, here: _Way, script: str, node: Run, depth: int) -> Iterator[_Step]:
        if depth == DEEPEST:
            return
        on: dict[_End, str | _End] = {
            _End.SERVED: _End.SERVED,
            _End.RETURNED: self._place(script, node.next),
            _End.FAILED: self._place(script, node.failed),
        }
        for end, way in self.ends(node.script, depth + 1).items():
            yield here.then(way), on[end]

    def _start(self, script: str) -> str:
        return self._place(script, self._known.scripts[script].start)

    def _place(self, script: str, node: str) -> str:
        return node if script == self._own else f"{script}/{node}"

    def _waits(self, place: str, node: Node) -> tuple[Wait, ...]:
        wait = self._wait(place, node)
        if wait is None:
            return ()
        self.waits[place] = wait
        return (wait,)

    def _wait(self, place: str, node: Node) -> Wait | None:
        if isinstance(node, Lookup):
            return Looks(place, self._known.lookups.get(node.source, 0))
        if isinstance(node, Agent):
            return Rings(place, node.ring_s, 1)
        if not isinstance(node, Queue) or node.hold:
            return None
        agents = self._known.agents
        known = all(queue in agents for queue in node.queues)
        count = len({one for queue in node.queues for one in agents[queue]}) if known else None
        return Rings(place, node.ring_s, count, node.queues)


def _joined(steps: tuple[_Step, ...], found: Mapping[str, _Ends]) -> _Ends:
    """The worst of all ways to each end."""
    ends: dict[_End, _Way] = {}
    for way, on in steps:
        for end, after in {on: _Way()}.items() if isinstance(on, _End) else found[on].items():
            ends[end] = way.then(after).or_else(ends.get(end))
    return ends


def _lost(waits: tuple[Wait, ...]) -> int:
    return sum(one.lost_ms for one in waits)


def _serves(node: Node) -> bool:
    """The caller hears something, is released or sent elsewhere."""
    heard = isinstance(node, Treatment) or (isinstance(node, Queue) and bool(node.hold))
    return heard or isinstance(node, Label | Release | Busy)
