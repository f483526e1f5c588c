# SPDX-License-Identifier: GPL-2.0-only
"""A contact that stands in queues while its script goes on: played to, asked, looked up, until an agent is free.

Its place says so (`standing`). It waits, and can be given an agent, while its branch treats it; while a source is
asked for it, or a phone rings for it, it keeps the place and nothing more. Every function gives a new state.
"""

import msgspec

from appliance.router import waiting
from appliance.router.events import RouteAsked
from appliance.router.index import put_place
from appliance.router.state import Place, Reach, State
from appliance.script.nodes import Cancel, Priority
from appliance.script.stops import Stop
from appliance.script.walk import Walk
from appliance.wire.routes import RouteAnswer, Treat
from appliance.wire.treatments import Collect, Music, Ringing, Verb, Voicemail

SOUND_S = 600  # nobody here knows how long prompts are; heartbeats tell sooner of a contact that is lost

_replace = msgspec.structs.replace


def go_on(state: State, asked: RouteAsked, walk: Walk) -> tuple[State, Stop]:
    """From the contact's cursor; where it has stood as long as it may, from its queue's `otherwise`."""
    place = state.places.get(asked.request.contact)
    if place is None or place.standing is None or not over(place, asked.at_ns):
        return state, walk.go_on()
    name, _, node = place.node.partition("/")
    why = f"has stood in {' or '.join(place.standing.queues)} for {place.standing.wait_s} s, as long as it may"
    state = left(state, asked.request.contact)
    script = state.rules.scripts.get(name)
    stop = walk.go_on() if script is None else walk.leave(script, node)
    walk.reason = "; ".join(filter(None, (why, walk.reason)))
    return state, stop


def over(place: Place, at_ns: int) -> bool:
    """Whether it is in the queues no more: for as long as it may be, or they are gone."""
    if place.standing is None:
        return False
    return not place.stands or place.here_ns + place.standing.wait_s * waiting.SECOND_NS <= at_ns


def enter(state: State, asked: RouteAsked, place: Place) -> State:
    """It stands there from now on."""
    return _replace(put_place(state, asked.request.contact, place), serial=max(state.serial, place.tie))


def left(state: State, contact: str, unless: str = "") -> State:
    """In no queue from now on, but for that of this node."""
    place = state.places.get(contact)
    if place is None or place.standing is None or place.node == unless:
        return state
    return put_place(state, contact, _replace(place, stands=(), standing=None))


def change(state: State, contact: str, node: Priority | Cancel) -> State:
    """What its script says about its queues; nothing where it stands in none."""
    if isinstance(node, Cancel):
        return left(state, contact)
    place = state.places.get(contact)
    if place is None or place.standing is None:
        return state
    return put_place(state, contact, _replace(place, priority=node.priority))


def place_now(state: State, asked: RouteAsked, reach: Reach) -> Place | None:
    """Where it stands, wider where a step is over; None: in no queue."""
    place = state.places.get(asked.request.contact)
    if place is None or place.standing is None or not place.stands:
        return None
    stands = tuple(waiting.gone_on(state, one, reach, asked.at_ns) for one in place.stands)
    return _replace(place, stands=stands, forget_ns=waiting.forgotten_ns(state, asked))


def join(
    state: State, asked: RouteAsked, place: Place, reach: Reach, answer: RouteAnswer, treat: Treat
) -> tuple[State, RouteAnswer]:
    """It waits while it is treated so; `answer` with its number."""
    if place.standing is None:
        raise AssertionError("stands in no queue")
    seconds = sum(map(_seconds, treat.verbs))
    state, answer, number = waiting.wait(state, asked, place.standing, place, reach, answer, seconds)
    return state, _replace(answer, reason=f"{answer.reason}; {number}")


def _seconds(verb: Verb) -> int:
    """At most."""
    match verb:
        case Music(seconds=seconds) | Ringing(seconds=seconds) if seconds is not None:
            return seconds
        case Voicemail():
            return verb.longest_s
        case Collect():
            digits_ms = verb.first_digit_ms + verb.max_digits * verb.inter_digit_ms
            return verb.tries * (SOUND_S + digits_ms // 1000)
        case _:
            return SOUND_S
