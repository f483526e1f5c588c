# SPDX-License-Identifier: GPL-2.0-only
"""The table with a disk, RAUC, the boot loader and the clock: what it says is done, and how far it is, told.

One action runs at a time, and ends with an event; a fault of it is FAILED, or where the table has no such way it is
tried again. The state is on the disk before its action begins.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog

from appliance.supervisor.judge import Judge, ServiceNow, Verdict, known
from appliance.update import bundle, installer
from appliance.update.boot import BootError, Loader, other
from appliance.update.bundle import BundleError, System
from appliance.update.record import Record, RecordFile, booted
from appliance.update.states import TABLE, TIMERS, Action, Event, RefusedError, State, step
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.envelope import Body, Envelope
from appliance.wire.service import CommandRefusedError
from appliance.wire.update import BundleChecked, CheckBundle, ConfirmUpdate, FallBack, InstallBundle, UpdateTold

LOOK_S = 2.0
STEADY_S = 30.0
"""Nothing may have been worse than before for so long, for a trial to pass."""
SETTLED_S = 120.0
"""So long after a start what is good says little: phones and D-channels come back one by one."""
FRESH_S = 60.0
"""A test call of so long ago still tells what is good before the switch."""
AGAIN_S = 5.0
FELL_BACK = "update.fell-back"
SPENT = "it did not come into service: the box hung, failed or lost power before it was confirmed"
UNMOVED = "the boot loader was told of it and did not start it: it cannot write its words on the disk"
CAME_AND_WENT = "its service came and went"
CUT = "the box, or its power, was cut off meanwhile: ask for it again"
log = structlog.get_logger()


class Box(Protocol):
    """The machine and its telephone service."""

    @property
    def authority(self) -> Path | None:
        """Headquarters' CA, where the box has it."""

    async def service(self, since_s: float) -> ServiceNow:
        """What of it is good now; test calls that began before that second (monotonic) count no more, and are made."""

    async def calls(self) -> int:
        """How many are up."""

    def drain(self, *, on: bool) -> None:
        """Take no new calls, or take them again; said as often as one likes."""

    async def restart(self) -> None:
        """Start the machine again."""


class Slots(msgspec.Struct, frozen=True):
    """Both of them: `running` is booted with `version`; `boot` names this start of the machine."""

    running: str
    version: str
    boot: str
    loader: Loader
    system: System


