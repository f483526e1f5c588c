# SPDX-License-Identifier: GPL-2.0-only
"""What a robot brings home from a call: when each thing happened, who cleared and why, what it heard and said."""

import msgspec

from appliance.simulator.ear import Heard
from appliance.wire.legs import Direction, ReleasedBy


class Moment(msgspec.Struct, frozen=True):
    """When: this machine's monotonic clock, and the exchange's engine clock (8 kHz, read to within a tick, 5 ms)."""

    ns: int
    sample: int


class Said(msgspec.Struct, frozen=True):
    """Sounds that a robot said. The first octet went out with the tick after `began`."""

    sounds: tuple[str, ...]
    began: Moment
    octets: int
    """A-law octets that were said, over all repetitions."""


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """One call as the exchange saw it. Moments are None where the thing never happened.

    Directions are the branch's: incoming was placed by a robot, outgoing was placed by the branch.
    """

    direction: Direction
    dialled: str
    clid: str | None
    timeslot: int
    began: Moment
    """SETUP was sent or received."""
    proceeding: Moment | None = None
    sounding: Moment | None = None
    """Told that sound comes before the answer (Q.931 §5.4.1)."""
    alerting: Moment | None = None
    answered: Moment | None = None
    released: Moment
    """The first message that cleared, either way."""
    cleared: Moment
    """The channel was free."""
    cause: int
    """Q.850: as received if the peer cleared, as given if the robot did."""
    by: ReleasedBy
    """peer: the branch; us: the robot; fault: a timer, a RESTART or a dead D-channel ended it."""
    unmet: str | None = None
    """Which step of the script was not fulfilled, and why; None if all were."""
    heard: Heard | None = None
    said: tuple[Said, ...] = ()
    digits: str = ""
    """DTMF that the exchange's own detector heard."""
