# SPDX-License-Identifier: GPL-2.0-only
"""Marks and the voice VLAN: what may be said of them, and what the machine's programs are given of it."""

from typing import Any

import pytest

from appliance.config.machine import LLDP, MARKS, NETDEV, PORT, TIME, VLAN, WAN, machine_files
from appliance.config.management import moved
from appliance.config.network import Network, VoiceVlan, faults

pytestmark = pytest.mark.unit

PORTS = "[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n\n[DHCPv4]\nVendorClassIdentifier=branchline\n"


def test_ef_and_cs3_without_a_word() -> None:
    assert (Network().media_dscp, Network().signalling_dscp) == (46, 24)


@pytest.mark.parametrize(
    ("vlan", "sentence"),
    [
        (VoiceVlan("eth0", 100, address="10.1.2.3"), "no address with its prefix"),
        (VoiceVlan("eth0", 100, address="10.1.2.0/24"), "no address with its prefix"),
        (VoiceVlan("voice", 100), "name the port that it is on"),
    ],
)
def test_what_cannot_be_a_voice_vlan_is_told(vlan: VoiceVlan, sentence: str) -> None:
    (fault,) = faults(Network(voice_vlan=vlan))
    assert sentence in fault.sentence


def test_an_address_with_its_prefix_is_one() -> None:
    assert list(faults(Network(voice_vlan=VoiceVlan("eth0", 100, address="10.1.2.3/24")))) == []


def test_without_a_voice_vlan_former_rules_go_and_nothing_comes() -> None:
    files = machine_files(Network(), PORTS, "eth0")
    assert list(files) == [MARKS]
    assert files[MARKS].splitlines()[1:] == ["table inet branchline_marks {}", "delete table inet branchline_marks"]


def test_the_port_keeps_what_the_machine_says_of_ports() -> None:
    text = machine_files(Network(voice_vlan=VoiceVlan("eth1", 100)), PORTS, "eth0")[PORT]
    assert "Name=eth1\n" in text
    assert "en*" not in text
    assert "[Network]\nVLAN=voice\nDHCP=yes\n" in text
    assert "VendorClassIdentifier=branchline" in text


def test_the_vlan_has_its_number_priorities_and_address() -> None:
    files = machine_files(Network(voice_vlan=VoiceVlan("eth0", 7, 6, 3, "10.1.2.3/24")), PORTS, "eth0")
    assert "Kind=vlan\n\n[VLAN]\nId=7\nEgressQOSMaps=3-3 6-6\n" in files[NETDEV]
    assert "Address=10.1.2.3/24\n" in files[VLAN]
    assert machine_files(Network(voice_vlan=VoiceVlan("eth0", 7, 0, 0)), PORTS, "eth0")[NETDEV].endswith("Id=7\n")
    assert "DHCP=yes" in machine_files(Network(voice_vlan=VoiceVlan("eth0", 7)), PORTS, "eth0")[VLAN]


def test_tia_1057_phones_hear_vlan_priority_and_dscp_of_sound_and_of_sip() -> None:
    told = machine_files(Network(34, 26, VoiceVlan("eth0", 100, 4, 2)), PORTS, "eth0")
    on_port = "configure ports eth0 med policy application"
    assert told[LLDP].splitlines()[1:] == [
        "configure system interface pattern eth0",
        f"{on_port} voice tagged vlan 100 priority video dscp 34",
        f"{on_port} voice-signaling tagged vlan 100 priority excellent-effort dscp 26",
    ]
    assert 'oifname "voice" ip dscp 34 meta priority set 0:4' in told[MARKS]
    assert 'oifname "voice" ip dscp 26 meta priority set 0:2' in told[MARKS]


WANTED: dict[str, Any] = {
    "address": "192.0.2.10/24",
    "gateway": "192.0.2.1",
    "dns": ("192.0.2.53", "192.0.2.54"),
}


