# SPDX-License-Identifier: GPL-2.0-only
"""The branch's own address and clock, how its packets are marked, and the voice VLAN that phones are told of.

Spec: RFC 4594 §4.1, §4.2 and RFC 3246 (EF for telephony's media, CS3 is what its signalling has with most switches),
IEEE 802.1Q, ANSI/TIA-1057 §10.2.3.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.reader import Fault
from appliance.config.scalars import HostName

Dscp = Annotated[int, Meta(ge=0, le=63)]
Priority = Annotated[int, Meta(ge=0, le=7)]
Interface = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,14}$")]
VLAN_NAME = "voice"
"""The VLAN's interface on the box."""


class VoiceVlan(msgspec.Struct, frozen=True):
    """A tagged VLAN of the phones' port `interface`; `priority`: of media, as 802.1Q has it."""

    interface: Interface
    id: Annotated[int, Meta(ge=1, le=4094)]
    priority: Priority = 5
    signalling_priority: Priority = 3
    address: str | None = None
    """Ours in it, with its prefix (10.1.2.3/24); None: by DHCP."""


class Network(msgspec.Struct, frozen=True):
    """DSCP of what leaves the box: 46 is EF, 24 CS3.

    `address`: ours with its prefix (192.0.2.10/24), at `interface` or else the first port; without one DHCP gives
    address, gateway and name servers. `time`: NTP servers; without one those that DHCP tells (option 42), or the pool.
    """

    media_dscp: Dscp = 46
    signalling_dscp: Dscp = 24
    voice_vlan: VoiceVlan | None = None
    interface: Interface | None = None
    address: str | None = None
    gateway: str | None = None
    dns: tuple[str, ...] = ()
    time: tuple[HostName, ...] = ()

    def wan(self) -> tuple[object, ...]:
        """By which way the box is reached."""
        return (self.interface, self.address, self.gateway, self.dns)


def faults(network: Network) -> Iterator[Fault]:
    """Mistakes of meaning."""
    yield from _wan_faults(network)
    for place, server in enumerate(network.time):
        if re.fullmatch(r"[0-9.]+", server) and not _is_address(server):
            sentence = f"{server!r} is no address; write it as 192.0.2.123, or a name such as ntp.bank.example"
            yield Fault(("network", "time", place), sentence)
    vlan = network.voice_vlan
    if vlan is not None:
        yield from _vlan_faults(vlan)


def _wan_faults(network: Network) -> Iterator[Fault]:
    for place, server in enumerate(network.dns):
        if not _is_address(server):
            yield Fault(("network", "dns", place), f"{server!r} is no address of a name server, such as 192.0.2.53")
    if network.address is None:
        for key in ("interface", "gateway", "dns"):
            if getattr(network, key):
                sentence = "it belongs to an address, and without one DHCP gives it; set network address too"
                yield Fault(("network", key), sentence)
        return
    if not _is_host(network.address):
        sentence = f"{network.address!r} is no address with its prefix"
        sentence = f"{sentence}; write it as 192.0.2.10/24, or leave it out for DHCP"
        yield Fault(("network", "address"), sentence)
        return
    ours = IPv4Interface(network.address)
    if network.gateway is None:
        return
    if not _is_address(network.gateway):
        yield Fault(("network", "gateway"), f"{network.gateway!r} is no address, such as 192.0.2.1")
    elif IPv4Address(network.gateway) not in ours.network or IPv4Address(network.gateway) == ours.ip:
        sentence = f"{network.gateway} is no neighbour of {network.address}: nothing would leave the box"
        yield Fault(("network", "gateway"), f"{sentence}; it is in {ours.network}, and not the box itself")


def _vlan_faults(vlan: VoiceVlan) -> Iterator[Fault]:
    if vlan.interface == VLAN_NAME:
        sentence = f"{VLAN_NAME!r} will be the VLAN's own interface; name the port that it is on, such as eth0"
        yield Fault(("network", "voice_vlan", "interface"), sentence)
    if vlan.address is not None and not _is_host(vlan.address):
        sentence = f"{vlan.address!r} is no address with its prefix; write it as 10.1.2.3/24, or leave it out for DHCP"
        yield Fault(("network", "voice_vlan", "address"), sentence)


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_host(text: str) -> bool:
    try:
        address = IPv4Interface(text)
    except ValueError:
        return False
    inside = address.network
    of_nobody = address.is_loopback or address.is_multicast or address.is_unspecified
    return (
        "/" in text
        and not of_nobody
        and (inside.prefixlen > 30 or address.ip not in (inside.network_address, inside.broadcast_address))
    )
