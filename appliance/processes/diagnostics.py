# SPDX-License-Identifier: GPL-2.0-only
"""The diagnostics' process of any box: attached to all others as an observer, it answers who asks from outside."""

import asyncio
import functools
import importlib
import os
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.config import AnyBox, Branch, ConfigurationError, Headquarters, exit_with, load
from appliance.config.diagnostics import Syslog
from appliance.diagnostics.metrics import exposition
from appliance.diagnostics.metrics.box import of_box
from appliance.diagnostics.metrics.branch import Stores
from appliance.diagnostics.metrics.engine import of_engine
from appliance.diagnostics.metrics.exposition import Sample, sample
from appliance.diagnostics.metrics.listener import Listener
from appliance.diagnostics.metrics.spans import of_spans
from appliance.diagnostics.snmp import daemon
from appliance.diagnostics.snmp.objects import SUBTREES, objects
from appliance.diagnostics.snmp.subagent import Subagent
from appliance.diagnostics.syslog.forwarder import Forwarder
from appliance.diagnostics.syslog.tail import Tail
from appliance.diagnostics.watching import Watching
from appliance.media.engine import inherited_fds
from appliance.media.segment import Segment
from appliance.processes.environment import state_directory
from appliance.supervisor import logs, notify
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.service import CommandRefusedError, Service

if TYPE_CHECKING:
    from appliance.diagnostics.metrics.headquarters import Floor

NICE = 10
"""Where the processors do not suffice, whoever looks on waits."""


class Alarms:
    """What stands on diagnostics.sock."""

    def __init__(self, run: Path, sealer: Sealer) -> None:
        self._standing: dict[tuple[str, str], AlarmRaised] = {}
        self._service = Service(run / "diagnostics.sock", sealer, "diagnostics", _refuse, self._standing.values)

    async def start(self) -> None:
        """Serve."""
        await self._service.start()

    def change(self, code: str, address: str, sentence: str | None) -> None:
        """Raise with a sentence, clear with None; said only when it changes."""
        before = self._standing.pop((code, address), None)
        if sentence is not None:
            self._standing[code, address] = AlarmRaised(code=code, address=address, sentence=sentence)
            if before != self._standing[code, address]:
                self._service.publish(self._standing[code, address])
        elif before is not None:
            self._service.publish(AlarmCleared(code=code, address=address))


def _refuse(_: Envelope) -> None:
    raise CommandRefusedError("diagnostics.command", "diagnostics take no commands; they only tell")


class Diagnostics:
    """All parts of the process, joined. `segment`: the media engine's, on a branch."""

    def __init__(self, box: AnyBox, state: Path, segment: Segment | None) -> None:
        sealer = Sealer(Identity.take(box.box, "diagnostics"))
        self._box, self._state, self._segment = box, state, segment
        self._watching = Watching(box, state / "run", sealer)
        self._stores = Stores(box, state, sealer) if isinstance(box, Branch) else None
        self._floor = _floor(box, state) if isinstance(box, Headquarters) else None
        self._scrape_s = 0.0
        self._alarms = Alarms(state / "run", sealer)
        self._syslog = self._forwarder(box.diagnostics.syslog) if box.diagnostics.syslog else None

    def _forwarder(self, settings: Syslog) -> Forwarder:
        tail = Tail(self._state / "log", self._state / "syslog.json")
        trouble = functools.partial(self._alarms.change, "syslog.untold", str(settings.server))
        return Forwarder(self._box.box, settings, tail, trouble)

    async def run(self) -> None:
        """Work until cancelled. Raises OSError where a port is taken."""
        told = self._box.diagnostics
        if told.metrics is not None:
            await Listener(told.metrics, self.scrape, told.metrics_sources).start()
        await self._alarms.start()
        async with asyncio.TaskGroup() as parts:
            for part in self._parts():
                parts.create_task(part)
            notify.ready()

    def _parts(self) -> Iterator[Coroutine[Any, Any, None]]:
        yield self._watching.run()
        yield notify.keep_alive()
        for part in (self._stores, self._floor, self._syslog):
            if part is not None:
                yield part.run()
        if self._box.diagnostics.snmp is not None:
            told = functools.partial(objects, self._box, self._watching)
            yield Subagent(daemon.socket(self._state), SUBTREES, told).run()

    def scrape(self) -> str:
        """All metrics now."""
        began = time.thread_time()
        text = exposition.text(self._samples())
        self._scrape_s = time.thread_time() - began
        return text

    def _samples(self) -> Iterator[Sample]:
        yield from of_box(self._box, self._state, self._watching)
        yield from of_spans(self._watching)
        if self._segment is not None:
            yield from of_engine(self._segment, [*self._watching.spans.values()])
        if self._stores is not None:
            yield from self._stores.samples(self._watching.link)
        if self._floor is not None:
            yield from self._floor.samples()
        if self._syslog is not None:
            yield sample("syslog_up", int(self._syslog.counts.up))
            yield sample("syslog_lines_sent_total", self._syslog.counts.sent)
            yield sample("syslog_lines_dropped_total", self._syslog.counts.dropped)
        yield sample("scrape_seconds", self._scrape_s)


def _floor(box: Headquarters, state: Path) -> "Floor":
    """Imported where it is wanted: what reads the record is half of this process's memory."""
    made: Floor = importlib.import_module("appliance.diagnostics.metrics.headquarters").Floor(box, state)
    return made


def main() -> None:
    """Run until stopped. Exit status 2: the configuration cannot be used."""
    logs.configure("diagnostics")
    try:
        box = load(Path(os.environ.get("BRANCHLINE_CONFIG", "")))
    except ConfigurationError as error:
        exit_with(str(error))
    os.nice(NICE)
    fds = inherited_fds(os.environ.get("BRANCHLINE_FDS", ""))
    segment = Segment.view(fds["segment"]) if "segment" in fds else None
    asyncio.run(Diagnostics(box, state_directory(), segment).run())


if __name__ == "__main__":
    main()
