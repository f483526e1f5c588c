# SPDX-License-Identifier: GPL-2.0-only
"""SRTP and SRTCP by the clauses and vectors of RFC 3711 and RFC 7714."""

import hmac
import struct
import tomllib
from pathlib import Path

import pytest
from dsp._core import ffi, lib

from dsp.srtp import MKI_MAX, PACKET_MAX, MasterKey, Srtp, Suite, derive, keystream
from tests.dsp.srtp_packets import SUITES, pair, refusal, rtcp, rtp

pytestmark = pytest.mark.unit

VECTORS = Path(__file__).parents[1] / "vectors" / "srtp"
RFC3711 = tomllib.loads((VECTORS / "rfc3711.toml").read_text())
RFC7714 = tomllib.loads((VECTORS / "rfc7714.toml").read_text())


def with_session(suite: Suite, key: bytes, salt: bytes) -> Srtp:
    """A stream whose session keys are given, as in the vectors."""
    made = Srtp(MasterKey(suite, bytes(suite.key_octets), bytes(suite.salt_octets)))
    session = ffi.new("struct bl_srtp_session *")
    ffi.memmove(session.key, key, len(key))
    ffi.memmove(session.salt, salt, len(salt))
    lib.bl_srtp_set_session(made._srtp, session, session)
    made.reopen()
    return made


# RFC 3711 appendix B

B2 = RFC3711["key_stream"]
B2_KEY, B2_SALT, B2_FIRST, B2_LAST = (bytes.fromhex(B2[name]) for name in ("key", "salt", "first", "last"))


def test_rfc3711_b_2_key_stream() -> None:
    stream = keystream(B2_KEY, B2_SALT, B2["octets"])
    assert stream[:48] == B2_FIRST
    assert stream[-48:] == B2_LAST


@pytest.mark.parametrize("octets", [1, 15, 16, 17, 160, 1439, PACKET_MAX - 12 - 10])
def test_rfc3711_b_2_key_stream_of_packets_is_the_same(octets: int) -> None:
    sender = with_session(Suite.AES_CM_128_HMAC_SHA1_80, B2_KEY, B2_SALT)
    sent = sender.protect(rtp(0, bytes(octets), ssrc=0))
    assert sent[12:60] == B2_FIRST[:octets] or octets < 48
    assert sent[12:-10] == keystream(B2_KEY, B2_SALT, octets)


@pytest.mark.parametrize(("label", "name"), list(enumerate(("cipher", "authentication", "salting"))))
def test_rfc3711_b_3_key_derivation(label: int, name: str) -> None:
    given = {key: bytes.fromhex(value) for key, value in RFC3711["derivation"].items()}
    master = MasterKey(Suite.AES_CM_128_HMAC_SHA1_80, given["key"], given["salt"])
    assert derive(master, label, len(given[name])) == given[name]


# RFC 7714 §16 and §17: session keys and salts as they are given there

GCM_SALT, GCM_RTP, GCM_RTCP = (bytes.fromhex(RFC7714[name]) for name in ("salt", "rtp", "rtcp"))
GCM = {
    kind: (bytes.fromhex(RFC7714[kind.name]["rtp"]), bytes.fromhex(RFC7714[kind.name]["rtcp"]))
    for kind in (Suite.AEAD_AES_128_GCM, Suite.AEAD_AES_256_GCM)
}
MARS = int.from_bytes(GCM_RTCP[4:8])
GCM_SUITES = pytest.mark.parametrize("suite", GCM, ids=lambda suite: suite.name)


@GCM_SUITES
def test_rfc7714_16_srtp(suite: Suite) -> None:
    sender, receiver = (with_session(suite, bytes(range(suite.key_octets)), GCM_SALT) for _ in range(2))
    assert sender.protect(GCM_RTP) == GCM[suite][0]
    assert receiver.unprotect(GCM[suite][0]) == GCM_RTP


@GCM_SUITES
def test_rfc7714_17_srtcp(suite: Suite) -> None:
    sender, receiver = (with_session(suite, bytes(range(suite.key_octets)), GCM_SALT) for _ in range(2))
    sender.expect(MARS, 0, rtcp_index=RFC7714["rtcp_index"])
    assert sender.protect_rtcp(GCM_RTCP) == GCM[suite][1]
    assert receiver.unprotect_rtcp(GCM[suite][1]) == GCM_RTCP


def test_rfc7714_17_3_srtcp_without_the_e_bit_is_authenticated_only() -> None:
    tag = bytes.fromhex(RFC7714["AEAD_AES_128_GCM"]["rtcp_tag_only"])
    packet = GCM_RTCP + tag + struct.pack(">I", RFC7714["rtcp_index"])
    receiver = with_session(Suite.AEAD_AES_128_GCM, bytes(range(16)), GCM_SALT)
    assert refusal(receiver.unprotect_rtcp, packet[:20] + b"\x01" + packet[21:]) == "EKEYREJECTED"
    assert receiver.unprotect_rtcp(packet) == GCM_RTCP


