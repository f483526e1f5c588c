# SPDX-License-Identifier: GPL-2.0-only
"""What a step asks for: the outputs of states.step, carried out by the shell (shell/contacts.py) in order."""

import msgspec

from appliance.wire.calls import CallEvent
from appliance.wire.legs import AlertLeg, AnswerLeg, PlaceLeg, ProceedLeg, ReleaseLeg, TransferTold
from appliance.wire.routes import RouteRequest
from appliance.wire.treatments import RunTreatment, StopTreatment


class ToWorker(msgspec.Struct, frozen=True):
    """A leg command, to the worker that holds the leg."""

    worker: str
    command: PlaceLeg | ProceedLeg | AlertLeg | AnswerLeg | ReleaseLeg | TransferTold


class ToIvr(msgspec.Struct, frozen=True):
    """A treatment to run or stop."""

    command: RunTreatment | StopTreatment


class Ask(msgspec.Struct, frozen=True):
    """Ask headquarters; the shell answers Routed or RouteMissing within the route time-out."""

    request: RouteRequest


class Record(msgspec.Struct, frozen=True):
    """Say this in the contact's record."""

    event: CallEvent


class StartRingTimer(msgspec.Struct, frozen=True):
    """RingEnded after this many seconds, unless the contact has left RINGING."""

    seconds: int


class RingBack(msgspec.Struct, frozen=True):
    """Let the caller hear ring-back."""

    port: int


class Silence(msgspec.Struct, frozen=True):
    """Stop ring-back."""

    port: int


class Join(msgspec.Struct, frozen=True):
    """Bridge two ports; record both sides from `from_sample` on where `recording` is not 0.

    `clear`: octets pass untouched from now on, whatever they are.
    """

    caller: int
    agent: int
    recording: int
    from_sample: int
    clear: bool = False


class Part(msgspec.Struct, frozen=True):
    """Undo a bridge and end its recording, if any."""

    port: int
    recording: int


Action = ToWorker | ToIvr | Ask | Record | StartRingTimer | RingBack | Silence | Join | Part
