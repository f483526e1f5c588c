# SPDX-License-Identifier: GPL-2.0-only
"""What the box's disk has of a talk, against the moment at which the mains failed: by the box's own clock."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from tests.ports import HOST
from tests.power_cuts.looks import LostError
from tests.power_cuts.phone import FRAMES, JITTER_MS, LOW_HZ, NUMBER, RATE_HZ, RISE_HZ, SWEEP_S, TOLD_S
from tests.recording.alaw_wav import read_wav
from tests.sound.alaw import Linear, decode

WINDOW_S = 0.2
LEAST_PEAK = 1000
MISSING_S = 1.0
"""mission.md: never a sealed recording second beyond one."""
PATH_S = 0.4
"""From the caller to the recorder: jitter buffers, and a look at the box's clock each 0.1 s."""
ANSWERED_S = 900.0


def configuration() -> list[str]:
    """What makes the factory's box one with a line to an exchange in it, and a phone that needs no headquarters."""
    lines = [f"set spans unused {one}" for one in (f"frames_per_packet {FRAMES}", f"jitter_ms {JITTER_MS}")]
    lines += [f"set extensions {NUMBER} name Phone", f"set extensions {NUMBER} secret secrets/phone"]
    return [*lines, f"set route default ring {NUMBER}", "set route default ring_s 60"]


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


class Cut(NamedTuple):
    """A talk that the mains have ended: when it was answered and cut, and which recordings there were before."""

    answered_s: float
    cut_s: float
    known: frozenset[str]


def judged(wav: Path, talk: Cut) -> float:
    """Seconds that are missing at the end. Raises LostError where they are too many, or it is no file."""
    try:
        sides = read_wav(wav)
    except (AssertionError, KeyError, ValueError, OSError) as error:
        raise LostError(f"recording {wav.name} is not whole: {error!r}") from error
    window, caller, took_s = round(RATE_HZ * WINDOW_S), decode(sides.left), talk.cut_s - talk.answered_s
    if len(caller) < window:
        raise LostError(f"recording {wav.name} has {len(caller)} samples of a talk of {took_s:.1f} s")
    missing_s = took_s - (said_at(caller[-window:], took_s) + WINDOW_S / 2)
    if missing_s > MISSING_S + PATH_S:
        raise LostError(f"recording {wav.name} ends {missing_s:.1f} s before the mains failed; {MISSING_S:.0f} may")
    return missing_s


class Talk:
    """Hears the box's clock, and of its caller."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.settimeout(TOLD_S)
        self.port: int = self._socket.getsockname()[1]
        self._now = self._answered_s = 0.0
        self._over = False
        self._thread = threading.Thread(target=self._hear, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over = True
        self._thread.join()
        self._socket.close()

    def answered(self) -> float:
        """When the caller was, by the box's clock. Raises TimeoutError."""
        until = time.monotonic() + ANSWERED_S
        while not self._answered_s:
            if time.monotonic() > until:
                raise TimeoutError(f"no call was answered in {ANSWERED_S:.0f} s; the box's clock: {self._now:.1f}")
            time.sleep(TOLD_S)
        return self._answered_s

    def cut(self, known: frozenset[str]) -> Cut:
        """Now, when the box is dead. Raises LostError where nobody talked any more."""
        if not self._answered_s:
            raise LostError("the talk had ended before the mains failed")
        return Cut(self._answered_s, self._now, known)

    def _hear(self) -> None:
        while not self._over:
            try:
                self._now, self._answered_s = map(float, self._socket.recv(128).split())
            except TimeoutError:
                continue
