# SPDX-License-Identifier: GPL-2.0-only
"""The supervisor's process of either role: which children a box has, in which order, and what they are handed.

Before anything starts: the configuration is whole, nobody else runs on this state, every program is there and every
port is free. Otherwise one block of sentences on stderr and exit status 2.
"""

import asyncio
import contextlib
import functools
import importlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from appliance.config import (
    EXIT_STATUS,
    AnyBox,
    Branch,
    ConfigurationError,
    Headquarters,
    Voter,
    exit_with,
    listeners,
    load,
)
from appliance.config.branch import line_workers
from appliance.config.diagnostics import NONE
from appliance.config.history import History
from appliance.diagnostics.snmp import daemon
from appliance.media import segment
from appliance.media.events import Client
from appliance.processes import cards
from appliance.processes.cards import Cards
from appliance.processes.environment import state_directory
from appliance.processes.telephone import legs_of, telephone
from appliance.signalling.sip import kamailio
from appliance.supervisor import erasing, logs, notify, ports
from appliance.supervisor.following import Follower, returned, went_back
from appliance.supervisor.lock import AlreadyRunningError, Lock
from appliance.supervisor.redaction import Redactor, secrets_of
from appliance.supervisor.spec import Command, Spec, module
from appliance.supervisor.supervisor import Supervisor
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity

WORKERS = ("sip", "call", "ivr", "recorder")
NEEDED = frozenset({"engine", "kamailio", "sip", "call", "nats-server", "headquarters"})
"""Of all roles: without one of them nobody can telephone, or nobody is told where to. A span's worker is its own."""
ENGINE_STUCK_S = 0.5
"""A tick is due every 5 ms; what a caller hears of a stuck engine is this and its restart."""
ANEW, ANEW_FLAG = -1, "--anew"
"""All was stopped to be started by the file as it is now, a version on trial too."""
CARDS_S = 10.0
"""How long cards may be missing, whose drivers are loaded while the machine starts, before it is an alarm."""
RECOUNT_S = 600.0
"""How long a newer version, or other rules of counting, may go through the whole record before anything is routed."""
PORTS_S = 2.0
"""How long a port may still be held by what a dead predecessor left, before it is called in use."""


class Held:
    """What outlives a branch's children: the engine's segment, what wakes each client of it, Kamailio's copies of SIP.

    Raises:
        OSError: the port of the copies is in use.
    """

    def __init__(self, branch: Branch, state: Path) -> None:
        self.memory = segment.create(branch.engine.rtp_base, branch.engine.rtp_address)
        self.events = {client.name.lower(): os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC) for client in Client}
        self.copies = _trace_socket(branch)
        _show(self.memory, state)


def branch_children(branch: Branch, state: Path, held: Held, channels: Mapping[str, int] = {}) -> list[Spec]:
    """A branch's children, in order. They inherit what is held, and `channels`, the cards'."""
    engine = segment.Segment(held.memory)
    engine.mark(branch.network.media_dscp)
    more = {"sip": {"trace": held.copies}}

    def fds_of(worker: str) -> dict[str, int]:
        return {"segment": held.memory, worker: held.events[worker]}

    async def kamailio_serves() -> bool:
        return await kamailio.serves(state)

    return [
        Spec(
            name="engine",
            command=module("engine"),
            fds={"segment": held.memory, **held.events, **channels},
            first_backoff_s=0.0,
            good_life_s=2.0,
            watchdog_s=ENGINE_STUCK_S,
            progress=lambda: int(engine.header.ticks),
        ),
        Spec(name="kamailio", command=_kamailio(branch, state), serves=kamailio_serves, stage=1),
        *(
            Spec(name=name, command=module("line", name), fds=fds_of(name) | cards.of(spans, channels), stage=1)
            for name, spans in line_workers(branch).items()
        ),
        *(Spec(name=name, command=module(name), fds=fds_of(name) | more.get(name, {}), stage=1) for name in WORKERS),
        Spec(name="uplink", command=module("uplink"), stage=1),
        *diagnostics_children(branch, state, {"segment": held.memory}),
    ]


def diagnostics_children(box: AnyBox, state: Path, fds: Mapping[str, int] = {}) -> list[Spec]:
    """Those that tell others of the box, where that is wanted."""
    told, children = box.diagnostics, list[Spec]()
    if told.snmp is not None:
        command = functools.partial(daemon.prepare, box, told.snmp, state)
        children.append(Spec(name="snmpd", command=command, serves=daemon.serves(state), stage=3))
    if told != NONE:
        children.append(Spec(name="diagnostics", command=module("diagnostics"), fds=dict(fds), stage=3))
    return children


def _trace_socket(branch: Branch) -> int:
    """Where Kamailio sends its copies of SIP: what comes while the SIP worker is dead waits for the next one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as opened:
        opened.bind(branch.sip.trace)
        return opened.detach()


def _show(memory: int, state: Path) -> None:
    """The segment by a name, for who reads the trace; it leads nowhere when we are gone, as the segment is."""
    view = segment.path(state)
    view.parent.mkdir(parents=True, exist_ok=True)
    view.unlink(missing_ok=True)
    view.symlink_to(f"/proc/{os.getpid()}/fd/{memory}")


def voter_children(box: Headquarters | Voter, state: Path) -> list[Spec]:
    """The message server."""
    server = importlib.import_module("appliance.headquarters.server")  # a branch's start does not wait for it

    def command() -> Command:
        return Command(tuple(server.prepare(box, state)), {})

    async def serves() -> bool:
        return await asyncio.to_thread(server.ready, box)

    return [Spec(name="nats-server", command=command, serves=serves)]


def headquarters_children(headquarters: Headquarters, state: Path) -> list[Spec]:
    """Headquarters' children, in order."""
    return [
        *voter_children(headquarters, state),
        Spec(name="record", command=module("record"), stage=1, ready_s=RECOUNT_S),
        *((Spec(name="enrolment", command=module("enrolment"), stage=1),) if headquarters.enrolment else ()),
        Spec(name="headquarters", command=module("headquarters"), stage=2),
        Spec(name="web", command=module("web"), stage=2),
        *diagnostics_children(headquarters, state),
        *([] if headquarters.fleet is None else [Spec(name="fleet", command=module("fleet"), stage=2, ready_s=60.0)]),
    ]