class Updater:
    """Of one box, by its serial. `folder`: of its record and of what it fetches."""

    def __init__(self, serial: str, folder: Path, slots: Slots, box: Box, timers: Mapping[State, Any] = TIMERS) -> None:
        self._serial, self._folder, self._slots, self._box, self._timers = serial, folder, slots, box, timers
        self._file = RecordFile(folder)
        self._began_s = time.monotonic()
        self._task: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._shown: dict[str, Any] = {}
        self.publish: Callable[[Body], None] = lambda _: None
        """Hears every change."""
        found = self._file.load()
        self._record = found or self._anew()

    def _anew(self) -> Record:
        return Record(home=self._slots.running, home_version=self._slots.version)

    def start(self) -> None:
        """What this start of the box means for the update that is under way."""
        event = booted(self._record, self._slots.running, self._slots.loader, self._slots.boot)
        if event not in TABLE[self._record.state]:
            event = Event.BOOTED_OTHER
        log.info("update.box.started", state=self._record.state, told=event, slot=self._slots.running)
        if event is Event.BOOTED_OTHER:
            self._record = msgspec.structs.replace(self._anew(), state=self._record.state)
            self._take(event, why="what runs is not what the last update has left")
        elif event is Event.BOOTED_SPENT and self._record.state is not State.FALLEN_BACK:
            self._take(event, why=SPENT)
        elif event is Event.BOOTED_UNMOVED and self._record.state is not State.FALLEN_BACK:
            self._take(event, why=UNMOVED)
        elif event is Event.BOOTED_OLD and self._record.state in (State.CHECKING, State.INSTALLING):
            self._take(event, why=CUT)
        else:
            self._take(event)

    async def close(self) -> None:
        """End what is being done."""
        for task in filter(None, (self._task, self._checking)):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # Asked and told.

    def handle(self, envelope: Envelope) -> None:
        """One command. Raises CommandRefusedError with a sentence."""
        try:
            match envelope.body:
                case CheckBundle():
                    self._check(envelope.body)
                case InstallBundle(source=source, allow_older=older):
                    asked = self._record.asked(self._slots.running, self._slots.version)
                    self._take(Event.INSTALL, asked, source=source, allow_older=older)
                case ConfirmUpdate():
                    self._take(Event.CONFIRM)
                case FallBack():
                    self._fall_back()
                case body:
                    raise CommandRefusedError("update.command", f"an updater takes no {type(body).__name__}")
        except RefusedError as error:
            raise CommandRefusedError("update.refused", str(error)) from error

    def snapshot(self) -> Iterator[Body]:
        """All there is."""
        if alarm := self._alarm():
            yield alarm
        yield self._told()

    def _told(self) -> UpdateTold:
        record = self._record
        return UpdateTold(
            state=record.state,
            slot=self._slots.running,
            running=self._slots.version,
            version=record.version,
            before=self._before(),
            why=record.why,
            **self._shown,
        )

    def _before(self) -> str:
        record = self._record
        return record.home_version if record.state in (State.TRIAL, State.CONFIRMED) else record.before

    def _show(self, **shown: Any) -> None:
        if shown != self._shown:
            self._shown = shown
            self.publish(self._told())

    def _doing(self, doing: str, percent: int | None) -> None:
        self._show(doing=doing, percent=percent)

    def _alarm(self) -> AlarmRaised | None:
        record = self._record
        if record.state is not State.FALLEN_BACK:
            return None
        sentence = f"version {record.version} was given up: {record.why}; version {record.home_version} serves"
        return AlarmRaised(code=FELL_BACK, address=self._serial, sentence=sentence)

    # The table.

    def _take(self, event: Event, record: Record | None = None, **changes: Any) -> None:
        """One step of it. Raises RefusedError; nothing has changed then."""
        record, stood = record or self._record, self._alarm()
        state, action = step(record.state, event, record.version)
        self._record = msgspec.structs.replace(record, state=state, **changes)
        self._file.save(self._record)
        log.info("update.state.changed", state=state, told=event, version=self._record.version, why=self._record.why)
        self._shown = {}
        self.publish(self._told())
        if (alarm := self._alarm()) != stood:
            self.publish(alarm or AlarmCleared(code=FELL_BACK, address=self._serial))
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._task = asyncio.create_task(self._carry_out(action))

    async def _carry_out(self, action: Action) -> None:
        while True:
            try:
                await self._actions[action](self)
            except (BundleError, BootError, OSError) as error:
                log.warning("update.action.failed", action=action, error=str(error))
                if Event.FAILED in TABLE[self._record.state]:
                    installer.forget(self._folder)
                    self._take(Event.FAILED, why=str(error))
                    return
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _nothing(self) -> None:
        pass

    async def _verify(self) -> None:
        self._doing("looks at what is good now", None)
        good = await self._good()
        file = await self._fetched(self._record.source)
        self._doing("looks at every octet of it", None)
        manifest = await self._looked_at(file, allow_older=self._record.allow_older)
        self._take(Event.CHECKED, version=manifest.version, source=str(file), good=good, before="")

    async def _fetched(self, source: str) -> Path:
        return await installer.fetched(source, self._folder, self._doing, self._box.authority)

    async def _looked_at(self, file: Path, *, allow_older: bool) -> bundle.Manifest:
        slots = self._slots
        manifest = await asyncio.to_thread(bundle.check, file, slots.system)
        bundle.refuse_older(manifest, slots.version, allowed=allow_older)
        bundle.refuse_larger(manifest, slots.system.devices[other(slots.running)])
        return manifest

    async def _write(self) -> None:
        await installer.install(Path(self._record.source), self._doing)
        installer.forget(self._folder)
        self._take(Event.WRITTEN)

    async def _note(self) -> None:
        settled = time.monotonic() >= self._began_s + SETTLED_S
        good = await self._good() if settled or not self._record.good else self._record.good
        self._take(Event.NOTED, good=good)

    async def _good(self) -> tuple[str, ...]:
        since_s = time.monotonic() - FRESH_S
        service = await known(lambda: self._box.service(since_s))
        return service.of(good=True) if service else ()

    async def _drain(self) -> None:
        event, limit_s = self._timers[State.DRAINING]
        ends_s, until_s = time.monotonic() + limit_s, time.time() + limit_s
        while True:
            self._box.drain(on=True)  # again and again: a worker may have been started since
            waiting = await self._box.calls()
            if not waiting or time.monotonic() >= ends_s:
                break
            self._show(waiting=waiting, until_s=until_s)
            await asyncio.sleep(LOOK_S)
        self._take(event, boot=self._slots.boot)

    async def _resume(self) -> None:
        self._box.drain(on=False)
        await self._clear()

    async def _switch(self) -> None:
        await asyncio.to_thread(self._slots.loader.give_try, self._record.target)
        await self._box.restart()

    async def _watch(self) -> None:
        event, limit_s = self._timers[State.TRIAL]
        now_s = time.monotonic()
        ends_s, until_s, judge = now_s + limit_s, time.time() + limit_s, Judge(self._record.good, now_s)
        while True:
            lasted_s = judge.look(await self._box.service(self._began_s), time.monotonic())
            waits = ", ".join((*judge.worse, *judge.open))
            if judge.verdict is Verdict.NO_WORSE and lasted_s >= STEADY_S:
                self._take(Event.HEALTHY)
                return
            if time.monotonic() >= ends_s:
                self._take(event, why=f"it was worse than what was before ({waits})" if waits else CAME_AND_WENT)
                return
            self._show(doing=f"waits for {waits}" if waits else f"good for {lasted_s:.0f} s", until_s=until_s)
            await asyncio.sleep(LOOK_S)

    async def _confirm(self) -> None:
        await asyncio.to_thread(self._slots.loader.confirm, self._slots.running)

    async def _clear(self) -> None:
        if self._slots.loader.good != self._record.target:
            await asyncio.to_thread(self._slots.loader.clear, self._record.target)

    async def _return(self) -> None:
        await self._box.restart()

    _actions: Mapping[Action, Callable[["Updater"], Awaitable[None]]] = {
        Action.NONE: _nothing,
        Action.VERIFY: _verify,
        Action.WRITE: _write,
        Action.NOTE: _note,
        Action.DRAIN: _drain,
        Action.RESUME: _resume,
        Action.SWITCH: _switch,
        Action.WATCH: _watch,
        Action.CONFIRM: _confirm,
        Action.RETURN: _return,
        Action.CLEAR: _clear,
    }

    def _fall_back(self) -> None:
        record = self._record
        match record.state:
            case State.IDLE | State.CONFIRMED:
                if not self._before():
                    raise RefusedError("there is nothing to fall back to: the other slot has no confirmed version")
                asked = record.asked(self._slots.running, self._slots.version)
                self._take(Event.FALL_BACK, msgspec.structs.replace(asked, version=asked.before, before=""))
            case State.INSTALLED | State.DRAINING:
                kept = "" if record.source else record.version
                self._take(Event.FALL_BACK, before=kept, why="it was taken back before the switch")
            case _:
                self._take(Event.FALL_BACK, why="somebody asked for the version before")

    def _check(self, order: CheckBundle) -> None:
        if self._checking is not None and not self._checking.done():
            raise RefusedError("a bundle is being checked already: wait for its end")
        if self._record.state in (State.CHECKING, State.INSTALLING):
            step(self._record.state, Event.INSTALL)
        self._checking = asyncio.create_task(self._answer(order))

    async def _answer(self, order: CheckBundle) -> None:
        try:
            file = await self._fetched(order.source)
            self._doing("looks at every octet of it", None)
            manifest = await self._looked_at(file, allow_older=order.allow_older)
        except (BundleError, OSError) as error:
            self.publish(BundleChecked(good=False, sentence=str(error)))
        else:
            self.publish(BundleChecked(good=True, version=manifest.version))
        installer.forget(self._folder)
        self._show()
