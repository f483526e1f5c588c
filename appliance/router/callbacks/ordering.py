# SPDX-License-Identifier: GPL-2.0-only
"""An agent is reserved for a callback: the branch that has the lines is told to begin a contact for it."""

import msgspec

from appliance.router.callbacks.states import CallbackStep, step
from appliance.router.events import ContactOrdered
from appliance.router.index import put_callback, put_try
from appliance.router.state import Callback, State
from appliance.wire.callbacks import PlaceContact
from appliance.wire.routes import RingAgent

FORGOTTEN_NS = 86_400_000_000_000
"""What a branch never tells the end of is over so long after the window; what is over is shown as long."""


def order(state: State, name: str, box: str, ring: RingAgent, reason: str) -> tuple[State, ContactOrdered]:
    """A new try, a contact of `box`."""
    one = state.callbacks[name]
    contact = f"{box}.{state.epoch}.{state.serial + 1}"
    state = put_try(msgspec.structs.replace(state, serial=state.serial + 1), contact, name)
    state = moved(state, one, CallbackStep.ORDER, one.until_ns + FORGOTTEN_NS, contact=contact)
    return state, ContactOrdered(
        box,
        PlaceContact(contact=contact, callback=name, number=one.number, ring=ring, reason=reason, origin=one.origin),
    )


def moved(state: State, one: Callback, by: CallbackStep, due_ns: int, **changes: object) -> State:
    """The callback after that step. Raises KeyError where TABLE has none."""
    after = step(one.state, by)
    if after is None:
        raise KeyError(f"{by} of a callback that is {one.state}")
    now = msgspec.structs.replace(one, state=after, due_ns=due_ns, **changes)
    return put_callback(state, one.callback, now)
