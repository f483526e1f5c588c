# SPDX-License-Identifier: GPL-2.0-only
"""Frames of a D-channel as a capture file (LINKTYPE_LINUX_LAPD), and tshark's reading of it."""

import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

from appliance.signalling.pri.link import Side

Sent = Iterable[tuple[float, Side, bytes]]
HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 177)
ETH_P_LAPD = 0x30
OUTGOING, INCOMING = 4, 0  # as the network side's own machine would have them


def record(at: float, side: Side, frame: bytes) -> bytes:
    """One packet: the cooked header says which side sent it, as the C/R bit alone cannot."""
    direction = OUTGOING if side is Side.NETWORK else INCOMING
    octets = struct.pack(">HHHB7xH", direction, 0x2003, 0, 1, ETH_P_LAPD) + frame
    return struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(octets), len(octets)) + octets


def write(path: Path, sent: Sent) -> Path:
    """A capture file."""
    path.write_bytes(HEAD + b"".join(record(*one) for one in sent))
    return path


def join(path: Path, captures: Iterable[Path]) -> Path:
    """Several in one, one after the other."""
    path.write_bytes(HEAD + b"".join(capture.read_bytes()[len(HEAD) :] for capture in captures))
    return path


def read(path: Path, *fields: str) -> list[list[str]]:
    """What tshark makes of each frame, field by field."""
    wanted = [word for field in fields for word in ("-e", field)]
    command = ("tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=;", "-E", "occurrence=f", *wanted)
    read = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split(";") for line in read.stdout.splitlines()]


def labels(path: Path, words: str) -> list[str]:
    """What tshark says in full, line by line, where it has these words."""
    read = subprocess.run(("tshark", "-n", "-V", "-r", str(path)), capture_output=True, text=True, check=True)
    return [line.strip() for line in read.stdout.splitlines() if words in line]
