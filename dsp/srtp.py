# SPDX-License-Identifier: GPL-2.0-only
"""SRTP and SRTCP, one direction of one stream under one master key. What it does is told in dsp/include/srtp.h.

Law: no key is ever shown: neither in a repr, nor in an error.
"""

import errno
from enum import IntEnum
from secrets import token_bytes
from typing import Any

import msgspec

from dsp._core import ffi, lib
from dsp.state import check, configure, new_state

MKI_MAX = int(lib.BL_SRTP_MKI_MAX)
PACKET_MAX = int(lib.BL_SRTP_PACKET_MAX)
WINDOW = int(lib.BL_SRTP_WINDOW)
SOURCES = int(lib.BL_SRTP_SOURCES)


class Suite(IntEnum):
    """Crypto suites, by their names in SDP."""

    AES_CM_128_HMAC_SHA1_80 = 1
    AES_CM_128_HMAC_SHA1_32 = 2
    AEAD_AES_128_GCM = 3
    AEAD_AES_256_GCM = 4

    @property
    def key_octets(self) -> int:
        """Length of the master key."""
        return int(lib.bl_srtp_key_length(self))

    @property
    def salt_octets(self) -> int:
        """Length of the master salt."""
        return int(lib.bl_srtp_salt_length(self))


class MasterKey(msgspec.Struct, frozen=True):
    """A master key of a suite; `lifetime` in packets, 0: as many as the suite allows."""

    suite: Suite
    key: bytes
    salt: bytes
    mki: bytes = b""
    lifetime: int = 0

    def __repr__(self) -> str:
        return f"MasterKey({self.suite.name})"

    @classmethod
    def new(cls, suite: Suite) -> "MasterKey":
        """A random one."""
        return cls(suite, token_bytes(suite.key_octets), token_bytes(suite.salt_octets))

    def cfg(self) -> Any:
        """`struct bl_srtp_cfg`. Raises: ValueError when a length is not the suite's."""
        if (len(self.key), len(self.salt)) != (self.suite.key_octets, self.suite.salt_octets):
            raise ValueError(f"srtp: key of {len(self.key)} and salt of {len(self.salt)} octets for {self.suite.name}")
        if len(self.mki) > MKI_MAX:
            raise ValueError(f"srtp: MKI of {len(self.mki)} octets, {MKI_MAX} are possible")
        cfg = configure("srtp", suite=self.suite, mki_length=len(self.mki), lifetime=self.lifetime)
        for field in ("key", "salt", "mki"):
            ffi.memmove(getattr(cfg, field), getattr(self, field), len(getattr(self, field)))
        return cfg


class SrtpRefusedError(Exception):
    """A packet that was not protected or is not believed; `reason` is the errno's name."""

    def __init__(self, code: int) -> None:
        self.reason = errno.errorcode[-code]
        super().__init__(f"srtp: packet refused: {self.reason}")


class Counters(msgspec.Struct, frozen=True):
    """What became of the packets."""

    packets: int
    rtcp: int
    bad: int
    forged: int
    replayed: int
    refused: int


class Srtp:
    """One direction. Call close when the stream ends: it wipes the keys."""

    def __init__(self, master: MasterKey) -> None:
        """Raises: ValueError for a master key that cannot be."""
        self._memory, self._srtp = new_state("srtp")
        cfg = master.cfg()
        code = lib.bl_srtp_init(self._srtp, cfg)
        ffi.memmove(cfg, bytes(ffi.sizeof(cfg[0])), ffi.sizeof(cfg[0]))
        check(code, f"srtp: a lifetime of {master.lifetime} packets")
        self.reopen()

    def reopen(self) -> None:
        """Make the process's part anew, as after a restart. Raises: ValueError when OpenSSL refuses."""
        made = ffi.new("struct bl_srtp_ctx **")
        check(lib.bl_srtp_ctx_open(made, self._srtp), "srtp: OpenSSL makes no such cipher")
        self._ctx = ffi.gc(made[0], lib.bl_srtp_ctx_close)

    def close(self) -> None:
        """Wipe the keys; nothing works afterwards."""
        self._ctx = ffi.NULL
        lib.bl_srtp_close(self._srtp)

    def reset(self) -> None:
        """Forget all sources. Only for a receiver, or before the first packet."""
        lib.bl_srtp_reset(self._srtp)

    @property
    def counters(self) -> Counters:
        """Since it was made."""
        seen = self._srtp.counters
        return Counters(**{name: int(getattr(seen, name)) for name in Counters.__struct_fields__})

    def expect(self, ssrc: int, roc: int, rtcp_index: int = 0) -> None:
        """What is known of a source before its first packet. Raises: ValueError when that cannot be."""
        code = lib.bl_srtp_expect(self._srtp, ssrc, roc, rtcp_index)
        check(code, f"srtp: source {ssrc:08x} at RTCP index {rtcp_index}: too many, too great, or begun already")

    def protect(self, packet: bytes) -> bytes:
        """RTP to SRTP. Raises: SrtpRefusedError."""
        return self._worked(lib.bl_srtp_protect, packet, PACKET_MAX)

    def unprotect(self, packet: bytes) -> bytes:
        """SRTP to RTP. Raises: SrtpRefusedError."""
        return self._worked(lib.bl_srtp_unprotect, packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """RTCP to SRTCP. Raises: SrtpRefusedError."""
        return self._worked(lib.bl_srtcp_protect, packet, PACKET_MAX)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """SRTCP to RTCP. Raises: SrtpRefusedError."""
        return self._worked(lib.bl_srtcp_unprotect, packet)

    def _worked(self, work: Any, packet: bytes, *room: int) -> bytes:
        memory = bytearray(packet).ljust(max((*room, len(packet))), b"\0")
        length = ffi.new("size_t *", len(packet))
        code = work(self._srtp, self._ctx, ffi.from_buffer("uint8_t[]", memory), length, *room)
        if code:
            raise SrtpRefusedError(code)
        return bytes(memory[: length[0]])


def keystream(key: bytes, nonce: bytes, octets: int) -> bytes:
    """Key stream of AES in counter mode, RFC 3711 §4.1.1. Raises: ValueError when a length cannot be."""
    if len(nonce) != 14:
        raise ValueError(f"srtp: nonce of {len(nonce)} octets")
    out = bytearray(octets)
    code = lib.bl_srtp_keystream(key, len(key), nonce, ffi.from_buffer("uint8_t[]", out), octets)
    check(code, f"srtp: key of {len(key)} octets, {octets} octets of key stream")
    return bytes(out)


def derive(master: MasterKey, label: int, octets: int) -> bytes:
    """A session key, RFC 3711 §4.3.2. Raises: ValueError for a label above 5."""
    out = bytearray(octets)
    code = lib.bl_srtp_derive(master.cfg(), label, ffi.from_buffer("uint8_t[]", out), octets)
    check(code, f"srtp: label {label}")
    return bytes(out)
