# SPDX-License-Identifier: GPL-2.0-only
"""Whose fault a late tick is: the engine's, where the idle thread on its core was in time; else the machine's."""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterator

from tests.media.rig import EngineProcess, Side, engine_process, until

HELD_S, HELD_TICKS = 0.06, 4  # late by more than 10 ms, of those that are caught up
REST_S = 0.1
SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17  # PTRACE_…, ptrace(2)
_LIBC = ctypes.CDLL(None, use_errno=True)


def _ptrace(request: int, thread: int) -> None:
    if _LIBC.ptrace(request, thread, None, None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def _thread_held(thread: int) -> Iterator[None]:
    """One thread stands still, the others of its process go on."""
    _ptrace(SEIZE, thread)
    _ptrace(INTERRUPT, thread)
    os.waitpid(thread, 0)
    try:
        yield
    finally:
        _ptrace(DETACH, thread)


@contextlib.contextmanager
def _process_held(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _running(host: EngineProcess) -> Side:
    side = Side(host)
    until(lambda: side.engine.status().ticks > 20)
    return side


def test_a_tick_that_is_late_by_itself_is_the_engine_s() -> None:
    with engine_process() as host:
        side = _running(host)
        before = side.engine.status()
        with _thread_held(before.pid):
            time.sleep(HELD_S)
        time.sleep(REST_S)
        after = side.engine.status()
        assert after.late_alone_ticks - before.late_alone_ticks >= HELD_TICKS


def test_a_stall_of_all_threads_is_the_machine_s() -> None:
    with engine_process() as host:
        side = _running(host)
        before = side.engine.status()
        with _process_held(before.pid):
            time.sleep(HELD_S)
        time.sleep(REST_S)
        after = side.engine.status()
        assert after.late_ticks - before.late_ticks >= HELD_TICKS
        assert after.late_alone_ticks == before.late_alone_ticks
