# SPDX-License-Identifier: GPL-2.0-only
"""What the machine's own programs read of `network`: systemd-networkd, nft, lldpd, chronyd. Pure functions, no I/O.

The voice VLAN is an interface of its own on the phones' port. The kernel takes a frame's 802.1p priority from the
packet's priority, which nft sets by DSCP, so that media and signalling each have theirs whoever sends them. Phones hear
of VLAN, priority and DSCP by LLDP-MED's network policies (ANSI/TIA-1057 §10.2.3).
"""

import re
from collections.abc import Iterator, Mapping

from appliance.config.network import VLAN_NAME, Network, VoiceVlan

FILES = (
    PORT := "systemd/network/10-branchline-port.network",
    NETDEV := "systemd/network/10-branchline-voice.netdev",
    VLAN := "systemd/network/10-branchline-voice.network",
    MARKS := "branchline/marks.nft",
    LLDP := "branchline/lldpd.conf",
    WAN := "systemd/network/10-branchline-wan.network",
    TIME := "branchline/time.sources",
)
"""Below /run; those that a configuration has no use for are not there."""
HEAD = "# Made of the configuration's `network`; it is made anew at each change.\n"
TABLE = "inet branchline_marks"
PRIORITIES = (
    *("best-effort", "background", "excellent-effort", "critical-applications"),
    *("video", "voice", "internetwork-control", "network-control"),
)
"""IEEE 802.1D-2004 table G-2, as lldpcli names them."""


def machine_files(network: Network, ports: str, first: str) -> Mapping[str, str]:
    """Text by name, of FILES. `ports`: the machine's own .network file of its ports, to which ours keep.

    `first`: the name of its first port. Of a network without a word there is nothing but an nft file that takes the
    former rules away.
    """
    files = {MARKS: HEAD + "\n".join([f"table {TABLE} {{}}", f"delete table {TABLE}", *_marks(network)]) + "\n"}
    vlan, wan = network.voice_vlan, network.interface or first
    addressed = ports if network.address is None else _with_address(ports, network)
    if network.time:
        files[TIME] = HEAD + "".join(f"server {server} iburst\n" for server in network.time)
    if network.address is not None and (vlan is None or vlan.interface != wan):
        files[WAN] = HEAD + _of_port(addressed, wan)
    if vlan is None:
        return files
    told = sorted({vlan.priority, vlan.signalling_priority} - {0})  # which networkd takes in no map, and needs none
    maps = f"EgressQOSMaps={' '.join(f'{one}-{one}' for one in told)}\n" if told else ""
    address = "DHCP=yes" if vlan.address is None else f"Address={vlan.address}"
    return files | {
        PORT: HEAD + _with_vlan(addressed if vlan.interface == wan else ports, vlan.interface),
        NETDEV: f"{HEAD}[NetDev]\nName={VLAN_NAME}\nKind=vlan\n\n[VLAN]\nId={vlan.id}\n{maps}",
        VLAN: f"{HEAD}[Match]\nName={VLAN_NAME}\n\n[Network]\n{address}\n\n[DHCPv4]\nUseGateway=no\n",
        LLDP: HEAD + "\n".join(_policies(network, vlan)) + "\n",
    }


def _of_port(ports: str, interface: str) -> str:
    return re.sub(r"^Name=.*$", f"Name={interface}", ports, count=1, flags=re.MULTILINE)


def _with_vlan(ports: str, interface: str) -> str:
    return _of_port(ports, interface).replace("[Network]\n", f"[Network]\nVLAN={VLAN_NAME}\n", 1)


def _with_address(ports: str, network: Network) -> str:
    """In the place of DHCP."""
    told = [f"Address={network.address}", *(f"DNS={server}" for server in network.dns)]
    told += [f"Gateway={network.gateway}"] if network.gateway else []
    return ports.replace("DHCP=yes\n", "".join(f"{line}\n" for line in told), 1)


def _marks(network: Network) -> Iterator[str]:
    vlan = network.voice_vlan
    if vlan is None:
        return
    yield f"table {TABLE} {{\n\tchain postrouting {{\n\t\ttype filter hook postrouting priority mangle"
    for dscp, priority in (
        (network.signalling_dscp, vlan.signalling_priority),
        (network.media_dscp, vlan.priority),
    ):
        for family in ("ip", "ip6"):
            yield f'\t\toifname "{VLAN_NAME}" {family} dscp {dscp} meta priority set 0:{priority}'
    yield "\t}\n}"


def _policies(network: Network, vlan: VoiceVlan) -> Iterator[str]:
    """As lldpcli takes them; the port alone is spoken on."""
    yield f"configure system interface pattern {vlan.interface}"
    for application, dscp, priority in (
        ("voice", network.media_dscp, vlan.priority),
        ("voice-signaling", network.signalling_dscp, vlan.signalling_priority),
    ):
        policy = f"application {application} tagged vlan {vlan.id} priority {PRIORITIES[priority]} dscp {dscp}"
        yield f"configure ports {vlan.interface} med policy {policy}"
