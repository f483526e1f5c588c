# SPDX-License-Identifier: GPL-2.0-only
"""A callback's way from its place in the queue through its tries to its end. Every function gives a new state.

No number is dialled twice for one try: the branch asks before it dials, and is allowed to only for the contact of the
try that is under way; whatever else has been ordered meanwhile, or long ago, is refused.
"""

from collections.abc import Iterable

import msgspec

from appliance.config.outbound import verdict
from appliance.router import agents, waiting
from appliance.router.callbacks.ordering import FORGOTTEN_NS, moved
from appliance.router.callbacks.states import CallbackState, CallbackStep, step
from appliance.router.events import Answer, Effect, ReservationEnded, RouteAsked
from appliance.router.index import put_callback, put_place, put_shown, put_try, put_waiting
from appliance.router.state import Callback, Reach, Shown, State, Waiting
from appliance.wire.agents import ContactNow
from appliance.wire.calls import ContactEnded
from appliance.wire.routes import Dial, Release, RouteAnswer

MAY_DIAL = "agent-answered"
"""The outcome with which a try's branch asks that."""
_OUTCOMES = {17: "busy", 18: "no answer", 19: "no answer", 21: "refused"}  # Q.850
_RANG_IN_VAIN = (18, 19)
_AT_WORK = (CallbackState.RINGING, CallbackState.DIALLING, CallbackState.TALKING)

Step = tuple[State, tuple[Effect, ...]]


def wait(state: State, name: str, at_ns: int, refused: tuple[str, ...] = ()) -> State:
    """It stands in its queues with the place that it has, from their first step on; who `refused` is passed over."""
    one = state.callbacks[name]
    box = _carrier(state, one)
    reach = _reach(one, box, refused)
    stands = tuple(waiting.enter(state, queue, 0, reach, at_ns) for queue in one.node.queues)
    place = msgspec.structs.replace(state.places[name], stands=stands)
    answer = RouteAnswer(request=name, action=Release(), reason="", queues=one.node.queues)
    waits = Waiting(name, box, place, one.node, reach, answer, one.until_ns + FORGOTTEN_NS)
    return put_waiting(put_place(state, name, place), name, waits)


def known(state: State, name: str) -> State:
    """What an agent would be shown of the contact that asks for it is kept for the tries."""
    one = state.callbacks[name]
    shown = state.shown.get(one.origin)
    if shown is None:
        return state
    return put_shown(state, name, msgspec.structs.replace(shown, forget_ns=one.until_ns + FORGOTTEN_NS))


def _shown(state: State, one: Callback) -> State:
    """To the agent of the try that is under way: what is known, and whom they call."""
    if one.contact in state.shown:
        return state
    kept = state.shown.get(one.callback)
    now = kept.now if kept is not None else ContactNow(contact="", dnis="")
    now = msgspec.structs.replace(now, contact=one.contact, clid=one.number)
    return put_shown(state, one.contact, Shown(now, one.until_ns + FORGOTTEN_NS))


def _reach(one: Callback, box: str, refused: tuple[str, ...]) -> Reach:
    return Reach((box, *one.reaches) if box == one.box else (box,), refused)


def _carrier(state: State, one: Callback) -> str:
    """The branch that had the call, or one that may stand in for it."""
    able = (one.box, *state.rules.outbound.branches)
    return next((box for box in able if box in state.present), one.box)


def carried(state: State) -> State:
    """A branch has come or gone: who waits is carried by one that is there."""
    for name, one in state.callbacks.items():
        waits = state.waiting.get(name)
        if waits is None or waits.token is not None:
            continue
        if (box := _carrier(state, one)) != waits.box:
            reach = _reach(one, box, waits.reach.refused)
            state = put_waiting(state, name, msgspec.structs.replace(waits, box=box, reach=reach))
    return state


def follow(state: State, at_ns: int) -> State:
    """Other rules: whose queue is gone, or whose number is not allowed any more, is over unless it is at work."""
    for name, one in state.callbacks.items():
        why = verdict(state.rules.outbound, one.number)
        if not all(queue in state.rules.queues for queue in one.node.queues):
            why = "its queue is gone"
        if why and one.state in {CallbackState.WAITING, CallbackState.PAUSED}:
            state = end(state, name, why, at_ns)
    return state


def settle(state: State, over: Iterable[ReservationEnded], at_ns: int) -> State:
    """Reservations have ended: the agent's phone rings, or the order has come to nothing."""
    for ended in over:
        one = state.callbacks.get(ended.contact)
        if one is None or one.state is not CallbackState.RESERVED:
            continue
        if ended.why == "arrived":
            state = _shown(moved(state, one, CallbackStep.RING, one.due_ns), one)
        elif at_ns >= one.until_ns:
            state = end(state, one.callback, "expired", at_ns)
        else:
            state = moved(put_try(state, one.contact, None), one, CallbackStep.LAPSE, one.until_ns, contact="")
            waits = state.waiting[one.callback]
            reach = msgspec.structs.replace(waits.reach, refused=())
            state = put_waiting(state, one.callback, msgspec.structs.replace(waits, reach=reach))
    return state


