# SPDX-License-Identifier: GPL-2.0-only
"""How a branch's packets are marked, and the voice VLAN that phones are told of.

Spec: RFC 4594 §4.1, §4.2 and RFC 3246 (EF for telephony's media, CS3 is what its signalling has with most switches),
IEEE 802.1Q, ANSI/TIA-1057 §10.2.3.
"""

from collections.abc import Iterator
from ipaddress import IPv4Interface
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.reader import Fault

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
    """DSCP of what leaves the box: 46 is EF, 24 CS3."""

    media_dscp: Dscp = 46
    signalling_dscp: Dscp = 24
    voice_vlan: VoiceVlan | None = None


def faults(network: Network) -> Iterator[Fault]:
    """Mistakes of meaning."""
    vlan = network.voice_vlan
    if vlan is None:
        return
    if vlan.interface == VLAN_NAME:
        sentence = f"{VLAN_NAME!r} will be the VLAN's own interface; name the port that it is on, such as eth0"
        yield Fault(("network", "voice_vlan", "interface"), sentence)
    if vlan.address is not None and not _is_host(vlan.address):
        sentence = f"{vlan.address!r} is no address with its prefix; write it as 10.1.2.3/24, or leave it out for DHCP"
        yield Fault(("network", "voice_vlan", "address"), sentence)


def _is_host(text: str) -> bool:
    try:
        address = IPv4Interface(text)
    except ValueError:
        return False
    inside = address.network
    return "/" in text and (
        inside.prefixlen > 30 or address.ip not in (inside.network_address, inside.broadcast_address)
    )
