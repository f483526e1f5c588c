# SPDX-License-Identifier: GPL-2.0-only
"""HDLC a second time, as operations on strings of "0" and "1" in the order of the line.

Law: nothing here shares a table, a register or an idea with dsp/src/hdlc_*.c; the receiver looks at the whole stream.
"""

import re
from dataclasses import dataclass, field

FLAG = "01111110"


def fcs16(octets: bytes) -> bytes:
    """FCS of ISO/IEC 13239 §4.2.5 as the remainder of a polynomial division, low octet first."""
    bits = [octet >> at & 1 for octet in octets for at in range(8)] + [0] * 16
    for at in range(16):
        bits[at] ^= 1
    for at in range(len(bits) - 16):
        if bits[at]:
            for power in (16, 12, 5, 0):  # x^16 + x^12 + x^5 + 1
                bits[at + 16 - power] ^= 1
    remainder = [bit ^ 1 for bit in bits[-16:]]
    return bytes(sum(bit << at for at, bit in enumerate(remainder[half : half + 8])) for half in (0, 8))


def to_bits(octets: bytes) -> str:
    """Least significant bit first."""
    return "".join(f"{octet:08b}"[::-1] for octet in octets)


def from_bits(bits: str) -> bytes:
    """Whole octets, least significant bit first."""
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits) - 7, 8))


def stuff(bits: str) -> str:
    """Q.921 §2.6: a zero after every five ones."""
    return bits.replace("11111", "111110")


def frame_bits(frame: bytes, fcs: bytes | None = None) -> str:
    """A frame between its flags, the flags not included."""
    return stuff(to_bits(frame + (fcs16(frame) if fcs is None else fcs)))


def timeslot(bits: str) -> bytes:
    """Timeslot octets, first bit of the line in 0x80; a part of an octet at the end is filled with zeros."""
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def line_bits(octets: bytes) -> str:
    """Bits of the line from timeslot octets."""
    return "".join(f"{octet:08b}" for octet in octets)


@dataclass
class Heard:
    """What a receiver must have found in a stream."""

    frames: list[bytes] = field(default_factory=list)
    fcs_errors: int = 0
    aborts: int = 0
    short_frames: int = 0
    long_frames: int = 0
    non_aligned: int = 0

    def _judge(self, bits: str, *, by_flag: bool, min_len: int, max_len: int) -> None:
        octets = from_bits(bits)
        if len(octets) > max_len + 2:
            self.long_frames += 1
        elif not octets:
            return
        elif not by_flag:
            self.aborts += 1
        elif len(bits) % 8 != 7:  # the flag's own 0111111 is among them
            self.non_aligned += 1
        elif len(octets) < min_len + 2:
            self.short_frames += 1
        elif fcs16(octets[:-2]) != octets[-2:]:
            self.fcs_errors += 1
        else:
            self.frames.append(octets[:-2])


def hear(bits: str, min_len: int = 3, max_len: int = 300) -> Heard:
    """Cut the stream at runs of six and of more ones, and judge what lies between."""
    heard = Heard()
    opened: int | None = None
    for run in re.finditer("1{6,}", bits):
        is_flag = len(run[0]) == 6
        if is_flag and run.end() == len(bits):
            break  # its last zero is still to come
        if opened is not None:
            content = bits[opened : run.start()] + "111111"
            heard._judge(content.replace("111110", "11111"), by_flag=is_flag, min_len=min_len, max_len=max_len)
        opened = run.end() + 1 if is_flag else None
    if opened is not None and len(from_bits(bits[opened:].replace("111110", "11111"))) > max_len + 2:
        heard.long_frames += 1
    return heard
