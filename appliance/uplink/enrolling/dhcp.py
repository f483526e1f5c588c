# SPDX-License-Identifier: GPL-2.0-only
"""What a DHCP server says of headquarters: options 43 (under our vendor class), 143 and 66; no socket in here.

Its word is a hint where to knock, no more: who opens there has to have the certificate.
"""

import ipaddress
import struct
from collections.abc import Iterator, Mapping

from appliance.uplink.enrolling.claim import ClaimError, Url

VENDOR_CLASS = "branchline"
"""Option 60: a server tells option 43 to boxes of ours only."""
URL_CODE = 1
"""Within option 43 (RFC 2132 §8.4): the door's URL."""
PAD, DOMAIN, VENDOR, MESSAGE, WANTED, CLASS, TFTP, SZTP, END = 0, 15, 43, 53, 55, 60, 66, 143, 255
OVERLOAD, _FILE, _NAME = 52, slice(108, 236), slice(44, 108)
INFORM, ACK = 8, 5
COOKIE = b"\x63\x82\x53\x63"
_HEAD = struct.Struct("!BBBBIHHIIII16s64s128s")


def options(octets: bytes) -> dict[int, bytes]:
    """Code to value; parts of a long one are joined (RFC 3396). What is cut off is left out."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(octets) and octets[at] != END:
        if octets[at] == PAD:
            at += 1
            continue
        length = octets[at + 1] if at + 1 < len(octets) else 0
        value = octets[at + 2 : at + 2 + length]
        if at + 1 < len(octets) and len(value) == length:
            found[octets[at]] = found.get(octets[at], b"") + value
        at += 2 + length
    return found


def inform(address: str, hardware: bytes, transaction: int) -> bytes:
    """DHCPINFORM of who has an address already (RFC 2131 §4.4.3)."""
    own = int(ipaddress.IPv4Address(address))
    head = _HEAD.pack(1, 1, len(hardware), 0, transaction, 0, 0, own, 0, 0, 0, hardware, b"", b"")
    wanted = bytes((DOMAIN, VENDOR, TFTP, SZTP))
    told = {MESSAGE: bytes([INFORM]), CLASS: VENDOR_CLASS.encode(), WANTED: wanted}
    return head + COOKIE + b"".join(bytes([code, len(value)]) + value for code, value in told.items()) + bytes([END])


def answer(octets: bytes, transaction: int) -> dict[int, bytes] | None:
    """The options of the DHCPACK to that; None where it is none."""
    if len(octets) < _HEAD.size + 4 or octets[_HEAD.size : _HEAD.size + 4] != COOKIE:
        return None
    if octets[0] != 2 or int.from_bytes(octets[4:8]) != transaction:
        return None
    found = options(octets[_HEAD.size + 4 :])
    overload = found.get(OVERLOAD, b"\0")[0]  # RFC 2132 §9.3: the fields of file and server have options as well
    for bit, field in ((1, _FILE), (2, _NAME)):
        if overload & bit:
            found = {**options(octets[field]), **found}
    return found if found.get(MESSAGE) == bytes([ACK]) else None


def doors(told: Mapping[int, bytes]) -> Iterator[tuple[str, Url]]:
    """Where headquarters may be, and by which option, the surest first."""
    texts = [("DHCP option 43", options(told.get(VENDOR, b"")).get(URL_CODE, b""))]
    texts += [("DHCP option 143", text) for text in _sztp(told.get(SZTP, b""))]
    server = told.get(TFTP, b"").rstrip(b"\0")
    texts.append(("DHCP option 66", server if b"://" in server or not server else b"https://" + server))
    for source, text in texts:
        if text:
            try:
                yield source, Url.parse(text.decode("ascii"))
            except (ClaimError, UnicodeDecodeError):
                continue  # another vendor's, such as a tftp server for phones


def _sztp(octets: bytes) -> Iterator[bytes]:
    """URIs, each behind its length in two octets (RFC 8572 §8.3)."""
    while len(octets) > 2:
        length = int.from_bytes(octets[:2])
        yield octets[2 : 2 + length]
        octets = octets[2 + length :]


def lease(text: str) -> dict[int, bytes]:
    """What systemd-networkd has left of its lease (/run/systemd/netif/leases/N); it keeps option 43 alone of ours."""
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    found: dict[int, bytes] = {}
    if domain := lines.get("DOMAINNAME"):
        found[DOMAIN] = domain.encode()
    try:
        found[VENDOR] = bytes.fromhex(lines.get("VENDOR_SPECIFIC", ""))
    except ValueError:
        return found
    return found
