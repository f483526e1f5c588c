# SPDX-License-Identifier: GPL-2.0-only
"""Engines on loopback for tests: in threads, in processes that may be killed, joined by a span."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeVar

from appliance.media import segment as shared
from appliance.media.arena import SoundArena
from appliance.media.engine import Engine
from appliance.media.events import Client, EngineEvent, Tap, TapSound
from appliance.media.host import EngineThread, start_thread
from drivers.cesopsn import CesopsnSettings
from drivers.model import Alarm
from tests.media.virtual import VirtualEngine
from tests.ports import HOST, free_port, free_rtp_base

ROOT = Path(__file__).resolve().parents[2]


def until(happened: Callable[[], bool], seconds: float = 3.0) -> float:
    """Wait until something is so; returns how long it took. AssertionError if it never is."""
    begun = time.monotonic()
    while not happened():
        assert time.monotonic() - begun < seconds, f"not within {seconds} s"
        time.sleep(0.002)
    return time.monotonic() - begun


EventT = TypeVar("EventT")


class Listener:
    """A client that remembers all events."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.seen: list[EngineEvent] = []

    def all(self, kind: type[EventT]) -> list[EventT]:
        """Events of a kind so far."""
        self.seen += self.engine.take_events()
        return [event for event in self.seen if isinstance(event, kind)]

    def wait(self, kind: type[EventT], count: int = 1, seconds: float = 3.0) -> EventT:
        """Wait for the count-th event of a kind."""
        until(lambda: len(self.all(kind)) >= count, seconds)
        return self.all(kind)[count - 1]


class Recorder:
    """A recorder that keeps the sound of every recording by sample."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.taps: list[Tap] = []

    def sounds(self, recording_id: int) -> list[TapSound]:
        """Pieces of a recording so far, parted only where samples are missing."""
        self.taps += self.engine.take_taps()
        pieces: list[TapSound] = []
        for tap in self.taps:
            if not isinstance(tap, TapSound) or tap.recording_id != recording_id:
                continue
            if pieces and pieces[-1].sample + len(pieces[-1].left) == tap.sample:
                last = pieces.pop()
                tap = TapSound(recording_id, last.sample, last.left + tap.left, last.right + tap.right)  # noqa: PLW2901
            pieces.append(tap)
        return pieces

    def left(self, recording_id: int) -> bytes:
        """All of the left side."""
        return b"".join(piece.left for piece in self.sounds(recording_id))

    def right(self, recording_id: int) -> bytes:
        """All of the right side."""
        return b"".join(piece.right for piece in self.sounds(recording_id))


class EngineProcess:
    """The engine in its own process, as the supervisor runs it; a card's descriptors are inherited beside its own."""

    def __init__(self, card_fds: Collection[int] = ()) -> None:
        self._card_fds = card_fds
        self.rtp_base = free_rtp_base()
        self.segment_fd = shared.create(self.rtp_base)
        self.event_fds = {client: os.eventfd(0, os.EFD_NONBLOCK) for client in Client}
        self._folder = tempfile.TemporaryDirectory()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(f"{self._folder.name}/notify")
        self._notify.settimeout(10)
        self._process: subprocess.Popen[bytes] | None = None

    def engine(self, client: Client) -> Engine:
        """Handle for a client."""
        return Engine(self.segment_fd, self.event_fds[client], client)

    def start(self) -> None:
        """Start the process and wait for READY=1."""
        fds = {"segment": self.segment_fd, **{client.name.lower(): fd for client, fd in self.event_fds.items()}}
        environment = {
            **os.environ,
            "BRANCHLINE_FDS": ",".join(f"{name}={fd}" for name, fd in fds.items()),
            "NOTIFY_SOCKET": f"{self._folder.name}/notify",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "appliance.processes.engine"],
            cwd=ROOT,
            env=environment,
            pass_fds=[*fds.values(), *self._card_fds],
        )
        assert self._notify.recv(100) == b"READY=1"

    def kill(self) -> None:
        """Kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def close(self) -> None:
        """Kill it if it runs and give everything back."""
        if self._process is not None:
            self.kill()
        self._notify.close()
        self._folder.cleanup()
        for fd in (self.segment_fd, *self.event_fds.values()):
            os.close(fd)


Host = EngineThread | EngineProcess | VirtualEngine


@contextlib.contextmanager
def engine_thread() -> Iterator[EngineThread]:
    """An engine in a thread."""
    host = start_thread(free_rtp_base())
    try:
        yield host
    finally:
        host.close()


@contextlib.contextmanager
def engine_process(card_fds: Collection[int] = ()) -> Iterator[EngineProcess]:
    """An engine in a process."""
    host = EngineProcess(card_fds)
    host.start()
    try:
        yield host
    finally:
        host.close()


class Side:
    """One engine of a pair, with the clients a test needs."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.line = Listener(host.engine(Client.LINE1))
        self.ivr = Listener(host.engine(Client.IVR))
        self.call = Listener(host.engine(Client.CALL))
        self.recorder = Recorder(host.engine(Client.RECORDER))
        self.arena = SoundArena(host.segment_fd)
        self.span_address = ("", 0)

    @property
    def engine(self) -> Engine:
        """The line's handle, which may do everything."""
        return self.line.engine

    def in_service(self) -> bool:
        """Span 0 is open and without alarm."""
        status = self.engine.span_status(0)
        return status.open and status.alarms == Alarm.NONE and status.counters.received > 0


def join(exchange: Side, branch: Side, *, exchange_ppm: float = 0, branch_ppm: float = 0, jitter_ms: int = 20) -> None:
    """Lay one E1 between two engines, D-channel in timeslot 16; the exchange leads the clock."""
    here, there = ((HOST, port) for port in (free_port(), free_port()))
    exchange.span_address, branch.span_address = here, there
    exchange.engine.open_span(
        0, CesopsnSettings(here, there, clock="local", trim_ppm=exchange_ppm, jitter_ms=jitter_ms), 16
    )
    branch.engine.open_span(
        0, CesopsnSettings(there, here, clock="recovered", trim_ppm=branch_ppm, jitter_ms=jitter_ms), 16
    )
    until(lambda: exchange.in_service() and branch.in_service())


@contextlib.contextmanager
def pair(
    exchange: Callable[..., contextlib.AbstractContextManager[Host]] = engine_thread,
    branch: Callable[..., contextlib.AbstractContextManager[Host]] = engine_thread,
) -> Iterator[tuple[Side, Side]]:
    """Exchange and branch with an E1 between them."""
    with exchange() as first, branch() as second:
        sides = Side(first), Side(second)
        join(*sides)
        yield sides


MACHINE_LATE_MS = 10


def judged_while_the_machine_keeps_time(judge: Callable[[list[Side]], None], times: int = 3) -> None:
    """Run `judge`, which names the sides it makes. It is run again if it fails while the machine itself was late.

    The machine's lateness is that of the thread that idles beside every engine; a fault of ours leaves that on time.
    """
    for left in reversed(range(times)):
        sides: list[Side] = []
        try:
            judge(sides)
        except AssertionError:
            late_ms = max((side.engine.status().reference_worst_us for side in sides), default=0) / 1000
            if not left or late_ms < MACHINE_LATE_MS:
                raise
            print(f"again: the machine was {late_ms:.0f} ms late")
        else:
            return


def noise(seconds: float, seed: int = 1) -> bytes:
    """A-law octets without repetition."""
    return random.Random(seed).randbytes(int(seconds * 8000))  # noqa: S311 - sound
