# SPDX-License-Identifier: GPL-2.0-only
"""A leg as the line worker keeps it: what the leg protocol shows of it, its call on the D-channel, and its end."""

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from appliance.line.states import BEGIN, TOLD, State
from appliance.signalling.pri.events import CallNumber
from appliance.wire.legs import Leg, LegState, Location, ReleasedBy

TEMPORARY_FAILURE = 41  # Q.850


class End(NamedTuple):
    """Why and when a leg was let go; the first reason counts. `sample` is the engine's clock then.

    `location`: where the cause was made, as the peer or the controller says.
    """

    cause: int
    by: ReleasedBy
    sample: int
    location: Location | None = None


@dataclass(slots=True, eq=False)
class LineLeg:
    """`told` is the leg as a snapshot shows it; while it is being cleared that is its last state before."""

    told: Leg
    call: CallNumber
    timeslot: int
    port: int
    state: State = State.GONE
    end: End | None = None

    def __post_init__(self) -> None:
        self.state = BEGIN[self.told.direction]

    @property
    def cause(self) -> int:
        """Why it was let go."""
        return self.end.cause if self.end else TEMPORARY_FAILURE

    def enter(self, state: State) -> None:
        """Move on."""
        self.state = state
        if state in TOLD:
            self.told = msgspec.structs.replace(self.told, state=TOLD[state])

    def note(self, contact: str) -> None:
        """Keep the controller's note."""
        self.told = msgspec.structs.replace(self.told, contact=contact)

    def let_go(self, end: End) -> None:
        """Note the reason of the end, unless there is one."""
        self.end = self.end or end

    def released(self, end: End) -> Leg:
        """As it stands in snapshots until a controller has heard of its release."""
        return msgspec.structs.replace(
            self.told,
            state=LegState.RELEASED,
            cause=end.cause,
            by=end.by,
            released_sample=end.sample,
            location=end.location,
        )
