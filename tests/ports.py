# SPDX-License-Identifier: GPL-2.0-only
"""The one allocator of ports for tests: free when given, never the same one twice in a row of tests, never fixed.

A port that was given is not yet bound, so it is claimed as well: other runs of tests on this machine leave it alone.
"""

import contextlib
import random
import socket
from collections import deque

from appliance.simulator.phone import RTP_PORTS as RTP_OF_PHONES

HOST = "127.0.0.1"
RTP_PORTS = 512
_RTP_BASES = range(10_000, RTP_OF_PHONES[0] - RTP_PORTS, RTP_PORTS)
"""Below the phones' own, and below those that the kernel gives out by itself."""
_given: set[int] = set()


class _Claims:
    """Numbers that are ours, each the name of a socket in the abstract namespace; the oldest not kept is let go."""

    def __init__(self, kind: str, most: int) -> None:
        self._kind, self._most = kind, most
        self._held: deque[tuple[int, socket.socket]] = deque()
        self._kept: dict[int, socket.socket] = {}

    def take(self, number: int) -> bool:
        """Whether nobody else has it."""
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0branchline-test-{self._kind}-{number}")
        except OSError:
            claim.close()
            return False
        self._held.append((number, claim))
        if len(self._held) > self._most:
            self._held.popleft()[1].close()
        return True

    def keep(self, number: int) -> None:
        """The one taken last, until it is let go."""
        if self._held and self._held[-1][0] == number:
            self._kept[number] = self._held.pop()[1]

    def let_go(self, number: int) -> None:
        """One that was kept; nothing where it was not."""
        claim = self._kept.pop(number, None)
        if claim is not None:
            claim.close()


_ports, _bases = _Claims("port", 100), _Claims("rtp", 6)
_next_base = random.randrange(len(_RTP_BASES))  # noqa: S311  two test runs on one machine begin at different places


def free_port() -> int:
    """A port that is free for UDP and TCP, and the one above it too (baresip takes both)."""
    while True:
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            port = _bind(held, socket.SOCK_DGRAM, 0)
            _bind(held, socket.SOCK_STREAM, port)
            _bind(held, socket.SOCK_DGRAM, port + 1)
            _bind(held, socket.SOCK_STREAM, port + 1)
            if not {port, port + 1} & _given and _ports.take(port) and _ports.take(port + 1):
                _given.update((port, port + 1))
                return port


def free_rtp_base(*, keep: bool = False) -> int:
    """An even port from which RTP_PORTS UDP ports are free; it comes round again after all others. OSError if none.

    `keep`: for longer than six more are taken, until `let_go_rtp_base`: an engine without calls binds none of them, so
    another run of tests would find them free.
    """
    global _next_base  # noqa: PLW0603  the round goes on from call to call
    for turn in range(2 * len(_RTP_BASES)):
        base = _RTP_BASES[_next_base]
        _next_base = (_next_base + 1) % len(_RTP_BASES)
        if not _bases.take(base) and turn < len(_RTP_BASES):
            continue  # another's, unless there is no other
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in range(base, base + RTP_PORTS):
                _bind(held, socket.SOCK_DGRAM, port)
            if keep:
                _bases.keep(base)
            return base
    raise OSError(f"no {RTP_PORTS} UDP ports in a row are free between {_RTP_BASES[0]} and {_RTP_BASES[-1]}")


def let_go_rtp_base(base: int) -> None:
    """One that was kept is others' again."""
    _bases.let_go(base)


def _bind(held: contextlib.ExitStack, kind: socket.SocketKind, port: int) -> int:
    probe = held.enter_context(socket.socket(socket.AF_INET, kind))
    probe.bind((HOST, port))
    return int(probe.getsockname()[1])
