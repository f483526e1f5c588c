# SPDX-License-Identifier: GPL-2.0-only
"""Who gets a certificate (RFC 7030 §4.2): a code for the first one, the key itself for every one after it.

No socket in here: an answer is a certificate or a RefusedError, whose sentence goes to the box, into the log and, where
somebody may be at work who should not, into the audit.
"""

import contextlib
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from appliance.headquarters.duplex.stream import NoQuorumError
from appliance.headquarters.fleet import claims
from appliance.headquarters.fleet.authority import Authority
from appliance.headquarters.fleet.identities import TRIES, Given, Identities, IdentitiesError, OtherwiseError
from appliance.uplink.enrolling.credentials import named, utc_now

SUSPECT_S = 60.0


class RefusedError(Exception):
    """`status` of HTTP, and the sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Enrolment:
    """By headquarters' CA and its list of boxes."""

    def __init__(
        self, authority: Authority, identities: Identities, days: int, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._authority, self._identities, self._days, self._now = authority, identities, days, now
        self._told: dict[str, float] = {}

    def enrol(self, serial: str, code: str, request: bytes) -> x509.Certificate:
        """A box's first certificate, for its claim code.

        The same request again, as after a power cut before the answer was kept, gets the same certificate again:
        whoever replays it has not the key. Raises RefusedError.
        """
        return self._agreed(lambda: self._enrol(serial, code, request))

    def _enrol(self, serial: str, code: str, request: bytes) -> x509.Certificate:
        box = self._identities.of_serial(serial)
        claim = self._identities.claim_of(box.box) if box else None
        if box is None or claim is None or not claims.same(claim.hash, claims.hashed(serial, code)):
            if box is not None:
                self._suspect(box.box, f"a wrong code was shown for serial number {serial}")
            sentence = f"this code is not the one that waits for serial number {serial}"  # nor whether there is one
            raise RefusedError(401, f"{sentence}; at headquarters: claim add {serial}, which voids older codes")
        public = _key(_request(request), serial)
        key = fingerprint(public)
        if claim.key == key:
            return self._again(box.box, key)
        if claim.key is not None:
            self._suspect(box.box, f"its used code was shown once more, by another key: serial number {serial}")
            raise RefusedError(
                403, f"the code for {serial} was used already, by another key; at headquarters: claim add {serial}"
            )
        if self._now().timestamp() >= claim.until_s:
            raise RefusedError(403, f"the code for {serial} has lapsed; at headquarters: claim add {serial}")
        self._unrevoked(key, box.box)
        certificate = self._certify(public, serial, box.box)
        self._identities.enrolled(_given(certificate, box.box, key), claim, f"box {box.box}")
        return certificate

    def renew(self, shown: x509.Certificate | None, request: bytes) -> x509.Certificate:
        """The next one, for the key of the one shown in TLS, which may have expired. Raises RefusedError."""
        return self._agreed(lambda: self._renew(shown, request))

    def _renew(self, shown: x509.Certificate | None, request: bytes) -> x509.Certificate:
        given = self.known(shown)
        box = self._identities.box(given.box)
        wanted = _request(request)
        public = _key(wanted, box.serial)
        if fingerprint(public) != given.key:
            self._suspect(box.box, "a renewal was asked for another key than the certificate's")
            raise RefusedError(403, f"the certificate of {box.box} is renewed for its own key only")
        if shown is None or wanted.subject != shown.subject:
            raise RefusedError(400, f"a renewal has the certificate's subject, {box.box}'s (RFC 7030 §4.2.2)")
        certificate = self._certify(public, box.serial, box.box)
        self._identities.renewed(_given(certificate, box.box, given.key), f"box {box.box}")
        return certificate

    def known(self, shown: x509.Certificate | None) -> Given:
        """What headquarters knows of a certificate, expired or not. Raises RefusedError."""
        if shown is None:
            raise RefusedError(401, "this is for boxes that show their certificate")
        number = f"{shown.serial_number:x}"
        given = self._identities.certificate(number)
        if given is None:  # the other headquarters may have given it just now
            with contextlib.suppress(NoQuorumError, IdentitiesError):
                self._identities.catch_up()
            given = self._identities.certificate(number)
        if given is None:
            raise RefusedError(403, f"this certificate of {named(shown, NameOID.COMMON_NAME)!r} is not known")
        if given.revoked:
            raise RefusedError(403, f"the certificate of {given.box} was {given.revoked}")
        self._unrevoked(given.key, given.box)
        return given

    def current(self, shown: x509.Certificate | None) -> Given:
        """As `known`, and it has not expired. Raises RefusedError."""
        given = self.known(shown)
        if self._now().timestamp() >= given.until_s:
            raise RefusedError(403, f"the certificate of {given.box} has expired; it is good for its renewal alone")
        return given

    def _agreed(self, work: Callable[[], x509.Certificate]) -> x509.Certificate:
        """By what both headquarters know; where the other was first it is decided anew. Raises RefusedError."""
        try:
            for _ in range(TRIES):
                self._identities.catch_up()
                with contextlib.suppress(OtherwiseError):
                    return work()
        except (NoQuorumError, IdentitiesError) as error:
            raise RefusedError(503, f"the two headquarters cannot agree now: {error}") from error
        raise RefusedError(503, "the two headquarters were asked at once, each time; ask again")

    def _certify(self, key: ec.EllipticCurvePublicKey, serial: str, box: str) -> x509.Certificate:
        return self._authority.certify(key, serial, box, self._now() + timedelta(days=self._days))

    def _again(self, box: str, key: bytes) -> x509.Certificate:
        given = self._identities.newest(box)
        if given is None or given.key != key:
            raise RefusedError(403, f"the certificate of {box} was revoked")
        return x509.load_pem_x509_certificate(given.pem)

    def _unrevoked(self, key: bytes, box: str) -> None:
        if self._identities.is_revoked(key):
            sentence = (
                f"the key of {box} was revoked; after a factory reset it makes another, for which it needs a new code"
            )
            raise RefusedError(403, sentence)

    def _suspect(self, box: str, what: str) -> None:
        """Once a minute at most: who asks need not be known, and the audit is not theirs to fill."""
        now_s = self._now().timestamp()
        if now_s - self._told.get(what, 0.0) >= SUSPECT_S:
            self._told[what] = now_s
            self._identities.note("unknown", box, what)


def fingerprint(key: ec.EllipticCurvePublicKey) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def _request(octets: bytes) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_der_x509_csr(octets)
        good = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise RefusedError(400, f"this is no certificate request (PKCS #10): {error}") from error
    if not good:
        raise RefusedError(400, "the request is not signed by its own key")
    return request


def _key(request: x509.CertificateSigningRequest, serial: str) -> ec.EllipticCurvePublicKey:
    """Of a request for the box with this serial number."""
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RefusedError(400, "keys are on P-256 (secp256r1)")
    if named(request, NameOID.SERIAL_NUMBER) != serial:
        wanted = named(request, NameOID.SERIAL_NUMBER)
        raise RefusedError(403, f"the request is for serial number {wanted!r}, who asks is {serial!r}")
    return key


def _given(certificate: x509.Certificate, box: str, key: bytes) -> Given:
    until_s = int(certificate.not_valid_after_utc.timestamp())
    return Given(f"{certificate.serial_number:x}", box, key, certificate.public_bytes(Encoding.PEM), until_s)
