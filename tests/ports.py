# SPDX-License-Identifier: GPL-2.0-only
"""The one allocator of ports for tests: taken from the kernel, never twice in one process, never fixed."""

import contextlib
import random
import socket

HOST = "127.0.0.1"
_given: set[int] = set()


def free_port() -> int:
    """A port that is free for UDP and TCP, and the one above it too (baresip takes both)."""
    while True:
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            port = _bind(held, socket.SOCK_DGRAM, 0)
            _bind(held, socket.SOCK_STREAM, port)
            _bind(held, socket.SOCK_DGRAM, port + 1)
            _bind(held, socket.SOCK_STREAM, port + 1)
            if not {port, port + 1} & _given:
                _given.update((port, port + 1))
                return port


def free_rtp_base(count: int = 512) -> int:
    """An even port from which `count` UDP ports are free, below those that the kernel gives out by itself."""
    while True:
        base = random.randrange(10_000, 32_000 - count, 2)  # noqa: S311  checked by binding
        wanted = set(range(base, base + count))
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in wanted - _given:
                _bind(held, socket.SOCK_DGRAM, port)
            if not wanted & _given:
                _given.update(wanted)
                return base


def _bind(held: contextlib.ExitStack, kind: socket.SocketKind, port: int) -> int:
    probe = held.enter_context(socket.socket(socket.AF_INET, kind))
    probe.bind((HOST, port))
    return int(probe.getsockname()[1])
