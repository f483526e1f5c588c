# SPDX-License-Identifier: GPL-2.0-only
"""The envelope: who said it, in which order, when, and because of what.

(box, process, incarnation, seq) is unique for ever. `mono_ns` orders what one box said, `at_ns` is UTC as that box
knew it and `clock` how well it knew. `cause` is the id of the message that this one answers. JSON on every wire; a
reader ignores fields that it does not know, and a message type that it does not know decodes to UnknownMessageError.
"""

import itertools
import re
import time

import msgspec

from appliance.wire import (
    agents,
    alarms,
    call_control,
    callbacks,
    calls,
    configuration,
    fleet,
    learning,
    legs,
    line_tests,
    link,
    performance,
    peripherals,
    remote,
    routes,
    service_messages,
    spans,
    treatments,
    update,
    voicemail,
)
from appliance.wire.ids import Identity

VERSION = 1

Body = (
    legs.Hello
    | legs.LegSnapshot
    | legs.LegOffered
    | legs.LegPlaced
    | legs.LegProceeding
    | legs.LegAlerting
    | legs.LegAnswered
    | legs.LegHeld
    | legs.LegRetrieved
    | legs.TransferAsked
    | legs.LegCharged
    | legs.LegReleased
    | legs.PlaceLeg
    | legs.DialLeg
    | legs.ProceedLeg
    | legs.AlertLeg
    | legs.AnswerLeg
    | legs.ReleaseLeg
    | legs.TransferLeg
    | legs.TransferTold
    | legs.TakeSnapshot
    | spans.SpanChanged
    | performance.SpanPerformance
    | learning.LinesLearned
    | link.LinkNow
    | line_tests.CheckLine
    | line_tests.LoopLine
    | line_tests.LineStep
    | line_tests.LineChecked
    | call_control.CallsNow
    | call_control.ClearCall
    | call_control.TestCall
    | call_control.CallTested
    | call_control.TestCallsNow
    | call_control.MakeTestCalls
    | agents.AgentAsked
    | agents.AgentTold
    | agents.WhoDecides
    | agents.FloorAsked
    | agents.FloorTold
    | callbacks.PlaceContact
    | callbacks.AddCallback
    | callbacks.CancelCallback
    | callbacks.CallbackTold
    | voicemail.MarkVoicemail
    | voicemail.VoicemailMarked
    | agents.CallAsked
    | agents.OrderDone
    | agents.AgentNoted
    | agents.ContactAsked
    | agents.ContactTold
    | peripherals.AgentsChanged
    | peripherals.PeripheralSnapshot
    | alarms.AlarmRaised
    | alarms.AlarmCleared
    | alarms.ClearAlarms
    | configuration.Configured
    | update.CheckBundle
    | update.BundleChecked
    | update.InstallBundle
    | update.ConfirmUpdate
    | update.FallBack
    | update.UpdateTold
    | fleet.ConfigurationReported
    | fleet.ConfigurationHeard
    | fleet.PushConfiguration
    | fleet.BoxesAsked
    | fleet.BoxesTold
    | fleet.DiffAsked
    | fleet.DiffTold
    | fleet.StartPush
    | fleet.OrderPush
    | fleet.PushAsked
    | fleet.PushTold
    | fleet.AuditAsked
    | fleet.AuditTold
    | treatments.RunTreatment
    | treatments.StopTreatment
    | treatments.TreatmentStep
    | treatments.TreatmentEnded
    | treatments.TreatmentSnapshot
    | remote.LineTyped
    | remote.LineAnswered
    | routes.RouteRequest
    | routes.RouteAnswer
    | routes.LegInterrupted
    | routes.RouteHeld
    | routes.RouteSilent
    | calls.CallEvent
    | service_messages.Attach
    | service_messages.Accepted
    | service_messages.Refused
)


class UnknownMessageError(ValueError):
    """Octets that are no envelope of ours: not JSON, a wrong type, a missing field, an unknown `type`."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One message with its address, order and time."""

    v: int = VERSION
    id: str
    box: str
    process: str
    incarnation: str
    seq: int
    mono_ns: int
    at_ns: int
    clock: str = "system"
    cause: str | None = None
    body: Body


MOST = (1 << 63) - 1
_SUSPECT = re.compile(rb"\d{20}|9[2-9]\d{17}|\\u0000")
"""Octets in which there may be an integer beyond 64 bits, or a NUL."""
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Envelope)


def encode(envelope: Envelope) -> bytes:
    """One line of JSON, without the line's end."""
    return _encoder.encode(envelope)


def decode(octets: bytes) -> Envelope:
    """The envelope. Raises UnknownMessageError; the sentence names the field."""
    try:
        said = _decoder.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnknownMessageError(str(error)) from error
    if _SUSPECT.search(octets) and (wrong := _unfit(msgspec.to_builtins(said), "$")):
        raise UnknownMessageError(wrong)
    return said


def _unfit(value: object, at: str) -> str:
    """What no database takes, in words that are like msgspec's."""
    if isinstance(value, dict):
        found = (_unfit(part, f"{at}.{name}") or _unfit(name, f"{at}.{name}") for name, part in value.items())
        return next(filter(None, found), "")
    if isinstance(value, list | tuple):
        return next(filter(None, (_unfit(part, f"{at}[{n}]") for n, part in enumerate(value))), "")
    if isinstance(value, int) and not -MOST - 1 <= value <= MOST:
        return f"Expected an integer of 64 bits - at `{at}`"
    if isinstance(value, str) and "\0" in value:
        return f"Expected no NUL character - at `{at.replace(chr(0), '?')}`"
    return ""


def check_version(said: Envelope) -> None:
    """Raises UnknownMessageError where it may mean something else than it says here."""
    if said.v != VERSION:
        raise UnknownMessageError(f"version {said.v} of the protocol is not spoken here; {VERSION} is")


class Sealer:
    """Puts one process's messages into envelopes, in order."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._seq = itertools.count(1)

    def seal(self, body: Body, message_id: str | None = None, cause: str | None = None) -> Envelope:
        """`message_id`: a command's own id, to be repeated as it is; otherwise one is made from the order."""
        seq = next(self._seq)
        who = self.identity
        return Envelope(
            id=message_id or f"{who.process}.{who.incarnation}.e{seq}",
            box=who.box,
            process=who.process,
            incarnation=who.incarnation,
            seq=seq,
            mono_ns=time.monotonic_ns(),
            at_ns=time.time_ns(),
            cause=cause,
            body=body,
        )
