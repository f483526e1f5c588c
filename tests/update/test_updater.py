# SPDX-License-Identifier: GPL-2.0-only
"""An update from asking to its end, with real bundles and files as slots; a power cut after every write to the disk."""

import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.supervisor import judge
from appliance.supervisor.judge import ServiceNow
from appliance.update import bundle, installer, record, updater
from appliance.update.boot import Loader
from appliance.update.bundle import System
from appliance.update.installer import Tell
from appliance.update.record import RecordFile
from appliance.update.states import TIMERS, Event, State
from appliance.update.updater import Slots, Updater
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Body, Sealer
from appliance.wire.ids import Identity
from appliance.wire.service import CommandRefusedError
from appliance.wire.update import BundleChecked, CheckBundle, ConfirmUpdate, FallBack, InstallBundle, UpdateTold
from tests.update.conftest import IMAGE, MAKE
from tests.update.server import Authority, Server, served

pytestmark = [pytest.mark.system, pytest.mark.timeout(20)]
PSTN = "test call pstn"
GOOD: dict[str, bool | None] = {"headquarters": True, "phone 8001": True, "phone 8002": False, PSTN: True}


class PowerCutError(BaseException):
    """The disk has what was synced, and no more."""


def grub(loader: Loader) -> str:
    """What grub.cfg does."""
    now = loader.read()
    if slot := now.get("try"):
        loader._write({"try": "", "tried": slot})
        return slot
    return now["good"]


