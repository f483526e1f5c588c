# SPDX-License-Identifier: GPL-2.0-only
"""A bad UDP path between two boxes: drops, doubles, reorders and damages datagrams at set rates, or cuts altogether.

Two ports: each side is configured with one of them as its remote, and hears from it only. Faults are drawn from a
seeded generator, each datagram from one draw, so a run is repeatable datagram by datagram. It runs in a thread of its
own, because a busy event loop would add delays that nobody asked for.
"""

import random
import selectors
import socket
import threading
from collections import deque

import msgspec

Address = tuple[str, int]
_LONGEST = 65_535
_RECEIVE_BUFFER = 1 << 20


class Faults(msgspec.Struct, frozen=True):
    """Shares of datagrams, 0 to 1; together at most 1. Raises ValueError."""

    drop: float = 0.0
    double: float = 0.0
    reorder: float = 0.0
    """Held back until the next one of the same direction has gone."""
    damage: float = 0.0
    """One to four octets anywhere in it changed."""
    shorten: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.drop, self.double, self.reorder, self.damage, self.shorten)
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(f"shares {shares}: each from 0, together at most 1")


class Counters(msgspec.Struct):
    """Datagrams of one direction."""

    received: int = 0
    sent: int = 0
    dropped: int = 0
    doubled: int = 0
    reordered: int = 0
    damaged: int = 0
    shortened: int = 0


class Direction:
    """One way through the relay, sans I/O."""

    def __init__(self, seed: int) -> None:
        self.counters = Counters()
        self._random = random.Random(seed)  # noqa: S311 - repeatable faults, no secret
        self._held: deque[bytes] = deque()

    def carry(self, datagram: bytes, faults: Faults, *, cut: bool = False) -> list[bytes]:
        """What comes out at the other end now, in order."""
        self.counters.received += 1
        held = list(self._held)
        self._held.clear()
        out = ([] if cut else self._meet_fate(datagram, faults)) + held
        if cut:
            self.counters.dropped += 1
        self.counters.sent += len(out)
        return out

    def _meet_fate(self, datagram: bytes, faults: Faults) -> list[bytes]:
        draw = self._random.random()
        counters = self.counters
        if (draw := draw - faults.drop) < 0:
            counters.dropped += 1
            return []
        if (draw := draw - faults.double) < 0:
            counters.doubled += 1
            return [datagram, datagram]
        if (draw := draw - faults.reorder) < 0:
            counters.reordered += 1
            self._held.append(datagram)
            return []
        if (draw := draw - faults.damage) < 0:
            counters.damaged += 1
            return [self._damaged(datagram)]
        if draw - faults.shorten < 0:
            counters.shortened += 1
            return [datagram[: self._random.randrange(len(datagram) or 1)]]
        return [datagram]

    def _damaged(self, datagram: bytes) -> bytes:
        octets = bytearray(datagram)
        for _ in range(self._random.randint(1, 4) if octets else 0):
            octets[self._random.randrange(len(octets))] ^= self._random.randint(1, 255)
        return bytes(octets)


class Relay:
    """Carries between `a` and `b`. `a` sends to `door_a` and hears from it; `b` likewise with `door_b`."""

    def __init__(self, a: Address, b: Address, seed: int = 0, host: str = "127.0.0.1") -> None:
        """Bind both doors (ports from the system) and start. Raises OSError."""
        self.faults = Faults()
        self.cut = False
        self.from_a, self.from_b = Direction(seed), Direction(seed + 1)
        self._socket_a, self._socket_b = _bind(host), _bind(host)
        self._a, self._b = a, b
        self._wake_read, self._wake_write = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    @property
    def door_a(self) -> Address:
        """Where `a` sends to."""
        return _address(self._socket_a)

    @property
    def door_b(self) -> Address:
        """Where `b` sends to."""
        return _address(self._socket_b)

    def close(self) -> None:
        """Stop and give the ports back."""
        self._wake_write.send(b"x")
        self._thread.join()
        for each in (self._socket_a, self._socket_b, self._wake_read, self._wake_write):
            each.close()

    def _run(self) -> None:
        ways = {
            self._socket_a: (self.from_a, self._a, self._socket_b, self._b),
            self._socket_b: (self.from_b, self._b, self._socket_a, self._a),
        }
        with selectors.DefaultSelector() as selector:
            for each in (*ways, self._wake_read):
                selector.register(each, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._wake_read:
                        return
                    door = key.fileobj
                    if isinstance(door, socket.socket):
                        self._carry(door, *ways[door])

    def _carry(self, door: socket.socket, way: Direction, source: Address, out: socket.socket, to: Address) -> None:
        while True:
            try:
                datagram, came_from = door.recvfrom(_LONGEST)
            except BlockingIOError:
                return
            if came_from != source:
                continue  # a stranger's; boxes count theirs themselves
            for each in way.carry(datagram, self.faults, cut=self.cut):
                out.sendto(each, to)


def _bind(host: str) -> socket.socket:
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    door.bind((host, 0))
    door.settimeout(0)
    return door


def _address(door: socket.socket) -> Address:
    host, port = door.getsockname()
    return host, port
