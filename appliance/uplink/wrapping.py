# SPDX-License-Identifier: GPL-2.0-only
"""Secrets between headquarters and one box: whoever passes them on, the message server too, cannot read them.

A box makes a key for one life of its uplink, in memory alone, and signs it by the key of its certificate. So that key
need only sign, as one in a TPM does, and what was wrapped cannot be read by whoever gets the disk later. Headquarters
answers with a key for this once: X25519 (RFC 7748), HKDF-SHA-256 (RFC 5869), AES-256-GCM.
"""

from collections.abc import Callable, Mapping

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from appliance.wire.fleet import Wrapped, WrappingKey

_WHAT = b"branchline secrets 1\0"
_NONCE = bytes(12)
"""Of a key that is used once."""
Secrets = Mapping[str, str]


class WrappingError(Exception):
    """Not signed by that box, or not for this key; the text is the sentence."""


class Unwrapper:
    """A box's end, of one life. `sign`: by the key of its certificate (ECDSA, SHA-256)."""

    def __init__(self, box: str, sign: Callable[[bytes], bytes]) -> None:
        self._box, self._sign = box, sign
        self._key = X25519PrivateKey.generate()
        self._offer: WrappingKey | None = None

    def offer(self) -> WrappingKey:
        """What headquarters is told; signed once. Raises OSError."""
        if self._offer is None:
            key = self._key.public_key().public_bytes_raw()
            self._offer = WrappingKey(key, self._sign(_signed(self._box, key)))
        return self._offer

    def fits(self, wrapped: Wrapped) -> bool:
        """Whether it is for this life, not for one before."""
        return wrapped.to == self._key.public_key().public_bytes_raw()

    def unwrapped(self, wrapped: Wrapped, push: str) -> Secrets:
        """By name. Raises WrappingError."""
        try:
            shared = self._key.exchange(X25519PublicKey.from_public_bytes(wrapped.key))
            octets = _cipher(shared, wrapped.key, wrapped.to).decrypt(_NONCE, wrapped.octets, _bound(self._box, push))
            return msgspec.json.decode(octets, type=dict[str, str])
        except (ValueError, InvalidTag, msgspec.DecodeError) as error:
            raise WrappingError("what was sent of secrets is not for this box and this push, or damaged") from error


def verified(offer: WrappingKey, public: ec.EllipticCurvePublicKey, box: str) -> None:
    """Whether that box has made it. Raises WrappingError."""
    try:
        public.verify(offer.signature, _signed(box, offer.key), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        sentence = f"{box}'s key for secrets is not signed by the key of the certificate that headquarters gave it"
        raise WrappingError(sentence) from None


def wrapped(secrets: Secrets, offer: WrappingKey, box: str, push: str) -> Wrapped:
    """For that box, which alone can read them, and for that push. Raises WrappingError."""
    own = X25519PrivateKey.generate()
    key = own.public_key().public_bytes_raw()
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(offer.key))
    except ValueError as error:
        raise WrappingError(f"{box}'s key for secrets is none: {error}") from error
    octets = _cipher(shared, key, offer.key).encrypt(_NONCE, msgspec.json.encode(secrets), _bound(box, push))
    return Wrapped(offer.key, key, octets)


def _cipher(shared: bytes, ours: bytes, theirs: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=_WHAT + ours + theirs).derive(shared))


def _signed(box: str, key: bytes) -> bytes:
    return _WHAT + box.encode() + b"\0" + key


def _bound(box: str, push: str) -> bytes:
    return f"{box}\0{push}".encode()
