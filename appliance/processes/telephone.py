# SPDX-License-Identifier: GPL-2.0-only
"""What of a box's telephone service is good now, thing by thing: spans, D-channels, phones, headquarters, test calls.

A version of the configuration on trial, or of the system, is judged by it: what was good before must be good again.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance.config import AnyBox, Branch
from appliance.signalling.sip.control import ControlError, control
from appliance.signalling.sip.kamailio import control_socket
from appliance.supervisor.judge import ServiceNow
from appliance.wire.alarms import AlarmRaised
from appliance.wire.call_control import MakeTestCalls, TestCallNow, TestCallsNow
from appliance.wire.envelope import Body
from appliance.wire.legs import LegSnapshot
from appliance.wire.line_tests import Result
from appliance.wire.service_messages import Accepted, Refused
from appliance.wire.spans import SpanChanged
from appliance.wire.talk import UnreachableError, snapshot, talk

AGAIN_S = 10.0
"""A test call that did not pass is made again after so long while something is on trial, and ever more seldom."""
OPEN_S = 40.0
"""One that could not be made, or met an engaged number, is given so long to tell more; then it tells nothing."""


async def telephone(state: Path, box: AnyBox, since_s: float | None = None) -> ServiceNow:
    """By a name for people; of a headquarters nothing is told.

    `since_s`: test calls that began earlier count no more (monotonic), and are made. None: those of last time are told.
    """
    if not isinstance(box, Branch):
        return ServiceNow()
    told = [body for path in sorted((state / "run").glob("leg.line*.sock")) for body in await _told(path) or ()]
    spans = {body.span.name: body.span for body in told if isinstance(body, SpanChanged)}
    service: dict[str, bool | None] = {}
    for name in (span.name for span in box.spans):
        span = spans.get(name)
        service[f"the signal of {name}"] = span is not None and not span.alarms
        service[f"the signalling of {name}"] = span is not None and span.d_channel_up
    uplink = await _told(state / "run" / "uplink.sock")
    down = any(isinstance(body, AlarmRaised) and body.code == "uplink.down" for body in uplink or ())
    service["headquarters"] = uplink is not None and not down
    registered = await _registered(state)
    service |= {f"phone {one.number}": one.number in registered for one in box.extensions}
    tested = await _tested(state / "run" / "health.call.sock", box, since_s)
    return ServiceNow({**service, **tested.good}, tested.why)


async def _tested(socket: Path, box: Branch, since_s: float | None) -> ServiceNow:
    """Of the box's own test calls; those that have to be are asked for, unless some are under way."""
    if not box.test_calls:
        return ServiceNow()
    told = await _told(socket)
    if told is None:
        return ServiceNow({one.called: False for one in box.test_calls})
    now = {one.name: one for body in told if isinstance(body, TestCallsNow) for one in body.calls}
    found = [(one.called, now.get(one.name, TestCallNow(name=one.name, number=one.number))) for one in box.test_calls]
    good = {called: judged for called, one in found for judged in _judged(one, since_s)}
    wanted = tuple(one.name for _, one in found if since_s is not None and _again(one, since_s))
    if wanted and not any(one.due for one in now.values()):
        await _make(socket, wanted)
    return ServiceNow(good, {called: one.sentence for called, one in found if good.get(called) is False})


def _judged(one: TestCallNow, since_s: float | None) -> Iterator[bool | None]:
    """Nothing where it tells nothing."""
    if since_s is not None and one.began_ns < since_s * 1e9:
        yield None
    elif one.result in (Result.PASS, Result.FAIL):
        yield one.result is Result.PASS
    elif since_s is not None and time.monotonic() < since_s + OPEN_S:
        yield None


def _again(one: TestCallNow, since_s: float) -> bool:
    """It says nothing of since then, or did not pass."""
    now_s, began_s = time.monotonic(), one.began_ns / 1e9
    late = now_s >= began_s + max(AGAIN_S, (now_s - since_s) / 4)
    return began_s < since_s or (late and one.result is not Result.PASS)


async def _make(socket: Path, names: tuple[str, ...]) -> None:
    """Ask for them; what came of it is told by a later look."""
    with contextlib.suppress(UnreachableError):
        async with contextlib.aclosing(talk(socket, MakeTestCalls(named=names))) as answers:
            async for body in answers:
                if isinstance(body, Accepted | Refused):
                    return


async def legs_of(state: Path, worker: str) -> int:
    """How many calls a worker has; none where it is not there, or is none of legs."""
    told = await _told(state / "run" / f"leg.{worker}.sock") or ()
    return sum(len(body.legs) for body in told if isinstance(body, LegSnapshot))


async def _told(path: Path) -> list[Body] | None:
    """None: nobody serves there."""
    try:
        return await snapshot(path)
    except UnreachableError:
        return None


async def _registered(state: Path) -> set[str]:
    try:
        dump: Any = await control(control_socket(state), dict, "ul.dump", "brief")
    except ControlError:
        return set()
    return set(_addresses(dump))


def _addresses(dump: Any) -> Iterator[str]:
    """Every AoR, however deep it stands."""
    if isinstance(dump, dict):
        for key, value in dump.items():
            if key == "AoR" and isinstance(value, str):
                yield value.partition("@")[0]
            else:
                yield from _addresses(value)
    elif isinstance(dump, list):
        for one in dump:
            yield from _addresses(one)
