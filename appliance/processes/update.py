# SPDX-License-Identifier: GPL-2.0-only
"""The updater's process, beside the supervisor and not below it: a version whose supervisor does not start falls back.

Of root, because slots, boot loader and a restart of the machine are. BRANCHLINE_UPDATE: where its record is;
BRANCHLINE_GRUBENV, BRANCHLINE_RAUC: GRUB's environment block and RAUC's system.conf. Exit status 2: no such machine.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import msgspec
import structlog

from appliance import VERSION
from appliance.config import Branch, ConfigurationError, Headquarters, Voter, exit_with, load
from appliance.config.branch import HeadquartersLink
from appliance.config.credentials import CA, Enrolment
from appliance.processes.environment import state_directory
from appliance.processes.telephone import legs_of, telephone
from appliance.supervisor import logs, notify
from appliance.supervisor.following import DRAINED
from appliance.supervisor.judge import ServiceNow
from appliance.supervisor.states import State
from appliance.update import boot
from appliance.update.backend import GRUBENV
from appliance.update.boot import Loader
from appliance.update.bundle import BundleError, System
from appliance.update.updater import Slots, Updater
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.service import Service
from appliance.wire.talk import UnreachableError, snapshot

RELEASE = Path("/etc/os-release")
RAUC = Path(os.environ.get("BRANCHLINE_RAUC", "/etc/rauc/system.conf"))
FOLDER = Path(os.environ.get("BRANCHLINE_UPDATE", "/data/update"))
UNNAMED = "UNCLAIMED"
"""The serial of a box that has no configuration yet."""
PATIENCE_S = 90.0
PROCESSES = "the processes"
log = structlog.get_logger()


class Machine:
    """A `Box` of appliance.update.updater: `state` and `configuration` are its telephone service's."""

    def __init__(self, state: Path, configuration: Path) -> None:
        self._state, self._configuration = state, configuration

    @property
    def serial(self) -> str:
        """By its configuration."""
        with contextlib.suppress(ConfigurationError):
            return load(self._configuration).box
        return UNNAMED

    @property
    def authority(self) -> Path | None:
        """By its configuration: what it enrolled with, or gives others to enrol with."""
        with contextlib.suppress(ConfigurationError):
            match load(self._configuration):
                case Branch(headquarters=HeadquartersLink(credentials=Path() as folder)):
                    return folder / CA
                case Headquarters(enrolment=Enrolment(credentials=folder)):
                    return folder / CA
                case Voter(credentials=Path() as folder):
                    return folder / CA
        return None

    async def service(self, since_s: float) -> ServiceNow:
        """Nothing is good of a box without a configuration, so nothing is worse."""
        try:
            box = await asyncio.to_thread(load, self._configuration)
        except ConfigurationError:
            return ServiceNow({PROCESSES: False})
        told = await telephone(self._state, box, since_s)
        return ServiceNow({PROCESSES: await self._processes(), **told.good}, told.why)

    async def calls(self) -> int:
        """Of all workers."""
        workers = [path.name.split(".")[1] for path in (self._state / "run").glob("leg.*.sock")]
        return sum([await legs_of(self._state, worker) for worker in workers])

    def drain(self, *, on: bool) -> None:
        """Whoever takes calls, as a change of the configuration drains them."""
        for pid in self._takers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1 if on else signal.SIGUSR2)

    async def restart(self) -> None:
        """By systemd; by force where it does not come to it. Returns at the machine's end alone."""
        for force in ((), ("--force",), ("--force", "--force")):
            log.warning("update.machine.restarts", force=len(force))
            told = await asyncio.create_subprocess_exec("systemctl", "reboot", *force)
            if await told.wait() == 0:
                await asyncio.sleep(PATIENCE_S)
        raise OSError("the machine cannot be started again; see its journal")

    async def _processes(self) -> bool:
        """All run."""
        try:
            told = await snapshot(self._state / "run/supervisor.sock")
        except UnreachableError:
            return False
        return not any(isinstance(body, AlarmRaised) and body.code.startswith("process.") for body in told)

    def _takers(self) -> Iterator[int]:
        """Of those that run alone: the signal would end one that only starts."""
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            table = msgspec.json.decode((self._state / "run/processes.json").read_bytes(), type=dict[str, _Process])
            running = (
                child for name, child in table.items() if name.startswith(DRAINED) and child.state == State.RUNNING
            )
            yield from (child.pid for child in running if child.pid)


class _Process(msgspec.Struct):
    """Of the supervisor's table."""

    pid: int | None
    state: str


async def serve(machine: Machine, slots: Slots, folder: Path, state: Path) -> None:
    """Work until cancelled."""
    serial = machine.serial
    updater = Updater(serial, folder, slots, machine)
    socket, sealer = state / "run/update.sock", Sealer(Identity.take(serial, "update"))
    service = Service(socket, sealer, "update", updater.handle, updater.snapshot)
    updater.publish = service.publish
    await service.start()
    _give(socket, state)
    updater.start()
    notify.ready()
    try:
        await notify.keep_alive()
        await asyncio.Event().wait()  # where nobody watches
    finally:
        await updater.close()
        await service.close()


def _give(socket: Path, state: Path) -> None:
    """The socket is the box's user's, who types at the box."""
    owner = state.stat()
    for path in (socket.parent, socket):
        os.chown(path, owner.st_uid, owner.st_gid)


def version(release: Path = RELEASE) -> str:
    """Of the image that runs."""
    for line in release.read_text("utf-8").splitlines():
        name, _, said = line.partition("=")
        if name == "IMAGE_VERSION":
            return said.strip('"')
    return VERSION


def main() -> None:
    """Run until stopped."""
    logs.configure("update")
    state, running = state_directory(), boot.running()
    try:
        system = System.read(RAUC)
    except BundleError as error:
        exit_with(str(error))
    if not running:
        exit_with("the boot loader names no slot (rauc.slot=): this machine cannot be updated so")
    slots = Slots(running, version(), boot.this_boot(), Loader(GRUBENV), system)
    machine = Machine(state, Path(os.environ.get("BRANCHLINE_CONFIG", "")))
    asyncio.run(_until_stopped(serve(machine, slots, FOLDER, state)))


async def _until_stopped(serving: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(serving)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    main()
