# SPDX-License-Identifier: GPL-2.0-only
"""The one allocator of ports for tests: free when given, never the same one twice in a row of tests, never fixed."""

import contextlib
import random
import socket

from appliance.simulator.phone import RTP_PORTS as RTP_OF_PHONES

HOST = "127.0.0.1"
RTP_PORTS = 512
_RTP_BASES = range(10_000, RTP_OF_PHONES[0] - RTP_PORTS, RTP_PORTS)
"""Below the phones' own, and below those that the kernel gives out by itself."""
_given: set[int] = set()
_next_base = random.randrange(len(_RTP_BASES))  # noqa: S311  two test runs on one machine begin at different places


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


def free_rtp_base() -> int:
    """An even port from which RTP_PORTS UDP ports are free; it comes round again after all others. OSError if none."""
    global _next_base  # noqa: PLW0603  the round goes on from call to call
    for _ in _RTP_BASES:
        base = _RTP_BASES[_next_base]
        _next_base = (_next_base + 1) % len(_RTP_BASES)
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in range(base, base + RTP_PORTS):
                _bind(held, socket.SOCK_DGRAM, port)
            return base
    raise OSError(f"no {RTP_PORTS} UDP ports in a row are free between {_RTP_BASES[0]} and {_RTP_BASES[-1]}")


def _bind(held: contextlib.ExitStack, kind: socket.SocketKind, port: int) -> int:
    probe = held.enter_context(socket.socket(socket.AF_INET, kind))
    probe.bind((HOST, port))
    return int(probe.getsockname()[1])
