# SPDX-License-Identifier: GPL-2.0-only
"""A box at headquarters' enrolment door: EST (RFC 7030) as its client, and what of TLS it insists on.

The connection is to whatever address was found, and the certificate there has to be our CA's for HEADQUARTERS; before
that is sure no code has left the box.
"""

import base64
import binascii
import ssl
from datetime import datetime

import httpx
import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from appliance.uplink.enrolling.claim import Url
from appliance.uplink.enrolling.clock import Clock, put_forward, told_by
from appliance.uplink.enrolling.credentials import HEADQUARTERS, Credentials, CredentialsError, named

ANSWER_S = 10.0
NOT_YET_VALID = 9
"""X509_V_ERR_CERT_NOT_YET_VALID of OpenSSL."""
EST, OWN = "/.well-known/est", "/.well-known/branchline"
Basic = tuple[str, str] | None
"""User and password of HTTP."""


class DoorError(Exception):
    """No answer, or of somebody else; the text is the sentence."""


class DoorRefusedError(DoorError):
    """Headquarters' own word: `status` of HTTP, and its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"headquarters refuses: {sentence}")
        self.status = status


class _Answer(msgspec.Struct, frozen=True):
    """`valid`: from when to when the teller's certificate is."""

    body: bytes
    date: str
    valid: tuple[datetime, datetime]


class Door:
    """For one box."""

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self._credentials, self._clock = credentials, clock

    async def enrol(self, url: Url, serial: str, code: str) -> str:
        """The first certificate; returns what headquarters calls the box. Raises DoorError, CredentialsError."""
        request = base64.encodebytes(self._credentials.request(serial))
        answer = await self._ask(url, f"{EST}/simpleenroll", request, (serial, code), mutual=False)
        return self._keep(answer.body, serial)

    async def renew(self, url: Url) -> None:
        """The next one for the same key. Raises DoorError, CredentialsError."""
        own = self._credentials.certificate()
        if own is None:
            raise CredentialsError("there is no certificate to be renewed")
        serial = named(own, NameOID.SERIAL_NUMBER)
        request = base64.encodebytes(self._credentials.request(serial, named(own, NameOID.COMMON_NAME)))
        answer = await self._ask(url, f"{EST}/simplereenroll", request)
        self._keep(answer.body, serial)

    async def standing(self, url: Url) -> None:
        """Nothing where headquarters takes the certificate. Raises DoorError with the reason, CredentialsError."""
        await self._ask(url, f"{OWN}/standing")

    async def configuration(self, url: Url) -> bytes:
        """The box's first configuration. Raises DoorError, CredentialsError."""
        return (await self._ask(url, f"{OWN}/configuration")).body

    async def secrets(self, url: Url) -> dict[str, str]:
        """Those that it names, by the names of their files. Raises DoorError, CredentialsError."""
        try:
            return msgspec.json.decode((await self._ask(url, f"{OWN}/secrets")).body, type=dict[str, str])
        except msgspec.DecodeError as error:
            raise DoorError("headquarters' secrets cannot be read") from error

    def _keep(self, body: bytes, serial: str) -> str:
        ca = x509.load_pem_x509_certificate(self._credentials.ca.read_bytes())
        try:
            (certificate,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))
            certificate.verify_directly_issued_by(ca)
        except (binascii.Error, ValueError, TypeError, InvalidSignature) as error:
            raise DoorError(f"headquarters' answer is no certificate by our CA: {error}") from error
        if named(certificate, NameOID.SERIAL_NUMBER) != serial:
            raise DoorError(f"headquarters' answer is the certificate of another box: {certificate.subject}")
        self._credentials.keep(certificate)
        return named(certificate, NameOID.COMMON_NAME)

    async def _ask(
        self,
        url: Url,
        path: str,
        body: bytes | None = None,
        basic: tuple[str, str] | None = None,
        *,
        mutual: bool = True,
    ) -> _Answer:
        """By the dates, and where they cannot be: the clock is put right first."""
        if self._clock.now() < self._credentials.floor():
            await self._put_right(url)
        tls = self._credentials.context if mutual else self._credentials.trusting
        try:
            return await _exchange(url, path, tls(), body, basic)
        except DoorError as error:
            if _verdict(error) != NOT_YET_VALID:
                raise
        await self._put_right(url)
        return await _exchange(url, path, tls(), body, basic)

    async def _put_right(self, url: Url) -> None:
        answer = await _exchange(url, f"{EST}/cacerts", self._credentials.undated())
        put_forward(self._clock, told_by(answer.date, answer.valid, self._credentials.floor(), self._clock.now()))


async def _exchange(
    url: Url, path: str, tls: ssl.SSLContext, body: bytes | None = None, basic: Basic = None
) -> _Answer:
    """One request. Raises DoorError."""
    headers = {} if body is None else {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
    try:
        async with httpx.AsyncClient(verify=tls, trust_env=False, timeout=ANSWER_S) as client:
            response = await client.request(
                "GET" if body is None else "POST",
                f"{url}{path}",
                content=body,
                headers=headers,
                auth=basic,
                extensions={"sni_hostname": HEADQUARTERS},
            )
    except httpx.HTTPError as error:
        raise DoorError(_sentence(url, error)) from error
    if response.status_code != 200:
        raise DoorRefusedError(response.status_code, response.text.strip() or f"status {response.status_code}")
    shown = response.extensions["network_stream"].get_extra_info("ssl_object").getpeercert(binary_form=True)
    theirs = x509.load_der_x509_certificate(shown)
    valid = (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
    return _Answer(response.content, response.headers.get("date", ""), valid)


def _sentence(url: Url, error: Exception) -> str:
    wrong = _tls_fault(error)
    if isinstance(wrong, ssl.SSLCertVerificationError):
        return f"who answers at {url} is not our headquarters: {wrong.verify_message}"
    if isinstance(wrong, ssl.SSLError):
        return f"no TLS with {url}: {wrong.reason or wrong}"
    return f"no answer at {url}: {str(error) or type(error).__name__}"


def _verdict(error: Exception) -> int:
    """Of OpenSSL on the certificate; 0 where it was not that."""
    wrong = _tls_fault(error)
    return wrong.verify_code if isinstance(wrong, ssl.SSLCertVerificationError) else 0


def _tls_fault(error: BaseException | None) -> BaseException | None:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error
