# SPDX-License-Identifier: GPL-2.0-only
"""The words of the table: states, events, actions. Line signals are those of Q.421, register signals those of Q.441.

In the compelled cycle (Q.440) the forward signal stands until the backward one is heard, and that one until the forward
signal has ended. States named SENDING and DUE are the outgoing register's, its tone on and off; EXPECTING and ASKING
the incoming register's, its tone off and on.
"""

import enum

from appliance.signalling.machine import Move


class State(enum.StrEnum):
    """Where a channel stands."""

    # Nobody's.
    IDLE = "idle"
    BLOCKED = "blocked"  # by the far end, or its state is not known
    WITHDRAWN = "withdrawn"  # blocked by us
    HELD = "held"  # by the far end, long after its call was over here
    # Outgoing.
    SEIZING = "seizing"
    UNACKNOWLEDGED = "unacknowledged"
    GLARE = "glare"
    SENDING_DIGIT = "sending digit"  # group I; a signal of group A is awaited
    SENDING_CALLER = "sending caller"  # category or caller's digit; group A, or C where the variant has it
    SENDING_SERVICE = "sending service"  # group II after the changeover; group B
    OUT_OF_DIGITS = "out of digits"  # silent until the far end pulses
    DUE_DIGIT = "due digit"
    DUE_CATEGORY = "due category"
    DUE_CALLER = "due caller"
    DUE_SERVICE = "due service"
    DUE_ACCEPTANCE = "due acceptance"
    DUE_REFUSAL = "due refusal"
    RINGING = "ringing"
    CONNECTED = "connected"
    CLEARED_SHORTLY = "cleared shortly"  # a clear-back that may yet be a metering pulse
    CLEARED_BACK = "cleared back"
    CLEARING = "clearing"  # clear-forward sent, release guard awaited
    # Incoming.
    SEIZED = "seized"
    EXPECTING_DIGIT = "expecting digit"
    EXPECTING_CATEGORY = "expecting category"
    EXPECTING_CALLER = "expecting caller"
    EXPECTING_SERVICE = "expecting service"
    ASKING_DIGIT = "asking digit"
    ASKING_CATEGORY = "asking category"
    ASKING_CALLER = "asking caller"
    ASKING_SERVICE = "asking service"
    PULSING_CATEGORY = "pulsing category"
    PULSING_SERVICE = "pulsing service"
    PULSING_COMPLETE = "pulsing complete"
    PULSING_CONGESTION = "pulsing congestion"
    COMPLETING = "completing"  # address complete is being said, without group B
    OFFERED = "offered"  # the service signal stands until we say group B
    ACCEPTING = "accepting"
    ANSWERING = "answering"
    REFUSING = "refusing"  # our last word stands, and says why
    LEAVING = "leaving"  # released, but what we asked for stands yet
    DECLINING = "declining"  # released: the next signal is answered by congestion
    TAKING_BACK = "taking back"  # released, but that the line is free stands yet
    SETTLING = "settling"
    SETTLING_ANSWER = "settling answer"
    ALERTING = "alerting"
    ANSWERED = "answered"
    ANSWERED_ONCE = "answered once"  # the gap of a double answer
    ANSWERED_TWICE = "answered twice"
    METERING = "metering"
    LET_GO = "let go"  # clear-forward awaited


class Event(enum.StrEnum):
    """Commands, line signals, register signals by meaning, timers."""

    PLACE = "place"
    ACCEPT = "accept"
    ANSWER = "answer"
    METER = "meter"
    RELEASE = "release"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    LOSE = "span lost"

    IDLE_HEARD = "idle heard"
    BLOCKING_HEARD = "blocking heard"
    SEIZURE = "seizing heard"
    DOUBLE_SEIZURE = "double seizing heard"
    SEIZE_ACK = "seizing acknowledged"
    ANSWER_HEARD = "answer heard"
    CLEAR_BACK = "clear-back heard"
    FORCED_RELEASE = "forced release heard"
    CLEAR_FORWARD = "clear-forward heard"

    DIGIT_ASKED = "a digit is asked"
    CATEGORY_ASKED = "the category is asked"
    CALLER_ASKED = "the caller's next digit is asked"
    SERVICE_ASKED = "changeover to group B"
    ACCEPTED = "address complete, or line free"
    REFUSED = "refused"
    UNKNOWN = "a signal without meaning here"
    QUIET = "the far end's signal has ended"
    QUIET_SPENT = "it has ended, and there is nothing to send"

    WANT_DIGIT = "heard, a digit is wanted"
    WANT_CATEGORY = "heard, the category is wanted"
    WANT_CALLER = "heard, a caller's digit is wanted"
    WANT_SERVICE = "heard, the changeover is wanted"
    WANT_COMPLETE = "heard, address complete is to be said"
    WANT_CONGESTION = "heard, and it cannot be served"
    SERVICE_HEARD = "heard, all is told"
    PULSE_CATEGORY = "silent too long, the category is wanted"
    PULSE_SERVICE = "silent too long, the changeover is wanted"
    PULSE_COMPLETE = "silent too long, address complete is to be said"
    PULSE_CONGESTION = "silent too long"

    TIMEOUT = "timer"


class Action(enum.StrEnum):
    """What the channel does on the way into the next state, in this order."""

    SET_IDLE = "idle"
    SET_BLOCKED = "blocked"
    SET_SEIZE = "seize"
    SET_SEIZE_ACK = "seize_ack"
    SET_ANSWER = "answer"
    SET_CLEAR_BACK = "clear_back"
    SET_CLEAR_FORWARD = "clear_forward"
    SET_UNANSWERED = "forced_release"  # as far as the variant has it: Q.421 knows no release before answer

    LISTEN_FORWARD = "listen for forward signals"
    LISTEN_BACKWARD = "listen for backward signals"
    LISTEN_NOT = "listen no more"

    SEND_DIGIT = "forward: digit"
    SEND_CATEGORY = "forward: category"
    SEND_CALLER = "forward: caller's digit"
    SEND_SERVICE = "forward: service"
    ASK_DIGIT = "next_digit"
    ASK_CATEGORY = "category"
    ASK_CALLER = "next_caller"
    ASK_SERVICE = "group_b"
    SAY_COMPLETE = "address_complete"
    SAY_CONGESTION = "congestion"
    SAY_FREE = "backward: line free"
    SAY_REFUSAL = "backward: why not"
    STOP = "silence"

    TELL_SEIZED = "CallSeized"
    TELL_OFFERED = "CallOffered"
    TELL_ACCEPTED = "CallAccepted"
    TELL_ANSWERED = "CallAnswered"
    TELL_METERED = "PulseReceived"
    TELL_DISCONNECTED = "CallDisconnected"
    TELL_CLEARED = "CallCleared"
    TELL_BLOCKED = "ChannelBlocked"
    TELL_UNBLOCKED = "ChannelIdle"


Cells = dict[Event, Move[State, Action]]
