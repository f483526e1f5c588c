# SPDX-License-Identifier: GPL-2.0-only
"""Is the box in service? By the lives of the children without which it has none, without a process or a clock in it.

Whoever watches the supervisor (systemd, and by it the machine's watchdog) is told that it lives as long as it is. A
child that refused its configuration does not count: no restart of the box mends that. Nor does one that is stopped.
"""

from appliance.supervisor.spec import SLOW
from appliance.supervisor.states import Backoff, State

PATIENCE_S = 90.0 * SLOW
"""How long a child may be out of service: six starts that are waited for to their end (`ready_s`)."""
STEADY_S = 2 * Backoff.MOST_S
"""One that ran for less before it died again was not back: it crashes, and never waits longer than half of this."""
DUE = frozenset({State.STARTING, State.RUNNING, State.BACKING_OFF})
"""Where a child is to serve or come back; one that is asked to end, or has refused, is not."""


class Health:
    """Told every change of a child that is needed. Seconds are monotonic."""

    def __init__(self) -> None:
        self._out_s: dict[str, float] = {}
        self._runs_s: dict[str, float] = {}

    def changed(self, name: str, state: State, now_s: float) -> None:
        """It stands there from now on."""
        if state not in DUE or self._back(name, now_s):
            self._out_s.pop(name, None)
        self._runs_s.pop(name, None)
        if state in DUE:
            self._out_s.setdefault(name, now_s)
        if state is State.RUNNING:
            self._runs_s[name] = now_s

    def missing(self, now_s: float) -> list[str]:
        """Who has been out of service for longer than is borne; of none the box is in service."""
        return [
            name
            for name, since_s in self._out_s.items()
            if now_s - since_s >= PATIENCE_S and not self._back(name, now_s)
        ]

    def _back(self, name: str, now_s: float) -> bool:
        """It runs, and has for long enough."""
        return name in self._runs_s and now_s - self._runs_s[name] >= STEADY_S
