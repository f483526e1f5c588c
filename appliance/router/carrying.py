# SPDX-License-Identifier: GPL-2.0-only
"""From one version of the engine to the next: what is open goes on, what was decided stays its version's.

The last whole state that another version has kept is read for what this one knows of it (`taken_over`); what happened
after it happens once more by this version's rules (`after`), and nothing is said of that: what was to leave has left.
Where the two would have chosen differently, the branches' next words and the record's legs set it right, as after any
restart: a reservation of which no branch knows lapses, who waits asks again with their place.
"""

from typing import Any, get_type_hints

import msgspec
import structlog

from appliance.router.apply import apply
from appliance.router.callbacks.states import CallbackState
from appliance.router.events import Event
from appliance.router.indexing import indexed
from appliance.router.state import EMPTY, Agent, Callback, State
from appliance.router.states import AgentState

_PASSING = ("reservations", "waiting", "asking", "translations", "resting", "lent")
"""Each of these is asked for again within seconds, and is worth nothing without the others."""
_QUEUED = (CallbackState.WAITING, CallbackState.RESERVED)

log = structlog.get_logger()


def taken_over(octets: bytes) -> State:
    """What another version has kept; of what cannot be read the log tells how much it was."""
    octets = octets.replace(b'"otherwise":""', b'"otherwise":"none"')  # version 8, of a callback's queues
    try:
        return indexed(msgspec.json.decode(octets, type=State))
    except (msgspec.DecodeError, LookupError) as error:
        log.warning("router.state.unread", error=str(error))
    try:
        told = msgspec.json.decode(octets, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return EMPTY
    dropped: dict[str, int] = {}
    kinds = {name: kind for name, kind in get_type_hints(State).items() if name in told and name != "index"}
    kept = {name: _read(name, told[name], kind, dropped) for name, kind in kinds.items()}
    log.warning("router.state.dropped", **dropped)
    if "rules" in dropped:  # nothing of the rest means anything
        return EMPTY
    return _mended(msgspec.structs.replace(EMPTY, **{name: one for name, one in kept.items() if one is not None}))


def after(state: State, octets: bytes) -> State:
    """What another version was told happens here too; what this one cannot bear has not happened."""
    try:
        return apply(state, msgspec.json.decode(octets, type=Event))[0]
    except Exception as error:  # noqa: BLE001 - of a version that may have meant something else
        log.warning("router.entry.unread", error=f"{type(error).__name__}: {error}")
        return state


def _read(name: str, raw: msgspec.Raw, kind: Any, dropped: dict[str, int]) -> Any:
    """The field; of a mapping all entries that can be read. None: nothing of it."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError:
        dropped[name] = 0
    found: dict[str, Any] = {}
    try:
        entries = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return None
    for key, one in entries.items():
        try:
            found |= msgspec.json.decode(msgspec.json.encode({key: one}), type=kind)
        except (msgspec.DecodeError, TypeError):
            dropped[name] += 1
    return found


def _mended(state: State) -> State:
    """Of parts a whole: who was reserved is available, what is passing is asked for again, callbacks wait on."""
    agents = {name: _unreserved(one) for name, one in state.agents.items()}
    places = {name: msgspec.structs.replace(one, stands=()) for name, one in state.places.items()}
    over = CallbackState.OVER
    callbacks = {name: _waits_on(one) for name, one in state.callbacks.items() if name in places or one.state is over}
    tries = {contact: name for contact, name in state.tries.items() if _tries(callbacks.get(name), contact)}
    passing: dict[str, Any] = {name: {} for name in _PASSING}
    return indexed(
        msgspec.structs.replace(state, agents=agents, places=places, callbacks=callbacks, tries=tries, **passing)
    )


def _unreserved(one: Agent) -> Agent:
    return one if one.token is None else msgspec.structs.replace(one, state=AgentState.AVAILABLE, token=None)


def _waits_on(one: Callback) -> Callback:
    """With its place; a try that has come to a phone goes on."""
    if one.state not in _QUEUED:
        return one
    return msgspec.structs.replace(one, state=CallbackState.PAUSED, contact="", due_ns=0)


def _tries(one: Callback | None, contact: str) -> bool:
    return one is not None and one.contact == contact
