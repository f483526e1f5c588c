# SPDX-License-Identifier: GPL-2.0-only
"""What a router knows of a contact beside its place, as one text that another router goes on with.

Fields of scripts with those that are secret, in clear, the call type that a script has made of it, what agents are
shown. A branch keeps the text with its call, and never reads it; a peripheral is not told it.
"""

import msgspec

from appliance.router.index import put_context, put_shown, put_typed
from appliance.router.state import Context, Shown, State, Typed
from appliance.script import context
from appliance.wire.agents import ContactNow

FORGOTTEN_NS = 86_400_000_000_000
"""Of a contact that nobody says to be over."""


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """`fields` as `script.context.encoded` has them."""

    fields: str = ""
    call_type: str = ""
    shown: ContactNow | None = None


def known(state: State, contact: str) -> str:
    """Of that contact; empty where it is nothing."""
    fields, typed, shown = state.contexts.get(contact), state.typed.get(contact), state.shown.get(contact)
    told = Known(fields.fields if fields else "", typed.call_type if typed else "", shown.now if shown else None)
    return msgspec.json.encode(told).decode() if told != Known() else ""


def know(state: State, contact: str, text: str, at_ns: int) -> State:
    """From now on, and not what was known here; but notes that were written here stay. What is damaged is left."""
    try:
        told = msgspec.json.decode(text, type=Known)
        if told.fields:
            context.decoded(told.fields.encode())
    except (msgspec.DecodeError, ArithmeticError, ValueError, TypeError, AttributeError):
        return state
    forget_ns = at_ns + FORGOTTEN_NS
    if told.fields:
        state = put_context(state, contact, Context(told.fields, forget_ns))
    if told.call_type:
        state = put_typed(state, contact, Typed(told.call_type, forget_ns))
    if told.shown is not None:
        state = put_shown(state, contact, Shown(_with_notes(state, contact, told.shown), forget_ns))
    return state


def _with_notes(state: State, contact: str, now: ContactNow) -> ContactNow:
    before = state.shown.get(contact)
    lacks = tuple(note for note in before.now.notes if note not in now.notes) if before is not None else ()
    return msgspec.structs.replace(now, contact=contact, notes=(*lacks, *now.notes))
