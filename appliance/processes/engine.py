# SPDX-License-Identifier: GPL-2.0-only
"""The media engine's process: takes the supervisor's descriptors, enters C and stays there.

It imports as little as it can: after a crash its table must be running again within 300 ms; imports are most of that.
"""

from __future__ import annotations

import _thread
import ctypes
import os
import signal
import socket
import struct
import sys

from dsp._core import ffi, lib

_CLIENTS = (  # by slot: appliance.media.events.Client, which is not imported
    *(f"line{number}" for number in range(1, 9)),
    "sip",
    "call",
    "ivr",
    "recorder",
    "monitor",
)
_PR_SET_PDEATHSIG = 1
_CHANNELS_MAX = 32
"""Of a span."""


def main() -> int:
    """Run the engine until the segment's header asks it to stop. Exit status 2: the environment names no segment."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    entries = (entry.partition("=") for entry in os.environ.get("BRANCHLINE_FDS", "").split(",") if entry)
    fds = {name: int(fd) for name, _, fd in entries}
    if "segment" not in fds:
        sys.stderr.write("BRANCHLINE_FDS names no segment\n")
        return 2
    if "cards" in fds:
        _thread.start_new_thread(_take_cards, (fds["cards"],))
    event_fds = ffi.new("int[]", [fds.get(name, -1) for name in _CLIENTS] + [-1] * (lib.BL_CLIENTS - len(_CLIENTS)))
    engine = ffi.new("struct bl_engine **")
    error = lib.bl_engine_tell_crashes() or lib.bl_engine_open(fds["segment"], event_fds, 1, engine)
    if not error:
        _notify(b"READY=1")
        error = lib.bl_engine_run(engine[0])
        lib.bl_engine_close(engine[0])
    if error:
        sys.stderr.write(f"media engine: {os.strerror(-error)}\n")
    return 1 if error else 0


def _take_cards(fd: int) -> None:
    """Channels of cards that are back, as the supervisor hands them over, under the numbers that they had, in order."""
    with socket.socket(fileno=fd) as supervisor:
        while True:
            message, opened, _, _ = socket.recv_fds(supervisor, 4 * _CHANNELS_MAX, _CHANNELS_MAX)
            if not message:
                return
            for (number,), channel in zip(struct.iter_unpack("=i", message), opened, strict=True):
                os.dup2(channel, number, inheritable=False)
                os.close(channel)


def _notify(state: bytes) -> None:
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect("\0" + path[1:] if path.startswith("@") else path)
            notify.send(state)


if __name__ == "__main__":
    sys.exit(main())
