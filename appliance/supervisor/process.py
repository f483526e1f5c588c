# SPDX-License-Identifier: GPL-2.0-only
"""One run of a child: its process group, its death notice, its words (sd_notify) and its output.

The child leads a process group and dies with the supervisor's main thread (PR_SET_PDEATHSIG). Nothing but the
descriptors in its spec is handed on. When its first process has ended, what is left of its group is killed, because it
would hold the ports.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from appliance.supervisor.spec import Command, Spec

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
_READ_OCTETS = 16_384
_PIPE_OCTETS = 65_536


class Process:
    """A running child. `on_exit(status)` is called once: the exit status, or minus the signal that ended it."""

    def __init__(
        self,
        spec: Spec,
        command: Command,
        notify: Path,
        on_exit: Callable[[int], None],
        on_word: Callable[[str], None],
        on_output: Callable[[bytes], None],
    ) -> None:
        """Start it. Raises OSError where that cannot be done; nothing is left behind then."""
        self._on_exit = on_exit
        self._on_word = on_word
        self._on_output = on_output
        self._loop = asyncio.get_running_loop()
        self._notify = _notify_socket(notify)
        output, theirs = os.pipe2(os.O_CLOEXEC)
        try:
            self._popen = _popen(spec, command, notify, theirs)
        except OSError:
            os.close(output)
            self._notify.close()
            raise
        finally:
            os.close(theirs)
        self.pid = self._popen.pid
        self._output = output
        self._pidfd = os.pidfd_open(self.pid)
        os.set_blocking(output, False)
        self._loop.add_reader(self._pidfd, self._exited)
        self._loop.add_reader(self._notify, self._said)
        self._loop.add_reader(output, self._wrote)

    def terminate(self) -> None:
        """Ask it to end; its own children hear of it from itself."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End its whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """To its first process."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def _exited(self) -> None:
        self.kill()  # before it is reaped, so its number is still its own
        status = self._popen.wait()
        self._said()
        self._drain()
        self._loop.remove_reader(self._pidfd)
        self._loop.remove_reader(self._notify)
        self._loop.remove_reader(self._output)
        os.close(self._pidfd)
        os.close(self._output)
        self._notify.close()
        self._on_exit(status)

    def _said(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                for word in self._notify.recv(4096).decode(errors="replace").splitlines():
                    self._on_word(word)

    def _wrote(self) -> None:
        octets = os.read(self._output, _READ_OCTETS)
        if octets:
            self._on_output(octets)
        else:  # it has closed its output, or is about to end
            self._loop.remove_reader(self._output)

    def _drain(self) -> None:
        """What it wrote last: no more than a pipe holds, so a survivor outside its group cannot keep us here."""
        with contextlib.suppress(BlockingIOError):
            octets = os.read(self._output, _PIPE_OCTETS)
            if octets:
                self._on_output(octets)


def _notify_socket(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    notify.bind(str(path))
    path.chmod(0o600)
    return notify


def _popen(spec: Spec, command: Command, notify: Path, output: int) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "BRANCHLINE_FDS": ",".join(f"{name}={fd}" for name, fd in spec.fds.items()),
        "NOTIFY_SOCKET": str(notify),
        "WATCHDOG_USEC": str(int(spec.watchdog_s * 1_000_000)),
        "PYTHONFAULTHANDLER": "1",  # a signal that kills it is preceded by its traceback
        **command.env,
    }
    parent = os.getpid()

    def die_with_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return subprocess.Popen(
        command.argv,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=tuple(spec.fds.values()),
        process_group=0,
        preexec_fn=die_with_parent,  # noqa: PLW1509  # the supervisor forks from its main thread only
    )
