# SPDX-License-Identifier: GPL-2.0-only
"""The router's desk: stamps the time, applies events one after another, logs what came of them.

The one place where the router's state changes. Everything is done within the event loop's turn, so a decision takes as
long as `apply` and waits for nothing.
"""

import asyncio
import time
from collections.abc import Iterable

import structlog

from appliance.config import Headquarters
from appliance.router.apply import apply
from appliance.router.events import Answer, BranchHeard, CallTold, Event, ReservationEnded, RouteAsked, TimePassed
from appliance.router.rules import CallType, Rules, Seat
from appliance.router.state import begin
from appliance.script.loading import load
from appliance.wire.envelope import Envelope
from appliance.wire.routes import RouteAnswer, RouteRequest

LAPSE_S = 0.25

log = structlog.get_logger()


def rules_of(config: Headquarters) -> Rules:
    """What the configuration and its scripts say. Raises ConfigurationError."""
    groups = {group.name: group.agents for group in config.skill_groups}
    names = sorted({one.script for one in config.call_types})
    return Rules(
        call_types={dnis: CallType(one.name, dnis, one.script) for one in config.call_types for dnis in one.dnis},
        skill_groups=groups,
        seats={one.id: Seat(one.id, one.name, one.box, one.extension) for one in config.agents},
        scripts={name: load(config.scripts / f"{name}.yaml", groups) for name in names},
    )


class Desk:
    """`epoch` names this life of the router; `open_legs` are (box, agent, extension, leg) from the record."""

    def __init__(self, rules: Rules, epoch: str, open_legs: Iterable[tuple[str, str, str, str]] = ()) -> None:
        busy = [(agent or rules.agent_at(box, extension) or "", leg) for box, agent, extension, leg in open_legs]
        self._state = begin(rules, epoch, time.time_ns(), busy)

    def ask(self, box: str, request: RouteRequest) -> RouteAnswer:
        """Decide."""
        answer = self._apply(RouteAsked(time.time_ns(), box, request))
        if answer is None:
            raise TypeError("a question has an answer")
        log.info(
            "route.request.answered",
            contact=request.contact,
            outcome=request.outcome,
            action=type(answer.action).__name__,
            reason=answer.reason,
        )
        return answer

    def told(self, events: Iterable[Envelope]) -> None:
        """Call events that were committed for the first time."""
        for envelope in events:
            self._apply(CallTold(time.time_ns(), envelope.box, envelope.body))  # type: ignore[arg-type]  # read_batch has seen to it

    def heard(self, box: str) -> None:
        """A heartbeat."""
        self._apply(BranchHeard(time.time_ns(), box))

    async def run(self) -> None:
        """Let reservations lapse, for ever; cancel to end."""
        while True:
            await asyncio.sleep(LAPSE_S)
            expiry = self._state.next_expiry_ns()
            if expiry is not None and expiry <= time.time_ns():
                self._apply(TimePassed(time.time_ns()))

    def _apply(self, event: Event) -> RouteAnswer | None:
        self._state, effects = apply(self._state, event)
        answer = None
        for effect in effects:
            if isinstance(effect, Answer):
                answer = effect.answer
            else:
                _log_ended(effect)
        return answer


def _log_ended(ended: ReservationEnded) -> None:
    log.info("route.reservation.ended", agent=ended.agent, contact=ended.contact, why=ended.why)
