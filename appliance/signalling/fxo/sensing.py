# SPDX-License-Identifier: GPL-2.0-only
"""What the pair does and what is heard into events: the same reversal is an announcement, an answer or a hang-up.

The line's state and its settings decide.
"""

from appliance.signalling.fxo.events import Feed
from appliance.signalling.fxo.incoming import FREE, INCOMING
from appliance.signalling.fxo.outgoing import OUTGOING
from appliance.signalling.fxo.settings import Answer, CallerId, HangUp, Place, Settings
from appliance.signalling.fxo.words import Event, State
from dsp.tone import Kind

POLARITIES = (Feed.NORMAL, Feed.REVERSED)
_ON_HOOK = FREE.keys() | INCOMING.keys()
_TALKING = (State.CONNECTED, State.CONNECTED_SILENT)
_TONES = {
    Kind.DIAL: Event.DIAL_TONE,
    Kind.RINGBACK: Event.RINGBACK,
    Kind.BUSY: Event.BUSY,
    Kind.CONGESTION: Event.CONGESTION,
    Kind.UNOBTAINABLE: Event.UNOBTAINABLE,
    Kind.INFORMATION: Event.INFORMATION,
}
_ENDS = (Kind.DIAL, Kind.BUSY, Kind.CONGESTION, Kind.UNOBTAINABLE)


def of_feed(state: State, was: Feed | None, now: Feed | None, settings: Settings) -> Event | None:
    """A change of what the exchange makes of the pair."""
    if now is Feed.SHARED:
        return Event.SHARED
    if now is Feed.OPEN:
        return _of_open(state, settings)
    if was not in POLARITIES:
        if settings.ground_start and state is State.IDLE:
            return Event.ANNOUNCEMENT
        return Event.BATTERY
    if state in _TALKING:
        return Event.HANG_UP if HangUp.POLARITY in settings.hang_up else None
    if state in OUTGOING:
        return Event.ANSWER_SEEN if settings.answer is Answer.POLARITY else None
    return Event.ANNOUNCEMENT if settings.told_before_ring and settings.place is Place.POLARITY else None


def _of_open(state: State, settings: Settings) -> Event | None:
    if state in _TALKING:
        return Event.HANG_UP if settings.ground_start or HangUp.CPC in settings.hang_up else None
    if settings.ground_start:
        return Event.BATTERY if state in (State.BLOCKED, State.IN_USE) else None
    return Event.OPEN if state in _ON_HOOK else None


def of_standing(state: State, feed: Feed | None, settings: Settings) -> Event | None:
    """What stands already when a state is entered."""
    if state is State.IDLE and feed is Feed.SHARED:
        return Event.SHARED
    if feed is Feed.OPEN and state in (State.IDLE, *_TALKING):
        return _of_open(state, settings)
    return None


def of_ring(state: State, settings: Settings, *, on: bool, known: bool) -> Event:
    """The ring begins or ends; `known`: the caller is already."""
    if not on:
        return Event.RING_END
    if state is State.ANNOUNCED and settings.caller_id is CallerId.V23_JP:
        return Event.RING_DATA
    first = state in FREE or state in (State.ANNOUNCED, State.GUARD)
    more = settings.caller_id is not CallerId.NONE and settings.place is Place.AFTER_RING and not known
    return Event.RING if first and more else Event.RING_LAST


def of_tone(state: State, was: Kind | None, now: Kind | None, settings: Settings) -> Event | None:
    """A tone is told, or has ended."""
    if state in _TALKING:
        return Event.HANG_UP if now in _ENDS and HangUp.TONE in settings.hang_up else None
    if now is None:
        unsupervised = was is Kind.RINGBACK and settings.answer is Answer.RINGBACK
        return Event.RINGBACK_END if unsupervised else None
    return _TONES.get(now)


def of_placing(settings: Settings) -> Event:
    """How a call begins."""
    if settings.ground_start:
        return Event.PLACE_GROUND
    return Event.PLACE if settings.dial_tone else Event.PLACE_BLIND


def of_dialled(settings: Settings) -> Event:
    """What is awaited when the number has been sent."""
    return {
        Answer.POLARITY: Event.DIALLED,
        Answer.RINGBACK: Event.DIALLED_UNSUPERVISED,
        Answer.DIALLED: Event.DIALLED_ANSWERED,
    }[settings.answer]
