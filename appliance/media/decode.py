# SPDX-License-Identifier: GPL-2.0-only
"""`struct bl_event` to EngineEvent. Kinds are those of dsp/include/event.h."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any, Literal

from appliance.media import segment as shared
from appliance.media.events import (
    AnswerTone,
    BitsChanged,
    CallerHeard,
    CallerStandard,
    CommandKind,
    CommandRefused,
    DigitDetected,
    DigitsCollected,
    DigitsSent,
    EngineEvent,
    FaxHeard,
    FrameReceived,
    PlayEnded,
    Profile,
    ProfileChanged,
    RecordingEnded,
    RtpTimedOut,
    SignalHeard,
    SignalKind,
    SoundHeard,
    SpanAlarmChanged,
    ToneHeard,
)
from drivers.model import Alarm

_PLAY_REASONS: tuple[Literal["finished", "digit", "stopped", "closed"], ...] = (
    "finished",
    "digit",
    "stopped",
    "closed",
)
_COLLECT_REASONS: tuple[Literal["full", "terminator", "timeout", "closed"], ...] = (
    "full",
    "terminator",
    "timeout",
    "closed",
)


def decode(event: Any) -> EngineEvent:
    """Make the event that a `struct bl_event` holds."""
    return _DECODERS[event.kind](event)


def _alarm(event: Any) -> SpanAlarmChanged:
    return SpanAlarmChanged(event.port, Alarm(event.count), event.sample)


def _frame(event: Any) -> FrameReceived:
    return FrameReceived(event.port, shared.octets(event.octets, event.length))


def _play(event: Any) -> PlayEnded:
    return PlayEnded(event.port, event.id, _PLAY_REASONS[event.reason], event.count)


def _collected(event: Any) -> DigitsCollected:
    digits = _text(event)
    terminator = chr(event.count) if event.count else ""
    return DigitsCollected(event.port, event.id, digits, _COLLECT_REASONS[event.reason], terminator)


def _sent(event: Any) -> DigitsSent:
    return DigitsSent(event.port, event.id)


def _digit(event: Any) -> DigitDetected:
    return DigitDetected(event.port, _text(event), event.sample)


def _recording(event: Any) -> RecordingEnded:
    return RecordingEnded(event.id, event.count, event.lost, event.sample)


def _timed_out(event: Any) -> RtpTimedOut:
    return RtpTimedOut(event.port)


def _refused(event: Any) -> CommandRefused:
    error = errno.errorcode.get(event.reason, str(event.reason))
    return CommandRefused(CommandKind(event.count), event.port, event.id, error)


def _caller(event: Any) -> CallerHeard:
    octets = b"" if event.reason else shared.octets(event.octets, event.length)
    return CallerHeard(event.port, CallerStandard(event.count), octets)


def _sound(event: Any) -> SoundHeard:
    octets = shared.octets(event.octets, event.length)
    part = len(octets) // event.count
    heard, sent, echoed = (octets[place * part : (place + 1) * part] for place in range(3))
    return SoundHeard(event.port, heard, sent, event.sample, echoed)


def _text(event: Any) -> str:
    return shared.octets(event.octets, event.length).decode("ascii")


_DECODERS: dict[int, Callable[[Any], EngineEvent]] = {
    1: _alarm,
    2: _frame,
    3: _play,
    4: _collected,
    5: _sent,
    6: _digit,
    7: _recording,
    8: _timed_out,
    9: _refused,
    11: lambda event: ToneHeard(event.port, AnswerTone(event.reason), bool(event.count)),
    12: lambda event: FaxHeard(event.port),
    13: lambda event: ProfileChanged(event.port, Profile(event.reason)),
    15: lambda event: SignalHeard(event.port, SignalKind(event.reason), event.id, bool(event.count), event.sample),
    14: lambda event: BitsChanged(event.port, event.reason, event.sample),
    16: _caller,
    17: _sound,
}
