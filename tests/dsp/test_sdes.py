# SPDX-License-Identifier: GPL-2.0-only
"""SDES by the clauses of RFC 4568; the keys are those of its examples."""

import base64
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.sdes import KEYS, Crypto, SdesUnsupportedError, build, parse, suite
from dsp.srtp import MKI_MAX, MasterKey, Srtp, Suite

pytestmark = pytest.mark.unit

VECTORS = Path(__file__).parents[1] / "vectors" / "srtp"
KEY, OTHER = tomllib.loads((VECTORS / "rfc4568.toml").read_text())["keys"]
LINE = f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"


def test_rfc4568_6_1_key_lifetime_and_mki() -> None:
    crypto = parse(f"{LINE}|2^20|1:4")
    (key,) = crypto.keys
    assert (crypto.tag, key.suite, key.lifetime, key.mki) == (1, Suite.AES_CM_128_HMAC_SHA1_80, 2**20, b"\0\0\0\1")
    assert key.key + key.salt == base64.b64decode(KEY)
    assert (len(key.key), len(key.salt)) == (16, 14)


def test_rfc4568_6_1_lifetime_and_mki_may_be_left_out() -> None:
    assert (parse(LINE).keys[0].lifetime, parse(LINE).keys[0].mki) == (0, b"")
    assert (parse(f"{LINE}|1:32").keys[0].lifetime, parse(f"{LINE}|1:32").keys[0].mki) == (0, bytes(31) + b"\1")
    assert (parse(f"{LINE}|2^31").keys[0].lifetime, parse(f"{LINE}|2^31").keys[0].mki) == (2**31, b"")
    assert parse(f"{LINE}|1048577").keys[0].lifetime == 1048577


def test_rfc4568_6_1_several_keys_by_mki() -> None:
    text = f"999999999 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^20|1:4;inline:{OTHER}|2^20|2:4"
    crypto = parse(text)
    assert [key.mki for key in crypto.keys] == [b"\0\0\0\1", b"\0\0\0\2"]
    assert build(crypto) == text


@pytest.mark.parametrize(
    "text",
    [
        LINE,
        f"{LINE}|2^48",
        f"{LINE}|65535|255:1",
        f"{LINE}|{2**1024 - 1}:128",
        f"{LINE}|2^20|1:4 WSH=128",
        f"2 AEAD_AES_128_GCM inline:{base64.b64encode(bytes(range(28))).decode()}",
        f"3 AEAD_AES_256_GCM inline:{base64.b64encode(bytes(range(200, 244))).decode()}|2^31",
    ],
)
def test_what_is_read_is_written_again(text: str) -> None:
    assert build(parse(text)) == text


def test_padding_of_base64_may_be_left_out() -> None:
    text = f"1 AEAD_AES_256_GCM inline:{base64.b64encode(bytes(range(44))).decode()}"
    assert text.endswith("=")
    assert parse(text.rstrip("=")) == parse(text)


@pytest.mark.parametrize(
    "parameters", ["WSH=64", "KDR=0", "-X_UNKNOWN", "-FEC_ORDER=FEC_SRTP KDR=0  WSH=65535", " \t "]
)
def test_rfc4568_6_3_parameters_that_change_nothing_are_read(parameters: str) -> None:
    assert parse(f"{LINE} {parameters}").keys == parse(LINE).keys


@pytest.mark.parametrize(
    "parameter",
    [
        "KDR=1",
        "KDR=24",
        "UNENCRYPTED_SRTP",
        "UNENCRYPTED_SRTCP",
        "UNAUTHENTICATED_SRTP",
        "FEC_ORDER=SRTP_FEC",
        f"FEC_KEY=inline:{OTHER}",
        "SOMETHING=NEW",
    ],
)
def test_rfc4568_6_3_parameters_that_we_do_not_do_are_declined(parameter: str) -> None:
    with pytest.raises(SdesUnsupportedError):
        parse(f"{LINE}|2^20 {parameter}")


@pytest.mark.parametrize("name", ["AES_CM_256_HMAC_SHA1_80", "F8_128_HMAC_SHA1_80", "aes_cm_128_hmac_sha1_80", "NULL"])
def test_rfc4568_7_1_1_unknown_suites_are_declined(name: str) -> None:
    with pytest.raises(SdesUnsupportedError):
        parse(f"1 {name} inline:{KEY}")
    assert suite(name) is None


