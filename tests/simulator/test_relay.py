# SPDX-License-Identifier: GPL-2.0-only
"""The bad UDP path: its faults have the rates that were set, are repeatable, and a cut is a cut."""

import itertools
import socket
from collections.abc import Iterator

import pytest

from appliance.simulator.relay import Direction, Faults, Relay

DATAGRAMS = [number.to_bytes(2, "big") * 20 for number in range(2000)]


def carried(faults: Faults, seed: int = 1) -> tuple[list[bytes], Direction]:
    way = Direction(seed)
    return [out for datagram in DATAGRAMS for out in way.carry(datagram, faults)], way


@pytest.mark.unit
def test_a_good_path_changes_nothing() -> None:
    out, way = carried(Faults())
    assert out == DATAGRAMS
    assert (way.counters.received, way.counters.sent) == (2000, 2000)


@pytest.mark.unit
def test_faults_have_their_rates_and_repeat_with_the_seed() -> None:
    faults = Faults(drop=0.1, double=0.05, reorder=0.1, damage=0.1, shorten=0.05)
    out, way = carried(faults)
    again, _ = carried(faults)
    other, _ = carried(faults, seed=2)
    assert out == again
    assert out != other
    seen = way.counters
    assert 150 < seen.dropped < 250
    assert 60 < seen.doubled < 140
    assert 150 < seen.reordered < 250
    assert 150 < seen.damaged < 250
    assert 60 < seen.shortened < 140
    assert seen.sent == len(out)
    assert 0 <= seen.received - seen.dropped + seen.doubled - seen.sent <= 1  # one may still be held back


@pytest.mark.unit
def test_a_reordered_datagram_comes_after_the_next() -> None:
    out, way = carried(Faults(reorder=0.2))
    late = sum(DATAGRAMS.index(b) < DATAGRAMS.index(a) for a, b in itertools.pairwise(out[:300]))
    assert late > 30
    assert sorted(out) == DATAGRAMS[: len(out)]
    assert way.counters.dropped == 0


@pytest.mark.unit
def test_shares_over_one_are_refused() -> None:
    with pytest.raises(ValueError, match="together at most 1"):
        Faults(drop=0.6, damage=0.5)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket, Relay]]:
    a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for end in (a, b):
        end.bind(("127.0.0.1", 0))
        end.settimeout(2)
    relay = Relay(a.getsockname(), b.getsockname())
    yield a, b, relay
    relay.close()
    a.close()
    b.close()


@pytest.mark.system
def test_it_carries_both_ways_until_cut(ends: tuple[socket.socket, socket.socket, Relay]) -> None:
    a, b, relay = ends
    a.sendto(b"to b", relay.door_a)
    assert b.recvfrom(99) == (b"to b", relay.door_b)
    b.sendto(b"to a", relay.door_b)
    assert a.recvfrom(99) == (b"to a", relay.door_a)
    relay.cut = True
    a.sendto(b"lost", relay.door_a)
    b.settimeout(0.1)
    with pytest.raises(TimeoutError):
        b.recv(99)
    relay.cut = False
    a.sendto(b"again", relay.door_a)
    b.settimeout(2)
    assert b.recv(99) == b"again"


@pytest.mark.system
def test_a_strangers_datagram_goes_nowhere(ends: tuple[socket.socket, socket.socket, Relay]) -> None:
    a, b, relay = ends
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"stray", relay.door_a)
    a.sendto(b"good", relay.door_a)
    assert b.recv(99) == b"good"
