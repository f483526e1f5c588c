# SPDX-License-Identifier: GPL-2.0-only
"""`make demo`: start everything, say so, go on until Ctrl-C, `make stop` or DEMO_SECONDS.

    python -m appliance.processes.demo [--site FOLDER]      a folder with branch.yaml, headquarters.yaml, scripts/

Exit status 2: it cannot start here (already running, a port in use, a package missing); the sentence says what to do.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from appliance.config import EXIT_STATUS, ConfigurationError, exit_with
from appliance.processes.demo import screen
from appliance.processes.demo.site import LOCK, TEMPLATES, Site, missing, ports_of, prepare, state_folder
from appliance.supervisor import logs, ports
from appliance.supervisor.lock import AlreadyRunningError, Lock
from appliance.supervisor.spec import Command, Spec
from appliance.supervisor.states import State
from appliance.supervisor.supervisor import Supervisor
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity

START_S = 40.0
BOX_STOP_S = 20.0
WATCHDOG_S = 20.0


def main() -> int:
    """Run the demo."""
    state = state_folder()
    seconds = _seconds()
    try:
        site = prepare_or_tell(state, _templates(sys.argv[1:]))
        lock = Lock(state / LOCK, page=site.page)
    except (AlreadyRunningError, ConfigurationError) as error:
        exit_with(f"demo: {error}")
    if troubles := [*missing(), *ports.troubles(ports_of(site))]:
        exit_with("\n".join(["demo: cannot start, nothing was started", *(f"  {sentence}" for sentence in troubles)]))
    os.environ.pop("NOTIFY_SOCKET", None)
    _log_to(state / "log" / "demo.log")
    try:
        return asyncio.run(_run(site, seconds))
    finally:
        lock.release()


def prepare_or_tell(state: Path, templates: Path) -> Site:
    """The site, unless a demo runs on it: its files are not touched then. Raises AlreadyRunningError."""
    Lock(state / LOCK).release()
    return prepare(state, templates)


def children(site: Site) -> list[Spec]:
    """Both boxes, then what stands around them; the branch ends before headquarters, which takes its last records."""

    def process(name: str, program: str, role: str, stage: int, *words: str) -> Spec:
        argv = (sys.executable, "-m", f"appliance.processes.{program}", *words)
        return Spec(
            name=name,
            command=lambda: Command(argv, site.box_environment(role)),
            stage=stage,
            ready_s=START_S,
            stop_s=BOX_STOP_S,
            watchdog_s=WATCHDOG_S,
        )

    numbers = [extension.number for extension in site.branch.extensions]
    return [
        process("headquarters", "supervisor", "headquarters", 0),
        process("branch", "supervisor", "branch", 1),
        *(process(f"phone-{n}", "phone", "branch", 2, n, str(site.state / "phone" / n)) for n in numbers),
        process("simulator", "simulator", "branch", 3),
    ]


async def _run(site: Site, seconds: float | None) -> int:
    began = time.monotonic()
    screen.say("Branchline demo: starting headquarters, a branch, an exchange and phones …")
    supervisor = Supervisor(children(site), site.state, Sealer(Identity.take(site.headquarters.box, "demo")))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    telling: list[asyncio.Task[None]] = []

    def ready() -> None:
        screen.say(f"running after {time.monotonic() - began:.1f} s\n{screen.banner(site)}")
        telling.append(asyncio.create_task(screen.tell_calls(site)))
        if seconds is not None:
            loop.call_later(seconds, supervisor.stop)

    late = loop.call_later(START_S, _tell_late, supervisor)
    status = await supervisor.run(ready)
    late.cancel()
    for task in telling:
        task.cancel()
    if status == EXIT_STATUS:
        for child in supervisor.refusing():
            sys.stderr.write(f"demo: {child.spec.name} cannot start:\n{child.last_words.decode(errors='replace')}\n")
    else:
        screen.say(f"ended: {', '.join(child.spec.name for child in supervisor.children)}")
    return status


def _tell_late(supervisor: Supervisor) -> None:
    """Not up in time: say who is not, and go on trying."""
    waiting = [child.spec.name for child in supervisor.children if child.state is not State.RUNNING]
    if waiting:
        screen.say(f"not up after {START_S:.0f} s: {', '.join(waiting)}; their logs tell more")


def _templates(words: list[str]) -> Path:
    parser = argparse.ArgumentParser(prog="demo", description="headquarters, a branch, an exchange and phones")
    parser.add_argument("--site", type=Path, default=TEMPLATES, help="folder with the site's configuration")
    folder: Path = parser.parse_args(words).site
    if not folder.is_dir():
        exit_with(f"demo: {folder} is no folder")
    return folder


def _seconds() -> float | None:
    text = os.environ.get("DEMO_SECONDS", "")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        exit_with(f"demo: DEMO_SECONDS={text!r} is not a number of seconds")


def _log_to(path: Path) -> None:
    """The terminal is for people; what the demo's own supervisor logs goes to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.flush()
    logs.configure("demo", path.open("a"))


if __name__ == "__main__":
    sys.exit(main())