def test_suites_have_their_registered_names() -> None:
    assert all(suite(kind.name) is kind for kind in Suite)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1",
        "1 AES_CM_128_HMAC_SHA1_80",
        "1 AES_CM_128_HMAC_SHA1_80 ",
        f" {LINE}",
        f"x{LINE}",
        f"-{LINE}",
        f"000000000{LINE}",
        f"1 AES_CM_128_HMAC_SHA1_80 {KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 INLINE:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY[:-1]}",
        f"{LINE}A",
        f"{LINE}=",
        f"{LINE[:-1]}*",
        f"{LINE[:-1]}\0",
        f"1 AEAD_AES_128_GCM inline:{KEY}",
        f"1 AEAD_AES_128_GCM inline:{'A' * 37}B==",
        f"1 AEAD_AES_128_GCM inline:{'A' * 38}=",
        f"1 AEAD_AES_128_GCM inline:{'A' * 38}=A",
        f"{LINE}|",
        f"{LINE}||1:4",
        f"{LINE}|0",
        f"{LINE}|2^",
        f"{LINE}|2^49",
        f"{LINE}|2^20|",
        f"{LINE}|281474976710657",
        f"{LINE}|99999999999999999999999999",
        f"{LINE}|:4",
        f"{LINE}|1:",
        f"{LINE}|1:0",
        f"{LINE}|1:129",
        f"{LINE}|256:1",
        f"{LINE}|-1:4",
        f"{LINE}|1:4|2^20",
        f"{LINE}|2^20|1:4|5",
        f"{LINE};",
        f"{LINE};inline:{OTHER}",
        f"{LINE}|1:4;inline:{OTHER}",
        f"{LINE}|1:4;inline:{OTHER}|1:4",
        f"{LINE}|1:4;inline:{OTHER}|2:5",
        f"{LINE}|1:4;;inline:{OTHER}|2:4",
        f"{LINE} WSH=63",
        f"{LINE} WSH=",
        f"{LINE} WSH=1000000",
        f"{LINE} KDR=",
        f"{LINE} KDR=25",
        f"{LINE} -",
        f"{LINE} {'-X ' * 1000}",
    ],
)
def test_rfc4568_9_what_is_not_of_the_grammar_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="grammar") as refused:
        parse(text)
    assert not isinstance(refused.value, SdesUnsupportedError)
    assert KEY[:8] not in str(refused.value)


def test_more_keys_than_we_hold_are_declined() -> None:
    text = "1 AES_CM_128_HMAC_SHA1_80 " + ";".join(f"inline:{KEY}|{mki}:1" for mki in range(KEYS + 1))
    with pytest.raises(SdesUnsupportedError):
        parse(text)


def test_what_cannot_be_said_is_refused() -> None:
    key = MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_80)
    other = MasterKey.new(Suite.AEAD_AES_128_GCM)
    for crypto in (
        Crypto(1, ()),
        Crypto(1, (key,) * (KEYS + 1)),
        Crypto(10**9, (key,)),
        Crypto(-1, (key,)),
        Crypto(1, (key,), window=63),
        Crypto(1, (key, key)),
        Crypto(1, (key, other)),
    ):
        with pytest.raises(ValueError, match="sdes"):
            build(crypto)


@st.composite
def cryptos(draw: st.DrawFn) -> Crypto:
    kind = draw(st.sampled_from(Suite))
    length = draw(st.integers(1, MKI_MAX))
    mkis = draw(st.lists(st.binary(min_size=length, max_size=length), min_size=1, max_size=KEYS, unique=True))
    if len(mkis) == 1 and draw(st.booleans()):
        mkis = [b""]
    keys = tuple(
        MasterKey(
            kind,
            draw(st.binary(min_size=kind.key_octets, max_size=kind.key_octets)),
            draw(st.binary(min_size=kind.salt_octets, max_size=kind.salt_octets)),
            mki,
            draw(st.one_of(st.just(0), st.integers(1, 2**48), st.integers(0, 48).map(lambda n: 2**n))),
        )
        for mki in mkis
    )
    return Crypto(draw(st.integers(0, 999999999)), keys, draw(st.one_of(st.just(0), st.integers(64, 65535))))


@given(cryptos())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(crypto: Crypto) -> None:
    assert parse(build(crypto)) == crypto


@given(st.text(max_size=200) | st.text(max_size=60).map(lambda tail: LINE + tail))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        crypto = parse(text)
    except ValueError:
        return
    assert parse(build(crypto)) == crypto


@pytest.mark.parametrize("kind", Suite, ids=lambda kind: kind.name)
def test_offer_and_answer_give_two_ends_that_hear_each_other(kind: Suite) -> None:
    ours = MasterKey.new(kind)
    theirs = parse(build(Crypto(1, (ours,)))).keys[0]
    packet = bytes([0x80, 8, 0, 1]) + bytes(8) + b"sound"
    assert Srtp(theirs).unprotect(Srtp(ours).protect(packet)) == packet
