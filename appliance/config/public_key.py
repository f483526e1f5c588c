# SPDX-License-Identifier: GPL-2.0-only
"""A public key as a line of OpenSSH's `.pub` files has it, read to its last octet: nothing is kept that sshd would not.

Spec: RFC 4253 §6.6 (ssh-rsa), RFC 5656 §3.1 (ecdsa-sha2-…), RFC 8709 §4 (ssh-ed25519), RFC 4251 §5.
"""

import base64
import binascii
import contextlib
import hashlib
import re
from typing import NamedTuple

from appliance.config.scalars import suggestion

RSA_BITS_LEAST = 3072
RSA_BITS_MOST = 16_384  # of OpenSSH
COMMENT_MOST = 100
COORDINATE_OCTETS = {"nistp256": 32, "nistp384": 48, "nistp521": 66}
TYPES = ("ssh-ed25519", "ssh-rsa", *(f"ecdsa-sha2-{curve}" for curve in COORDINATE_OCTETS))
_EXAMPLE = "the line of its .pub file is wanted, such as `ssh-ed25519 AAAAC3… wang@laptop`"


class PublicKey(NamedTuple):
    """`kind` and `body` (base64) are the key; `comment` is for people."""

    kind: str
    body: str
    comment: str

    def __str__(self) -> str:
        return " ".join(filter(None, self))

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen -l has it."""
        digest = hashlib.sha256(base64.b64decode(self.body)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """From its line. Raises ValueError with a sentence."""
        if "PRIVATE KEY" in text:
            raise ValueError(f"this is a private key, which is its owner's alone; {_EXAMPLE}")
        if not text.isprintable():
            raise ValueError(f"a key is one line of letters, digits and signs; {_EXAMPLE}")
        kind, _, rest = text.strip().partition(" ")
        body, _, comment = rest.strip().partition(" ")
        if kind in TYPES and not body:
            raise ValueError(f"after {kind} the key itself is missing; a whole line stands between quotation marks")
        if not re.fullmatch(r"[a-z0-9@.-]+", kind) or not body:
            raise ValueError(f"{text[:40]!r} is no public key; {_EXAMPLE}")
        if kind not in TYPES:
            raise ValueError(f"keys of type {kind!r} are not taken; {suggestion(kind, TYPES)}")
        if len(comment.strip()) > COMMENT_MOST:
            raise ValueError(f"the comment after the key is longer than {COMMENT_MOST} characters")
        _check(kind, body)
        return cls(kind, body, comment.strip())


def _check(kind: str, body: str) -> None:
    octets = b""
    with contextlib.suppress(binascii.Error):
        octets = base64.b64decode(body, validate=True)
    if base64.b64encode(octets).decode() != body:
        raise ValueError(f"the {kind} key is not base64, it was cut or broken: copy the whole line")
    named, *parts = _strings(kind, octets)
    if named != kind.encode():
        raise ValueError(f"the key says {kind} and is {named[:40].decode('ascii', 'replace')!r}: copy the whole line")
    match kind:
        case "ssh-ed25519":
            good = [len(part) for part in parts] == [32]
        case "ssh-rsa":
            good = _rsa(parts)
        case _:
            good = _on_curve(kind, parts)
    if not good:
        raise ValueError(f"this is no {kind} key, it was cut or broken: copy the whole line")


def _strings(kind: str, octets: bytes) -> list[bytes]:
    """Length and octets, one after another, to the end."""
    found, at = [], 0
    while at < len(octets):
        length = int.from_bytes(octets[at : at + 4], "big")
        part = octets[at + 4 : at + 4 + length]
        if at + 4 + length > len(octets):
            raise ValueError(f"the {kind} key ends too soon, it was cut or broken: copy the whole line")
        found.append(part)
        at += 4 + length
    return found or [b""]


def _rsa(parts: list[bytes]) -> bool:
    if len(parts) != 2:
        return False
    exponent, modulus = (int.from_bytes(part, "big", signed=True) for part in parts)
    if exponent < 3 or not exponent % 2 or modulus <= 0:
        return False
    if not RSA_BITS_LEAST <= modulus.bit_length() <= RSA_BITS_MOST:
        sentence = f"an RSA key of {modulus.bit_length()} bits is not taken: {RSA_BITS_LEAST} to {RSA_BITS_MOST}"
        raise ValueError(f"{sentence}; better is ssh-keygen -t ed25519")
    return True


def _on_curve(kind: str, parts: list[bytes]) -> bool:
    """An uncompressed point, of the curve that the type names; whether it lies on it sshd sees."""
    curve = kind.rpartition("-")[2]
    return len(parts) == 2 and (
        parts[0] == curve.encode() and parts[1][:1] == b"\x04" and len(parts[1]) == 1 + 2 * COORDINATE_OCTETS[curve]
    )
