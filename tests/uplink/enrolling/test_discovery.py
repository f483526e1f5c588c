# SPDX-License-Identifier: GPL-2.0-only
"""Where a new box looks for headquarters, in which order, and which code it shows to whom."""

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP

from appliance.uplink.enrolling import dhcp
from appliance.uplink.enrolling.claim import Claim, ClaimError, Url, for_box, read_claim
from appliance.uplink.enrolling.discovery import Places, claim_files, doors
from appliance.uplink.enrolling.offers import Offer, Sources

HQ = "https://10.77.0.1:8443"


def of_vendor(url: str) -> bytes:
    return bytes([1, len(url)]) + url.encode()


def test_all_that_is_found_is_knocked_at_in_the_agreed_order_and_once(tmp_path: Path) -> None:
    leases, disk = tmp_path / "leases", tmp_path / "disk"
    leases.mkdir()
    disk.mkdir()
    lease = f"# This is private data. Do not parse.\nADDRESS=10.77.0.20\nVENDOR_SPECIFIC={of_vendor(HQ).hex()}\n"
    (leases / "2").write_text(lease)
    (disk / "branchline-claim.toml").write_text('url = "https://disk.example"\n')
    (tmp_path / "factory.toml").write_text('url = "https://factory.example:9443"\n')
    (tmp_path / "typed.toml").write_text(f'url = "{HQ}"\n')
    places = Places((disk,), leases, tmp_path / "factory.toml", tmp_path / "typed.toml", interfaces=lambda: ())

    async def found() -> list[tuple[str, str]]:
        claims = list(for_box(claim_files(places), "SN-1"))
        return [(one.source, str(one.url)) async for one in doors(places, claims) if not one.source.startswith("DNS")]

    assert asyncio.run(found()) == [
        ("claim file", "https://disk.example:8443"),
        ("DHCP option 43", HQ),
        ("factory", "https://factory.example:9443"),
    ]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({43: of_vendor(HQ)}, ("DHCP option 43", HQ)),
        ({143: struct.pack("!H", len(HQ)) + HQ.encode()}, ("DHCP option 143", HQ)),
        ({66: b"hq.example"}, ("DHCP option 66", "https://hq.example:8443")),
        ({66: b"tftp://phones.example/"}, None),
        ({43: b"\x01\xffshort"}, None),
        ({143: b"\xff\xffx"}, None),
        ({43: of_vendor("https://hq.example/a-path-of-others")}, None),
    ],
)
def test_rfc_2132_8_4_and_rfc_8572_8_3_options_name_a_door(
    told: dict[int, bytes], found: tuple[str, str] | None
) -> None:
    assert [(source, str(url)) for source, url in dhcp.doors(told)] == ([found] if found else [])


def test_rfc_2131_4_4_3_what_we_ask_is_read_by_a_stranger_and_his_answer_by_us() -> None:
    asked = BOOTP(dhcp.inform("10.77.0.20", b"\x02\0\0\0\0\x01", 77))
    told: dict[str, Any] = dict(one[:2] for one in asked[DHCP].options if isinstance(one, tuple))
    assert (asked.ciaddr, asked.xid, told["message-type"]) == ("10.77.0.20", 77, 8)
    assert told["vendor_class_id"] == b"branchline"
    assert told["param_req_list"] == [15, 43, 66, 143]
    options = [("message-type", "ack"), ("domain", b"branch.test"), ("vendor_specific", of_vendor(HQ)), "end"]
    answer = bytes(BOOTP(op=2, xid=77) / DHCP(options=options))
    heard = dhcp.answer(answer, 77)
    assert heard is not None
    assert heard[15] == b"branch.test"
    assert [str(url) for _, url in dhcp.doors(heard)] == [HQ]
    assert dhcp.answer(answer, 78) is None, "another's"
    nak = bytes(BOOTP(op=2, xid=77) / DHCP(options=[("message-type", "nak"), "end"]))
    assert dhcp.answer(nak, 77) is None


@given(st.binary(max_size=600))
def test_no_answer_of_a_dhcp_server_harms(octets: bytes) -> None:
    list(dhcp.doors(dhcp.options(octets)))
    head = b"\2\1\6\0" + (77).to_bytes(4) + bytes(228) + dhcp.COOKIE
    dhcp.answer(head + octets, 77)
    dhcp.lease(octets.decode("latin-1"))


def test_a_disk_with_a_ca_of_its_own_gets_no_code_but_its_own() -> None:
    """Somebody leaves a disk in the box, and waits for the factory's code, or a technician's."""
    factory = Claim(code="FACTORY", ca="ours")
    evil = Claim(url="https://evil.example", ca="theirs")
    typed = Claim(code="TYPED")
    assert list(Sources((evil,), factory, typed).offers()) == [
        Offer("factory", "FACTORY", "ours"),
        Offer("console", "TYPED", "ours"),
    ]
    for ca, shown_to in (("theirs", "theirs"), ("", "ours")):
        first = next(Sources((Claim(code="DISK", ca=ca),), factory).offers())
        assert first == Offer("claim file", "DISK", shown_to)
    assert list(Sources((evil,), Claim(code="FACTORY")).offers()) == [], "a factory without a CA has nobody to trust"
    assert "no CA is pinned here" in Sources((), Claim(code="x")).lacks()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('kode = "1"', "unknown field `kode`"),
        ("code = 7", "Expected `str`"),
        ("code", "no claim file"),
        ('url = "http://hq.example"', "is no address of an enrolment door"),
        ('url = "https://hq.example:99999"', "is no address of an enrolment door"),
        (f'ca = "{"x" * 70_000}"', "is longer than 65536 octets"),
    ],
)
def test_a_claim_file_that_cannot_be_used_is_told_with_its_mistake(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "claim.toml"
    path.write_text(text)
    with pytest.raises(ClaimError, match=sentence):
        read_claim(path)
    assert list(for_box([path, tmp_path / "none"], "SN-1")) == []


def test_a_url_is_a_host_and_a_port_and_nothing_more() -> None:
    assert str(Url.parse("https://hq.example/")) == "https://hq.example:8443"
    for wrong in ("https://", "https://a@b", "https://hq:0", "https://hq?x", "https://hq\n", "ftp://hq"):
        with pytest.raises(ClaimError):
            Url.parse(wrong)
