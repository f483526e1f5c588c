# SPDX-License-Identifier: GPL-2.0-only
"""`ping headquarters`, `ping 8001`, `ping 10.0.0.1`: five echoes, and whether what should serve there takes us.

ICMP by a datagram socket, which needs no privilege where the kernel's `net.ipv4.ping_group_range` has our group, else
by a raw one where we may.
Headquarters is asked by TCP besides: a firewall that swallows echoes is no outage.
"""

import asyncio
import contextlib
import ipaddress
import os
import socket
import statistics
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from appliance.cli import phones, terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.config import ConfigurationError

ECHOES, WAIT_S, APART_S = 5, 1.0, 0.2
PAYLOAD = b"branchline" * 5 + b"abcdef"
"""56 octets, as everybody's."""
_HEADER = struct.Struct("!BBHHH")
_REQUESTS = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
"""Echo request and reply of ICMP (RFC 792) and ICMPv6 (RFC 4443)."""


class Aim(msgspec.Struct, frozen=True):
    """Whom: a host, and the TCP port where it should serve (0: none is asked)."""

    name: str
    host: str
    port: int = 0


class NotThereError(Exception):
    """Nobody who could be asked; a sentence."""


def ping(session: Session, matched: Matched) -> int:
    """Exit status 0: it answers; 1: it does not; 2: it could not be asked."""
    try:
        aims = list(_aims(session, matched.arguments.get("host", "headquarters")))
    except NotThereError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    return max(_one(session, aim) for aim in aims)


def _aims(session: Session, target: str) -> Iterator[Aim]:
    data: dict[str, Any] = {}
    with contextlib.suppress(ConfigurationError):  # an address can be asked all the same
        data = session.running().data
    if target == "headquarters":
        servers = data.get("headquarters", {}).get("server", [])
        for server in servers if isinstance(servers, list) else [servers]:
            host, _, port = server.rpartition(":")
            yield Aim(f"{target} {server}", host.strip("[]"), int(port))
        if not servers:
            raise NotThereError(
                session.told("this box has no headquarters: name an address", "本机没有总部：请给出地址")
            )
    elif target in {one["number"] for one in data.get("extensions", ())}:
        yield _phone(session, target)
    else:
        yield Aim(target, target)


def _phone(session: Session, number: str) -> Aim:
    there = [one for one in asyncio.run(phones.registered(session)) if one.number == number]
    if not there:
        raise NotThereError(
            session.told(f"phone {number} is not registered: nobody knows where it is", f"话机{number}未注册")
        )
    host = there[-1].address.rpartition(":")[0] or there[-1].address
    return Aim(f"phone {number} {host}", host.strip("[]"))


def _one(session: Session, aim: Aim) -> int:
    try:
        family, address = _resolved(aim.host)
    except OSError as error:
        sys.stderr.write(f"{aim.name}: {error.strerror or error}\n")
        return terminal.UNASKED
    sys.stdout.write(f"{aim.name}{'' if address in aim.name else f' ({address})'}\n")
    echoed = _echoes(session, family, address)
    served = _served(session, family, address, aim.port) if aim.port else None
    return int(not (served if served is not None else echoed))


def _resolved(host: str) -> tuple[socket.AddressFamily, str]:
    with contextlib.suppress(ValueError):
        version = ipaddress.ip_address(host).version
        return (socket.AF_INET if version == 4 else socket.AF_INET6), host
    family, *_, where = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0]
    return family, str(where[0])


