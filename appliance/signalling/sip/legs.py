# SPDX-License-Identifier: GPL-2.0-only
"""The worker's legs. Every step goes through the leg protocol's TABLE; a leg is released once, and gone."""

import time

import msgspec

from appliance.wire.legs import TABLE, Direction, Leg, LegState, LegStep, ReleasedBy, step


class UnknownLegError(KeyError):
    """No such leg here, or it is gone."""


class LegTable:
    """Legs by id. No I/O."""

    def __init__(self) -> None:
        self._legs: dict[str, Leg] = {}

    def add(self, leg: str, direction: Direction, channel: str, port: int, **told: str | None) -> Leg:
        """A new leg. Raises ValueError if the id was used."""
        if leg in self._legs:
            raise ValueError(f"leg {leg} is there already")
        state = LegState.OFFERED if direction is Direction.INCOMING else LegState.PLACED
        made = Leg(leg=leg, direction=direction, state=state, channel=channel, port=port, began_ns=time.time_ns())
        self._legs[leg] = msgspec.structs.replace(made, **told)
        return self._legs[leg]

    def get(self, leg: str) -> Leg:
        """A leg. Raises UnknownLegError."""
        if leg not in self._legs:
            raise UnknownLegError(leg)
        return self._legs[leg]

    def may(self, leg: str, by: LegStep) -> bool:
        """Whether TABLE has this step for the leg as it stands. Raises UnknownLegError."""
        return by in TABLE[self.get(leg).state]

    def move(self, leg: str, by: LegStep, sample: int | None = None) -> Leg:
        """Take a step; `sample` is kept of an answer. Raises UnknownLegError, KeyError."""
        before = self.get(leg)
        after = msgspec.structs.replace(before, state=step(before.state, by))
        if by is LegStep.ANSWER:
            after = msgspec.structs.replace(after, answered_sample=sample)
        self._legs[leg] = after
        return after

    def note(self, leg: str, contact: str) -> None:
        """Remember the contact. Raises UnknownLegError."""
        self._legs[leg] = msgspec.structs.replace(self.get(leg), contact=contact)

    def release(self, leg: str, cause: int, by: ReleasedBy, sample: int) -> Leg:
        """The leg as it ended. Raises UnknownLegError."""
        end = self.move(leg, LegStep.RELEASE)
        del self._legs[leg]
        return msgspec.structs.replace(end, cause=cause, by=by, released_sample=sample)

    def living(self) -> tuple[Leg, ...]:
        """All there are."""
        return tuple(self._legs.values())
