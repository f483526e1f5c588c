# SPDX-License-Identifier: GPL-2.0-only
"""The supervisor with small real children: what is running, who is told, what is left behind."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from appliance.supervisor.spec import Command, Spec
from appliance.supervisor.supervisor import Supervisor
from appliance.wire.alarms import AlarmRaised
from appliance.wire.client import Client
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity

pytestmark = [pytest.mark.system, pytest.mark.timeout(20), pytest.mark.anyio]

CHILDREN = Path(__file__).with_name("children.py")
ROOT = Path(__file__).parents[2]


def spec(name: str, kind: str, *arguments: object, **more: Any) -> Spec:
    argv = (sys.executable, "-I", "-S", str(CHILDREN), kind, *(str(argument) for argument in arguments))
    return Spec(name=name, command=lambda: Command(argv, {}), **more)


def sealer(process: str) -> Sealer:
    return Sealer(Identity.take("BR-0001", process))


@contextlib.asynccontextmanager
async def running(state: Path, specs: Sequence[Spec]) -> AsyncIterator[Supervisor]:
    """The box, started; stopped at the end, with nothing left."""
    supervisor = Supervisor(specs, state, sealer("supervisor"))
    ready = asyncio.Event()
    task = asyncio.create_task(supervisor.run(ready.set))
    await ready.wait()
    try:
        yield supervisor
    finally:
        supervisor.stop()
        assert await task == 0
        assert [child.pid for child in supervisor.children] == [None] * len(specs)


def table(state: Path) -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads((state / "run/processes.json").read_text())
    return loaded


async def until(holds: Callable[[], object], seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def test_children_are_handed_their_descriptors_and_nothing_else(tmp_path: Path) -> None:
    fds = {name: os.memfd_create(name) for name in ("segment", "line")}
    for name, fd in fds.items():
        os.write(fd, f"I am {name}".encode())
    async with running(tmp_path, [spec("line", "tell", tmp_path / "told", fds=fds)]):
        told = json.loads((tmp_path / "told").read_text())
    for fd in fds.values():
        os.close(fd)
    assert (told["segment"], told["line"]) == ("I am segment", "I am line")
    assert told["group"] == "True"
    assert told["open"] == str(sorted([0, 1, 2, *fds.values()]))


async def test_a_killed_engine_serves_again_within_300_ms(tmp_path: Path) -> None:
    async with running(tmp_path, [spec("engine", "serve", first_backoff_s=0.0)]):
        before = table(tmp_path)["engine"]
        killed = time.monotonic()
        os.kill(before["pid"], signal.SIGKILL)
        await until(
            lambda: table(tmp_path)["engine"]["starts"] == 2 and table(tmp_path)["engine"]["state"] == "running"
        )
        took = time.monotonic() - killed
        assert table(tmp_path)["engine"]["pid"] != before["pid"]
    assert took < 0.3, f"{took * 1000:.0f} ms"


async def test_a_restart_is_an_alarm_that_stands_for_whoever_comes_later(tmp_path: Path) -> None:
    async with running(tmp_path, [spec("line", "serve")]):
        heard: list[Envelope] = []
        early = asyncio.create_task(observe(tmp_path, heard))
        os.kill(table(tmp_path)["line"]["pid"], signal.SIGKILL)
        await until(lambda: any(isinstance(envelope.body, AlarmRaised) for envelope in heard))
        later: list[Envelope] = []
        late = asyncio.create_task(observe(tmp_path, later))
        await until(lambda: len(later) > 1)
        for task in (early, late):
            task.cancel()
    alarm = later[1].body
    assert isinstance(alarm, AlarmRaised)
    assert (alarm.code, alarm.address) == ("process.restarted", "process=line")
    assert alarm.sentence == "line ended by signal 9; it is being started again"


async def observe(state: Path, heard: list[Envelope]) -> None:
    await Client(state / "run/supervisor.sock", sealer("uplink"), heard.append, role="observer").run()


async def test_a_child_that_crashes_at_its_start_is_tried_again(tmp_path: Path) -> None:
    async with running(tmp_path, [spec("line", "crash-once", tmp_path / "mark")]):
        assert table(tmp_path)["line"]["starts"] == 2


async def test_a_child_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    async with running(tmp_path, [spec("call", "hang-once", tmp_path / "mark", watchdog_s=0.3)]):
        first = table(tmp_path)["call"]["pid"]
        await until(lambda: table(tmp_path)["call"]["starts"] == 2 and table(tmp_path)["call"]["state"] == "running")
        await asyncio.sleep(0.5)
        assert not alive(first)
        assert table(tmp_path)["call"]["starts"] == 2


async def test_a_child_that_works_without_a_word_is_killed_when_it_does_no_more(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_bytes(b"\0")
    works = spec("engine", "count", counter, watchdog_s=0.2, progress=lambda: counter.read_bytes()[0])
    async with running(tmp_path, [works]) as supervisor:
        heard: list[Envelope] = []
        watching = asyncio.create_task(observe(tmp_path, heard))
        await asyncio.sleep(0.5)
        assert table(tmp_path)["engine"]["starts"] == 1
        os.kill(table(tmp_path)["engine"]["pid"], signal.SIGSTOP)
        await until(lambda: any(isinstance(envelope.body, AlarmRaised) for envelope in heard))
        await until(lambda: table(tmp_path)["engine"]["state"] == "running")
        watching.cancel()
    assert supervisor.children[0].starts == 2
    (alarm,) = (envelope.body for envelope in heard if isinstance(envelope.body, AlarmRaised))
    assert alarm.sentence == "engine did not move for 0.2 s and was killed; it is being started again"


async def test_a_machine_that_stood_still_is_no_child_s_fault(tmp_path: Path) -> None:
    """Supervisor and child stop together, for longer than the watchdog; the child needs a moment to speak again."""
    async with running(tmp_path, [spec("call", "hang-once", tmp_path, watchdog_s=0.3)]):
        pid = table(tmp_path)["call"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(0.05)  # what it has said is heard
        time.sleep(1)  # noqa: ASYNC251  # the loop stands still, as it would
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.5)
        assert table(tmp_path)["call"]["starts"] == 1


async def test_a_child_that_never_gets_ready_is_killed_and_tried_again(tmp_path: Path) -> None:
    supervisor = Supervisor([spec("sip", "mute", ready_s=0.2)], tmp_path, sealer("supervisor"))
    task = asyncio.create_task(supervisor.run(lambda: pytest.fail("it never gets ready")))
    await until(lambda: supervisor.children[0].starts == 2)
    supervisor.stop()
    assert await task == 0


async def test_a_child_without_sd_notify_is_ready_when_it_serves(tmp_path: Path) -> None:
    async def serves() -> bool:
        return (tmp_path / "up").exists()

    async with running(tmp_path, [spec("kamailio", "stranger", tmp_path / "up", serves=serves)]):
        assert (tmp_path / "up").exists()
        assert table(tmp_path)["kamailio"]["state"] == "running"


async def test_a_configuration_error_at_the_start_ends_all_with_status_2(tmp_path: Path) -> None:
    specs = [spec("engine", "serve"), spec("line", "refuse", stage=1)]
    supervisor = Supervisor(specs, tmp_path, sealer("supervisor"))
    assert await supervisor.run(lambda: pytest.fail("nothing is ready")) == 2
    assert [child.spec.name for child in supervisor.refusing()] == ["line"]
    assert b"key 'bxo' is unknown here" in supervisor.refusing()[0].last_words
    assert [child.starts for child in supervisor.children] == [1, 1]


async def test_a_stage_is_ready_before_the_next_one_starts_and_ends_after_it(tmp_path: Path) -> None:
    async with running(tmp_path, [spec("line", "serve", stage=1), spec("engine", "serve", stage=0)]):
        since = {name: entry["since"] for name, entry in table(tmp_path).items()}
        assert since["engine"] <= since["line"]
    ended = table(tmp_path)
    assert [entry["state"] for entry in ended.values()] == ["stopped", "stopped"]
    assert ended["line"]["since"] <= ended["engine"]["since"]


async def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    async with running(tmp_path, [spec("line", "stubborn", stop_s=0.3)]):
        pid = table(tmp_path)["line"]["pid"]
    assert not alive(pid)


async def test_what_a_killed_child_leaves_behind_is_killed_too(tmp_path: Path) -> None:
    async with running(tmp_path, [spec("kamailio", "family", tmp_path / "pids")]):
        first, worker = map(int, (tmp_path / "pids").read_text().split())
        os.kill(first, signal.SIGKILL)
        await until(lambda: not alive(worker))


async def test_output_of_a_child_is_in_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor([spec("line", "refuse")], tmp_path, sealer("supervisor"))
    await supervisor.run(lambda: None)
    assert (tmp_path / "log/line.log").read_text() == "branch.yaml:3:1: key 'bxo' is unknown here\n"


def test_the_supervisor_s_own_death_ends_its_children_and_theirs(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
sys.path[:0] = [{str(ROOT)!r}]
from pathlib import Path
from appliance.supervisor import logs
from appliance.supervisor.spec import Command, Spec
from appliance.supervisor.supervisor import Supervisor
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
logs.configure("supervisor")
argv = (sys.executable, "-I", "-S", {str(CHILDREN)!r}, "family", {str(tmp_path / "pids")!r})
box = Supervisor([Spec(name="kamailio", command=lambda: Command(argv, {{}}))], Path({str(tmp_path)!r}),
                 Sealer(Identity.take("BR-0001", "supervisor")))
asyncio.run(box.run(lambda: print("ready", flush=True)))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as supervisor:
        try:
            assert supervisor.stdout is not None
            assert supervisor.stdout.readline() == b"ready\n"
            family = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
            assert all(map(alive, family))
        finally:
            supervisor.kill()
    deadline = time.monotonic() + 3
    while any(map(alive, family)):
        assert time.monotonic() < deadline, "still there"
        time.sleep(0.01)
