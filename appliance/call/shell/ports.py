# SPDX-License-Identifier: GPL-2.0-only
"""What call control needs from outside, as it needs it; the composition root supplies both."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Protocol

from appliance.call.actions import Join
from appliance.wire.agents import OrderDone
from appliance.wire.calls import CallEvent
from appliance.wire.legs import AlertLeg, AnswerLeg, PlaceLeg, ProceedLeg, ReleaseLeg, TakeSnapshot, TransferTold
from appliance.wire.routes import RouteRequest
from appliance.wire.treatments import RunTreatment, StopTreatment

LegCommand = PlaceLeg | ProceedLeg | AlertLeg | AnswerLeg | ReleaseLeg | TransferTold | TakeSnapshot


class Links(Protocol):
    """The other processes of the box, and the outbox."""

    def to_worker(self, worker: str, command: LegCommand) -> None:
        """Send a leg command; it is repeated until acknowledged."""

    def placing(self, worker: str) -> AbstractSet[str]:
        """Legs whose PlaceLeg it has not acknowledged."""

    def to_ivr(self, command: RunTreatment | StopTreatment) -> None:
        """Send a treatment command."""

    def ask(self, request: RouteRequest) -> bool:
        """Ask headquarters; False where the question cannot even leave this process."""

    def done(self, order: OrderDone) -> None:
        """Tell the uplink what has become of an order."""

    def record(self, events: Iterable[CallEvent], contact: str, kept: bytes | None) -> None:
        """Store events and the contact's state together; None where it is over."""


class Switch(Protocol):
    """The media engine, as call control drives it."""

    @property
    def samples(self) -> int:
        """The engine's clock, in samples at 8 kHz."""

    def ring_back(self, port: int) -> None:
        """Ring-back tone to this port until it is joined or silenced."""

    def silence(self, port: int) -> None:
        """End what the port is played."""

    def join(self, join: Join) -> None:
        """Bridge two ports, with a recording where it has a number; clear where it says so."""

    def part(self, port: int, recording: int) -> None:
        """Undo a bridge, end the recording."""
