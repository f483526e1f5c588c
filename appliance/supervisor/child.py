# SPDX-License-Identifier: GPL-2.0-only
"""One child through all its runs: states.TABLE with real processes and timers around it."""

import asyncio
import signal
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from appliance.config import EXIT_STATUS
from appliance.supervisor.crashes import Death
from appliance.supervisor.leash import Leash
from appliance.supervisor.logfile import LogFile
from appliance.supervisor.process import Process
from appliance.supervisor.spec import Spec
from appliance.supervisor.states import TIMERS, Action, Backoff, Event, State, step

PROBE_S = 0.05
LOOKS = 5
"""In so many looks a child is stuck. They are counted, not timed: one that is late, because the whole machine stood
still or we did, says no more than any other."""
LAST_WORDS_OCTETS = 16_384

log = structlog.get_logger()


class Child:
    """`on_change(child)` after every change of state, `on_death` of one that nobody had asked to end.

    `ended` tells in words how the last run ended, `last_words` the end of what it wrote.
    """

    def __init__(
        self,
        spec: Spec,
        state_folder: Path,
        leash: Leash,
        on_change: "Callable[[Child], None]",
        on_death: Callable[[Death], None] = lambda _: None,
    ) -> None:
        self.spec = spec
        self.state = State.STOPPED
        self.starts = 0
        self.ended = ""
        self.refused = False
        self.since = _now()
        self._leash = leash
        self._on_change = on_change
        self._on_death = on_death
        self._backoff = Backoff(spec.first_backoff_s, spec.good_life_s)
        self.last_words = b""
        self._words = 0
        self._stuck = False
        self._log = LogFile(state_folder / "log" / f"{spec.name}.log")
        self._notify = state_folder / "run" / f"notify.{spec.name}"
        self._process: Process | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._started_at = 0.0
        self._wait_s = 0.0

    @property
    def pid(self) -> int | None:
        """Its first process's number while it runs."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start it, and keep it running."""
        self._take(Event.START)

    def stop(self) -> None:
        """Stop it; `on_change` comes with STOPPED."""
        self._take(Event.STOP)

    def signal(self, number: signal.Signals) -> None:
        """To its first process, where it runs."""
        if self._process is not None:
            self._process.signal(number)

    def _take(self, event: Event) -> None:
        before = self.state
        self.state, action = step(before, event)
        if self.state is not before:
            self.since = _now()
            self._arm()
        self._do(action)
        if self.state is not before:
            log.info("supervisor.child.changed", child=self.spec.name, state=self.state, by=event, pid=self.pid)
            self._on_change(self)

    def _arm(self) -> None:
        """The timer of the state that was just entered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.state is State.RUNNING and self.spec.progress is not None:
            self._look(self.spec.progress, None)
        seconds = {
            State.STARTING: self.spec.ready_s,
            State.BACKING_OFF: self._wait_s,
            State.STOPPING: self.spec.stop_s,
        }.get(self.state)
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._take, TIMERS[self.state])

    def _do(self, action: Action) -> None:
        match action:
            case Action.SPAWN:
                self._run(self._spawn())
            case Action.TERMINATE if self._process is not None:
                self._process.terminate()
            case Action.TERMINATE:  # its command is still being prepared: there is nothing to end yet
                self._run(self._never_started())
            case Action.KILL if self._process is not None:
                log.warning("supervisor.child.killed", child=self.spec.name, state=self.state, stuck=self._stuck)
                self._process.kill()
            case _:
                pass

    async def _spawn(self) -> None:
        self._started_at = time.monotonic()
        try:
            command = await asyncio.to_thread(self.spec.command)
            if self.state is not State.STARTING:
                return
            self.last_words, self._words, self._stuck = b"", 0, False
            self._process = Process(self.spec, command, self._notify, self._exited, self._said, self._wrote)
        except (OSError, ValueError, sqlite3.Error) as error:
            if self.state is not State.STARTING:
                return
            log.error("supervisor.child.unstartable", child=self.spec.name, error=str(error))
            self.ended = f"could not be started: {error}"
            self._down(Event.EXITED)
            return
        self.starts += 1
        self._arm()
        self._leash.hold(self._process.pid)
        self._on_change(self)
        if self.spec.serves is not None:
            await self._probe(self._process)

    async def _probe(self, process: Process) -> None:
        while self._process is process and self.state is State.STARTING and self.spec.serves is not None:
            if await self.spec.serves():
                if self._process is process and self.state is State.STARTING:
                    self._take(Event.READY)
                return
            await asyncio.sleep(PROBE_S)

    async def _never_started(self) -> None:
        self._take(Event.EXITED)

    def _said(self, word: str) -> None:
        if word == "READY=1" and self.state is State.STARTING:
            self._take(Event.READY)
        elif word == "WATCHDOG=1" and self.state is State.RUNNING:
            self._words += 1
            if self._timer is None:
                self._look(lambda: self._words, None)

    def _look(self, progress: Callable[[], int], seen: int | None, idle: int = 0) -> None:
        """Whether it has moved since the last look, LOOKS in every `watchdog_s`."""
        now = progress()
        idle = 0 if now != seen else idle + 1
        if idle == LOOKS:
            self._stuck = True
            self._take(TIMERS[State.RUNNING])
            return
        period_s = self.spec.watchdog_s / LOOKS
        self._timer = asyncio.get_running_loop().call_later(period_s, self._look, progress, now, idle)

    def _wrote(self, octets: bytes) -> None:
        self._log.write(octets)
        self.last_words = (self.last_words + octets)[-LAST_WORDS_OCTETS:]

    def _exited(self, status: int) -> None:
        if self._process is not None:
            self._leash.let_go(self._process.pid)
            self._process = None
        if self._stuck:
            self.ended = f"did not move for {self.spec.watchdog_s} s and was killed"
        else:
            self.ended = f"ended by signal {-status}" if status < 0 else f"ended with status {status}"
        self.refused = status == EXIT_STATUS
        if self.state in (State.STARTING, State.RUNNING) and status not in (0, EXIT_STATUS):
            lived_s = time.monotonic() - self._started_at
            self._on_death(Death(self.spec.name, self.ended, lived_s, self.starts, self.last_words))
        self._down(Event.REFUSED if self.refused else Event.EXITED)

    def _down(self, event: Event) -> None:
        self._wait_s = self._backoff.next_s(time.monotonic() - self._started_at)
        self._take(event)

    def _run(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
