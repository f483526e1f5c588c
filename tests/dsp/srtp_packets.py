# SPDX-License-Identifier: GPL-2.0-only
"""Packets and pairs of ends for the tests of SRTP."""

import struct
from collections.abc import Callable

import pytest

from dsp.srtp import MasterKey, Srtp, SrtpRefusedError, Suite

SSRC = 0x1234ABCD
SUITES = pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)


def rtp(sequence: int, payload: bytes = b"sound" * 8, ssrc: int = SSRC) -> bytes:
    return struct.pack(">BBHII", 0x80, 8, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, ssrc) + payload


def rtcp(ssrc: int = SSRC) -> bytes:
    return struct.pack(">BBHI", 0x80, 200, 6, ssrc) + bytes(range(20))


def pair(suite: Suite, **settings: bytes | int) -> tuple[Srtp, Srtp]:
    """A sender and a receiver of one key."""
    master = MasterKey(suite, bytes(range(suite.key_octets)), bytes(range(100, 100 + suite.salt_octets)), **settings)  # type: ignore[arg-type]
    return Srtp(master), Srtp(master)


def refusal(work: Callable[[bytes], bytes], packet: bytes) -> str:
    with pytest.raises(SrtpRefusedError) as refused:
        work(packet)
    return refused.value.reason
