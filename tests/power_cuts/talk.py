# SPDX-License-Identifier: GPL-2.0-only
"""A caller whose voice says how late it is: a tone that rises steadily, so the last of a recording tells when it was.

`Talk` is the exchange beyond the box's CESoPSN span; `judged` holds what the box's disk has of a call against the
moment at which the mains failed.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import socket
import time
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from appliance.simulator.call import Call
from appliance.simulator.caller import AwaitAnswer, Script
from appliance.simulator.caller import Talk as Say
from appliance.simulator.exchange import Exchange, NotInServiceError
from appliance.simulator.result import CallResult
from tests.image.calls import AGAIN_S, BOX_PORT, FRAMES, JITTER_MS, FarEnd
from tests.image.machine import GATEWAY
from tests.ports import HOST, free_port
from tests.power_cuts.looks import LostError
from tests.power_cuts.phone import NUMBER
from tests.recording.alaw_wav import read_wav
from tests.sound.alaw import Linear, decode
from tests.sound.speech import write_wav

RATE_HZ = 8000
LOW_HZ, RISE_HZ, SWEEP_S = 400.0, 20.0, 120.0
"""Of the tone: from where, by how much a second, and for how long until it begins anew."""
WINDOW_S = 0.2
LEAST_PEAK = 1000
MISSING_S = 1.0
"""mission.md: never a sealed recording second beyond one."""
PATH_S = 0.4
"""From the caller to the recorder: jitter buffer, an emulated network, and a look at the box's clock each 0.1 s."""
ANSWERED_S = 600.0
OFTEN = 200
"""Times that the tone is said."""


def configuration(port: int) -> list[str]:
    """What makes the factory's box one with a line, and a phone that a caller reaches without headquarters."""
    span = f"local 0.0.0.0:{BOX_PORT}, remote {GATEWAY}:{port}, frames_per_packet {FRAMES}, jitter_ms {JITTER_MS}"
    lines = ["delete spans unused", "set spans carrier driver cesopsn"]
    lines += [f"set spans carrier {key}" for key in span.split(", ")]
    lines += [f"set extensions {NUMBER} name Phone", f"set extensions {NUMBER} secret secrets/phone"]
    return [*lines, f"set route default ring {NUMBER}", "set route default ring_s 60"]


def tone() -> Linear:
    """One sweep."""
    at = np.arange(round(RATE_HZ * SWEEP_S)) / RATE_HZ
    wave = np.sin(2 * np.pi * (LOW_HZ * at + RISE_HZ / 2 * at**2))
    return np.asarray(np.round(8000 * wave), dtype=np.int16)


def said_at(heard: Linear, near_s: float) -> float:
    """How many seconds after its beginning the middle of it was said, of the sweeps the one nearest to `near_s`.

    Raises: LostError when it is not the tone.
    """
    spectrum: npt.NDArray[np.float64] = np.abs(np.fft.rfft(heard * np.hanning(len(heard)), RATE_HZ))
    peak = int(np.argmax(spectrum))
    around = spectrum[max(0, peak - 25) : peak + 26]
    if np.abs(heard).max() < LEAST_PEAK or float((around**2).sum()) < 0.8 * float((spectrum**2).sum()):
        raise LostError(f"what was recorded {near_s:.1f} s after the answer is not what the caller said")
    second = (peak - LOW_HZ) / RISE_HZ
    return second + SWEEP_S * round((near_s - second) / SWEEP_S)


class Doors(NamedTuple):
    """Ports of this host: the exchange's, as the box's configuration has it; to the box's line; of the box's clock."""

    port: int
    door: int
    clock: int

    @classmethod
    def free(cls, port: int) -> Self:
        """Others than before but for the first, which is taken where it is not known yet."""
        return cls(port or free_port(), free_port(), free_port())


class Cut(NamedTuple):
    """A talk that the mains have ended: when it was answered and cut by our clock, and which recordings there were."""

    answered_s: float
    cut_s: float
    clock: Clock
    known: frozenset[str]


class Clock:
    """The box's, as its datagrams tell: pairs of ours and its own, in seconds."""

    def __init__(self) -> None:
        self._ours: list[float] = []
        self._its: list[float] = []

    def told(self, ours_s: float, its_s: float) -> None:
        """One more; a box that has started again begins anew."""
        if self._its and its_s < self._its[-1]:
            self._ours, self._its = [], []
        self._ours.append(ours_s)
        self._its.append(its_s)

    def its(self, ours_s: float) -> float:
        """What it said at that moment of ours. Raises LostError where it has said nothing."""
        place = bisect.bisect_right(self._ours, ours_s) - 1
        if place < 0:
            raise LostError("the box did not tell its clock: the phone in it does not run")
        return self._its[place]


def judged(wav: Path, talk: Cut) -> float:
    """Seconds of the box's own that are missing at the end. Raises LostError where too many are, or it is no file."""
    try:
        sides = read_wav(wav)
    except (AssertionError, KeyError, ValueError, OSError) as error:
        raise LostError(f"recording {wav.name} is not whole: {error!r}") from error
    window = round(RATE_HZ * WINDOW_S)
    caller = decode(sides.left)
    if len(caller) < window:
        raise LostError(
            f"recording {wav.name} has {len(caller)} samples of a talk of {talk.cut_s - talk.answered_s:.1f} s"
        )
    last_s = said_at(caller[-window:], talk.cut_s - talk.answered_s) + WINDOW_S / 2
    missing_s = talk.clock.its(talk.cut_s) - talk.clock.its(talk.answered_s + last_s)
    if missing_s > MISSING_S + PATH_S:
        raise LostError(f"recording {wav.name} ends {missing_s:.1f} s before the mains failed; {MISSING_S:.0f} may")
    return missing_s


class Talk(FarEnd):
    """Calls the box's phone from its beginning on until it is answered, and goes on talking."""

    def __init__(self, folder: Path, doors: Doors) -> None:
        super().__init__()
        self.port, self.door = doors.port, doors.door
        self.clock = Clock()
        self._told = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._told.bind((HOST, doors.clock))
        self._told.settimeout(0)
        self._script = Script((AwaitAnswer(within_s=60.0), Say((str(write_wav(folder / "tone.wav", tone())),), OFTEN)))
        self._talking: Call | None = None

    def __enter__(self) -> Self:
        """Begin."""
        super().__enter__()
        self._loop.call_soon_threadsafe(self._loop.add_reader, self._told, self._hear)
        return self

    def __exit__(self, *of: object) -> None:
        """End as a power cut would."""
        super().__exit__(*of)
        self._told.close()

    def answered(self) -> float:
        """When the call was, by our clock. Raises TimeoutError."""
        until = time.monotonic() + ANSWERED_S
        while (call := self._talking) is None or call.answered is None:
            if time.monotonic() > until:
                raise TimeoutError(f"no call was answered in {ANSWERED_S:.0f} s: {self.state()}")
            time.sleep(AGAIN_S)
        return call.answered.ns / 1e9

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.clock.told(time.monotonic(), float(self._told.recv(64)))

    async def _call(self, here: Exchange) -> tuple[CallResult, CallResult]:
        while True:  # the mains end it
            with contextlib.suppress(NotInServiceError):
                self._talking = here.place(NUMBER, "02512345678", self._script)
                await self._talking.result()
            self._talking = None
            await asyncio.sleep(AGAIN_S)
