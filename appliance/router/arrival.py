# SPDX-License-Identifier: GPL-2.0-only
"""Arrival by a translation route: the second call of a contact is known by the number that it comes by."""

import msgspec

from appliance.router import translation
from appliance.router.agents import RESERVED_NS
from appliance.router.events import Answer, Effect, RouteAsked
from appliance.router.index import drop_reservation, put_context, put_place, put_reservation, put_shown
from appliance.router.state import State, Translation
from appliance.script import context
from appliance.wire.routes import RouteAnswer

SAME_DIGITS = 7
"""Of two numbers of one caller, told by two networks, as many are the same at the end."""
Step = tuple[State, tuple[Effect, ...]]
_replace = msgspec.structs.replace


def arrived(state: State, asked: RouteAsked) -> tuple[Step | None, str]:
    """What the site is answered; None: it is decided as for any call, for the reason in the sentence, if there is one.

    The contact's place and context go on with its second call, whose contact the reservation is for from now on.
    """
    request = asked.request
    if not state.rules.translation_routes:
        return None, ""
    route = translation.named(state.rules, asked.box, request.dnis)
    if route is None or request.cursor or request.transfer_to:
        return None, ""
    key = translation.key_of(asked.box, request.dnis)
    one = state.translations.get(key)
    if one is None or one.token not in state.reservations:
        return None, f"{request.dnis} of translation route {route.name} was called, and nobody is awaited by it"
    if route.same_caller and not _same(one.clid, request.clid or ""):
        return None, f"{request.dnis} of translation route {route.name} awaits another caller"
    return _met(state, asked, key, one), ""


def noted(effects: tuple[Effect, ...], sentence: str) -> tuple[Effect, ...]:
    """With the sentence before the answer's own reason."""
    if not sentence:
        return effects
    return tuple(
        _replace(one, answer=_replace(one.answer, reason=f"{sentence}; {one.answer.reason}"))
        if isinstance(one, Answer)
        else one
        for one in effects
    )


def _met(state: State, asked: RouteAsked, key: str, one: Translation) -> Step:
    second, held = asked.request.contact, state.reservations[one.token]
    state = translation.given_back(state, key)
    state = drop_reservation(state, held)
    state = put_reservation(state, _replace(held, contact=second, expires_ns=asked.at_ns + RESERVED_NS, box=asked.box))
    place, fields = state.places.get(one.contact), state.contexts.get(one.contact)
    if place is not None:
        state = put_place(put_place(state, one.contact, None), second, place)
    if fields is not None:
        state = put_context(state, second, fields)
        state = put_context(state, one.contact, None) if one.sent_off else state
    if (pop := state.shown.get(one.contact)) is not None:
        state = put_shown(state, second, _replace(pop, now=_replace(pop.now, contact=second)))
    seat = state.rules.seats[held.agent]
    answer = _replace(
        one.answer,
        request=asked.request.request,
        reason=f"contact {one.contact} arrives by {one.number} of {one.route}, for {seat.name} ({held.agent})",
        call_type="",
        path=(),
        values={translation.TOLD: f"contact {one.contact} by {one.number} of {one.route}"},
        origin=one.contact,
        context=_shown(state, one.answer, fields.fields if fields is not None else ""),
    )
    return state, (Answer(asked.box, answer),)


def _shown(state: State, answer: RouteAnswer, fields: str) -> dict[str, str]:
    """What is not secret."""
    script = state.rules.scripts.get(answer.script)
    if script is None or not fields:
        return {}
    values, declared = context.decoded(fields.encode()), script.text.context
    return {
        name: context.shown(value) for name, value in values.items() if name in declared and not declared[name].secret
    }


def _same(one: str, other: str) -> bool:
    """A country code or a trunk prefix may be before the one or the other."""
    if one == other:
        return bool(one)
    return min(len(one), len(other)) >= SAME_DIGITS and (one.endswith(other[-SAME_DIGITS:]))
