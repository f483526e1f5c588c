# SPDX-License-Identifier: GPL-2.0-only
"""The words of the table: states, events, actions.

On-hook and off-hook are E&M's; of a station on an FXS channel they are the open and the closed loop.
"""

import enum

from appliance.signalling.machine import Move


class State(enum.StrEnum):
    """Where a channel stands."""

    IDLE = "idle"
    BLOCKED = "blocked"  # off-hook though nobody calls, or not known
    # Outgoing, E&M.
    SEIZING = "seizing"  # a wink is awaited
    WINK_BEGUN = "wink begun"  # as yet too short for one
    WINK_SEEN = "wink seen"  # long enough; its end is awaited
    GLARE = "glare"  # we stay, the far end is to give way
    DELAYING = "delaying"  # before the first digit
    DIALLING = "dialling"
    AWAITING = "awaiting"  # an answer
    ANSWER_BEGUN = "answer begun"  # as yet it could be another wink
    # Outgoing, FXS.
    RINGING = "ringing"
    PAUSING = "pausing"  # between two rings
    # Incoming.
    BEFORE_WINK = "before wink"
    WINKING = "winking"
    COLLECTING_FIRST = "collecting first"
    COLLECTING = "collecting"
    OFFERED = "offered"
    # Both.
    CONNECTED = "connected"
    CLEARED_SHORTLY = "cleared shortly"  # on-hook, which may yet be a flash
    OPENING = "opening"  # the station sees the loop open
    LET_GO = "let go"  # the far end's on-hook is awaited
    GUARD = "guard"  # both are on-hook


class Event(enum.StrEnum):
    """Commands, bits by meaning, digits by what they make of the number, timers."""

    PLACE_WINK = "place, by wink start"
    PLACE_IMMEDIATE = "place, by immediate start"
    PLACE_RING = "place, by ringing"
    ANSWER = "answer"
    RELEASE = "release"
    LOSE = "span lost"

    SEIZURE_WINK = "seized, a wink is due"
    SEIZURE_IMMEDIATE = "seized, digits may come at once"
    SEIZURE_NUMBERLESS = "seized, and no digits are wanted"
    ON_HOOK = "on-hook"
    OFF_HOOK = "off-hook"
    GIVE_WAY = "off-hook, and the far end's call goes before ours"
    GIVE_WAY_IMMEDIATE = "the same, where it sends no wink"
    STAY = "off-hook, and ours goes before theirs"

    DIALLED = "dialled"
    DIGIT = "a digit"
    COMPLETE = "the last digit"

    TIMEOUT = "timer"


class Action(enum.StrEnum):
    """What the channel does on the way into the next state, in this order."""

    SET_IDLE = "idle"
    SET_SEIZE = "seize"
    SET_WINK = "wink"
    SET_PROCEED = "proceed"
    SET_ANSWER = "answer"
    SET_RING = "ring"
    SET_PAUSE = "pause"
    SET_CLEAR = "clear"

    DIAL = "dial"
    LISTEN = "listen for digits"
    LISTEN_NOT = "listen no more"
    DIAL_TONE = "play dial tone"
    DIAL_TONE_NOT = "stop dial tone"

    TELL_SEIZED = "CallSeized"
    TELL_OFFERED = "CallOffered"
    TELL_ACCEPTED = "CallAccepted"
    TELL_ANSWERED = "CallAnswered"
    TELL_FLASHED = "HookFlashed"
    TELL_CLEARED = "CallCleared"
    TELL_BLOCKED = "ChannelBlocked"
    TELL_UNBLOCKED = "ChannelIdle"


Cells = dict[Event, Move[State, Action]]
