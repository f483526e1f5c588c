# SPDX-License-Identifier: GPL-2.0-only
"""A box that follows its file: what has changed is found, what lives by it is told, and no call ends that need not.

A change that ends calls drains first: the processes that it is of take no new ones, until the present ones are over or
the version's time is. A file with a mistake changes nothing and is an alarm. A version on trial goes back by itself.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import msgspec
import structlog

from appliance.config import AnyBox, ConfigurationError, load
from appliance.config.concerns import BOX, Change, changes
from appliance.config.history import DRAIN_S, History, Trial, Version
from appliance.config.impacts import Impact
from appliance.supervisor.judge import Judge, ServiceNow, Verdict, known
from appliance.supervisor.spec import Spec
from appliance.supervisor.supervisor import Supervisor
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.configuration import Configured, Progress

LOOK_S = 0.25
AGAIN_S = 5.0
JUDGE_S = 2.0
WATCH_S = 10.0
"""Between two looks at the service while nothing is on trial."""
WORSE_S = 40.0
"""How long something that was good before a version on trial may be amiss: a D-channel takes a while to come back."""
FRESH_S = 60.0
"""A test call of so long ago still tells what is good before a version on trial comes into force."""
DRAINED = ("line", "sip")
"""Workers that take no new calls between SIGUSR1 and SIGUSR2."""
UNUSABLE = "configuration.unusable"
RETURNED = "configuration.returned"

Stamp = tuple[int, int, int]
UNSEEN: Stamp = (0, 0, 0)
log = structlog.get_logger()


class Follower:
    """Of the file that `box` was read from. `legs`: how many calls a process has.

    `children`: of a box as it is then. `anew`: everything has to be started again. `service` of a box, by test calls
    that have begun since a second of the monotonic clock, which it has made; None: as they are.
    """

    def __init__(
        self,
        file: Path,
        box: AnyBox,
        supervisor: Supervisor,
        children: Callable[[AnyBox], list[Spec]],
        legs: Callable[[str], Awaitable[int]],
        service: Callable[[AnyBox, float | None], Awaitable[ServiceNow]],
        anew: Callable[[], None],
    ) -> None:
        self._file, self._box, self._supervisor = file, box, supervisor
        self._children, self._legs, self._service, self._anew = children, legs, service, anew
        self._history = History(file)
        self._stamp = _stamp(file)
        self._trial: Trial | None = None
        self._trial_ends = 0.0
        self._judged = 0.0
        self._applied_s = time.monotonic()
        self._judge: Judge | None = None
        self._went_back: Version | None = None
        self._shown = Configured(progress=Progress.APPLIED)

    async def run(self) -> None:
        """For ever; cancel to end."""
        self._went_back = self._history.running()  # what a trial that a restart has ended gave way to
        if self._unchanged():
            self._begin_trial()  # all was started anew for it
        self._show(Progress.APPLIED)
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except Exception:  # a disk that is full, a fault of ours: the box goes on, and the file is looked at again
                log.exception("supervisor.configuration.failed")
                self._stamp = UNSEEN
                await asyncio.sleep(AGAIN_S)

    async def _look(self) -> None:
        self._watch_trial()
        await self._judged_by_service()
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            await self._changed()

    async def _changed(self) -> None:
        try:
            after = await asyncio.to_thread(load, self._file)
        except ConfigurationError as error:
            self._refuse(str(error))
            return
        self._supervisor.tell(AlarmCleared(code=UNUSABLE, address=self._box.box))
        if self._history.running() != self._went_back:
            self._supervisor.tell(AlarmCleared(code=RETURNED, address=self._box.box))
        told = changes(self._box, after)
        if await self._noted() and await self._drained(told):
            await self._apply(after, told)

    async def _noted(self) -> bool:
        """What is good before a version on trial. False when the file changed meanwhile."""
        trial, since_s = self._history.trial(), time.monotonic() - FRESH_S
        if trial is None or trial.good is not None:
            return True
        service = await known(lambda: self._service(self._box, since_s), self._waits_for_tests)
        if service is None:
            return False
        self._history.note(service.of(good=True))
        return True

    def _waits_for_tests(self) -> bool:
        if self._shown.progress is not Progress.TESTING:
            self._show(Progress.TESTING)
        return self._unchanged()

    def _unchanged(self) -> bool:
        """The file is still the one that was seen."""
        self._watch_trial()
        return _stamp(self._file) == self._stamp

    def _refuse(self, sentence: str) -> None:
        log.error("supervisor.configuration.refused", error=sentence)
        first = " ".join(sentence.splitlines()[1:2]).strip()
        alarm = f"{first}; what was good last goes on. Mend it, or take a version back: rollback"
        self._supervisor.tell(AlarmRaised(code=UNUSABLE, address=self._box.box, sentence=alarm))
        self._show(Progress.REFUSED, sentence=sentence)

    async def _drained(self, told: Iterable[Change]) -> bool:
        """Wait for the calls that would end. False when the file changed meanwhile: its processes take calls again."""
        names = [name for change in told if change.impact is not Impact.NONE for name in self._of(change)]
        version = self._history.running()
        until = time.monotonic() + (version.drain_s if version else DRAIN_S)
        self._signal(names, signal.SIGUSR1)
        shown: dict[str, int] = {}
        while waiting := {name: legs for name in names if (legs := await self._legs(name))}:
            if time.monotonic() >= until:
                log.warning("supervisor.configuration.calls_end", calls=waiting)
                break
            if waiting != shown:
                shown = waiting
                self._show(Progress.DRAINING, waiting=tuple(waiting.items()))
            await asyncio.sleep(LOOK_S)
            if not self._unchanged():
                self._signal(names, signal.SIGUSR2)
                return False
        return True

    def _of(self, change: Change) -> Collection[str]:
        """The processes that it is of."""
        running = [child.spec.name for child in self._supervisor.children]
        return running if change.name == BOX else [change.name]

    def _signal(self, names: Iterable[str], number: signal.Signals) -> None:
        for name in names:
            if name.startswith(DRAINED):
                self._supervisor.signal(name, number)

    async def _apply(self, after: AnyBox, told: Collection[Change]) -> None:
        if any(change.name == BOX for change in told):
            log.info("supervisor.configuration.anew")
            self._anew()
            return
        self._box = after
        again = {change.name for change in told if change.restart}
        await self._supervisor.adopt(self._children(after), again)
        for change in told:
            if not change.restart:
                self._supervisor.signal(change.name, signal.SIGHUP)
        self._applied_s = time.monotonic()
        self._begin_trial()
        names = tuple(change.name for change in told)
        log.info("supervisor.configuration.applied", told=names)
        self._show(Progress.APPLIED, restarted=names)

    def _begin_trial(self) -> None:
        """Of what is in force now: a technician's minutes do not pass while it waits for calls."""
        version = self._history.running()
        if version is not None:
            self._history.begin(version.number, time.time())

    def _show(self, progress: Progress, **more: Any) -> None:
        version, trial = self._history.running(), self._history.trial()
        until_s = trial.until_s if trial else None
        number = version.number if version else None
        self._shown = Configured(progress=progress, version=number, until_s=until_s, amiss=self._shown.amiss, **more)
        self._supervisor.show(self._shown)

    def _watch_trial(self) -> None:
        """Its time counts from when it is first seen, and anew when in force, so that no clock that is set ends it."""
        before, trial = self._trial, self._history.trial()
        self._trial = trial
        if (before and before.until_s) != (trial and trial.until_s):
            self._judge = None
            self._trial_ends = time.monotonic() + (trial.until_s - time.time() if trial else 0.0)
            self._shown = msgspec.structs.replace(self._shown, until_s=trial.until_s if trial else None)
            self._supervisor.show(self._shown)
        if trial is not None and time.monotonic() >= self._trial_ends:
            self._go_back(trial, "was not confirmed in time")

    async def _judged_by_service(self) -> None:
        """A version on trial goes back when something that was good before it is not so for WORSE_S.

        One that says how long it must do well is confirmed when it has.
        """
        now_s, trial = time.monotonic(), self._trial
        tried = trial is not None and trial.good is not None
        if now_s < self._judged + (JUDGE_S if tried else WATCH_S):
            return
        self._judged = now_s
        service = await self._service(self._box, self._applied_s if tried else None)
        self._tell_amiss(service.of(good=False))
        if trial is None or trial.good is None:
            self._judge = None
            return
        judge = self._judge = self._judge or Judge(trial.good, now_s)
        lasts_s = judge.look(service, now_s)
        if judge.verdict is Verdict.WORSE and lasts_s >= WORSE_S:
            self._go_back(trial, f"was worse than what was before ({', '.join(judge.worse)})")
        elif judge.verdict is Verdict.NO_WORSE and trial.healthy_s and lasts_s >= trial.healthy_s:
            self._history.confirm()
            log.info("supervisor.configuration.confirmed", version=trial.version)

    def _tell_amiss(self, amiss: tuple[str, ...]) -> None:
        if amiss != self._shown.amiss:
            self._shown = msgspec.structs.replace(self._shown, amiss=amiss)
            self._supervisor.show(self._shown)

    def _go_back(self, trial: Trial, why: str) -> None:
        self._history.back()
        self._went_back, self._judge = self._history.running(), None
        log.warning("supervisor.configuration.returned", version=trial.version, back_to=trial.back_to, why=why)
        self._supervisor.tell(returned(trial, self._box.box, why))


def returned(trial: Trial, box: str, why: str) -> AlarmRaised:
    """That a version on trial is in force no longer."""
    sentence = f"version {trial.version} {why}: version {trial.back_to} is in force again"
    return AlarmRaised(code=RETURNED, address=box, sentence=sentence)


def went_back(schema: int, box: str) -> AlarmRaised:
    """That an older system runs again, with the file that it left when a newer one took over."""
    sentence = "the system before the update serves again, with the configuration it had; what was typed since is kept"
    return AlarmRaised(code=RETURNED, address=box, sentence=f"{sentence} (schema-{schema}.yaml of its versions)")


def _stamp(file: Path) -> Stamp:
    try:
        status = file.stat()
    except FileNotFoundError:
        return UNSEEN
    return status.st_ino, status.st_size, status.st_mtime_ns
