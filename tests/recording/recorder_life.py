# SPDX-License-Identifier: GPL-2.0-only
"""One life of the recorder's process with a tap ring that outlives it: `recorder_life.py STATE RING START_NS RESERVE`.

Two recordings run from sample 0 on; the ring is a file that holds how far it was taken, the sound is a function of the
sample, and the clock goes 20 times as fast as an engine's. While STATE/end does not exist, nothing ends.
"""

import asyncio
import mmap
import struct
import sys
import time
from pathlib import Path

from appliance.media.events import EngineEvent, Tap, TapBegin, TapEnd, TapSound
from appliance.processes.recorder import until_terminated

SPEED = 20
RECORDINGS = (0xA, 0xB)
PATTERN = bytes(range(1, 200)) * 4


def sound(sample: int, samples: int) -> bytes:
    """The left side; the right is the same, 50 samples on."""
    first = sample % 199
    return (PATTERN[first : first + 199] * (samples // 199 + 1))[:samples]


class Ring:
    """A TapSource. `taken` in the file is what the dead life before has taken."""

    def __init__(self, path: Path, state: Path, start_ns: int) -> None:
        with path.open("r+b") as file:
            self._taken = mmap.mmap(file.fileno(), 8)
        self._end = state / "end"
        self._start_ns = start_ns
        self._ended = False

    @property
    def samples(self) -> int:
        """The clock, in whole blocks."""
        return (time.monotonic_ns() - self._start_ns) * SPEED // 125_000 // 40 * 40

    def take_events(self) -> list[EngineEvent]:
        """None."""
        return []

    def take_taps(self) -> list[Tap]:
        """What came since the last time, in any life."""
        (taken,) = struct.unpack("<Q", self._taken[:])
        now = self.samples
        taps: list[Tap] = []
        for recording in RECORDINGS if not self._ended else ():
            if taken == 0:
                taps.append(TapBegin(recording, 0))
            taps.append(TapSound(recording, taken, sound(taken, now - taken), sound(taken + 50, now - taken)))
            if self._end.exists():
                taps.append(TapEnd(recording, now))
        self._ended = self._ended or self._end.exists()
        self._taken[:] = struct.pack("<Q", now)
        return taps


if __name__ == "__main__":
    state = Path(sys.argv[1])
    ring = Ring(Path(sys.argv[2]), state, int(sys.argv[3]))
    asyncio.run(until_terminated(ring, "BR-0001", state, int(sys.argv[4])))
