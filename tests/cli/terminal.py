# SPDX-License-Identifier: GPL-2.0-only
"""A command at a terminal, typed at by a test; a serial line's terminal takes and gives no faster than its rate."""

import os
import pty
import select
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERIAL = 960
"""Octets a second at 9600 baud: 8 bits, start and stop."""


class Terminal:
    """A command on a pty, which is its controlling terminal. `rate`: octets a second, each way."""

    def __init__(self, command: list[str], rate: int = 0, **environment: str) -> None:
        master, slave = pty.openpty()
        self._begun = time.monotonic()
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self._master: int | None = master
        self._rate = rate
        self._free_at = self._begun
        self.seen = ""
        self.passed = ""
        """What stood before the text that `until` waited for last."""
        os.set_blocking(master, False)

    def type(self, text: str) -> None:
        """Send it, taking what comes meanwhile: a terminal that nobody reads stands still."""
        assert self._master is not None
        octets = text.encode()
        while octets:
            there, room, _ = select.select([self._master], [self._master], [], 10)
            assert there or room, self.seen
            if there:
                self._read()
            if room:
                sent = os.write(self._master, octets[: 1 if self._rate else 512])
                octets = octets[sent:]
                time.sleep(sent / self._rate if self._rate else 0)

    def until(self, text: str, within_s: float = 10.0) -> float:
        """Wait for a text after what was seen; seconds since the start."""
        deadline = time.monotonic() + within_s
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            try:
                self._read()
            except BlockingIOError:
                time.sleep(0.005)
        self.passed, _, self.seen = self.seen.partition(text)
        return time.monotonic() - self._begun

    def left(self) -> int:
        """Its exit status, once its user has left."""
        return self._process.wait(5)

    def kill(self) -> None:
        """Pull the plug at this end."""
        self._process.kill()

    def end(self) -> int:
        """Hang up. Returns its exit status."""
        if self._master is not None:
            os.close(self._master)
            self._master = None
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _read(self) -> None:
        """A serial line is busy for as long as what it brought takes; idle time is not saved up."""
        assert self._master is not None
        if not self._rate:
            self.seen += os.read(self._master, 4096).decode(errors="replace")
            return
        octets = os.read(self._master, 32)
        self._free_at = max(self._free_at, time.monotonic()) + len(octets) / self._rate
        time.sleep(max(0.0, self._free_at - time.monotonic()))
        self.seen += octets.decode(errors="replace")
