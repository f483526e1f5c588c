# SPDX-License-Identifier: GPL-2.0-only
"""What a child is: how it is started, what it is handed, and how its state is told from outside."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from appliance.config import Endpoint
from appliance.supervisor.states import Backoff

SLOW = float(os.environ.get("BRANCHLINE_SLOW", "1"))
"""How many times longer than on a machine of its own a child may take: a test's virtual machine says so."""


class Command(NamedTuple):
    """What to run; `env` is added to the supervisor's own."""

    argv: tuple[str, ...]
    env: dict[str, str]


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """One child. `command` is called before every start and may prepare files; it runs in a thread of its own."""

    name: str
    command: Callable[[], Command]
    fds: dict[str, int] = {}
    """Descriptors that it inherits, by the names it knows them by (BRANCHLINE_FDS)."""
    serves: Callable[[], Awaitable[bool]] | None = None
    """For strangers that know no sd_notify: whether it serves now. None: it says READY=1."""
    stage: int = 0
    """One stage is started together, when the one before is ready; stopped the other way round."""
    first_backoff_s: float = Backoff.STEP_S
    good_life_s: float = Backoff.GOOD_LIFE_S
    """A child that lived this long is started again after `first_backoff_s`, whatever came before."""
    ready_s: float = 15.0 * SLOW
    """A child that is not ready by then is killed and started again."""
    stop_s: float = 5.0
    """A child that is told to stop and is there after this long is killed."""
    watchdog_s: float = 5.0 * SLOW
    """A child that once said WATCHDOG=1 and is silent for this long is killed and started again."""
    progress: Callable[[], int] | None = None
    """For a child that works without a word: what changes as long as it does; watched from READY=1 on."""


def module(name: str, *arguments: str) -> Callable[[], Command]:
    """The command of one of our own processes: appliance/processes/<name>.py."""
    return lambda: Command((sys.executable, "-m", f"appliance.processes.{name}", *arguments), {})


def answers(endpoint: Endpoint) -> Callable[[], Awaitable[bool]]:
    """Whether something accepts TCP connections there."""

    async def connects() -> bool:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(*endpoint), timeout=0.5)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    return connects
