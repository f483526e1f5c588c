# SPDX-License-Identifier: GPL-2.0-only
"""SIP into the trace: Kamailio's copies (HEP version 3) of what it received and sent, with secrets taken out.

Secrets are a digest's answer, keys of SRTP in a description, and digits in INFO. They are overwritten at once, octet
for octet, so that lengths stay true; nothing else is changed.
"""

import asyncio
import re
import struct
import time
from collections.abc import Callable

import msgspec
import structlog

from appliance.config import Endpoint

_CHUNK = struct.Struct("!HHH")
_FROM, _TO, _FROM_PORT, _TO_PORT, _PAYLOAD = 3, 4, 7, 8, 15
_SIZES = {_FROM: 4, _TO: 4, _FROM_PORT: 2, _TO_PORT: 2}
_INFO = re.compile(rb"^CSeq\s*:\s*[0-9]+\s+INFO\b", re.IGNORECASE | re.MULTILINE)
_CALL_ID = re.compile(r"^(?:Call-ID|i)\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_BODY = re.compile(rb"\r?\n\r?\n(.*)", re.DOTALL)
_SECRETS = (  # the second group
    re.compile(rb'(\b(?:response|rspauth)\s*=\s*"?)([^",\r\n]*)', re.IGNORECASE),
    re.compile(rb"(^a=crypto:[^\r\n]*?inline:)([^\r\n]*)", re.IGNORECASE | re.MULTILINE),
    re.compile(rb"(^(?:k=|a=key-mgmt:))([^\r\n]*)", re.IGNORECASE | re.MULTILINE),
)

log = structlog.get_logger()


class SipMessage(msgspec.Struct, frozen=True):
    """One message on the wire. `text` has an octet a character (ISO 8859-1)."""

    mono_ns: int
    source: tuple[str, int]
    target: tuple[str, int]
    text: str

    @property
    def call_id(self) -> str:
        """Of its dialog; "" where it has none."""
        found = _CALL_ID.search(self.text)
        return found[1] if found else ""


class SipTap(asyncio.DatagramProtocol):
    """Takes Kamailio's copies, from Kamailio alone, and hands on a line for each message of a call."""

    def __init__(self, proxy: Endpoint, write: Callable[[bytes], None]) -> None:
        self._proxy = proxy
        self._write = write
        self._encoder = msgspec.json.Encoder()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One copy; what is none is left out and said."""
        if addr != self._proxy:
            log.warning("trace.sip.refused", source=f"{addr[0]}:{addr[1]}", why="not the proxy")
            return
        try:
            source, target, message = unwrap(data)
        except ValueError as error:
            log.warning("trace.sip.damaged", error=str(error))
            return
        text = without_secrets(message).decode("latin-1")
        self._write(self._encoder.encode(SipMessage(time.monotonic_ns(), source, target, text)))


def unwrap(data: bytes) -> tuple[tuple[str, int], tuple[str, int], bytes]:
    """From whom, to whom, and what, of a HEP packet. Raises ValueError."""
    if len(data) < 6 or data[:4] != b"HEP3" or int.from_bytes(data[4:6], "big") != len(data):
        raise ValueError("no HEP version 3")
    chunks: dict[int, bytes] = {}
    at = 6
    while at < len(data):
        if at + _CHUNK.size > len(data):
            raise ValueError("a chunk's head is cut off")
        _, kind, length = _CHUNK.unpack_from(data, at)
        if length < _CHUNK.size or at + length > len(data):
            raise ValueError(f"chunk {kind} of {length} octets")
        chunks[kind] = data[at + _CHUNK.size : at + length]
        at += length
    for kind, size in _SIZES.items():
        if len(chunks.get(kind, b"")) != size:
            raise ValueError(f"chunk {kind} is missing")
    return _endpoint(chunks, _FROM, _FROM_PORT), _endpoint(chunks, _TO, _TO_PORT), chunks.get(_PAYLOAD, b"")


def _endpoint(chunks: dict[int, bytes], address: int, port: int) -> tuple[str, int]:
    return ".".join(map(str, chunks[address])), int.from_bytes(chunks[port], "big")


def without_secrets(message: bytes) -> bytes:
    """The same with secrets overwritten, of the same length."""
    body = _BODY.search(message)
    if body is not None and _INFO.search(message, 0, body.start()):
        message = message[: body.start(1)] + re.sub(rb"[^\r\n]", b"x", body[1])
    for secret in _SECRETS:
        message = secret.sub(lambda found: found[1] + b"x" * len(found[2]), message)
    return message
