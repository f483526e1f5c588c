# SPDX-License-Identifier: GPL-2.0-only
"""SDES, master keys of SRTP in SDP. Spec: RFC 4568; what is read and refused is told in dsp/include/sdes.h."""

import errno
from typing import Any

import msgspec

from dsp._core import ffi, lib
from dsp.srtp import MasterKey, Suite
from dsp.state import check

KEYS = int(lib.BL_SDES_KEYS)
TEXT_MAX = int(lib.BL_SDES_TEXT_MAX)


class SdesUnsupportedError(ValueError):
    """A line as RFC 4568 allows it, of a suite or with a parameter that we decline: choose another line."""


class Crypto(msgspec.Struct, frozen=True):
    """One `a=crypto:` line; several keys differ in their MKIs. `window`: hint for the replay window, 0: none."""

    tag: int
    keys: tuple[MasterKey, ...]
    window: int = 0


def parse(text: str) -> Crypto:
    """Read what stands behind `a=crypto:`. No error shows any of it.

    Raises: SdesUnsupportedError; ValueError when it is not of RFC 4568's grammar.
    """
    octets = text.encode()
    made = ffi.new("struct bl_sdes *")
    try:
        code = lib.bl_sdes_parse(made, octets, len(octets))
        if code == -errno.ENOTSUP:
            raise SdesUnsupportedError("sdes: a crypto line of a suite or with a parameter that is not supported")
        check(code, f"sdes: a crypto line of {len(octets)} octets that is not of RFC 4568's grammar")
        return Crypto(made.tag, tuple(_key(made.key[i]) for i in range(made.keys)), made.wsh)
    finally:
        lib.bl_sdes_wipe(made)


def build(crypto: Crypto) -> str:
    """What stands behind `a=crypto:`. Raises: ValueError for what cannot be said."""
    if not 0 < len(crypto.keys) <= KEYS:
        raise ValueError(f"sdes: {len(crypto.keys)} keys, 1 to {KEYS} are possible")
    try:
        made = ffi.new("struct bl_sdes *", {"tag": crypto.tag, "keys": len(crypto.keys), "wsh": crypto.window})
    except OverflowError as error:
        raise ValueError(f"sdes: tag {crypto.tag}, window {crypto.window}") from error
    try:
        for i, key in enumerate(crypto.keys):
            made.key[i] = key.cfg()[0]
        text = ffi.new("char[]", TEXT_MAX)
        what = f"sdes: tag {crypto.tag}, window {crypto.window}, {len(crypto.keys)} keys that are not of one kind"
        return bytes(ffi.buffer(text, check(lib.bl_sdes_build(made, text, TEXT_MAX), what))).decode()
    finally:
        lib.bl_sdes_wipe(made)


def suite(name: str) -> Suite | None:
    """The suite of this name in SDP; None: unknown."""
    octets = name.encode()
    known = int(lib.bl_sdes_suite(octets, len(octets)))
    return Suite(known) if known else None


def _key(cfg: Any) -> MasterKey:
    kind = Suite(cfg.suite)
    parts = ((cfg.key, kind.key_octets), (cfg.salt, kind.salt_octets), (cfg.mki, cfg.mki_length))
    key, salt, mki = (bytes(ffi.buffer(field, length)) for field, length in parts)
    return MasterKey(kind, key, salt, mki, cfg.lifetime)
