# SPDX-License-Identifier: GPL-2.0-only
"""The updater's process beside a branch's own: whose calls an update waits for, who may call meanwhile, and its end.

The way back to the version before is an update without a bundle; `systemctl` notes what it is asked, and that is all.
"""

import asyncio
import contextlib
import functools
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from pathlib import Path

import pytest

from appliance.config.credentials import CA, CERTIFICATE, KEY
from appliance.processes import update
from appliance.processes.update import Machine
from appliance.update import updater
from appliance.update.boot import Loader, block
from appliance.update.bundle import System
from appliance.update.record import Record, RecordFile
from appliance.update.states import TIMERS, Event, State
from appliance.update.updater import Slots
from appliance.wire.envelope import Body
from appliance.wire.service_messages import Accepted
from appliance.wire.talk import UnreachableError, snapshot, talk
from appliance.wire.update import FallBack, InstallBundle, UpdateTold
from tests.accept.site import LOBBY, Site, until
from tests.peers.hand import HandCall, HandPhone
from tests.processes.site import write_site

pytestmark = [pytest.mark.system, pytest.mark.timeout(90)]
CALLER, CALLED, THIRD = "8001", "8002", LOBBY
CONFIRMED_ONCE = Record(home="A", home_version="0.2.0", before="0.1.0")
"""Another version was confirmed in the other slot once."""
GATE = "gate"
SYSTEMCTL = """\
#!/bin/sh
echo "$*" >>{asked}
while [ ! -e {gate} ]; do sleep 0.05; done
"""
"""Says yes when the gate is open, and does nothing."""
DRAINED_S = 60.0
"""How long the calls of these tests may go on."""


class Floor:
    """A branch with three phones, and what its machine was asked to do."""

    def __init__(self, site: Site, phones: dict[str, HandPhone], asked: Path) -> None:
        self.site, self.phones, self._asked = site, phones, asked
        self.gate = asked.with_name(GATE)
        self.machine = Machine(site.branch.state, site.branch.configuration)

    @contextlib.asynccontextmanager
    async def updating(self, folder: Path, record: Record = CONFIRMED_ONCE, **loader: str) -> AsyncIterator[None]:
        """The updater serves, with that record, and those words of the boot loader's."""
        self._asked.write_text("")
        self.gate.unlink(missing_ok=True)
        (folder / "grubenv").write_bytes(block({"good": "A", **loader}))
        RecordFile(folder).save(record)
        system = System(folder / "system.conf", "branchline-amd64", folder / "ca.pem", {})
        slots = Slots("A", "0.2.0", "this boot", Loader(folder / "grubenv"), system)
        serving = asyncio.create_task(update.serve(self.machine, slots, folder, self.site.branch.state))
        try:
            await self.told(lambda _: True)
            yield
        finally:
            self.gate.touch()
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            self.machine.drain(on=False)

    async def order(self, order: Body) -> None:
        """As the command line does."""
        async with contextlib.aclosing(talk(self.site.branch.state / "run/update.sock", order)) as answers:
            async for body in answers:
                if isinstance(body, Accepted):
                    return

    async def told(self, so: Callable[[UpdateTold], bool], within_s: float = 15) -> UpdateTold:
        """The first that is so."""
        async with asyncio.timeout(within_s):
            while True:
                with contextlib.suppress(UnreachableError):
                    for body in await snapshot(self.site.branch.state / "run/update.sock"):
                        if isinstance(body, UpdateTold) and so(body):
                            return body
                await asyncio.sleep(0.05)

    @property
    def asked(self) -> list[str]:
        """Of systemctl."""
        return self._asked.read_text().splitlines()


