# SPDX-License-Identifier: GPL-2.0-only
"""Branches whose agents are held by lease (`router/lease.py`), and what their own routers are told beside it.

A branch that speaks of no lease is not here: its agents are given out while it is heard.
"""

import itertools
import time
from collections.abc import Iterable, Mapping

from appliance.router.domain import Lease, Terms, version_of
from appliance.router.lease import Lessee, asked, granted
from appliance.router.reconciling import rests_at
from appliance.router.state import State
from appliance.wire.agents import AgentRest

NEVER_NS = 2**63 - 1
FOREVER = Lessee(until_ns=NEVER_NS)
"""Of a router that is the branch's own."""


class NotLeasedError(Exception):
    """The agents of the branch that asks are not ours to assign now."""


class Leases:
    """Of one life of a router, which `life` names. Times are of the steady clock."""

    def __init__(self, life: str) -> None:
        self._life = life
        self._numbers = itertools.count(1)
        self._of: dict[str, Lessee] = {}
        self._first_ns = NEVER_NS
        self._rules = ""
        self._rests: dict[str, tuple[str, Mapping[str, AgentRest]]] = {}

    def __contains__(self, box: str) -> bool:
        return box in self._of

    def holds(self, box: str) -> bool:
        """Whether its agents are ours to assign, where it speaks of leases."""
        return self._of[box].holds(time.monotonic_ns())

    def epoch(self, box: str) -> int:
        """Of the lease in which something is said to that branch; 0: it has none."""
        return self._of[box].epoch if box in self._of else 0

    def put(self, box: str, lessee: Lessee) -> None:
        """It is so from now on."""
        self._of[box] = lessee
        self._first_ns = min(one.until_ns for one in self._of.values())

    def granted(self, box: str, lease: Lease) -> None:
        """What its heartbeat says."""
        lessee = self._of.get(box, Lessee())
        self.put(box, granted(lessee, lease.grant) if lease.grant is not None else lessee)

    def run_out(self, present: Iterable[str]) -> list[str]:
        """Of these, branches whose lease is over; asked often, so all are looked through only when one may be."""
        now_ns = time.monotonic_ns()
        if now_ns < self._first_ns:
            return []
        over = sorted(box for box in present if box in self._of and not self._of[box].holds(now_ns))
        if not over:
            self._first_ns = min((one.until_ns for one in self._of.values() if one.holds(now_ns)), default=NEVER_NS)
        return over

    def terms(self, box: str, lease: Lease, state: State, now_ns: int) -> Terms:
        """The answer to its heartbeat."""
        nonce = f"{self._life}.{next(self._numbers)}"
        lessee, ask = asked(self._of[box], nonce, time.monotonic_ns())
        self._of[box] = lessee
        version, rests = self._rested(box, state)
        return Terms(ask, now_ns, self.rules(state), version, {} if version == lease.agents else rests)

    def rules(self, state: State) -> str:
        """The version of all rules: each branch's by itself would hold up everybody's heartbeat after a change."""
        if not self._rules:
            self._rules = version_of(state.rules)
        return self._rules

    def changed(self, boxes: Iterable[str]) -> None:
        """Agents there are not what they were."""
        for box in boxes:
            self._rests.pop(box, None)

    def rules_changed(self) -> None:
        """All of them."""
        self._rules = ""
        self._rests.clear()

    def _rested(self, box: str, state: State) -> tuple[str, Mapping[str, AgentRest]]:
        if box not in self._rests:
            rests = rests_at(state, box)
            self._rests[box] = version_of(rests), rests
        return self._rests[box]
