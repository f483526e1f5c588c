# SPDX-License-Identifier: GPL-2.0-only
"""What the message server's callout is written in: nkeys, and JSON web tokens signed by them (NATS ADR-14, ADR-26)."""

import base64
import binascii
import secrets
import time
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from appliance.uplink.enrolling.private import write_private

ACCOUNT = 0 << 3
"""The prefix of an account's public key, which makes it begin with A."""


class TokenError(Exception):
    """What is no token."""


class Signer:
    """The account key that answers of the callout are signed with; made at the first start, in a file of mode 0600."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_private(path, made)
        key = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TokenError(f"{path} is no Ed25519 key")
        self._key = key
        self.public = nkey(ACCOUNT, key.public_key().public_bytes_raw())

    def sign(self, subject: str, audience: str, claims: dict[str, Any], name: str = "") -> bytes:
        """A token about `subject` for `audience`."""
        body = {"jti": secrets.token_hex(16), "iat": int(time.time()), "iss": self.public, "sub": subject}
        body |= {"aud": audience, "name": name, "nats": {**claims, "version": 2}}
        text = b".".join((_base64({"typ": "JWT", "alg": "ed25519-nkey"}), _base64(body)))
        return text + b"." + base64.urlsafe_b64encode(self._key.sign(text)).rstrip(b"=")


def nkey(prefix: int, key: bytes) -> str:
    """Base32 of prefix, key and CRC-16 (XMODEM), the latter with its low octet first."""
    octets = bytes([prefix]) + key
    return base64.b32encode(octets + binascii.crc_hqx(octets, 0).to_bytes(2, "little")).rstrip(b"=").decode("ascii")


def claims_of(token: bytes) -> bytes:
    """The claims, as JSON. The signature is not looked at: it comes from our own message server. Raises TokenError."""
    parts = token.split(b".")
    if len(parts) != 3:
        raise TokenError("a token has three parts with dots between")
    try:
        return base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4))
    except binascii.Error as error:
        raise TokenError(f"the middle part is not base64: {error}") from error


def _base64(value: object) -> bytes:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=")