@pytest.fixture(scope="module")
def floor(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    opened = _floor(tmp_path_factory.mktemp("update"))
    yield loop.run(opened.__aenter__())
    loop.run(opened.__aexit__(None, None, None))


@contextlib.asynccontextmanager
async def _floor(folder: Path) -> AsyncIterator[Floor]:
    programs, asked = folder / "programs", folder / "asked"
    programs.mkdir()
    (programs / "systemctl").write_text(SYSTEMCTL.format(asked=asked, gate=folder / GATE))
    (programs / "systemctl").chmod(0o755)
    async with contextlib.AsyncExitStack() as stack:
        site = await stack.enter_async_context(Site(folder, (CALLER, CALLED)))
        phones = {}
        for number in (CALLER, CALLED, THIRD):
            phone = HandPhone(number, site.secret(number), site.proxy, "branch.test")
            phones[number] = await stack.enter_async_context(phone)
            await phone.register()
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        patch.setattr(update, "PATIENCE_S", 0.2)
        patch.setattr(updater, "LOOK_S", 0.2)
        patch.setitem(TIMERS, State.DRAINING, (Event.DRAINED, DRAINED_S))
        yield Floor(site, phones, asked)


async def talking(floor: Floor) -> HandCall:
    """The first phone with the second; it hangs up for both. One whose call was just over may be busy for a moment."""
    ringing = asyncio.create_task(floor.phones[CALLED].called())
    until_s = time.monotonic() + 10
    while True:
        call = await floor.phones[CALLER].call(CALLED)
        over = asyncio.create_task(call.happened["released"].wait())
        await asyncio.wait((ringing, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if ringing.done():
            break
        assert time.monotonic() < until_s, call.final
    rung = ringing.result()
    await rung.answer()
    await call.hears("answered")
    await until(rung.happened["acknowledged"].is_set, 10, "the second has its ACK")
    return call


async def refused(floor: Floor) -> int:
    """What a call of the third phone comes to."""
    call = await floor.phones[THIRD].call(CALLED)
    await call.hears("released")
    assert call.final is not None
    return call.final.status


def test_p5_an_update_waits_for_the_talk_of_two_phones_and_takes_no_other(
    loop: asyncio.Runner, floor: Floor, tmp_path: Path
) -> None:
    async def story() -> None:
        call = await talking(floor)
        assert await floor.machine.calls() == 2
        async with floor.updating(tmp_path):
            await floor.order(FallBack())
            waits = await floor.told(lambda one: one.state == State.DRAINING and one.waiting == 2)
            assert waits.until_s is not None
            assert DRAINED_S - 15 < waits.until_s - time.time() <= DRAINED_S
            assert await refused(floor) == 503
            await asyncio.sleep(1.0)
            assert not call.happened["released"].is_set()
            assert (await floor.told(lambda _: True)).state == State.DRAINING
            assert floor.asked == []
            await call.release(16)
            await until(lambda: "reboot" in floor.asked, 10, "the machine is asked to start again")
            assert Loader(tmp_path / "grubenv").next == "B"
            assert await refused(floor) == 503, "a box that is about to go takes no call"
            floor.gate.touch()  # nothing comes of it here, so that it is asked harder, and at last tells so
            ended = await floor.told(lambda one: one.state == State.IDLE)
            assert floor.asked == ["reboot", "reboot --force", "reboot --force --force"]
            assert ended.why == "the machine cannot be started again; see its journal"
            await until(lambda: Loader(tmp_path / "grubenv").next == "A", 10, "the try is taken back, and the drain")
            again = await talking(floor)
            await again.release(16)
            await until_quiet(floor)

    loop.run(story())


def test_p5_calls_still_up_at_the_deadline_end_with_the_switch(
    loop: asyncio.Runner, floor: Floor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TIMERS, State.DRAINING, (Event.DRAINED, 2.0))

    async def story() -> None:
        call = await talking(floor)
        async with floor.updating(tmp_path):
            began_s = time.monotonic()
            await floor.order(FallBack())
            await floor.told(lambda one: one.waiting == 2)
            await until(lambda: "reboot" in floor.asked, 10, "the machine is asked to start again")
            assert time.monotonic() - began_s >= 2.0
            assert not call.happened["released"].is_set(), "the machine's end is the call's, not the updater"
            floor.gate.touch()
            await floor.told(lambda one: one.state == State.IDLE)
        await call.release(16)
        await until_quiet(floor)

    loop.run(story())


def test_p5_headquarters_hears_that_a_version_was_given_up_and_why(
    loop: asyncio.Runner, floor: Floor, tmp_path: Path
) -> None:
    """The box runs where it ran before, the new slot's one try is spent; what told of it then was lost with it."""
    tried = Record(state=State.SWITCHING, home="A", home_version="0.2.0", version="0.3.0", boot="the boot before")
    why = (
        "version 0.3.0 was given up: it did not come into service: the box hung, failed or lost power before it was"
        " confirmed; version 0.2.0 serves"
    )

    async def heard(sentences: list[str]) -> None:
        so = functools.partial(floor.site.alarms, updater.FELL_BACK)
        await until(lambda: so() == sentences, 45, f"headquarters has {sentences}")

    async def story() -> None:
        await heard([])
        async with floor.updating(tmp_path, tried, tried="B"):
            assert (await floor.told(lambda _: True)).state == State.FALLEN_BACK
            await heard([why])
            # The next try is another story: the alarm is over.
            await floor.order(InstallBundle(source=str(tmp_path / "no.raucb")))
            assert "No such file" in (await floor.told(lambda one: one.state == State.IDLE)).why
            await heard([])

    loop.run(story())


async def until_quiet(floor: Floor) -> None:
    """No worker has a leg."""
    async with asyncio.timeout(10):
        while await floor.machine.calls():  # noqa: ASYNC110 - who is asked tells nobody
            await asyncio.sleep(0.05)


def test_a_drain_is_said_to_those_that_run_and_to_nobody_who_only_starts(tmp_path: Path) -> None:
    """SIGUSR1 ends a process that does not listen to it yet."""
    names = {"line1": "running", "line2": "starting", "sip": "running", "call": "running", "kamailio": "running"}
    listening = "trap 'echo on >>$0' USR1; trap 'echo off >>$0' USR2; echo >$0; while :; do sleep 0.05; done"
    running = {name: subprocess.Popen(["sh", "-c", listening, str(tmp_path / name)]) for name in names}
    try:
        for name in names:
            _until((tmp_path / name).exists)
        (tmp_path / "run").mkdir()
        table = {name: {"pid": running[name].pid, "state": state} for name, state in names.items()}
        table["line3"] = {"pid": None, "state": "backing-off"}
        (tmp_path / "run/processes.json").write_text(json.dumps(table))
        machine = Machine(tmp_path, tmp_path / "branch.yaml")
        for on, word in ((True, "on"), (False, "off")):
            machine.drain(on=on)
            _until(functools.partial(_all_heard, tmp_path, ("line1", "sip"), word))
        assert {name for name in names if (tmp_path / name).read_text().split()} == {"line1", "sip"}
        (tmp_path / "run/processes.json").unlink()
        machine.drain(on=True)
    finally:
        for process in running.values():
            process.kill()
            process.wait()


@pytest.mark.parametrize("enrolled", [True, False])
def test_headquarters_ca_is_the_one_that_the_box_enrolled_with(tmp_path: Path, *, enrolled: bool) -> None:
    write_site(tmp_path)
    file, credentials = tmp_path / "branch.yaml", tmp_path / "credentials"
    machine = Machine(tmp_path / "state", file)
    if enrolled:
        credentials.mkdir()
        for name in (CA, CERTIFICATE, KEY):
            (credentials / name).touch(mode=0o600)
        file.write_text(file.read_text().replace("secret: secrets/nats", "credentials: credentials"))
    assert machine.authority == (credentials / CA if enrolled else None)
    file.write_text("role: branch\n")
    assert machine.authority is None, "a file with a mistake says nothing"


def _all_heard(folder: Path, names: Collection[str], word: str) -> bool:
    return all(word in (folder / name).read_text().split() for name in names)


def _until(so: Callable[[], object]) -> None:
    until_s = time.monotonic() + 10
    while not so():
        assert time.monotonic() < until_s
        time.sleep(0.02)