class Machine:
    """A box with two slots, over its boots. `cut`: the write after which the power goes."""

    def __init__(self, folder: Path, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.system, self.loader = folder, system, Loader(folder / "grubenv")
        self.versions = {"A": "0.1.0", "B": ""}
        self.good: dict[str, bool | None] = GOOD
        self.before = GOOD
        self.why = {PSTN: "cause 1, unallocated number"}
        self.asked_since: list[float] = []
        self.legs, self.drained = [0], False
        self.ca: Path | None = None
        self.running = grub(self.loader)
        self.told: list[Body] = []
        self.over = asyncio.Event()
        self.writes, self.cut, self.boots = 0, 0, 0
        self._sealer = Sealer(Identity.take("BR-0001", "cli"))
        monkeypatch.setattr(updater, "LOOK_S", 0.001)
        monkeypatch.setattr(updater, "STEADY_S", 0.01)
        monkeypatch.setattr(installer, "install", self.install)
        monkeypatch.setattr(os, "fsync", lambda _: None)  # power cuts are ours here, and every one of them
        for owner, name in ((RecordFile, "save"), (Loader, "_write")):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    @property
    def authority(self) -> Path | None:
        return self.ca

    def _counted(self, write: Callable[..., None]) -> Callable[..., None]:
        def counted(*arguments: object) -> None:
            if self.over.is_set():
                raise PowerCutError
            write(*arguments)
            self.writes += 1
            if self.writes == self.cut:
                self.over.set()
                raise PowerCutError

        return counted

    async def install(self, _file: Path, tell: Tell) -> None:
        """As rauc does it, with files."""
        tell("writes", 50)
        slot = "AB"[self.running == "A"]
        self.loader.clear(slot)
        self.system.devices[slot].write_bytes(IMAGE)
        self.versions[slot] = "0.2.0"

    async def service(self, since_s: float) -> ServiceNow:
        self.asked_since.append(since_s)
        good = self.before if self.versions[self.running] == "0.1.0" else self.good
        return ServiceNow(good, {name: why for name, why in self.why.items() if good.get(name) is False})

    async def calls(self) -> int:
        return self.legs.pop() if len(self.legs) > 1 else self.legs[0]

    def drain(self, *, on: bool) -> None:
        self.drained = on

    async def restart(self) -> None:
        self.over.set()

    def asked(self, body: Body) -> None:
        self.updater.handle(self._sealer.seal(body))

    async def boot(self, then: Callable[[], Awaitable[object]]) -> bool:
        """One life of the updater; True where it ended by a restart or a power cut."""
        self.over = asyncio.Event()
        self.boots += 1
        slots = Slots(self.running, self.versions[self.running], str(self.boots), self.loader, self.system)
        self.updater = Updater("BR-0001", self.folder, slots, self, TIMERS | {State.TRIAL: (Event.LATE, 0.1)})
        self.updater.publish = self.told.append
        doing = asyncio.create_task(self._life(then))
        ended = asyncio.create_task(self.over.wait())
        await asyncio.wait((doing, ended), return_when=asyncio.FIRST_COMPLETED)
        down = self.over.is_set()
        doing.cancel()
        ended.cancel()
        await asyncio.gather(doing, ended, return_exceptions=True)
        self.over.set()
        with contextlib.suppress(PowerCutError):
            await self.updater.close()
        while down:
            self.over.clear()
            with contextlib.suppress(PowerCutError):  # right after GRUB's own write
                self.running = grub(self.loader)
                break
        return down

    async def _life(self, then: Callable[[], Awaitable[object]]) -> None:
        try:
            self.updater.start()
            await then()
        except PowerCutError:
            self.over.set()

    @property
    def state(self) -> UpdateTold:
        return next(body for body in self.updater.snapshot() if isinstance(body, UpdateTold))

    async def until(self, *states: State) -> None:
        """Of none: until the power goes."""
        while self.state.state not in states:  # noqa: ASYNC110 - what is watched tells nobody
            await asyncio.sleep(0.001)

    def install_it(self, file: Path, *ends: State) -> Callable[[], Awaitable[None]]:
        async def asked() -> None:
            self.asked(InstallBundle(source=str(file)))
            await self.until(*ends)

        return asked

    async def to_its_end(self) -> None:
        """Boot until nothing is under way."""
        ends = (State.IDLE, State.CONFIRMED, State.FALLEN_BACK)
        while await self.boot(lambda: self._settled(ends)):
            pass

    async def _settled(self, ends: tuple[State, ...]) -> None:
        await self.until(*ends)
        task = self.updater._task
        if task is not None:
            await task


@pytest.fixture
def machine(tmp_path: Path, system: System, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, system, monkeypatch)


def test_an_update_waits_for_calls_and_is_confirmed_by_the_service(machine: Machine, bundled: MAKE) -> None:
    machine.legs = [0, 1, 2]

    async def story() -> None:
        assert await machine.boot(machine.install_it(bundled()))
        assert machine.drained
        assert (machine.running, machine.loader.good) == ("B", "A")
        await machine.to_its_end()

    asyncio.run(story())
    waited = [body.waiting for body in machine.told if isinstance(body, UpdateTold) and body.waiting]
    assert waited == [2, 1]
    assert (machine.state.state, machine.loader.good, machine.state.before) == ("confirmed", "B", "0.1.0")
    assert machine.system.devices["B"].read_bytes() == IMAGE


def test_a_version_whose_service_is_worse_falls_back_and_headquarters_hears_why(
    machine: Machine, bundled: MAKE
) -> None:
    machine.good = GOOD | {"headquarters": False}

    async def story() -> None:
        await machine.boot(machine.install_it(bundled()))
        await machine.to_its_end()

    asyncio.run(story())
    assert (machine.running, machine.loader.good) == ("A", "A")
    alarm, told = machine.updater.snapshot()
    assert isinstance(alarm, AlarmRaised)
    assert alarm.sentence == (
        "version 0.2.0 was given up: it was worse than what was before (headquarters); version 0.1.0 serves"
    )
    assert isinstance(told, UpdateTold)
    assert (told.state, told.before) == ("fallen-back", "")


def test_a_version_by_which_only_the_test_call_fails_falls_back_and_says_why(machine: Machine, bundled: MAKE) -> None:
    machine.good = GOOD | {PSTN: False}

    async def story() -> None:
        await machine.boot(machine.install_it(bundled()))
        await machine.to_its_end()

    asyncio.run(story())
    assert (machine.running, machine.loader.good) == ("A", "A")
    assert machine.state.why == f"it was worse than what was before ({PSTN}: cause 1, unallocated number)"


def test_a_version_is_not_confirmed_before_its_test_call_was_made(machine: Machine, bundled: MAKE) -> None:
    machine.good = GOOD | {PSTN: None}

    async def story() -> None:
        began_s = time.monotonic()
        await machine.boot(machine.install_it(bundled()))
        machine.asked_since.clear()
        booted_s = time.monotonic()
        await machine.to_its_end()
        assert began_s < booted_s <= machine.asked_since[0], "by a call of this start"

    asyncio.run(story())
    assert machine.running == "A"
    assert machine.state.why == f"it was worse than what was before ({PSTN})"


def test_what_is_good_before_the_switch_is_waited_for(
    machine: Machine, bundled: MAKE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "LOOK_S", 0.001)
    machine.before, machine.good = GOOD | {PSTN: None}, GOOD | {PSTN: False}

    async def tested() -> None:
        await asyncio.sleep(0.02)
        machine.before = GOOD

    async def story() -> None:
        making = asyncio.create_task(tested())
        await machine.boot(machine.install_it(bundled()))
        await making
        await machine.to_its_end()

    asyncio.run(story())
    assert machine.state.state == "fallen-back", "it was good, and is not"


def test_a_version_that_never_comes_up_is_told_as_such(machine: Machine, bundled: MAKE) -> None:
    async def story() -> None:
        await machine.boot(machine.install_it(bundled()))
        machine.running = grub(machine.loader)  # the new slot hung, the watchdog bit
        await machine.to_its_end()

    asyncio.run(story())
    assert (machine.running, machine.state.state) == ("A", "fallen-back")
    assert "it did not come into service" in machine.state.why
    assert machine.loader.tried == ""


def test_a_boot_loader_that_cannot_write_does_not_start_the_box_for_ever(machine: Machine, bundled: MAKE) -> None:
    async def story() -> None:
        await machine.boot(machine.install_it(bundled()))
        machine.loader._write({"try": "B", "tried": ""})
        machine.running = "A"
        await machine.to_its_end()

    asyncio.run(story())
    assert (machine.running, machine.state.state, machine.loader.next) == ("A", "fallen-back", "A")
    assert "the boot loader was told of it and did not start it" in machine.state.why


def test_an_updater_that_dies_before_the_restart_asks_for_it_again(machine: Machine, bundled: MAKE) -> None:
    async def story() -> None:
        await machine.boot(machine.install_it(bundled()))
        machine.loader._write({"try": "B", "tried": ""})
        machine.running, machine.boots = "A", machine.boots - 1
        await machine.to_its_end()

    asyncio.run(story())
    assert (machine.running, machine.state.state) == ("B", "confirmed")


def test_a_confirmed_version_gives_way_to_the_one_before_and_comes_back(machine: Machine, bundled: MAKE) -> None:
    async def back() -> None:
        machine.asked(FallBack())
        await machine.until()

    async def story() -> None:
        await machine.boot(machine.install_it(bundled()))
        await machine.to_its_end()
        for slot in "AB":
            assert await machine.boot(back)
            await machine.to_its_end()
            assert (machine.running, machine.loader.good, machine.state.state) == (slot, slot, "confirmed")

    asyncio.run(story())


@pytest.mark.parametrize("enrolled", [True, False])
def test_a_bundle_of_headquarters_own_server_is_installed_where_the_box_is_enrolled(
    machine: Machine, bundled: MAKE, tmp_path: Path, *, enrolled: bool
) -> None:
    authority, server = Authority(tmp_path / "headquarters"), Server(bundled().read_bytes())
    server.with_tls(authority)
    machine.ca = authority.ca if enrolled else None

    async def checked(source: str) -> None:
        machine.asked(CheckBundle(source=source))
        assert machine.updater._checking is not None
        await machine.updater._checking

    async def story() -> None:
        source = server.url("whole")
        await machine.boot(lambda: checked(source))
        await machine.boot(lambda: installed(source))
        await machine.to_its_end()

    async def installed(source: str) -> None:
        machine.asked(InstallBundle(source=source))
        await machine.until(*(() if enrolled else (State.IDLE,)))

    with served(server):
        asyncio.run(story())
    (told,) = (body for body in machine.told if isinstance(body, BundleChecked))
    assert told.good is enrolled
    assert (machine.running, machine.state.state) == (("B", "confirmed") if enrolled else ("A", "idle"))
    assert enrolled or "certificate verify failed" in machine.state.why
    assert not (machine.folder / installer.FETCHED).exists()


def test_what_waits_for_calls_can_be_taken_back(machine: Machine, bundled: MAKE) -> None:
    machine.legs = [1]

    async def taken_back() -> None:
        machine.asked(InstallBundle(source=str(bundled())))
        await machine.until(State.DRAINING)
        with pytest.raises(CommandRefusedError, match="an update is running already"):
            machine.asked(InstallBundle(source=str(bundled())))
        machine.asked(FallBack())
        await machine.until(State.IDLE)
        await asyncio.sleep(0.01)

    asyncio.run(machine.boot(taken_back))
    assert not machine.drained
    assert (machine.running, machine.loader.next) == ("A", "A")


def test_refusals_leave_everything_as_it_was(machine: Machine, bundled: MAKE) -> None:
    async def story() -> None:
        for source, why in ((bundled("0.0.9"), "older than 0.1.0"), (machine.folder / "no.raucb", "No such file")):
            await machine.boot(machine.install_it(source, State.IDLE))
            assert why in machine.state.why
        await machine.boot(nothing_to_do)

    async def nothing_to_do() -> None:
        with pytest.raises(CommandRefusedError, match="nothing waits to be confirmed"):
            machine.asked(ConfirmUpdate())
        with pytest.raises(CommandRefusedError, match="nothing to fall back to"):
            machine.asked(FallBack())
        machine.asked(CheckBundle(source=str(bundled("0.0.9")), allow_older=True))
        assert machine.updater._checking is not None
        await machine.updater._checking

    asyncio.run(story())
    assert [body for body in machine.told if isinstance(body, BundleChecked)] == [
        BundleChecked(good=True, version="0.0.9")
    ]
    assert machine.loader.read() == {"good": "A"}
    assert machine.system.devices["B"].read_bytes() == bytes(len(IMAGE))


@pytest.mark.parametrize("healthy", [True, False])
def test_p5_a_power_cut_after_any_write_leaves_a_box_that_boots_and_knows_why(
    tmp_path: Path, system: System, bundled: MAKE, monkeypatch: pytest.MonkeyPatch, *, healthy: bool
) -> None:
    """For each write of an update the power goes right after it; then the box is left alone."""
    manifest, ends = bundle.check(bundled(), system), set()
    monkeypatch.setattr(bundle, "check", lambda *_: manifest)
    for cut in itertools.count(2):  # the first is of the start, before anybody asks
        with monkeypatch.context() as patched:
            (tmp_path / "record.json").unlink(missing_ok=True)
            machine = Machine(tmp_path, system, patched)
            machine.loader.confirm("A")
            machine.good = GOOD if healthy else {**GOOD, "headquarters": False}
            machine.running, machine.writes, machine.cut = "A", 0, cut
            asyncio.run(_updated(machine, bundled()))
        told = machine.state
        ends.add(told.state)
        assert machine.running == machine.loader.good == machine.loader.next
        assert machine.running == ("B" if told.state == "confirmed" else "A")
        assert told.why or told.state == "confirmed"
        assert healthy or told.state != "confirmed"
        if machine.writes < cut:
            break
    assert cut > 8
    assert ends == ({"idle", "confirmed", "fallen-back"} if healthy else {"idle", "fallen-back"})


async def _updated(machine: Machine, file: Path) -> None:
    await machine.boot(machine.install_it(file))
    await machine.to_its_end()


def test_a_record_that_is_damaged_is_none(tmp_path: Path, machine: Machine) -> None:
    (tmp_path / "record.json").write_bytes(b"\0" * 200)
    assert RecordFile(tmp_path).load() is None
    asyncio.run(machine.boot(lambda: machine.until(State.IDLE)))
    assert isinstance(RecordFile(tmp_path).load(), record.Record)