def _echoes(session: Session, family: socket.AddressFamily, address: str) -> bool:
    """Whether one came back."""
    opened = _opened(family)
    if opened is None:
        told = "no echo can be sent: net.ipv4.ping_group_range leaves us out", "无法发送回显：ping_group_range 不含本组"
        sys.stdout.write(f"  {session.told(*told)}\n")
        return False
    times: list[float] = []
    with opened:
        for number in range(1, ECHOES + 1):
            took = _echo(opened, address, number)
            times += [] if took is None else [took]
            said = session.told("no answer", "无应答") if took is None else f"{took * 1000:.1f} ms"
            sys.stdout.write(f"  {number}: {said}\n")
            sys.stdout.flush()
            time.sleep(APART_S if number < ECHOES else 0)
    back = session.told(f"{len(times)} of {ECHOES} came back", f"{ECHOES}个中收到{len(times)}个")
    mean = f", {min(times) * 1000:.1f}/{statistics.mean(times) * 1000:.1f}/{max(times) * 1000:.1f} ms" if times else ""
    sys.stdout.write(f"  {back}{mean}\n")
    return bool(times)


def _opened(family: socket.AddressFamily) -> socket.socket | None:
    """None: the kernel lets us have none."""
    protocol = socket.IPPROTO_ICMP if family is socket.AF_INET else socket.IPPROTO_ICMPV6
    with contextlib.suppress(OSError):
        return socket.socket(family, socket.SOCK_DGRAM, protocol)
    with contextlib.suppress(OSError):
        opened = socket.socket(family, socket.SOCK_RAW, protocol)
        opened.setsockopt(*_replies_alone(family))
        return opened
    return None


def _replies_alone(family: socket.AddressFamily) -> tuple[int, int, bytes]:
    """A raw socket's filter (raw(7), RFC 3542 §3.2), whose set bits keep types out: else everybody's errors fill it."""
    _, reply = _REQUESTS[family]
    if family is socket.AF_INET:
        return 255, 1, struct.pack("=I", ~(1 << reply) & 0xFFFF_FFFF)  # SOL_RAW, ICMP_FILTER
    return socket.IPPROTO_ICMPV6, 1, bytes(0xFF ^ (1 << reply % 8 if at == _word(reply) else 0) for at in range(32))


def _word(kind: int) -> int:
    """The octet of ICMP6_FILTER that has a type's bit, of words in the machine's order."""
    octet = kind % 32 // 8
    return kind // 32 * 4 + (octet if sys.byteorder == "little" else 3 - octet)


def _echo(opened: socket.socket, address: str, number: int) -> float | None:
    """Seconds until it came back."""
    request, reply = _REQUESTS[opened.family]
    raw, mine = opened.type == socket.SOCK_RAW, os.getpid() & 0xFFFF
    begun = time.monotonic()
    try:
        opened.sendto(_message(request, mine, number), (address, 0))
        while (left := begun + WAIT_S - time.monotonic()) > 0:
            opened.settimeout(left)
            octets = opened.recv(2048)
            if raw and opened.family == socket.AF_INET:
                octets = octets[4 * (octets[0] & 15) :]  # a raw socket has the IP header too
            kind, _, _, identifier, sequence = _HEADER.unpack_from(octets)
            if (kind, sequence) == (reply, number) and (identifier == mine or not raw):
                return time.monotonic() - begun
    except OSError:
        return None
    return None


def _message(kind: int, identifier: int, number: int) -> bytes:
    """With its checksum (RFC 1071); the kernel makes it anew for ICMPv6 and datagrams."""
    octets = _HEADER.pack(kind, 0, 0, identifier, number) + PAYLOAD
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total >> 16) + (total & 0xFFFF)
    return _HEADER.pack(kind, 0, ~(total + (total >> 16)) & 0xFFFF, identifier, number) + PAYLOAD


def _served(session: Session, family: socket.AddressFamily, address: str, port: int) -> bool:
    begun = time.monotonic()
    with socket.socket(family, socket.SOCK_STREAM) as opened:
        opened.settimeout(3 * WAIT_S)
        error = opened.connect_ex((address, port))
    took = f"{(time.monotonic() - begun) * 1000:.1f} ms"
    if error:
        said = session.told(
            f"port {port} does not answer: {os.strerror(error)}", f"端口{port}无应答：{os.strerror(error)}"
        )
    else:
        said = session.told(f"port {port} takes us after {took}", f"端口{port}已接受连接，{took}")
    sys.stdout.write(f"  {said}\n")
    return not error
