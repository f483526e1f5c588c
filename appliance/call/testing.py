# SPDX-License-Identifier: GPL-2.0-only
"""A test call's life: TABLE, its way, and what is said of it. It is no contact's: nobody routes, records, counts it."""

import enum
from collections.abc import Mapping, Sequence

import msgspec

from appliance.call.settings import Trunks
from appliance.config.outbound import EMERGENCY
from appliance.signalling.q850 import NAMES
from appliance.wire.call_control import CallTested, TestCall
from appliance.wire.line_tests import LineStep, Result
from appliance.wire.service import CommandRefusedError

FAINT_DBM0 = -60.0
"""Below it a line has noise and nothing else."""
OURS_DB = 10.0
"""By so much it is louder while our tone sounds, where the far end sends that back."""
USER_BUSY = 17
FULL = "call.full"
"""Refused for want of room alone."""


class State(enum.StrEnum):
    """Where the leg stands."""

    CALLING = "calling"
    LISTENING = "listening"
    CLEARING = "clearing"
    OVER = "over"


class Event(enum.StrEnum):
    """What moves it: the worker's word, or ours."""

    ALERTING = "alerting"
    ANSWERED = "answered"
    RELEASED = "released"
    RUNG_OUT = "rung out"
    HEARD = "heard"
    STOPPED = "stopped"


_S, _E = State, Event
TABLE: dict[State, dict[Event, State]] = {
    _S.CALLING: {
        _E.ALERTING: _S.CALLING,
        _E.ANSWERED: _S.LISTENING,
        _E.RELEASED: _S.OVER,
        _E.RUNG_OUT: _S.CLEARING,
        _E.STOPPED: _S.CLEARING,
    },
    _S.LISTENING: {_E.RELEASED: _S.OVER, _E.HEARD: _S.CLEARING, _E.STOPPED: _S.CLEARING},
    _S.CLEARING: {_E.ALERTING: _S.CLEARING, _E.ANSWERED: _S.CLEARING, _E.RELEASED: _S.OVER},
    _S.OVER: {},
}


class Sound(msgspec.Struct, frozen=True):
    """What came: the loudest second before and while our tone sounded; `packets` None: no RTP is spoken there."""

    before_dbm0: float = -100.0
    beside_dbm0: float = -100.0
    packets: int | None = None

    @property
    def loudest_dbm0(self) -> float:
        """Of all of it."""
        return max(self.before_dbm0, self.beside_dbm0)


def way(trunks: Trunks, order: TestCall, full: Mapping[str, str]) -> tuple[str, str | None]:
    """The trunk, none for a phone of this branch, and the number that is shown. Raises CommandRefusedError.

    `full`: trunks that take no call, with a sentence each.
    """
    if order.to in EMERGENCY:
        raise CommandRefusedError("call.emergency", f"{order.to} is an emergency number: nobody calls it to see")
    if order.phone:
        return "", None
    if order.trunk and order.trunk not in trunks.workers:
        known = ", ".join(trunks.workers) or "none"
        raise CommandRefusedError("call.trunk", f"there is no trunk {order.trunk}; there is {known}")
    by, _ = trunks.choices(order.to)
    named = candidates(trunks, order)
    trunk = next((one for one in named if one not in full), "")
    if trunk:
        return trunk, by.clid if by else None
    if why := "; ".join(dict.fromkeys(full[one] for one in named)):
        raise CommandRefusedError(FULL, why)
    raise CommandRefusedError(
        "call.way", f"{order.to} is no phone here, and no way of outbound leads there: name a trunk"
    )


def candidates(trunks: Trunks, order: TestCall) -> Sequence[str]:
    """The trunks by which it may be called, the first choice first."""
    return (order.trunk,) if order.trunk else trunks.choices(order.to)[1]


def step(name: str, result: Result, english: str, chinese: str) -> LineStep:
    """As a person reads it."""
    return LineStep(step=name, result=result, sentence=english, chinese=chinese)


def placed(channel: str) -> LineStep:
    """It has its channel."""
    return step("placed", Result.PASS, f"called by {channel}", f"已由{channel}呼出")


def rings(seconds: float) -> LineStep:
    """The far end is being rung."""
    return step("rings", Result.PASS, f"it rings after {seconds:.1f} s", f"{seconds:.1f}秒后振铃")


def answered(seconds: float) -> LineStep:
    """Somebody is there."""
    return step("answer", Result.PASS, f"answered after {seconds:.1f} s", f"{seconds:.1f}秒后应答")


def unanswered(seconds: float) -> LineStep:
    """It rang in vain."""
    return step("answer", Result.FAIL, f"nobody answered within {seconds:.0f} s", f"{seconds:.0f}秒内无应答")


def heard(sound: Sound) -> LineStep:
    """What the far end sends, judged."""
    level = f"{sound.loudest_dbm0:.0f} dBm0"
    if sound.packets == 0:
        return step(
            "sound",
            Result.FAIL,
            "no packet of sound has come: look at the network between here and the phone",
            "未收到任何语音包：请检查本机与话机之间的网络",
        )
    if sound.loudest_dbm0 <= FAINT_DBM0:
        return step("sound", Result.OPEN, f"it is silent there ({level})", f"对端无声（{level}）")
    if sound.beside_dbm0 >= sound.before_dbm0 + OURS_DB:
        return step("sound", Result.PASS, f"our tone comes back, {level}", f"测试音已返回，{level}")
    return step("sound", Result.PASS, f"the far end is heard, {level}", f"听到对端声音，{level}")


def released(state: State, cause: int, seconds: float) -> LineStep:
    """The end: ours is well, theirs before an answer is not. Who is engaged was reached, and says no more."""
    english, chinese = NAMES.get(cause, ("", ""))
    early = Result.OPEN if cause == USER_BUSY else Result.FAIL
    result = early if state is State.CALLING else Result.PASS
    ours = state is State.CLEARING
    return step(
        "end",
        result,
        f"{'let go' if ours else 'the far end let go'} after {seconds:.1f} s: cause {cause}, {english or 'unnamed'}",
        f"{'已释放' if ours else '对端释放'}，历时{seconds:.1f}秒：原因值{cause}，{chinese or '未命名'}",
    )


def tested(steps: tuple[LineStep, ...], cause: int, answered_s: float | None, sound: Sound | None) -> CallTested:
    """All in all: failed if a step has; passed by the answer, where sound was heard too."""
    results = {one.step: one.result for one in steps}
    unheard = Result.OPEN if answered_s is not None or Result.OPEN in results.values() else Result.FAIL
    result = Result.FAIL if Result.FAIL in results.values() else results.get("sound", unheard)
    return CallTested(
        result=result, cause=cause, answered_s=answered_s, heard_dbm0=sound.loudest_dbm0 if sound else None
    )


def gist(steps: Sequence[LineStep], result: Result) -> LineStep:
    """The step that says most of how it went."""
    same = [one for one in steps if one.result is result]
    return same[0] if result is Result.FAIL else next((one for one in reversed(same) if one.step != "end"), same[-1])
