# SPDX-License-Identifier: GPL-2.0-only
"""Small real children for the supervisor's tests; run as a file: `children.py KIND [ARGUMENT]`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def say(word: bytes) -> None:
    """One sd_notify datagram."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(word, os.environ["NOTIFY_SOCKET"])


def serve() -> None:
    """Ready, then wait to be ended."""
    say(b"READY=1")
    signal.pause()


def crash_once(mark: str) -> None:
    """End with status 1 the first time, serve afterwards."""
    if not Path(mark).exists():
        Path(mark).touch()
        sys.exit(1)
    serve()


def hang_once(mark: str) -> None:
    """Say WATCHDOG=1 once and hang, the first time; afterwards say it for ever."""
    say(b"READY=1\nWATCHDOG=1")
    if not Path(mark).exists():
        Path(mark).touch()
        signal.pause()
    while True:
        say(b"WATCHDOG=1")
        time.sleep(0.05)


def count(path: str) -> None:
    """Work without a word: count in the file's first octet."""
    say(b"READY=1")
    with Path(path).open("r+b", buffering=0) as file:
        while True:
            file.write(bytes([(os.pread(file.fileno(), 1, 0)[0] + 1) % 256]))
            file.seek(0)
            time.sleep(0.01)


def mute() -> None:
    """Never get ready."""
    signal.pause()


def refuse() -> None:
    """Configuration error."""
    sys.stderr.write("branch.yaml:3:1: key 'bxo' is unknown here\n")
    sys.exit(2)


def stubborn() -> None:
    """Ignore SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve()


def open_descriptors() -> list[int]:
    """All of this process; the one that lists them is closed when they are looked at again."""
    listed = [path.name for path in Path("/proc/self/fd").iterdir()]
    return sorted(int(name) for name in listed if Path("/proc/self/fd", name).exists())


def tell(path: str) -> None:
    """Write down what was handed over: descriptors with what can be read from them, and the process group."""
    fds = dict(entry.split("=") for entry in os.environ["BRANCHLINE_FDS"].split(","))
    told = {name: os.pread(int(fd), 100, 0).decode() for name, fd in fds.items()}
    told["group"] = str(os.getpgrp() == os.getpid())
    told["open"] = str(open_descriptors())
    Path(path).write_text(json.dumps(told))
    serve()


def family(path: str) -> None:
    """A stranger with a child of its own; both pids are written down."""
    worker = subprocess.Popen(["sleep", "600"])
    Path(path).write_text(f"{os.getpid()} {worker.pid}")
    serve()


def stranger(path: str) -> None:
    """Serve without sd_notify: the file is there after 0.2 s."""
    time.sleep(0.2)
    Path(path).touch()
    signal.pause()


KINDS: dict[str, Callable[..., None]] = {
    "serve": serve,
    "crash-once": crash_once,
    "hang-once": hang_once,
    "count": count,
    "mute": mute,
    "refuse": refuse,
    "stubborn": stubborn,
    "tell": tell,
    "family": family,
    "stranger": stranger,
}

if __name__ == "__main__":
    KINDS[sys.argv[1]](*sys.argv[2:])
