# SPDX-License-Identifier: GPL-2.0-only
"""Callbacks that a branch promises while it is alone: it keeps them, and headquarters, once it is back, makes them.

One is known by its name for as long as it is remembered, so what is told again is no second one.
"""

from collections.abc import Iterator

from appliance.router.branch_now import Promise
from appliance.router.callbacks import life
from appliance.router.callbacks.ordering import FORGOTTEN_NS
from appliance.router.callbacks.states import CallbackState
from appliance.router.index import put_callback, put_place, put_shown
from appliance.router.state import Callback, Place, Shown, State


def promises(state: State) -> Iterator[Promise]:
    """All that are open here."""
    for name, one in state.callbacks.items():
        place, shown = state.places.get(name), state.shown.get(name)
        if one.state is CallbackState.PAUSED and place is not None:
            yield Promise(
                callback=name,
                number=one.number,
                reaches=one.reaches,
                node=one.node,
                dial_s=one.dial_s,
                most=one.most,
                pause_ns=one.pause_ns,
                until_ns=one.until_ns,
                due_ns=one.due_ns,
                origin=one.origin,
                queued_ns=place.queued_ns,
                tie=place.tie,
                shown=shown.now if shown is not None else None,
            )


def take(state: State, box: str, told: tuple[Promise, ...], at_ns: int) -> State:
    """They are kept here from now on; by a branch's own router those alone. Who is called back already is once."""
    if state.rules.alone:
        for name in sorted(state.callbacks.keys() - {one.callback for one in told}):
            state = _forgotten(state, name)
    for one in told:
        if one.callback not in state.callbacks and one.number not in state.index.numbers:
            state = _kept(state, box, one, at_ns)
    return life.follow(state, at_ns)


def _forgotten(state: State, name: str) -> State:
    state = put_place(put_callback(state, name, None), name, None)
    return put_shown(state, name, None) if name in state.shown else state


def _kept(state: State, box: str, one: Promise, at_ns: int) -> State:
    forget_ns = one.until_ns + FORGOTTEN_NS
    place = Place(one.node.priority, min(one.queued_ns, at_ns), one.tie, "", at_ns, forget_ns, ())
    state = put_place(state, one.callback, place)
    if one.shown is not None:
        state = put_shown(state, one.callback, Shown(one.shown, forget_ns))
    kept = Callback(
        callback=one.callback,
        number=one.number,
        box=box,
        reaches=one.reaches,
        node=one.node,
        dial_s=one.dial_s,
        most=one.most,
        pause_ns=one.pause_ns,
        until_ns=one.until_ns,
        state=CallbackState.PAUSED,
        due_ns=one.due_ns if at_ns < one.due_ns < one.until_ns else at_ns,
        origin=one.origin,
    )
    return put_callback(state, one.callback, kept)
