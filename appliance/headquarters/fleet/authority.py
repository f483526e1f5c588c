# SPDX-License-Identifier: GPL-2.0-only
"""The CA of headquarters: made at its first start, and what it signs (RFC 5280).

Its key is in a file of mode 0600 beside headquarters' own credentials. Whoever has it can be any box, and headquarters:
a back-up of it belongs into a safe.
"""

import contextlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.config.credentials import CA_KEY
from appliance.uplink.enrolling.credentials import (
    HEADQUARTERS,
    Credentials,
    CredentialsError,
    due,
    read_key,
    subject,
    utc_now,
)
from appliance.uplink.enrolling.private import write_private

CA_YEARS = 30
OWN_DAYS = 825
"""Of headquarters' own certificate, made anew when a start finds it past two thirds."""
BACK = timedelta(hours=1)
"""A box's clock may be that late."""


class Authority:
    """Opened with what it signs by. Raises CredentialsError, OSError.

    `addresses`: of a duplex's message servers, who know each other by them; headquarters' certificate is good there.
    """

    def __init__(self, folder: Path, addresses: Iterable[str] = ()) -> None:
        self.credentials = Credentials(folder)
        self._addresses = sorted({ip_address(one) for one in addresses})
        key_file = folder / CA_KEY
        if self.credentials.ca.exists() and not key_file.exists():
            raise CredentialsError(f"{self.credentials.ca} is there, its key {key_file} is not; restore it")
        self._key = read_key(key_file, make=True)
        if not self.credentials.ca.exists():
            self._make()
        self.certificate = x509.load_pem_x509_certificate(self.credentials.ca.read_bytes())
        if self.certificate.public_key() != self._key.public_key():
            raise CredentialsError(f"{self.credentials.ca} is not the certificate of {key_file}")
        own = self.credentials.certificate()
        if own is None or due(own) < utc_now() or not {*self._addresses} <= addresses_of(own):
            self.credentials.keep(self._own())

    def certify(self, key: ec.EllipticCurvePublicKey, serial: str, box: str, ends: datetime) -> x509.Certificate:
        """Box `box` with this serial number has this key, until then. Good for nothing but a client's end of TLS."""
        builder = self._builder(subject(serial, box), key, ends)
        return _client(builder, ExtendedKeyUsageOID.CLIENT_AUTH).sign(self._key, hashes.SHA256())

    def _own(self) -> x509.Certificate:
        """Headquarters' own: its processes' at the message server, the message server's, the enrolment door's."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "headquarters")])
        key = self.credentials.key().public_key()
        builder = self._builder(name, key, utc_now() + timedelta(days=OWN_DAYS)).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(HEADQUARTERS), *map(x509.IPAddress, self._addresses)]),
            critical=False,
        )
        uses = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
        return _client(builder, *uses).sign(self._key, hashes.SHA256())

    def _make(self) -> None:
        """The certificate last, of the key that is there: a power cut in between costs nothing."""
        key = self._key
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Branchline CA {secrets.token_hex(8)}")])
        ends = utc_now() + timedelta(days=365 * CA_YEARS)
        made = (
            _begun(name, name, key.public_key(), ends)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        write_private(self.credentials.ca, made.public_bytes(serialization.Encoding.PEM))

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePublicKey, ends: datetime) -> x509.CertificateBuilder:
        issuer = self.certificate.subject
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return _begun(name, issuer, key, ends).add_extension(above, critical=False)


def addresses_of(own: x509.Certificate) -> set[IPv4Address | IPv6Address]:
    """Addresses that a certificate is good at."""
    with contextlib.suppress(x509.ExtensionNotFound):
        told = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return {one for one in told.get_values_for_type(x509.IPAddress) if isinstance(one, IPv4Address | IPv6Address)}
    return set()


def _begun(
    name: x509.Name, issuer: x509.Name, key: CertificateIssuerPublicKeyTypes, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - BACK)
        .not_valid_after(ends)
    )


def _client(builder: x509.CertificateBuilder, *uses: x509.ObjectIdentifier) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    """A CA's, who signs certificates, or that of an end of TLS."""
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
