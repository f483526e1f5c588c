# SPDX-License-Identifier: GPL-2.0-only
"""A robot's ear: keeps what it heard, each octet at its sample, and tells when sound begins and when it ends.

Sound comes as A-law octets with the sample of the first. Octets that the engine lost are idle in the record, so that
the place of an octet in the record is its sample less the record's first.
"""

from collections.abc import Callable

import msgspec

IDLE = 0xD5
WINDOW = 80
"""Samples (10 ms) over which the level is taken."""
_LOUD_DBM0 = -40.0
_FULL_SCALE = 32256  # a sine of this peak has 3.14 dBm0
_LOUD = WINDOW * _FULL_SCALE**2 / 2 * 10 ** ((_LOUD_DBM0 - 3.14) / 10)


def _square(octet: int) -> int:
    """Square of an A-law octet's 16-bit linear value (G.711 table 1a, values times 8)."""
    bits = octet ^ 0x55
    segment, step = bits >> 4 & 7, bits & 15
    magnitude = 2 * step + 33 << segment - 1 if segment else 2 * step + 1
    return 64 * magnitude**2


_SQUARES = tuple(_square(octet) for octet in range(256))


class Heard(msgspec.Struct, frozen=True):
    """What came to a robot: A-law, 8,000 octets a second."""

    from_sample: int
    """Engine sample of the first octet."""
    from_ns: int
    """Monotonic time of the first octet, to within a tick (5 ms)."""
    octets: bytes
    lost: int = 0
    """Octets that the engine's tap could not deliver; they are idle here."""


class Ear:
    """Hears one call."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._octets = bytearray()
        self._first: int | None = None
        self._first_ns = 0
        self._next = 0
        self._lost = 0
        self._listener: _Listener | None = None

    def listen(self, *, loud: bool, lasting_ms: int, then: Callable[[], None]) -> None:
        """Call `then` once, when from now on it has been loud (in sum) or quiet (without a break) for so long."""
        self._listener = _Listener(lasting_ms * 8, loud=loud, then=then)

    def stop_listening(self) -> None:
        """Forget what was listened for."""
        self._listener = None

    def take(self, sample: int, octets: bytes, ns: int) -> None:
        """Sound from `sample` on; `ns`: monotonic time of its first octet."""
        if self._first is None:
            self._first, self._first_ns, self._next = sample, ns, sample
        gap = sample - self._next
        self._lost += gap
        self._next = sample + len(octets)
        if self._keep:
            self._octets += bytes([IDLE]) * gap + octets
        listener = self._listener
        if listener is not None and listener.satisfied(octets):
            self._listener = None
            listener.then()

    def heard(self) -> Heard | None:
        """The record; None if nothing was kept."""
        if self._first is None or not self._keep:
            return None
        return Heard(self._first, self._first_ns, bytes(self._octets), self._lost)


class _Listener:
    """Waits for loudness or quiet."""

    def __init__(self, lasting: int, *, loud: bool, then: Callable[[], None]) -> None:
        self.then = then
        self._loud, self._lasting = loud, lasting
        self._had = 0
        self._rest = b""

    def satisfied(self, octets: bytes) -> bool:
        sound = self._rest + octets
        whole = len(sound) - len(sound) % WINDOW
        self._rest = sound[whole:]
        for start in range(0, whole, WINDOW):
            is_loud = sum(_SQUARES[octet] for octet in sound[start : start + WINDOW]) > _LOUD
            if is_loud == self._loud:
                self._had += WINDOW
            elif not self._loud:
                self._had = 0
        return self._had >= self._lasting
