# SPDX-License-Identifier: GPL-2.0-only
"""The enrolment door: EST (RFC 7030) over TLS 1.3, one request a connection, and a box's first configuration.

Whoever shows a certificate must show one of our CA; what its dates say is looked at afterwards, since an expired one is
good at the renewal. Anybody may knock, so everything is bounded: octets, seconds, connections.
"""

import asyncio
import base64
import binascii
import contextlib
import ssl
from collections.abc import Callable
from email.utils import formatdate

import h11
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from appliance.config import ConfigurationError, Endpoint
from appliance.headquarters.fleet.authority import Authority
from appliance.headquarters.fleet.enrolment import Enrolment, RefusedError
from appliance.uplink.enrolling.credentials import UNDATED

OCTETS_LIMIT = 16_384
CONNECTIONS_LIMIT = 64
REQUEST_S = 10.0

log = structlog.get_logger()


class Request:
    """What was asked: `shown` is the certificate of the other end of TLS, of our CA, of whatever date."""

    def __init__(self, head: h11.Request, body: bytes, shown: x509.Certificate | None) -> None:
        self.method, self.path = head.method.decode("ascii"), head.target.decode("ascii").partition("?")[0]
        self.headers = {name: value.decode("latin-1") for name, value in head.headers}
        self.body, self.shown = body, shown

    def basic(self) -> tuple[str, str]:
        """User and password (RFC 7617). Raises RefusedError."""
        scheme, _, told = self.headers.get(b"authorization", "").partition(" ")
        user = colon = password = ""
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            user, colon, password = base64.b64decode(told, validate=True).decode().partition(":")
        if scheme.lower() != "basic" or not colon:
            raise RefusedError(401, "a claim code is needed: HTTP Basic, the serial number as user (RFC 7030 §3.2.3)")
        return user, password

    def pkcs10(self) -> bytes:
        """The body, which is base64 (RFC 8951). Raises RefusedError."""
        try:
            return base64.b64decode(b"".join(self.body.split()), validate=True)
        except binascii.Error as error:
            raise RefusedError(400, f"the body is not base64: {error}") from error


class Answer:
    """To be sent."""

    def __init__(self, status: int, kind: str, body: bytes, more: tuple[tuple[str, str], ...] = ()) -> None:
        self.status, self.body = status, body
        now = formatdate(usegmt=True)  # a box whose clock is wrong takes it from here
        told = [("Date", now), ("Content-Type", kind), ("Content-Length", str(len(body))), ("Connection", "close")]
        self.headers = [*told, *more]


class Door:
    """Serves between `start` and `close`. `configuration` is asked, in a thread, for a box's first one.

    None: there is none yet. ConfigurationError: it would be wrong.
    """

    def __init__(self, authority: Authority, enrolment: Enrolment, configuration: Callable[[str], str | None]) -> None:
        self._authority, self._enrolment, self._configuration = authority, enrolment, configuration
        self._room = asyncio.Semaphore(CONNECTIONS_LIMIT)
        self._server: asyncio.Server | None = None

    async def start(self, listen: Endpoint) -> None:
        """Raises OSError."""
        own = self._authority.credentials
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_3
        tls.load_cert_chain(own.certificate_file, own.key_file)
        tls.load_verify_locations(own.ca)
        tls.verify_mode = ssl.CERT_OPTIONAL
        tls.verify_flags |= ssl.VerifyFlags(UNDATED)
        self._server = await asyncio.start_server(
            self._serve, listen.address, listen.port, ssl=tls, limit=OCTETS_LIMIT, ssl_handshake_timeout=REQUEST_S
        )

    async def close(self) -> None:
        """No more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _peer(writer)
        try:
            async with self._room, asyncio.timeout(REQUEST_S):
                talk = h11.Connection(h11.SERVER, OCTETS_LIMIT)
                answer = await self._answer(talk, reader, writer)
                writer.write(_written(talk, answer))
                await writer.drain()
        except (TimeoutError, OSError, h11.ProtocolError) as error:
            log.info("enrolment.asker.lost", peer=peer, error=str(error) or type(error).__name__)
        finally:
            writer.close()

    async def _answer(self, talk: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        path, peer = "", _peer(writer)
        try:
            request = await _read(talk, reader, writer)
            path = request.path
            return await self._done(request)
        except RefusedError as refusal:
            log.warning("enrolment.request.refused", peer=peer, path=path, status=refusal.status, why=str(refusal))
            more = (("WWW-Authenticate", 'Basic realm="branchline"'),) if refusal.status == 401 else ()
            return Answer(refusal.status, "text/plain; charset=utf-8", f"{refusal}\n".encode(), more)

    async def _done(self, request: Request) -> Answer:
        enrolment = self._enrolment
        match request.method, request.path:
            case "GET", "/.well-known/est/cacerts":
                return _certificates(self._authority.certificate)
            case "POST", "/.well-known/est/simpleenroll":
                return _certificates(await asyncio.to_thread(enrolment.enrol, *request.basic(), request.pkcs10()))
            case "POST", "/.well-known/est/simplereenroll":
                return _certificates(await asyncio.to_thread(enrolment.renew, request.shown, request.pkcs10()))
            case "GET", "/.well-known/branchline/standing":
                given = await asyncio.to_thread(enrolment.current, request.shown)
                return Answer(200, "text/plain", f"{given.box}\n".encode())
            case "GET", "/.well-known/branchline/configuration":
                return await self._first((await asyncio.to_thread(enrolment.current, request.shown)).box)
        raise RefusedError(404, f"there is no {request.method} {request.path} here")

    async def _first(self, box: str) -> Answer:
        try:
            text = await asyncio.to_thread(self._configuration, box)
        except ConfigurationError as error:
            raise RefusedError(503, f"what headquarters has for {box} is wrong: {error}") from error
        if text is None:
            raise RefusedError(404, f"headquarters has no configuration for {box} yet")
        log.info("enrolment.configuration.given", box=box, octets=len(text))
        return Answer(200, "application/yaml", text.encode())


async def _read(talk: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    """The whole request. Raises RefusedError, h11.RemoteProtocolError."""
    head, body = None, b""
    while True:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            talk.receive_data(await reader.read(OCTETS_LIMIT))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > OCTETS_LIMIT:
                raise RefusedError(413, f"more than {OCTETS_LIMIT} octets")
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return Request(head, body, _shown(writer))
        else:
            raise ConnectionResetError("gone before the request was whole")


def _shown(writer: asyncio.StreamWriter) -> x509.Certificate | None:
    octets = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(octets) if octets else None


def _peer(writer: asyncio.StreamWriter) -> str:
    told = writer.get_extra_info("peername")
    return f"{told[0]}:{told[1]}" if told else ""


def _written(talk: h11.Connection, answer: Answer) -> bytes:
    head = h11.Response(status_code=answer.status, headers=answer.headers)
    parts = (talk.send(event) for event in (head, h11.Data(data=answer.body), h11.EndOfMessage()))
    return b"".join(part or b"" for part in parts)


def _certificates(certificate: x509.Certificate) -> Answer:
    """Certs-only CMS, in base64 (RFC 7030 §4.1.3 and §4.2.3)."""
    body = base64.encodebytes(pkcs7.serialize_certificates([certificate], Encoding.DER))
    more = (("Content-Transfer-Encoding", "base64"),)
    return Answer(200, "application/pkcs7-mime; smime-type=certs-only", body, more)
