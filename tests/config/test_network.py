# SPDX-License-Identifier: GPL-2.0-only
"""Marks and the voice VLAN: what may be said of them, and what the machine's programs are given of it."""

import pytest

from appliance.config.machine import LLDP, MARKS, NETDEV, PORT, VLAN, machine_files
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
    files = machine_files(Network(), PORTS)
    assert list(files) == [MARKS]
    assert files[MARKS].splitlines()[1:] == ["table inet branchline_marks {}", "delete table inet branchline_marks"]


def test_the_port_keeps_what_the_machine_says_of_ports() -> None:
    text = machine_files(Network(voice_vlan=VoiceVlan("eth1", 100)), PORTS)[PORT]
    assert "Name=eth1\n" in text
    assert "en*" not in text
    assert "[Network]\nVLAN=voice\nDHCP=yes\n" in text
    assert "VendorClassIdentifier=branchline" in text


def test_the_vlan_has_its_number_priorities_and_address() -> None:
    files = machine_files(Network(voice_vlan=VoiceVlan("eth0", 7, 6, 3, "10.1.2.3/24")), PORTS)
    assert "Kind=vlan\n\n[VLAN]\nId=7\nEgressQOSMaps=3-3 6-6\n" in files[NETDEV]
    assert "Address=10.1.2.3/24\n" in files[VLAN]
    assert machine_files(Network(voice_vlan=VoiceVlan("eth0", 7, 0, 0)), PORTS)[NETDEV].endswith("Id=7\n")
    assert "DHCP=yes" in machine_files(Network(voice_vlan=VoiceVlan("eth0", 7)), PORTS)[VLAN]


def test_tia_1057_phones_hear_vlan_priority_and_dscp_of_sound_and_of_sip() -> None:
    told = machine_files(Network(34, 26, VoiceVlan("eth0", 100, 4, 2)), PORTS)
    on_port = "configure ports eth0 med policy application"
    assert told[LLDP].splitlines()[1:] == [
        "configure system interface pattern eth0",
        f"{on_port} voice tagged vlan 100 priority video dscp 34",
        f"{on_port} voice-signaling tagged vlan 100 priority excellent-effort dscp 26",
    ]
    assert 'oifname "voice" ip dscp 34 meta priority set 0:4' in told[MARKS]
    assert 'oifname "voice" ip dscp 26 meta priority set 0:2' in told[MARKS]
