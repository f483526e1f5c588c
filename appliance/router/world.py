# SPDX-License-Identifier: GPL-2.0-only
"""What expressions of scripts and rules see of the state."""

from bisect import bisect_left

import msgspec

from appliance.router import agents
from appliance.router.expected import expected_s
from appliance.router.rows import order_of
from appliance.router.state import Place, Reach, State
from appliance.script import expression

SECOND_NS = 1_000_000_000


class View(msgspec.Struct, frozen=True):
    """What one contact sees; `place` where it stands in queues."""

    state: State
    reach: Reach
    contact: str
    at_ns: int
    place: Place | None = None

    def __call__(self, figure: str, queue: str) -> int | None:
        """See expression.FIGURES and OWN; None where nobody can tell."""
        match figure:
            case "free":
                return agents.free(self.state, queue, self.reach)
            case "waiting":
                return agents.waiting(self.state, queue)
            case "staffed":
                return agents.staffed(self.state, queue)
            case "expected":
                free = agents.free(self.state, queue, self.reach)
                return 0 if free else expected_s(self.state, queue, self._ahead(queue), self.at_ns)
            case "calls":
                mine = self.state.typed.get(self.contact)
                return self.state.index.progress.get(queue, 0) - (mine is not None and mine.call_type == queue)
        if self.place is None:
            return None
        if figure == "waited":
            return (self.at_ns - self.place.queued_ns) // SECOND_NS
        return self._ahead(self.place.stands[0].queue) + 1

    def _ahead(self, queue: str) -> int:
        """How many have the queue's agents before it: all, where it does not stand there."""
        line = self.state.index.lines.get(queue, ())
        if self.place is None or all(stand.queue != queue for stand in self.place.stands):
            return len(line)
        return bisect_left(line, order_of(self.place, self.contact))


def considered(state: State, consider_if: str, reach: Reach) -> bool:
    """Whether a step of a queue is to be tried; one without a condition is, one whose condition has no value is not."""
    if not consider_if:
        return True
    try:
        return expression.parse(consider_if, {}).value(_Queues(state, reach)) is True
    except ValueError:
        return False


class _Queues:
    """Of queues alone; a step knows no contact."""

    def __init__(self, state: State, reach: Reach) -> None:
        self._state = state
        self._reach = reach

    def name(self, name: str) -> expression.Value:
        raise ValueError(f"{name} is not known to a step")

    def queue(self, figure: str, name: str) -> int | None:
        return View(self._state, self._reach, "", 0)(figure, name)

    def holiday(self, calendar: str) -> bool:
        raise ValueError(f"calendar {calendar} is not known to a step")