def test_rfc3711_3_4_srtcp_without_the_e_bit_is_authenticated_only() -> None:
    _, receiver = pair(suite := Suite.AES_CM_128_HMAC_SHA1_32)
    master = MasterKey(suite, bytes(range(16)), bytes(range(100, 114)))
    packet = rtcp() + struct.pack(">I", 7)
    tag = hmac.digest(derive(master, 4, 20), packet, "sha1")[:10]
    assert refusal(receiver.unprotect_rtcp, packet + bytes(10)) == "EKEYREJECTED"
    assert receiver.unprotect_rtcp(packet + tag) == rtcp()


# RFC 3711 §3.1, §3.4: what a packet looks like


@SUITES
@pytest.mark.parametrize("mki", [b"", b"\x01", bytes(range(MKI_MAX))], ids=len)
def test_rfc3711_3_1_payload_is_hidden_and_the_trailer_as_long_as_told(suite: Suite, mki: bytes) -> None:
    sender, receiver = pair(suite, mki=mki)
    tag = {1: 10, 2: 4}.get(suite, 16)
    sent = sender.protect(rtp(1))
    assert sent[:12] == rtp(1)[:12]
    assert len(sent) == len(rtp(1)) + tag + len(mki)
    assert mki in sent
    assert b"sound" not in sent
    assert receiver.unprotect(sent) == rtp(1)


@SUITES
@pytest.mark.parametrize("mki", [b"", b"\x01\x02"], ids=len)
def test_rfc3711_3_4_srtcp_carries_index_and_e_bit(suite: Suite, mki: bytes) -> None:
    sender, receiver = pair(suite, mki=mki)
    for index in range(3):
        sent = sender.protect_rtcp(rtcp())
        word = sent[-len(mki) - 4 :] if suite in GCM else sent[-10 - len(mki) - 4 :]
        assert word[:4] == struct.pack(">I", 0x80000000 | index)
        assert len(sent) == len(rtcp()) + 4 + len(mki) + (16 if suite in GCM else 10)
        assert receiver.unprotect_rtcp(sent) == rtcp()


@SUITES
def test_rfc3711_3_1_header_extension_and_csrcs_stay_clear(suite: Suite) -> None:
    sender, receiver = pair(suite)
    packet = b"\x92" + rtp(1)[1:12] + bytes(8) + b"\xbe\xde\x00\x01" + bytes(4) + b"payload"
    sent = sender.protect(packet)
    assert sent[:28] == packet[:28]
    assert receiver.unprotect(sent) == packet


@SUITES
def test_packet_without_payload(suite: Suite) -> None:
    sender, receiver = pair(suite)
    assert receiver.unprotect(sender.protect(rtp(1, b""))) == rtp(1, b"")
    assert receiver.unprotect_rtcp(sender.protect_rtcp(rtcp()[:8])) == rtcp()[:8]


# forged packets


@SUITES
@pytest.mark.parametrize("mki", [b"", b"\x01\x02"], ids=len)
def test_no_bit_of_a_packet_can_be_changed(suite: Suite, mki: bytes) -> None:
    sender, receiver = pair(suite, mki=mki)
    receiver.unprotect(sender.protect(rtp(999)))
    sent, sent_rtcp = sender.protect(rtp(1000)), sender.protect_rtcp(rtcp())
    for work, packet in ((receiver.unprotect, sent), (receiver.unprotect_rtcp, sent_rtcp)):
        for bit in range(8 * len(packet)):
            wrong = bytearray(packet)
            wrong[bit // 8] ^= 1 << bit % 8
            assert refusal(work, bytes(wrong)) in {"EKEYREJECTED", "EBADMSG", "ENOKEY", "ESTALE"}
    before = receiver.counters
    assert (before.packets, before.rtcp) == (1, 0)
    assert receiver.unprotect(sent) == rtp(1000)
    assert receiver.unprotect_rtcp(sent_rtcp) == rtcp()


@SUITES
def test_a_packet_cut_short_or_grown_is_refused(suite: Suite) -> None:
    sender, receiver = pair(suite)
    sent, sent_rtcp = sender.protect(rtp(1)), sender.protect_rtcp(rtcp())
    for length in range(len(sent)):
        assert refusal(receiver.unprotect, sent[:length]) in {"EKEYREJECTED", "EBADMSG"}
    for length in range(len(sent_rtcp)):
        assert refusal(receiver.unprotect_rtcp, sent_rtcp[:length]) in {"EKEYREJECTED", "EBADMSG"}
    assert refusal(receiver.unprotect, sent + b"\0") == "EKEYREJECTED"
    assert receiver.unprotect(sent) == rtp(1)


def test_a_forged_packet_moves_neither_window_nor_rollover_counter() -> None:
    sender, receiver = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    first, second = sender.protect(rtp(40000)), sender.protect(rtp(40001))
    assert receiver.unprotect(first) == rtp(40000)
    for sequence in (40001, 100, 65535, 7000):
        forged = first[:2] + struct.pack(">H", sequence) + first[4:]
        assert refusal(receiver.unprotect, forged) in {"EKEYREJECTED", "ESTALE"}
        assert refusal(receiver.unprotect, rtp(sequence, bytes(50), ssrc=99)) == "EKEYREJECTED"
    assert receiver.unprotect(second) == rtp(40001)


@SUITES
def test_another_key_is_refused(suite: Suite) -> None:
    sent = Srtp(MasterKey.new(suite)).protect(rtp(1))
    assert refusal(Srtp(MasterKey.new(suite)).unprotect, sent) == "EKEYREJECTED"


def test_another_mki_is_named() -> None:
    sender, _ = pair(Suite.AEAD_AES_128_GCM, mki=b"\x01")
    _, receiver = pair(Suite.AEAD_AES_128_GCM, mki=b"\x02")
    assert refusal(receiver.unprotect, sender.protect(rtp(1))) == "ENOKEY"
    assert refusal(receiver.unprotect_rtcp, sender.protect_rtcp(rtcp())) == "ENOKEY"
    assert receiver.counters.forged == 2


# settings, restart, end


@SUITES
def test_a_new_process_goes_on_with_the_state(suite: Suite) -> None:
    sender, receiver = pair(suite)
    last = sender.protect(rtp(65535))
    receiver.unprotect(last)
    for end in (sender, receiver):
        end.reopen()
    assert receiver.unprotect(sender.protect(rtp(65536))) == rtp(65536)
    assert refusal(receiver.unprotect, last) == "EALREADY"


def test_a_context_of_another_stream_is_refused() -> None:
    sender, _ = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    other = Srtp(MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_80))
    sender._ctx = other._ctx
    assert refusal(sender.protect, rtp(1)) == "EINVAL"
    assert refusal(sender.unprotect_rtcp, rtcp() + bytes(20)) == "EINVAL"