def asked(state: State, event: RouteAsked) -> Step:
    """The agent has answered: may the customer be dialled? Asked again of the same try, the same."""
    request = event.request
    one = state.callbacks.get(request.callback)
    if one is None or one.contact != request.contact or step(one.state, CallbackStep.DIAL) is None:
        told = "is over" if one is None or one.state is CallbackState.OVER else "has gone on to another try"
        return state, (_answer(event, Release(), f"callback {request.callback} {told}"),)
    if why := verdict(state.rules.outbound, one.number):
        return end(state, one.callback, why, event.at_ns), (_answer(event, Release(), why),)
    tries = one.tries + (one.state is not CallbackState.DIALLING)
    state = _shown(moved(state, one, CallbackStep.DIAL, one.due_ns, tries=tries), one)
    reason = f"the agent has answered; try {tries} of {one.most} to reach {one.number}"
    return waiting.leave(state, one.callback), (_answer(event, Dial(one.number, one.dial_s), reason),)


def _answer(event: RouteAsked, action: Dial | Release, reason: str) -> Answer:
    return Answer(event.box, RouteAnswer(request=event.request.request, action=action, reason=reason))


def talking(state: State, contact: str) -> State:
    """The customer and the agent are joined."""
    one = _tried(state, contact)
    if one is None or step(one.state, CallbackStep.TALK) is None:
        return state
    return moved(state, one, CallbackStep.TALK, one.due_ns, outcome="reached")


def over(state: State, contact: str, told: ContactEnded | None, at_ns: int) -> Step:
    """A try, if it was one, has ended; None: nothing is known of it any more."""
    if contact not in state.tries:
        return state, ()
    one, state = _tried(state, contact), put_try(state, contact, None)
    if one is None:
        return state, ()
    if one.state is CallbackState.TALKING:
        return end(state, one.callback, one.outcome, at_ns), ()
    if one.state is CallbackState.RINGING:
        return _missed(state, one, told, at_ns)
    if one.state is CallbackState.RESERVED:  # the branch has no way out for this number
        one = msgspec.structs.replace(one, tries=one.tries + 1)
        token = state.index.held[one.callback]
        state = put_callback(state, one.callback, one)
        state, effects = agents.lapse(
            _failed(state, one, told, at_ns), state.reservations[token], "contact-ended", at_ns
        )
        return waiting.leave(state, one.callback), effects
    return _failed(state, one, told, at_ns), ()


def _tried(state: State, contact: str) -> Callback | None:
    one = state.callbacks.get(state.tries.get(contact, ""))
    return one if one is not None and one.contact == contact else None


def _missed(state: State, one: Callback, told: ContactEnded | None, at_ns: int) -> Step:
    """The agent did not take it: who is next does, or the same one after the pause."""
    agent = state.places[one.callback].rung
    moves: tuple[Effect, ...] = ()
    if told is not None and told.cause in _RANG_IN_VAIN:
        state, moves = agents.unanswered(state, agent, at_ns)
    if at_ns >= one.until_ns:
        return end(state, one.callback, "expired", at_ns), moves
    due_ns = min(at_ns + one.pause_ns, one.until_ns)
    state = moved(state, one, CallbackStep.MISS, due_ns, contact="")
    return wait(state, one.callback, at_ns, (agent,)), moves


def _failed(state: State, one: Callback, told: ContactEnded | None, at_ns: int) -> State:
    outcome = "lost" if told is None else "agent gone" if told.by == "agent" else _outcome(told.cause)
    if one.tries >= one.most or at_ns >= one.until_ns:
        return end(state, one.callback, outcome, at_ns)
    due_ns = min(at_ns + one.pause_ns, one.until_ns)
    return moved(state, one, CallbackStep.FAIL, due_ns, contact="", outcome=outcome)


def _outcome(cause: int) -> str:
    return _OUTCOMES.get(cause, f"unreachable (cause {cause})")


def go_on(state: State, name: str, at_ns: int) -> State:
    """Its pause is over, who did not answer may be rung again, its window has ended, or it is forgotten."""
    one = state.callbacks[name]
    if one.state is CallbackState.OVER:
        return put_callback(state, name, None)
    if at_ns >= one.until_ns:
        return end(
            state, name, "lost" if one.contact else f"expired: {one.outcome}" if one.outcome else "expired", at_ns
        )
    if state.rules.alone:  # it is headquarters' to call
        return put_callback(state, name, msgspec.structs.replace(one, due_ns=one.until_ns))
    if one.state is CallbackState.PAUSED:
        return wait(moved(state, one, CallbackStep.RESUME, one.until_ns), name, at_ns)
    return wait(put_callback(state, name, msgspec.structs.replace(one, due_ns=one.until_ns)), name, at_ns)


def end(state: State, name: str, outcome: str, at_ns: int, by: CallbackStep = CallbackStep.END) -> State:
    """Over, with that outcome; it is shown for a while."""
    one = state.callbacks[name]
    state = waiting.end(put_try(state, one.contact, None), name, at_ns)
    if name in state.shown:
        state = put_shown(state, name, None)
    return moved(state, one, by, at_ns + FORGOTTEN_NS, outcome=outcome)


def contacts_of(state: State, box: str) -> Iterable[str]:
    """Tries that the branch has begun and not ended."""
    for contact, name in state.tries.items():
        one = state.callbacks.get(name)
        if contact.startswith(f"{box}.") and one is not None and one.state in _AT_WORK:
            yield contact
