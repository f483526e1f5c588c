# SPDX-License-Identifier: GPL-2.0-only
"""When a box is in service, by what its children went through; the supervisor asks for those that are needed alone."""

from collections.abc import Sequence

import pytest

from appliance.processes.supervisor import NEEDED
from appliance.supervisor.health import Health
from appliance.supervisor.spec import Spec
from appliance.supervisor.states import Backoff, State

pytestmark = pytest.mark.unit
RUNNING, STARTING, BACKING_OFF = State.RUNNING, State.STARTING, State.BACKING_OFF
LIFE = ((0.0, STARTING), (2.0, RUNNING))
CRASHES = tuple((100.0 + 6 * n + at, state) for n in range(20) for at, state in ((0, BACKING_OFF), (5, STARTING)))
FLAPS = tuple(
    (100.0 + 6 * n + at, state) for n in range(20) for at, state in ((0, BACKING_OFF), (3, STARTING), (4, RUNNING))
)
RESTARTS = tuple(
    (100.0 + 8 * n + at, state)
    for n in range(20)
    for at, state in ((0, State.STOPPING), (1, State.STOPPED), (1, STARTING), (3, RUNNING))
)

STORIES: dict[str, tuple[Sequence[tuple[float, State]], float, bool]] = {
    "one that serves": (LIFE, 1000.0, True),
    "one that starts, in time": (((0.0, STARTING),), 89.0, True),
    "one that is never ready": (((0.0, STARTING),), 90.0, False),
    "a crash": ((*LIFE, (100.0, BACKING_OFF), (100.1, STARTING), (102.0, RUNNING)), 1000.0, True),
    "a crash loop, a while": ((*LIFE, *CRASHES), 189.0, True),
    "a crash loop": ((*LIFE, *CRASHES), 190.0, False),
    "a loop of lives that are short": ((*LIFE, *FLAPS), 195.0, False),
    "a loop, at a moment when it runs": ((*LIFE, *FLAPS), 197.9, False),
    "a loop that is over": ((*LIFE, *CRASHES[:20], (160.0, STARTING), (165.0, RUNNING)), 250.0, True),
    "one that came back late": ((*LIFE, (100.0, BACKING_OFF), (200.0, RUNNING)), 210.0, True),
    "one that just came back late": ((*LIFE, (100.0, BACKING_OFF), (200.0, RUNNING)), 209.0, False),
    "a second crash long after the first": (
        (*LIFE, (100.0, BACKING_OFF), (101.0, RUNNING), (180.0, BACKING_OFF)),
        200.0,
        True,
    ),
    "one that refused its configuration": ((*LIFE, (100.0, State.FAILED)), 1000.0, True),
    "one that refused it after a crash loop": ((*LIFE, *CRASHES, (230.0, State.FAILED)), 1000.0, True),
    "one that is stopped, as it leaves the configuration": (
        (*LIFE, (100.0, State.STOPPING), (101.0, State.STOPPED)),
        1000.0,
        True,
    ),
    "one that a technician changes again and again": ((*LIFE, *RESTARTS), 259.0, True),
}


@pytest.mark.parametrize(("story", "at_s", "in_service"), STORIES.values(), ids=STORIES)
def test_a_box_is_in_service_as_long_as_nobody_needed_stays_away(
    story: Sequence[tuple[float, State]], at_s: float, *, in_service: bool
) -> None:
    health = Health()
    for when_s, state in story:
        if when_s <= at_s:
            health.changed("call", state, when_s)
    health.changed("engine", RUNNING, 0.0)
    assert health.missing(at_s) == ([] if in_service else ["call"])


def test_patience_is_longer_than_the_starts_of_a_child_that_is_slow_for_once() -> None:
    spec = Spec(name="call", command=lambda: pytest.fail("it is not started"))
    health = Health()
    attempts = 3 * (spec.ready_s + Backoff.MOST_S)
    health.changed("call", STARTING, 0.0)
    assert health.missing(attempts) == []


def test_a_span_s_worker_is_its_span_s_and_not_the_box_s() -> None:
    assert not [name for name in NEEDED if name.startswith("line")]