def main() -> int:
    """Run until SIGTERM. Exit status 2: nothing was started, and stderr says why."""
    logs.configure("supervisor")
    configuration, state = Path(os.environ.get("BRANCHLINE_CONFIG", "")), state_directory()
    if erasing.asked(state):
        exit_with(f"a factory reset was asked for: the machine's start carries it out ({state / erasing.MARK})")
    try:
        newer = History(configuration).settle() if configuration.name else None
        box = load(configuration)
        lock = Lock(state / "run" / "lock", page=page(box))
    except (ConfigurationError, AlreadyRunningError) as error:
        exit_with(str(error))
    if troubles := [*_missing(box), *_ports_in_use(box, state)]:
        exit_with("\n".join(["cannot start, nothing was started", *(f"  {sentence}" for sentence in troubles)]))
    try:
        trial = None if ANEW_FLAG in sys.argv else History(configuration).back()
        alarms = (returned(trial, box.box, "was on trial when the box ended"),) if trial else ()
        if newer is not None:
            alarms = (*alarms, went_back(newer, box.box))
        status = asyncio.run(_run(load(configuration) if trial else box, state, configuration, alarms))
    finally:
        lock.release()
    if status == ANEW:
        os.execv(sys.executable, (sys.executable, "-m", "appliance.processes.supervisor", ANEW_FLAG))  # noqa: S606
    return status


def page(box: AnyBox) -> str:
    """Address of the box's page; only headquarters has one."""
    return f"http://{box.web.listen}" if isinstance(box, Headquarters) else ""


async def _run(box: AnyBox, state: Path, configuration: Path, alarms: Sequence[AlarmRaised]) -> int:
    """Until SIGTERM, or until all has to be started anew (ANEW). `alarms`: of what our start has ended."""
    held = Cards(box.spans if isinstance(box, Branch) else (), patience_s=CARDS_S)
    children = _children(box, state, held)
    sealer, redactor = Sealer(Identity.take(box.box, "supervisor")), functools.partial(_redactor, box, configuration)
    supervisor = Supervisor(children(box), state, sealer, (*held.alarms, *alarms), redactor, NEEDED)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
    anew = asyncio.Event()

    def start_anew() -> None:
        anew.set()
        supervisor.stop()

    legs, service = functools.partial(legs_of, state), functools.partial(telephone, state)
    follower = Follower(configuration, box, supervisor, children, legs, service, start_anew)
    tasks = (notify.keep_alive(supervisor.in_service_ns), held.watch(supervisor.tell))
    beside = [asyncio.create_task(task) for task in tasks]

    def ready() -> None:
        notify.ready()
        beside.append(asyncio.create_task(follower.run()))

    status = await supervisor.run(ready)
    for task in beside:
        task.cancel()
    if status == EXIT_STATUS:
        for child in supervisor.refusing():
            sys.stderr.write(f"{child.spec.name} cannot start:\n{child.last_words.decode(errors='replace')}")
    return ANEW if anew.is_set() else status


def _redactor(box: AnyBox, configuration: Path) -> Redactor:
    """Of the box as it is now; where its file cannot be read, as it was."""
    with contextlib.suppress(ConfigurationError):
        box = load(configuration)
    return Redactor(secrets_of(box))


def _children(box: AnyBox, state: Path, cards: Cards) -> Callable[[AnyBox], list[Spec]]:
    """The children of the box as it is, and as it is after a change."""
    held = Held(box, state) if isinstance(box, Branch) else None

    def children(now: AnyBox) -> list[Spec]:
        match now:
            case Headquarters():
                return headquarters_children(now, state)
            case Voter():
                return [*voter_children(now, state), *diagnostics_children(now, state)]
            case Branch():
                return branch_children(now, state, held or Held(now, state), cards.fds)

    return children


def _kamailio(branch: Branch, state: Path) -> Callable[[], Command]:
    def command() -> Command:
        prepared = kamailio.prepare(branch, state)
        return Command(prepared.argv, prepared.env)

    return command


def _missing(box: AnyBox) -> list[str]:
    if isinstance(box, Branch) and not kamailio.PROGRAM.exists():
        return [f"{kamailio.PROGRAM} is missing; apt-get install kamailio kamailio-sqlite-modules"]
    if box.diagnostics.snmp is not None and not daemon.PROGRAM.exists():
        return [f"{daemon.PROGRAM} is missing; apt-get install snmpd, or leave diagnostics: snmp out"]
    return []


def _ports_in_use(box: AnyBox, state: Path) -> list[str]:
    kamailio.end_leftovers(state / "kamailio")
    until = time.monotonic() + PORTS_S
    while (troubles := ports.troubles(listeners(box))) and time.monotonic() < until:
        time.sleep(0.1)
    return troubles


if __name__ == "__main__":
    sys.exit(main())
