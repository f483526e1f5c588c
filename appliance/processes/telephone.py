# SPDX-License-Identifier: GPL-2.0-only
"""What of a box's telephone service is good now, thing by thing: spans, D-channels, phones, headquarters.

A version of the configuration on trial, or of the system, is judged by it: what was good before must be good again.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance.config import AnyBox, Branch
from appliance.signalling.sip.control import ControlError, control
from appliance.signalling.sip.kamailio import control_socket
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Body
from appliance.wire.legs import LegSnapshot
from appliance.wire.spans import SpanChanged
from appliance.wire.talk import UnreachableError, snapshot


async def telephone(state: Path, box: AnyBox) -> Mapping[str, bool]:
    """By a name for people; of a headquarters nothing is told."""
    if not isinstance(box, Branch):
        return {}
    told = [body for path in sorted((state / "run").glob("leg.line*.sock")) for body in await _told(path) or ()]
    spans = {body.span.name: body.span for body in told if isinstance(body, SpanChanged)}
    service: dict[str, bool] = {}
    for name in (span.name for span in box.spans):
        span = spans.get(name)
        service[f"the signal of {name}"] = span is not None and not span.alarms
        service[f"the signalling of {name}"] = span is not None and span.d_channel_up
    uplink = await _told(state / "run" / "uplink.sock")
    down = any(isinstance(body, AlarmRaised) and body.code == "uplink.down" for body in uplink or ())
    service["headquarters"] = uplink is not None and not down
    registered = await _registered(state)
    return service | {f"phone {one.number}": one.number in registered for one in box.extensions}


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