@pytest.mark.parametrize(
    ("keys", "at", "sentence"),
    [
        ({"address": "192.0.2.10"}, "address", "no address with its prefix; write it as 192.0.2.10/24"),
        ({"address": "192.0.2.0/24"}, "address", "no address with its prefix"),
        ({"address": "127.0.0.1/8"}, "address", "no address with its prefix"),
        ({"address": "224.0.0.1/24"}, "address", "no address with its prefix"),
        ({"address": "192.0.2.10/32", "gateway": "router"}, "gateway", "'router' is no address"),
        ({"address": "192.0.2.10/24", "gateway": "192.0.3.1"}, "gateway", "no neighbour of 192.0.2.10/24"),
        ({"address": "192.0.2.10/24", "gateway": "192.0.2.10"}, "gateway", "nothing would leave the box"),
        ({"address": "192.0.2.10/24", "gateway": "router"}, "gateway", "'router' is no address, such as 192.0.2.1"),
        ({"address": "192.0.2.10/24", "dns": ("192.0.2.300",)}, "dns", "no address of a name server"),
        ({"gateway": "192.0.2.1"}, "gateway", "set network address too"),
        ({"dns": ("192.0.2.53",)}, "dns", "without one DHCP gives it"),
        ({"interface": "eth1"}, "interface", "set network address too"),
        ({"time": ("10.0.0.256",)}, "time", "'10.0.0.256' is no address"),
    ],
)
def test_what_would_leave_the_box_unreachable_is_told(keys: dict[str, Any], at: str, sentence: str) -> None:
    (fault,) = faults(Network(**keys))
    assert fault.keys[:2] == ("network", at)
    assert sentence in fault.sentence


def test_an_address_its_gateway_and_servers_are_taken() -> None:
    assert list(faults(Network(**WANTED, time=("ntp.bank.example", "192.0.2.123"), interface="eth1"))) == []
    assert list(faults(Network(address="192.0.2.10/32"))) == []


def test_the_address_stands_in_dhcp_s_place_on_the_first_port_or_on_that_which_is_named() -> None:
    text = machine_files(Network(**WANTED), PORTS, "enp1s0")[WAN]
    assert "[Match]\nName=enp1s0\n" in text
    lines = "Address=192.0.2.10/24\nDNS=192.0.2.53\nDNS=192.0.2.54\nGateway=192.0.2.1\n"
    assert f"[Network]\n{lines}" in text
    assert "DHCP=" not in text
    assert "Name=eth7\n" in machine_files(Network(**WANTED, interface="eth7"), PORTS, "enp1s0")[WAN]
    assert WAN not in machine_files(Network(), PORTS, "enp1s0")


def test_a_port_with_both_has_the_address_and_the_voice_vlan_in_one_file() -> None:
    files = machine_files(Network(**WANTED, voice_vlan=VoiceVlan("eth0", 100)), PORTS, "eth0")
    assert WAN not in files
    assert "[Network]\nVLAN=voice\nAddress=192.0.2.10/24\n" in files[PORT]
    files = machine_files(Network(**WANTED, voice_vlan=VoiceVlan("eth1", 100)), PORTS, "eth0")
    assert "VLAN=voice\nDHCP=yes\n" in files[PORT]
    assert "Name=eth0\n" in files[WAN]


def test_chronyd_is_told_of_the_servers_of_the_configuration() -> None:
    text = machine_files(Network(time=("ntp.bank.example", "192.0.2.123")), PORTS, "eth0")[TIME]
    assert text.splitlines()[1:] == ["server ntp.bank.example iburst", "server 192.0.2.123 iburst"]


def test_who_came_over_the_network_is_told_that_the_box_moves() -> None:
    here = Network(**WANTED)
    assert list(moved(here, Network(**WANTED, time=("ntp.bank.example",), media_dscp=34))) == []
    assert list(moved(here, Network())) == ["the box's own address will be DHCP's, with another way out"]
    assert "192.0.2.10/24" in next(moved(Network(), here))
