# SPDX-License-Identifier: GPL-2.0-only
"""Who may be called back: what a script or headquarters' box asks for, and why not."""

import msgspec

from appliance.config.outbound import verdict
from appliance.config.scalars import suggestion
from appliance.router import agents
from appliance.router.callbacks import life
from appliance.router.callbacks.ordering import FORGOTTEN_NS
from appliance.router.callbacks.states import CallbackState, CallbackStep, step
from appliance.router.events import CallbackAnswer, CallbackWished, Effect, RouteAsked
from appliance.router.index import put_callback, put_place
from appliance.router.state import Callback, Place, State
from appliance.script.nodes import DIAL_S, Outbound, Queue
from appliance.script.nodes import Callback as CallbackNode
from appliance.wire.callbacks import AddCallback, CancelCallback

SECOND_NS = 1_000_000_000
PRIORITY = 5
NOWHERE = "none"
"""A callback walks no further; yet its node is one that can be read."""

Step = tuple[State, tuple[Effect, ...]]


class RefusedError(ValueError):
    """A sentence: why the number is not called back."""


def wanted(state: State, event: RouteAsked, node: Outbound, number: str, wait_s: int) -> tuple[State, str]:
    """A callback by a script, not before `wait_s`; a contact that is called back itself gives its place to it.

    Raises RefusedError.
    """
    request = event.request
    before = state.places.get(request.contact) if isinstance(node, CallbackNode) else None
    queue = Queue(node.queues, NOWHERE, node.ring_s, node.record, priority=before.priority if before else node.priority)
    state, name = _made(
        state,
        Callback(
            callback="",
            number=number,
            box=event.box,
            reaches=request.reaches,
            node=queue,
            dial_s=node.dial_s,
            most=node.tries,
            pause_ns=node.pause_s * SECOND_NS,
            until_ns=event.at_ns + (wait_s + node.window_s) * SECOND_NS,
            state=CallbackState.PAUSED,
            due_ns=event.at_ns + wait_s * SECOND_NS,
            origin=request.contact,
        ),
        before,
        event.at_ns,
    )
    return (put_place(state, request.contact, None) if before is not None else state), name


def commanded(state: State, event: CallbackWished) -> Step:
    """What headquarters' box wants; refused, it changes nothing."""
    asked = event.asked
    try:
        if isinstance(asked, CancelCallback):
            state, effects = _cancelled(state, asked, event.at_ns)
            return state, (*effects, CallbackAnswer(asked.callback))
        state, name = _added(state, asked, event.at_ns)
    except RefusedError as error:
        return state, (CallbackAnswer("", str(error)),)
    return state, (CallbackAnswer(name),)


def _added(state: State, asked: AddCallback, at_ns: int) -> tuple[State, str]:
    if asked.queue not in state.rules.queues:
        raise RefusedError(f"queue {asked.queue!r} is unknown; {suggestion(asked.queue, state.rules.queues)}")
    branches = state.rules.outbound.branches
    if not branches:
        raise RefusedError("outbound.branches names no branch that would dial it")
    return _made(
        state,
        Callback(
            callback="",
            number=asked.number,
            box=branches[0],
            reaches=(),
            node=Queue((asked.queue,), NOWHERE, priority=PRIORITY),
            dial_s=DIAL_S,
            most=asked.tries,
            pause_ns=asked.pause_s * SECOND_NS,
            until_ns=at_ns + asked.window_s * SECOND_NS,
            state=CallbackState.PAUSED,
            due_ns=at_ns,
        ),
        None,
        at_ns,
    )


def _made(state: State, one: Callback, before: Place | None, at_ns: int) -> tuple[State, str]:
    if why := _refused(state, one.number):
        raise RefusedError(why)
    serial = state.serial + 1
    name = f"{state.epoch}.{serial}"
    queued_ns, tie = (before.queued_ns, before.tie) if before is not None else (at_ns, serial)
    place = Place(one.node.priority, queued_ns, tie, "", at_ns, one.until_ns + FORGOTTEN_NS, ())
    state = put_place(msgspec.structs.replace(state, serial=serial), name, place)
    state = put_callback(state, name, msgspec.structs.replace(one, callback=name))
    return (life.go_on(state, name, at_ns) if one.due_ns <= at_ns else state), name


def _refused(state: State, number: str) -> str:
    policy = state.rules.outbound
    if why := verdict(policy, number):
        return why
    if (open_one := state.index.numbers.get(number)) is not None:
        return f"{number} is called back already, by {open_one}"
    if len(state.index.numbers) >= policy.open:
        return f"{policy.open} callbacks are open, as many as outbound.open allows"
    return ""


def _cancelled(state: State, asked: CancelCallback, at_ns: int) -> Step:
    one = state.callbacks.get(asked.callback)
    if one is None:
        raise RefusedError(f"callback {asked.callback!r} is unknown; {suggestion(asked.callback, state.callbacks)}")
    if step(one.state, CallbackStep.CANCEL) is None:
        raise RefusedError(f"callback {asked.callback} is {one.state} and cannot be cancelled")
    token = state.index.held.get(one.callback)
    state = life.end(state, one.callback, "cancelled", at_ns, CallbackStep.CANCEL)
    if token is None:
        return state, ()
    return agents.lapse(state, state.reservations[token], "contact-ended", at_ns)
