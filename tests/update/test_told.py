# SPDX-License-Identifier: GPL-2.0-only
"""What a technician reads of an update at the command line, in English and Chinese."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.cli import update
from appliance.cli.grammar.matching import Matched
from appliance.cli.grammar.syntax import Command, Role
from appliance.cli.session import Session
from appliance.update.bundle import System
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.service import Service
from tests.update.conftest import MAKE
from tests.update.test_updater import Machine

pytestmark = [pytest.mark.system, pytest.mark.timeout(20)]
ROW = Command(pattern="show update", run="update:show", said=("", ""))


@pytest.fixture
def machine(tmp_path: Path, system: System, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, system, monkeypatch)


def session(machine: Machine, *, chinese: bool = False) -> Session:
    return Session(machine.folder / "branch.yaml", machine.folder, Role.ADMINISTRATOR, chinese=chinese)


def typed(verb: Callable[[Session, Matched], int], at: Session, **arguments: str) -> int:
    return verb(at, Matched(ROW, arguments, (), ()))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was said, without the updater's own log."""
    return [line for line in capsys.readouterr().out.splitlines() if "[info " not in line and "[warning " not in line]


def asked(machine: Machine, what: Callable[[], int]) -> list[int]:
    """What is typed, at the box while it runs."""
    status: list[int] = []

    async def at_the_box() -> None:
        sealer = Sealer(Identity.take("BR-0001", "update"))
        updater = machine.updater
        service = Service(machine.folder / "run/update.sock", sealer, "update", updater.handle, updater.snapshot)
        updater.publish = service.publish
        await service.start()
        try:
            status.append(await asyncio.to_thread(what))
        finally:
            await service.close()

    asyncio.run(machine.boot(at_the_box))
    return status


def test_an_update_is_watched_to_the_restart(
    machine: Machine, bundled: MAKE, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "restart", lambda: asyncio.sleep(0))
    machine.legs = [0, 2]
    assert asked(machine, lambda: typed(update.install, session(machine), bundle=os.path.relpath(bundled()))) == [0]
    told = lines(capsys)
    assert "version 0.2.0, writes it; calls go on" in told
    assert "version 0.2.0, waits for the end of calls, 2 calls" in told
    assert told[-1] == "the box starts again; show update tells how it went on"


def test_a_refusal_is_one_sentence(machine: Machine, bundled: MAKE, capsys: pytest.CaptureFixture[str]) -> None:
    at = session(machine)
    assert asked(machine, lambda: typed(update.check, at, bundle=str(bundled("0.0.9")))) == [1]
    assert capsys.readouterr().err == "it has version 0.0.9, older than 0.1.0: add allow-older to install it\n"
    assert asked(machine, lambda: typed(update.confirm, at)) == [1]
    assert capsys.readouterr().err == "nothing waits to be confirmed (idle)\n"
    assert asked(machine, lambda: typed(update.install, at, bundle=str(bundled("0.0.9")))) == [1]
    assert "older than 0.1.0" in capsys.readouterr().out


def test_a_bundle_is_found_good_and_the_slots_are_shown_in_chinese(
    machine: Machine, bundled: MAKE, capsys: pytest.CaptureFixture[str]
) -> None:
    at = session(machine, chinese=True)
    assert asked(machine, lambda: typed(update.check, at, bundle=str(bundled()))) == [0]
    assert lines(capsys)[-1] == "版本 0.2.0 可以安装"
    assert asked(machine, lambda: typed(update.show, at)) == [0]
    assert lines(capsys) == ["运行版本：0.1.0 (分区 A)", "另一分区：无已确认版本", "升级：无升级任务"]


def test_a_machine_without_an_updater_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = Session(tmp_path / "branch.yaml", tmp_path, Role.VIEWER, chinese=False)
    assert typed(update.show, at) == 2
    assert "nobody updates this box" in capsys.readouterr().err
