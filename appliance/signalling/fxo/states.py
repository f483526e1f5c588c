# SPDX-License-Identifier: GPL-2.0-only
"""The life of an FXO line: TABLE, state → event → move, its timers, and what hook and ears each state has. Sans I/O.

Here the free line and the talk; a call of each direction in outgoing.py and incoming.py. A timer gives TIMEOUT; the
settings of a line may set its seconds.
"""

from appliance.signalling.fxo.events import Ear, Hook
from appliance.signalling.fxo.incoming import FREE, INCOMING, RINGS
from appliance.signalling.fxo.outgoing import OUTGOING
from appliance.signalling.fxo.words import Action, Cells, Event, State
from appliance.signalling.machine import Move, Timer
from appliance.signalling.q850 import NORMAL_CLEARING, OUT_OF_ORDER

_S, _E, _A = State, Event, Action

_TALK: Cells = {
    _E.RELEASE: Move(_S.GUARD),
    _E.HANG_UP: Move(_S.GUARD, (_A.TELL_DISCONNECTED,), NORMAL_CLEARING, by_peer=True),
    _E.FLASH: Move(_S.FLASHING),
}

TALK: dict[State, Cells] = {
    _S.SETTLING: {_E.RELEASE: Move(_S.GUARD), _E.TIMEOUT: Move(_S.CONNECTED)},
    _S.CONNECTED: {**_TALK, _E.SILENCE: Move(_S.CONNECTED_SILENT)},
    _S.CONNECTED_SILENT: {**_TALK, _E.VOICE: Move(_S.CONNECTED), _E.TIMEOUT: _TALK[_E.HANG_UP]},
    _S.FLASHING: {_E.RELEASE: Move(_S.GUARD), _E.TIMEOUT: Move(_S.FLASHED)},
    _S.FLASHED: {_E.RELEASE: Move(_S.GUARD), _E.TIMEOUT: Move(_S.CONNECTED)},
    _S.GUARD: {
        **{event: move._replace(actions=(_A.TELL_CLEARED, *move.actions)) for event, move in RINGS.items()},
        _E.RELEASE: Move(_S.GUARD),
        _E.TIMEOUT: Move(_S.IDLE, (_A.TELL_CLEARED,)),
    },
}


def _lost(state: State) -> Move[State, Action]:
    """What a lost port or span ends."""
    if state in (_S.BLOCKED, _S.IN_USE):
        return Move(_S.BLOCKED)
    if state in (_S.IDLE, _S.ANNOUNCED):
        return Move(_S.BLOCKED, (_A.FORGET, _A.TELL_BLOCKED))
    return Move(_S.BLOCKED, (_A.TELL_CLEARED, _A.TELL_BLOCKED), OUT_OF_ORDER)


TABLE: dict[State, Cells] = {
    state: {**cells, _E.LOSE: _lost(state)} for state, cells in {**FREE, **INCOMING, **OUTGOING, **TALK}.items()
}

_RING_GAP = Timer("ring_gap", 8.0, "E.180: pauses of ringing have 3 to 6 s; then the caller has given up")
_RING_MOST = Timer("ring_most", 10.0, "none: a ring without end is a fault of the detector; it counts as ringing on")

TIMERS: dict[State, Timer] = {
    _S.GUARD: Timer("guard", 1.5, "TIA-464: on-hook for 1.0 to 1.55 s is a disconnect to every exchange"),
    _S.ANNOUNCED: Timer("announced", 6.0, "EN 300 659-1: the first ring comes within some s of the message"),
    _S.RUNG: _RING_MOST,
    _S.AWAITING_CALLER: Timer("caller_id", 5.0, "GR-30: between the first two rings, 4 s apart"),
    _S.DATA_RING: Timer("data_ring", 1.0, "NTT: 0.5 s on, 0.5 s off; longer rings are true ones"),
    _S.TAKEN: Timer("taken", 7.0, "NTT: the message is over 7 s after the line was taken"),
    _S.RETURNED: Timer("returned", 20.0, "none: the true ringing follows at once; then the caller has given up"),
    _S.OFFERED: _RING_GAP,
    _S.OFFERED_RINGING: _RING_MOST,
    _S.IGNORED: _RING_GAP,
    _S.IGNORED_RINGING: _RING_MOST,
    _S.SETTLING: Timer("settling", 0.5, "none: ring trip and switching to the caller"),
    _S.GROUNDING: Timer("tip_ground", 5.0, "GR-506: ground on tip comes within some s"),
    _S.AWAITING_DIAL_TONE: Timer("dial_tone", 8.0, "GR-506: dial tone within 3 s but for the busiest hours"),
    _S.SEIZED_BLIND: Timer("before_dial", 1.0, "ES 203 021: dialling without dial tone after 2.7 s or what is set"),
    _S.AWAITING_ANSWER: Timer("answer", 120.0, "Q.118: 2 to 4 min"),
    _S.PRESUMING: Timer("presumed", 12.0, "E.180: the second ringing tone, or two of busy, are heard until then"),
    _S.RINGING: Timer("answer", 120.0, "Q.118: as above"),
    _S.CONNECTED_SILENT: Timer("silence", 60.0, "none: neither side has said a word"),
    _S.FLASHING: Timer("flash", 0.5, "TIA-464: 0.3 to 1 s; ES 201 187: 80 to 120 ms"),
    _S.FLASHED: Timer("settling", 0.5, "none: as above"),
}

# On-hook where it is not named.
HOOK: dict[State, Hook] = {
    _S.GROUNDING: Hook.GROUND,
    **dict.fromkeys(OUTGOING.keys() - {_S.GROUNDING}, Hook.OFF),
    _S.FLASHING: Hook.BREAK,
    **dict.fromkeys((_S.TAKEN, _S.SETTLING, _S.CONNECTED, _S.CONNECTED_SILENT, _S.FLASHED), Hook.OFF),
}

_CALLER = frozenset({Ear.CALLER_ID})
_PROGRESS = frozenset({Ear.PROGRESS})
_END = frozenset({Ear.PROGRESS, Ear.VOICE})
EARS: dict[State, frozenset[Ear]] = {
    **dict.fromkeys((_S.AWAITING_CALLER, _S.TAKEN), _CALLER),
    **dict.fromkeys(OUTGOING.keys() - {_S.GROUNDING, _S.SEIZED_BLIND}, _PROGRESS),
    **dict.fromkeys((_S.CONNECTED, _S.CONNECTED_SILENT, _S.FLASHED), _END),
}
# Besides, where the caller is told before it rings.
EARS_BEFORE_RING: dict[State, frozenset[Ear]] = dict.fromkeys((_S.IDLE, _S.ANNOUNCED), _CALLER)
