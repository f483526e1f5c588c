# SPDX-License-Identifier: GPL-2.0-only
"""The record's process: stores call events and counts statistics, beside headquarters and behind it in line.

What it is asked it is asked by headquarters, over `run/record.sock`.
"""

import asyncio
import os
from pathlib import Path

import structlog

from appliance.config import Headquarters, exit_with, load_or_exit
from appliance.headquarters.reports import store
from appliance.headquarters.reports.inbox import Inbox, path_of
from appliance.headquarters.reports.intervals.thresholds import wanted_by
from appliance.headquarters.reports.requests import socket_in
from appliance.headquarters.reports.service import Service
from appliance.headquarters.reports.writer import Writer
from appliance.processes.environment import state_directory
from appliance.supervisor import logs, notify

NICE = 5
"""Where the processors do not suffice the record lags, and answers to routes do not."""

log = structlog.get_logger()


async def serve(writer: Writer, path: Path, inbox: Inbox | None) -> None:
    """Work until cancelled."""
    service = Service(path, writer, inbox)
    await service.start()
    notify.ready()
    log.info("record.socket.opened")
    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(service.run())
            parts.create_task(notify.keep_alive())
    finally:
        await service.close()


def main() -> None:
    """Run until stopped. Exit status 2: configuration or record cannot be used."""
    logs.configure("record")
    config, state = load_or_exit(Headquarters), state_directory()
    os.nice(NICE)
    place = store.place_of(state, config.record)
    try:
        engine = store.open_writer(place)
    except store.NewerRecordError as error:
        exit_with(str(error))
    inbox = Inbox.opened(path_of(place)) if isinstance(place, Path) else None
    asyncio.run(serve(Writer(engine, wanted_by(config)), socket_in(state), inbox))


if __name__ == "__main__":
    main()
