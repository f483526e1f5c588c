# SPDX-License-Identifier: GPL-2.0-only
"""The words of the table: states, events, actions."""

import enum

from appliance.signalling.machine import Move


class State(enum.StrEnum):
    """Where a line stands."""

    # Nobody's.
    IDLE = "idle"
    BLOCKED = "blocked"  # no battery, or not known
    IN_USE = "in use"  # by a parallel phone
    GUARD = "guard"  # we have hung up
    # Incoming.
    ANNOUNCED = "announced"  # a reversal, a message or ground on tip: it will ring
    RUNG = "rung"  # the first ring
    AWAITING_CALLER = "awaiting caller"  # between the first two
    DATA_RING = "data ring"  # Japan: a short ring asks us to take the line for the number
    TAKEN = "taken"
    RETURNED = "returned"  # and given back; the true ringing is awaited
    OFFERED = "offered"  # silent between two rings
    OFFERED_RINGING = "offered, ringing"
    IGNORED = "ignored"  # released before the answer: until it rings no more
    IGNORED_RINGING = "ignored, ringing"
    SETTLING = "settling"  # answered; what the exchange switches now means nothing
    # Outgoing.
    GROUNDING = "grounding"  # ground start: ground on tip is awaited
    AWAITING_DIAL_TONE = "awaiting dial tone"
    SEIZED_BLIND = "seized blind"
    DIALLING = "dialling"
    AWAITING_ANSWER = "awaiting answer"
    PRESUMING = "presuming"  # no supervision: silence will be an answer
    RINGING = "ringing"  # ringing tone is heard
    # Both.
    CONNECTED = "connected"
    CONNECTED_SILENT = "connected, silent"
    FLASHING = "flashing"
    FLASHED = "flashed"


class Event(enum.StrEnum):
    """Commands, what the pair does, what is heard, timers."""

    PLACE = "place, upon dial tone"
    PLACE_BLIND = "place, without waiting for dial tone"
    PLACE_GROUND = "place, by ground on ring"
    ANSWER = "answer"
    FLASH = "flash"
    RELEASE = "release"
    LOSE = "port or span lost"

    BATTERY = "battery"
    OPEN = "no battery"
    SHARED = "a parallel phone is off-hook"
    ANNOUNCEMENT = "it will ring"
    ANSWER_SEEN = "answer by reversal"
    HANG_UP = "the far end has hung up"

    RING = "rings"
    RING_LAST = "rings, and nothing more is to come"
    RING_DATA = "rings so that the line is taken"
    RING_END = "rings no more"

    CALLER = "caller ID"
    NO_CALLER = "a caller ID that cannot be read"
    DIAL_TONE = "dial tone"
    RINGBACK = "ringing tone"
    RINGBACK_END = "its end"
    BUSY = "busy tone"
    CONGESTION = "congestion tone"
    UNOBTAINABLE = "unobtainable tone"
    INFORMATION = "special information tone"
    VOICE = "voice"
    SILENCE = "silence"

    DIALLED = "dialled"
    DIALLED_UNSUPERVISED = "dialled, and the answer is presumed"
    DIALLED_ANSWERED = "dialled, which is the answer"

    TIMEOUT = "timer"


class Action(enum.StrEnum):
    """What the line does on the way into the next state. Hook and ears are the state's, states.HOOK and states.EARS."""

    DIAL = "dial"

    TELL_SEIZED = "CallSeized"
    TELL_OFFERED = "CallOffered"
    TELL_ACCEPTED = "CallAccepted"
    TELL_ANSWERED = "CallAnswered"
    TELL_DISCONNECTED = "CallDisconnected"
    TELL_CLEARED = "CallCleared"
    TELL_BLOCKED = "ChannelBlocked"
    TELL_UNBLOCKED = "ChannelIdle"
    FORGET = "what was announced did not come"


Cells = dict[Event, Move[State, Action]]