@SUITES
def test_keys_are_gone_after_close_and_never_shown(suite: Suite) -> None:
    master = MasterKey.new(suite)
    assert repr(master) == f"MasterKey({suite.name})"
    assert master.key.hex() not in repr(master.cfg())
    stream = Srtp(master)
    stream.protect(rtp(1))
    stream.close()
    assert not any(bytes(ffi.buffer(stream._memory)))
    assert refusal(stream.protect, rtp(2)) == "EINVAL"


def test_master_key_is_not_kept() -> None:
    master = MasterKey.new(Suite.AEAD_AES_256_GCM)
    held = bytes(ffi.buffer(Srtp(master)._memory))
    assert master.key not in held
    assert derive(master, 0, 32) in held


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", "EBADMSG"),
        (bytes(11), "EBADMSG"),
        (b"\x40" + bytes(50), "EBADMSG"),
        (b"\x8f" + bytes(30), "EBADMSG"),
        (b"\x90" + bytes(13), "EBADMSG"),
        (b"\x90" + bytes(13) + b"\xff\xff" + bytes(100), "EBADMSG"),
        (b"\x80" + bytes(PACKET_MAX - 10), "EMSGSIZE"),
    ],
)
def test_what_is_no_rtp_is_not_protected(packet: bytes, reason: str) -> None:
    sender, _ = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    assert refusal(sender.protect, packet) == reason
    assert sender.counters.bad == 1


@pytest.mark.parametrize(("packet", "reason"), [(bytes(7), "EBADMSG"), (bytes(8), "EBADMSG")])
def test_what_is_no_rtcp_is_not_protected(packet: bytes, reason: str) -> None:
    sender, receiver = pair(Suite.AEAD_AES_128_GCM)
    assert refusal(sender.protect_rtcp, packet) == reason
    assert refusal(receiver.unprotect_rtcp, packet + bytes(20)) == reason


def test_no_room_for_the_trailer() -> None:
    sender, _ = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    memory, length = ffi.new("uint8_t[]", rtp(1)), ffi.new("size_t *", len(rtp(1)))
    code = lib.bl_srtp_protect(sender._srtp, sender._ctx, memory, length, len(rtp(1)) + 9)
    assert (code, length[0]) == (-90, len(rtp(1)))
    assert lib.bl_srtp_protect(sender._srtp, sender._ctx, memory, length, 0) == -90


def test_settings_that_cannot_be_are_refused() -> None:
    suite = Suite.AES_CM_128_HMAC_SHA1_80
    for key, salt, mki in (
        (bytes(15), bytes(14), b""),
        (bytes(16), bytes(12), b""),
        (bytes(16), bytes(14), bytes(129)),
    ):
        with pytest.raises(ValueError, match="octets"):
            Srtp(MasterKey(suite, key, salt, mki))
    cfg = MasterKey.new(suite).cfg()
    state = ffi.new("struct bl_srtp *")
    for suite_number in (0, 5, 255):
        cfg.suite = suite_number
        assert lib.bl_srtp_init(state, cfg) == -22
        assert lib.bl_srtp_key_length(suite_number) == lib.bl_srtp_salt_length(suite_number) == 0
    with pytest.raises(ValueError, match="label 6"):
        derive(MasterKey.new(suite), 6, 16)
    with pytest.raises(ValueError, match="key of 24 octets"):
        keystream(bytes(24), bytes(14), 16)
