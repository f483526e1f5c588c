# SPDX-License-Identifier: GPL-2.0-only
"""The children of one box, started in order, kept running, and stopped in the reverse order.

`run/processes.json` says at every moment who runs: name → pid, starts, since, state. Alarms (`process.restarted`,
`process.failed`) stand on `run/supervisor.sock`. A child that cannot use its configuration at the first start ends the
whole start with status 2; one that does so later is left out, with an alarm.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from signal import Signals

import msgspec
import structlog

from appliance.config import EXIT_STATUS
from appliance.supervisor.child import Child
from appliance.supervisor.crashes import Crashes, Death
from appliance.supervisor.health import Health
from appliance.supervisor.leash import Leash
from appliance.supervisor.redaction import Redactor
from appliance.supervisor.spec import Spec
from appliance.supervisor.states import Backoff, State
from appliance.wire.alarms import AlarmCleared, AlarmRaised, ClearAlarms
from appliance.wire.configuration import Configured
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.service import CommandRefusedError, Service

PAST = frozenset({"process.restarted", "configuration.returned"})
"""Alarms of what has happened, not of what is wrong."""

REPORT_AFTER_S = 1.0

log = structlog.get_logger()


class Supervisor:
    """One box's children. `run` until `stop` is called. `alarms`: of what was missing at the start.

    `redactor`: of what crash reports say. `needed`: the children without which the box is in no service.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        state_folder: Path,
        sealer: Sealer,
        alarms: Iterable[AlarmRaised] = (),
        redactor: Callable[[], Redactor] = Redactor,
        needed: Collection[str] = (),
    ) -> None:
        self._folder = state_folder
        self._leash = Leash()
        self._crashes = Crashes(state_folder / "crashes", sealer.identity.box, redactor)
        self._reports: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Event()
        self._needed, self._health = needed, Health()
        self._missing: list[str] = []
        self._in_service_ns = time.monotonic_ns()
        self.children = [self._child(spec) for spec in specs]
        self._service = Service(
            state_folder / "run" / "supervisor.sock", sealer, "processes", self._ordered, self._standing
        )
        self._alarms = {(alarm.code, alarm.address): alarm for alarm in alarms}
        self._good_life: dict[str, asyncio.TimerHandle] = {}
        self._configured: Configured | None = None
        self._news = asyncio.Event()
        self._stopping = False
        self._started = False

    def stop(self) -> None:
        """End everything, in order; `run` returns then."""
        self._stopping = True
        self._news.set()

    async def run(self, on_ready: Callable[[], None]) -> int:
        """Start all, `on_ready` when all are, watch until `stop`. Returns the exit status."""
        await self._service.start()
        for alarm in self._alarms.values():
            log.warning("supervisor.alarm.raised", code=alarm.code, address=alarm.address, sentence=alarm.sentence)
        self._write_table()
        try:
            await self._start(self.children)
            if not self._stopping:
                self._started = True
                on_ready()
                log.info("supervisor.box.started", children=len(self.children))
                while not self._stopping:
                    await self._change()
        finally:
            await self._stop_all()
            self._ending.set()
            await asyncio.gather(*self._reports)
            await self._service.close()
            self._leash.close()
        return EXIT_STATUS if self.refusing() and not self._started else 0

    def in_service_ns(self) -> int:
        """When the box was last in service (monotonic): it stands still while a child that is needed stays away."""
        missing = self._health.missing(time.monotonic())
        if missing and missing != self._missing:
            log.error("supervisor.box.out_of_service", missing=missing)
        self._missing = missing
        if not missing:
            self._in_service_ns = time.monotonic_ns()
        return self._in_service_ns

    def refusing(self) -> list[Child]:
        """Children that could not use their configuration."""
        return [child for child in self.children if child.refused]

    async def adopt(self, specs: Sequence[Spec], again: Collection[str]) -> None:
        """These are the children from now on.

        Those whose names are missing are stopped, new ones started, and those in `again` started again; the others run
        on as they are. A child that cannot use its configuration is left out, with an alarm.
        """
        known = {child.spec.name: child for child in self.children}
        staying = {spec.name for spec in specs} - set(again)
        await self._stop([child for name, child in known.items() if name not in staying])
        if not self._stopping:
            adopted = [known[spec.name] if spec.name in staying & known.keys() else None for spec in specs]
            self.children = [child or self._child(spec) for child, spec in zip(adopted, specs, strict=True)]
            self._clear_of(known.keys() - staying)
            await self._start([child for child in self.children if child.state is State.STOPPED])

    def _child(self, spec: Spec) -> Child:
        return Child(spec, self._folder, self._leash, self._changed, self._died)

    def _died(self, death: Death) -> None:
        task = asyncio.get_running_loop().create_task(self._report(death))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)

    async def _report(self, death: Death) -> None:
        """Not at once: what died is to be back first, and reading the box's file takes the processor."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), REPORT_AFTER_S)
        try:
            report = await asyncio.to_thread(self._crashes.keep, death)
        except OSError as error:
            log.error("supervisor.crash.unreported", child=death.process, error=str(error))
        else:
            log.warning("supervisor.crash.reported", child=death.process, report=report.name, times=report.times)

    def _clear_of(self, names: Collection[str]) -> None:
        for name in names:
            for code in ("process.restarted", "process.failed"):
                self._clear(code, name)

    async def _start(self, children: Sequence[Child]) -> None:
        for group in _groups(children):
            for child in group:
                child.start()
            while not self._stopping and not _all(group, State.RUNNING, State.FAILED):
                await self._change()
            if self._stopping:
                return

    async def _stop(self, children: Sequence[Child]) -> None:
        for group in reversed(list(_groups(children))):
            for child in group:
                child.stop()
            while not _all(group, State.STOPPED):
                await self._change()

    async def _stop_all(self) -> None:
        self._stopping = True
        log.info("supervisor.box.stopping")
        await self._stop(self.children)

    async def _change(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _changed(self, child: Child) -> None:
        if child.spec.name in self._needed:
            self._health.changed(child.spec.name, child.state, time.monotonic())
        self._write_table()
        self._news.set()
        if child.state is State.FAILED and not self._started:
            self._stopping = True
        if not self._stopping:
            self._judge(child)

    def _judge(self, child: Child) -> None:
        """Raise what its new state deserves; a good life clears it."""
        name, loop = child.spec.name, asyncio.get_running_loop()
        timer = self._good_life.pop(name, None)
        if timer is not None:
            timer.cancel()
        if child.state is State.BACKING_OFF:
            self._raise("process.restarted", name, f"{name} {child.ended}; it is being started again")
        elif child.state is State.FAILED:
            sentence = f"{name} cannot use its configuration and is not started again; see log/{name}.log"
            self._raise("process.failed", name, sentence)
        elif child.state is State.RUNNING:
            self._good_life[name] = loop.call_later(Backoff.GOOD_LIFE_S, self._clear, "process.restarted", name)

    def signal(self, name: str, number: Signals) -> None:
        """To a child that runs."""
        for child in self.children:
            if child.spec.name == name:
                child.signal(number)

    def tell(self, alarm: AlarmRaised | AlarmCleared) -> None:
        """Of what is the box's beside its children."""
        key = alarm.code, alarm.address
        if isinstance(alarm, AlarmRaised):
            self._alarms[key] = alarm
            log.warning("supervisor.alarm.raised", code=alarm.code, address=alarm.address, sentence=alarm.sentence)
        elif self._alarms.pop(key, None) is None:
            return
        else:
            log.info("supervisor.alarm.cleared", code=alarm.code, address=alarm.address)
        self._service.publish(alarm)

    def show(self, told: Configured) -> None:
        """How far the box has come with its configuration."""
        self._configured = told
        self._service.publish(told)

    def _ordered(self, envelope: Envelope) -> None:
        order = envelope.body
        if not isinstance(order, ClearAlarms):
            raise CommandRefusedError("processes.command", f"{type(order).__name__} is no command of the supervisor")
        log.warning("supervisor.alarms.cleared", by=order.by)
        for code, address in tuple(self._alarms):
            if code in PAST:
                self.tell(AlarmCleared(code=code, address=address))

    def _raise(self, code: str, name: str, sentence: str) -> None:
        self.tell(AlarmRaised(code=code, address=f"process={name}", sentence=sentence))

    def _clear(self, code: str, name: str) -> None:
        self.tell(AlarmCleared(code=code, address=f"process={name}"))

    def _standing(self) -> Iterator[Body]:
        yield from self._alarms.values()
        if self._configured is not None:
            yield self._configured

    def _write_table(self) -> None:
        table = {
            child.spec.name: {"pid": child.pid, "starts": child.starts, "since": child.since, "state": child.state}
            for child in self.children
        }
        path = self._folder / "run" / "processes.json"
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.format(msgspec.json.encode(table)) + b"\n")
        new.replace(path)


def _groups(children: Sequence[Child]) -> Iterator[list[Child]]:
    """Children that are started together, in order."""
    for stage in sorted({child.spec.stage for child in children}):
        yield [child for child in children if child.spec.stage == stage]


def _all(children: Iterable[Child], *states: State) -> bool:
    return all(child.state in states for child in children)
