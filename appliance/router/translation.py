# SPDX-License-Identifier: GPL-2.0-only
"""Translation routes: a call to an agent at a site that the asking one reaches by telephone only.

The agent is reserved, and the asking side told to dial a number out of the route's pool. Whoever then arrives at the
site by that number is the one who is awaited (`arrival.py`). A number is taken as long as its reservation lasts; one
that was called in vain rests as long again, so that a call that is late is not taken for the next one's.
"""

from collections.abc import Iterable

import msgspec

from appliance.config.peripherals import TranslationRoute
from appliance.router.events import ReservationEnded
from appliance.router.index import drop_reservation, put_context, put_place, put_reservation, put_resting, put_shown
from appliance.router.rules import Rules
from appliance.router.state import Reach, Resting, State, Translation
from appliance.wire.routes import Label, RingAgent, RouteAnswer

SECOND_NS = 1_000_000_000
TOLD = "translation route"
_replace = msgspec.structs.replace


def reached(rules: Rules, box: str, reaches: tuple[str, ...]) -> tuple[str, ...]:
    """Sites to which `box` sends a call by number, not having another way."""
    return tuple([one.to for one in rules.translation_routes if box in one.from_boxes and one.to not in reaches])


def route_of(rules: Rules, box: str, to: str) -> TranslationRoute | None:
    """By which a call goes from `box` to that site."""
    return next((one for one in rules.translation_routes if one.to == to and box in one.from_boxes), None)


def named(rules: Rules, box: str, dnis: str) -> TranslationRoute | None:
    """Whose number that is at `box`."""
    return next((one for one in rules.translation_routes if one.to == box and dnis in one.dnis), None)


def blocked(state: State, reach: Reach, box: str) -> bool:
    """Whether there is no number now by which a call could go there."""
    return box in reach.routed and _free(state, route_of(state.rules, reach.boxes[0], box)) is None


def begin(state: State, answer: RouteAnswer, reach: Reach, clid: str, at_ns: int) -> tuple[State, RouteAnswer]:
    """The same answer, or what is to be dialled where the agent it rings is at a site reached so."""
    ring = answer.action
    if not reach.routed:
        return state, answer
    to = state.rules.seats[ring.agent].box if isinstance(ring, RingAgent) else ""
    route = route_of(state.rules, reach.boxes[0], to) if to in reach.routed else None
    number = _free(state, route)
    if not isinstance(ring, RingAgent) or route is None or number is None:
        return state, answer
    held = state.reservations[ring.token]
    state = drop_reservation(state, held)
    state = put_reservation(state, _replace(held, expires_ns=at_ns + route.within_s * SECOND_NS, box=to))
    key = _key(route, number)
    one = Translation(route.name, number, held.contact, clid, _replace(answer, action=_replace(ring, box="")))
    serial = state.serial + 1
    lent = {**state.lent, key: serial}
    state = _replace(state, translations={**state.translations, key: one}, lent=lent, serial=serial)
    label = Label(
        label=f"{route.prefix}{number}",
        agent=ring.agent,
        queue=ring.queue,
        token=ring.token,
        within_s=route.within_s,
        ring_s=route.within_s + ring.ring_s,
    )
    because = f", as {reach.full[to]}" if to in reach.full else ""
    reason = f"{answer.reason}; by translation route {route.name} the call goes to {to} as {number}{because}"
    return state, _replace(answer, action=label, reason=reason)


def holds(state: State, token: str) -> bool:
    """Whether a call is to arrive by number for this reservation."""
    return any(one.token == token for one in state.translations.values())


def awaits(state: State, contact: str) -> tuple[str, Translation] | None:
    """The number that this contact is to arrive by, while its agent is reserved."""
    for key, one in state.translations.items():
        if one.contact == contact and one.token in state.reservations:
            return key, one
    return None


def sent_off(state: State, contact: str) -> State | None:
    """Its first site has let it go, and it is on its way; None: it is not."""
    found = awaits(state, contact)
    if found is None:
        return None
    key, one = found
    return _replace(state, translations={**state.translations, key: _replace(one, sent_off=True)})


def is_sent_off(state: State, contact: str) -> bool:
    """Whether it is on its way without its first site."""
    found = awaits(state, contact)
    return found is not None and found[1].sent_off


def in_vain(state: State, contact: str) -> str:
    """Which number has not led this contact to an agent; empty: none."""
    if not state.translations and not state.resting:
        return ""
    for one in state.translations.values():
        if one.contact == contact and one.token not in state.reservations:
            return f"{one.number} of {one.route} was given in vain"
    resting = (one for one in state.resting.values() if one.contact == contact)
    return next((f"{one.number} was given in vain" for one in resting), "")


def given_in_vain(state: State, contact: str) -> tuple[str, ...]:
    """Agents whom this contact has not reached by a number that still rests: whoever forgets to refuse them."""
    if not state.translations and not state.resting:
        return ()
    just_now = (
        _agent(one)
        for one in state.translations.values()
        if one.contact == contact and one.token not in state.reservations
    )
    return (*just_now, *(one.agent for one in state.resting.values() if one.contact == contact))


def settle(state: State, ended: Iterable[ReservationEnded], at_ns: int) -> State:
    """Reservations have ended; a number whose call did not come rests."""
    if not state.translations:
        return state
    over = {one.token for one in ended}
    for key, one in tuple(state.translations.items()):
        if one.token not in over:
            continue
        state = given_back(state, key)
        route = next((route for route in state.rules.translation_routes if route.name == one.route), None)
        if route is not None:
            until_ns = at_ns + route.within_s * SECOND_NS
            state = put_resting(state, key, Resting(one.number, one.contact, _agent(one), until_ns))
        if one.sent_off:
            state = put_place(put_context(state, one.contact, None), one.contact, None)
            state = put_shown(state, one.contact, None)
    return state


def given_back(state: State, key: str) -> State:
    """The number is in the pool again."""
    return _replace(state, translations={name: one for name, one in state.translations.items() if name != key})


def key_of(box: str, number: str) -> str:
    """Under which a number is remembered."""
    return f"{box}/{number}"


def _agent(one: Translation) -> str:
    return one.answer.action.agent if isinstance(one.answer.action, RingAgent) else ""


def _key(route: TranslationRoute, number: str) -> str:
    return key_of(route.to, number)


def _free(state: State, route: TranslationRoute | None) -> str | None:
    """The number that has not been used for longest."""
    if route is None:
        return None
    there = [
        (state.lent.get(key, 0), place, number)
        for place, number in enumerate(route.dnis)
        if (key := _key(route, number)) not in state.translations and key not in state.resting
    ]
    return min(there)[2] if there else None
