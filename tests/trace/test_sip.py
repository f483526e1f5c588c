# SPDX-License-Identifier: GPL-2.0-only
"""What of SIP enters the trace: whole messages with their addresses, and no secret of any kind."""

import msgspec
import pytest

from appliance.config import Endpoint
from appliance.trace.sip import SipMessage, SipTap, unwrap, without_secrets
from tests.trace import hep

pytestmark = pytest.mark.unit

PROXY = Endpoint("10.0.0.2", 5060)
PHONE = ("10.0.0.9", 40000)
HEAD = "{} sip:95588@branch.test SIP/2.0\r\nCall-ID: a@b\r\nCSeq: 7 {}\r\n{}\r\n\r\n{}"


def copy(message: bytes) -> bytes:
    return hep.packet(message, PHONE, PROXY)


def request(method: str, header: str = "X: y", body: str = "") -> bytes:
    return HEAD.format(method, method, header, body).encode()


def taken(*datagrams: bytes, source: tuple[str, int] = PROXY) -> list[SipMessage]:
    lines: list[bytes] = []
    tap = SipTap(PROXY, lines.append)
    for datagram in datagrams:
        tap.datagram_received(datagram, source)
    return [msgspec.json.decode(line, type=SipMessage) for line in lines]


def test_a_message_is_kept_octet_for_octet_with_its_addresses_and_its_dialog() -> None:
    message = request("INVITE", 'From: "\xe4\u5317" <sip:1@x>', "v=0\r\n")
    (kept,) = taken(copy(message))
    assert kept.text.encode("latin-1") == message
    assert (kept.source, kept.target, kept.call_id) == (PHONE, PROXY, "a@b")


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        (request("INVITE", 'Proxy-Authorization: Digest username="8001", response="0a1b2c3d", nc=1'), b"0a1b2c3d"),
        (request("INVITE", 'Authorization: Digest response = "0a1b2c3d"'), b"0a1b2c3d"),
        (request("INVITE", 'Authorization: Digest\r\n RESPONSE="0a1b2c3d"'), b"0a1b2c3d"),
        (request("INVITE", "Authorization: Digest response=0a1b2c3d"), b"0a1b2c3d"),
        (request("INVITE", 'Authentication-Info: rspauth="0a1b2c3d"'), b"0a1b2c3d"),
        (request("INVITE", body="m=audio 4 RTP/SAVP 8\r\na=crypto:1 AES_CM inline:S0meKey|2^20|1:4\r\n"), b"S0meKey"),
        (request("INVITE", body="v=0\r\nk=clear:S0meKey\r\n"), b"S0meKey"),
        (request("INVITE", body="v=0\r\na=key-mgmt:mikey S0meKey\r\n"), b"S0meKey"),
        (request("INFO", "Content-Type: application/dtmf-relay", "Signal=7\r\nDuration=160\r\n"), b"7\r\n"),
        (request("INFO", "Content-Type: application/dtmf", "4711"), b"4711"),
        (request("INFO", "Content-Type: application/dtmf", "4711").replace(b"\r\n", b"\n"), b"4711"),
        (b"\r\n" + request("INFO", "c: application/dtmf", "4711"), b"4711"),
    ],
)
def test_secrets_are_overwritten_and_nothing_else_moves(message: bytes, secret: bytes) -> None:
    assert secret in message
    (kept,) = taken(copy(message))
    told = kept.text.encode("latin-1")
    assert secret not in told
    assert len(told) == len(message), "Content-Length stays true"
    changed = {octet for before, octet in zip(message, told, strict=True) if before != octet}
    assert changed == {ord("x")}
    assert b"Call-ID: a@b" in told


def test_what_is_no_secret_is_untouched() -> None:
    for message in (request("INVITE", body="v=0\r\na=rtpmap:8 PCMA/8000\r\n"), request("MESSAGE", body="Signal=7")):
        assert without_secrets(message) == message


def test_copies_of_anyone_but_the_proxy_are_refused() -> None:
    assert taken(copy(request("INVITE")), source=("10.0.0.2", 5061)) == []


WHOLE = copy(request("BYE"))


@pytest.mark.parametrize(
    ("datagram", "told"),
    [
        (b"", "no HEP version 3"),
        (b"HEP2" + WHOLE[4:], "no HEP version 3"),
        (WHOLE[:-1], "no HEP version 3"),
        (b"HEP3\x00\x08\x00\x00", "a chunk's head is cut off"),
        (b"HEP3\x00\x0c\x00\x00\x00\x03\x00\x05", "chunk 3 of 5 octets"),
        (b"HEP3\x00\x0c\x00\x00\x00\x03\x00\xff", "chunk 3 of 255 octets"),
        (b"HEP3\x00\x0c\x00\x00\x00\x0f\x00\x06", "chunk 3 is missing"),
    ],
)
def test_a_damaged_copy_is_told_and_left_out(datagram: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        unwrap(datagram)
    assert len(taken(datagram, WHOLE)) == 1
