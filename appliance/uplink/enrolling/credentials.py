# SPDX-License-Identifier: GPL-2.0-only
"""What a box proves itself with: a folder with its key (P-256, made here), its certificate, and the one CA it trusts.

The key is in a TPM where there is one that can (`tpm.py`), else in the file itself.

The CA is pinned when the folder is made and never replaced. Whoever is at the other end must show a certificate of that
CA which names it HEADQUARTERS; by which address it was found plays no part, since DHCP and DNS may lie.
"""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from appliance.config.credentials import CA, CERTIFICATE, KEY
from appliance.uplink.enrolling import tpm
from appliance.uplink.enrolling.private import write_private

HEADQUARTERS = "headquarters.branchline.internal"
"""The name that the CA gives to headquarters alone (DNS, of RFC 6125); `.internal` is nobody's (ICANN, 2024)."""
UNDATED = 0x20_0000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL: a chain is verified whatever the dates in it are."""


log = structlog.get_logger()


class CredentialsError(OSError):
    """A file of a key or certificate that cannot be used; the text is the sentence."""


def context(ca: Path, *, dated: bool = True) -> ssl.SSLContext:
    """A client's TLS 1.3 that trusts this CA and no other. Raises CredentialsError."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    if not dated:
        made.verify_flags |= ssl.VerifyFlags(UNDATED)
    try:
        made.load_verify_locations(ca)
    except (OSError, ssl.SSLError) as error:
        raise CredentialsError(f"{ca} is no CA's certificate: {error}") from error
    return made


class FileKey:
    """One that stands in its file."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """What others know it by."""
        return self._key.public_key()

    def sign(self, octets: bytes) -> bytes:
        """ECDSA with SHA-256, in DER."""
        return self._key.sign(octets, ec.ECDSA(hashes.SHA256()))

    def request(self, name: x509.Name) -> bytes:
        """PKCS #10 in DER."""
        made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self._key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.DER)


class Credentials:
    """The folder's three files. `context` is one for the life of the process: what is renewed is in it at once.

    `in_tpm`: a key that is yet to be made is made in the TPM, where there is one that can.
    """

    def __init__(self, folder: Path, *, in_tpm: bool = False) -> None:
        self.ca, self.certificate_file, self.key_file = folder / CA, folder / CERTIFICATE, folder / KEY
        self._context: ssl.SSLContext | None = None
        self._in_tpm = in_tpm

    def key(self) -> FileKey | tpm.TpmKey:
        """Made at the first call, and on the disk before anybody hears of it. Raises CredentialsError, OSError."""
        if self._in_tpm and not self.key_file.exists() and tpm.present():
            try:
                tpm.make(self.key_file)
            except tpm.TpmError as error:
                log.warning("credentials.tpm.unused", error=str(error))
        if self.is_in_tpm():
            return tpm.TpmKey(self.key_file)
        return FileKey(read_key(self.key_file, make=True))

    def is_in_tpm(self) -> bool:
        """Whether the key is one that this machine's TPM alone can use. Raises OSError."""
        return self.key_file.exists() and tpm.is_tpm_s(self.key_file.read_bytes())

    def certificate(self) -> x509.Certificate | None:
        """None: not enrolled. Raises CredentialsError."""
        try:
            return x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise CredentialsError(f"{self.certificate_file} is no certificate: {error}") from error

    def request(self, serial: str, box: str = "") -> bytes:
        """PKCS #10 (RFC 2986) in DER, signed by the key, which proves that it is ours. Raises CredentialsError."""
        return self.key().request(subject(serial, box))

    def sign(self, octets: bytes) -> bytes:
        """ECDSA with SHA-256, in DER: who has the certificate knows it is ours. Raises CredentialsError, OSError."""
        return self.key().sign(octets)

    def keep(self, certificate: x509.Certificate) -> None:
        """From now on this is shown; connections that are up stay. Raises CredentialsError, OSError."""
        if certificate.public_key() != self.key().public_key():
            raise CredentialsError("headquarters' answer is a certificate of another key than ours")
        write_private(self.certificate_file, certificate.public_bytes(serialization.Encoding.PEM))
        if self._context is not None:
            self._load(self._context)

    def pin(self, ca: str) -> None:
        """The CA, from the image or the claim file. Raises CredentialsError, OSError."""
        try:
            x509.load_pem_x509_certificate(ca.encode())
        except ValueError as error:
            raise CredentialsError(f"what is pinned as the CA is no certificate: {error}") from error
        write_private(self.ca, ca.encode())

    def context(self) -> ssl.SSLContext:
        """Mutual TLS, by the dates. Raises CredentialsError."""
        if self._context is None:
            made = context(self.ca)
            self._load(made)
            self._context = made
        return self._context

    def trusting(self) -> ssl.SSLContext:
        """Without a certificate of our own: there is none yet. Raises CredentialsError."""
        return context(self.ca)

    def undated(self) -> ssl.SSLContext:
        """The CA is verified, its dates are not. Raises CredentialsError."""
        return context(self.ca, dated=False)

    def floor(self) -> datetime:
        """Before this it cannot be: CA and certificate were made then. Raises CredentialsError."""
        own = self.certificate()
        try:
            ca = x509.load_pem_x509_certificate(self.ca.read_bytes())
        except (OSError, ValueError) as error:
            raise CredentialsError(f"{self.ca} is no CA's certificate: {error}") from error
        return max(one.not_valid_before_utc for one in (ca, own or ca))

    def _load(self, into: ssl.SSLContext) -> None:
        try:
            if self.is_in_tpm():
                tpm.load_provider()
            into.load_cert_chain(self.certificate_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            sentence = f"{self.certificate_file} and {self.key_file} do not go together"
            if self.is_in_tpm():
                sentence = f"{self.key_file} is not of this machine's TPM; the box needs a new claim, and enrols anew"
            raise CredentialsError(f"{sentence}: {error}") from error


def subject(serial: str, box: str = "") -> x509.Name:
    """Of a box: its serial number (2.5.4.5), and what headquarters calls it."""
    names = [x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)]
    if box:
        names.insert(0, x509.NameAttribute(NameOID.COMMON_NAME, box))
    return x509.Name(names)


def named(certificate: x509.Certificate | x509.CertificateSigningRequest, oid: x509.ObjectIdentifier) -> str:
    """That part of its subject; empty where there is none, or two."""
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if len(found) == 1 else ""


def due(certificate: x509.Certificate) -> datetime:
    """When it is to be renewed: at two thirds of its life."""
    began, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return began + (ends - began) * 2 / 3


def utc_now() -> datetime:
    """As the box knows it."""
    return datetime.now(UTC)


def read_key(path: Path, *, make: bool = False) -> ec.EllipticCurvePrivateKey:
    """A file of mode 0600; with `make` it is made where it is not there. Raises CredentialsError, OSError."""
    if make and not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        text = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        write_private(path, key.private_bytes(*text))
    if path.stat().st_mode & 0o077:
        raise CredentialsError(f"{path} can be read by others; chmod 0600 {path}, and think who may have read it")
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), None)
    except ValueError as error:
        raise CredentialsError(f"{path} is no key: {error}") from error
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise CredentialsError(f"{path} is no key on a curve (P-256)")
    return found
