# SPDX-License-Identifier: GPL-2.0-only
"""The ports that a configuration will bind: to find clashes inside the file, and holders on the machine."""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from appliance.config.reader import Fault, Keys
from appliance.config.scalars import Endpoint

Protocol = Literal["udp", "tcp"]
_ANY = "0.0.0.0"  # noqa: S104  # compared with, never bound


class Listener(msgspec.Struct, frozen=True):
    """`count` ports from `endpoint` on, for `purpose`; `keys` lead to the value in the file.

    `guarded`: only some may come to it, whom the firewall knows by a chain of its own.
    """

    protocol: Protocol
    endpoint: Endpoint
    purpose: str
    keys: Keys
    count: int = 1
    guarded: bool = False

    def overlaps(self, other: "Listener") -> bool:
        """Whether both cannot be bound at once."""
        mine, its = self.endpoint, other.endpoint
        return (
            self.protocol == other.protocol
            and (mine.address == its.address or _ANY in (mine.address, its.address))
            and mine.port < its.port + other.count
            and its.port < mine.port + self.count
        )


def listen(endpoint: Endpoint, protocols: Iterable[Protocol], purpose: str, keys: Keys) -> Iterator[Listener]:
    """One port under several protocols."""
    for protocol in protocols:
        yield Listener(protocol, endpoint, purpose, keys)


def clashes(listeners: Iterable[Listener]) -> Iterator[Fault]:
    """Two purposes on one port; told once for each pair, at the later one."""
    before: list[Listener] = []
    told: set[tuple[Keys, Keys]] = set()
    for listener in listeners:
        for other in before:
            pair = (other.keys, listener.keys)
            if listener.overlaps(other) and other.keys != listener.keys and pair not in told:
                told.add(pair)
                yield Fault(listener.keys, f"port {_ports(listener)} is already taken by {other.purpose}")
        before.append(listener)


def _ports(listener: Listener) -> str:
    first = listener.endpoint.port
    return str(first) if listener.count == 1 else f"{first} to {first + listener.count - 1}"
