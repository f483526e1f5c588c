# SPDX-License-Identifier: GPL-2.0-only
"""Where a walk stops: what the branch does, and what the router decides or looks up before it goes on."""

from collections.abc import Mapping

import msgspec

from appliance.script.nodes import (
    Agent,
    Cancel,
    Distribute,
    GoToScript,
    Outbound,
    Percent,
    Priority,
    Queue,
    Requalify,
    Return,
    Run,
)
from appliance.wire import routes


class Ring(msgspec.Struct, frozen=True):
    """The stop of an `agent`: whom its expression names."""

    agent: str
    node: Agent


class Look(msgspec.Struct, frozen=True):
    """The stop of a `lookup`: what its source is asked with."""

    source: str
    parameters: Mapping[str, str]


class CallBack(msgspec.Struct, frozen=True):
    """The stop of a `callback` or an `outbound`: whom, and not before so many seconds have passed."""

    number: str
    wait_s: int
    node: Outbound


Onward = CallBack | Percent | Distribute | Priority | Cancel | GoToScript | Run | Return | Requalify
Stop = routes.Treat | routes.Label | routes.Release | Queue | Ring | Look | Onward
