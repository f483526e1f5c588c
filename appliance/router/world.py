# SPDX-License-Identifier: GPL-2.0-only
"""What expressions of the rules see of the state."""

from appliance.router import agents
from appliance.router.state import Reach, State
from appliance.script import expression


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
        return agents.figure(self._state, self._reach, figure, name)

    def holiday(self, calendar: str) -> bool:
        raise ValueError(f"calendar {calendar} is not known to a step")
