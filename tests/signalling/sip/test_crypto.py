# SPDX-License-Identifier: GPL-2.0-only
"""RFC 4568: which keys of an offer we take, which we give, when they stay; and what plain RTP is refused for."""

import pytest

from appliance.config import Endpoint, SrtpUse
from appliance.media.events import Codec as Coding
from appliance.signalling.sip import crypto, sdp
from appliance.signalling.sip.crypto import Keys
from appliance.signalling.sip.sdp import PLAIN, SECURE, Codec, RefusedError, Transport
from appliance.signalling.sip.signals import Pointed
from dsp.sdes import Crypto, build
from dsp.srtp import MasterKey, Suite

pytestmark = pytest.mark.unit

LAWS = (Coding.PCMA, Coding.PCMU)
ENGINE = Endpoint("127.0.0.1", 20004)
SHA1_80, SHA1_32 = Suite.AES_CM_128_HMAC_SHA1_80, Suite.AES_CM_128_HMAC_SHA1_32
KEY = MasterKey(SHA1_80, bytes(range(16)), bytes(range(14)))
LINE = build(Crypto(7, (KEY,)))


def offer(*sections: str) -> str:
    """Of a phone; a section is `profile` and crypto lines."""
    media = []
    for section in sections:
        profile, *lines = section.split("\n")
        media += [f"m=audio 4000 {profile} 8 0", *(f"a=crypto:{line}" for line in lines)]
    return "\r\n".join(["v=0", "o=x 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", *media]) + "\r\n"


def secured(*lines: str) -> str:
    return offer("\n".join((SECURE, *lines)))


@pytest.mark.parametrize(
    "declined",
    [
        "1 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|2^20",
        f"{LINE}|1:4",
        f"{LINE} KDR=1",
        f"{LINE} UNENCRYPTED_SRTP",
        f"{LINE} UNENCRYPTED_SRTCP",
        f"{LINE} UNAUTHENTICATED_SRTP",
        "1 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=",
        "AES_CM_128_HMAC_SHA1_80",
    ],
)
def test_rfc4568_5_1_2_first_line_that_can_be_done_is_taken(declined: str) -> None:
    """Of a suite that we lack, with an MKI, with a session parameter that changes the packets, damaged: the next."""
    alone, beside = secured(declined), secured(declined, build(Crypto(3, (MasterKey.new(SHA1_32),))), LINE)
    taken = sdp.chosen(beside, LAWS).crypto
    assert taken is not None
    assert (taken.tag, taken.keys[0].suite) == (3, SHA1_32)
    with pytest.raises(RefusedError, match="none of its 1 crypto lines can be done") as refused:
        sdp.chosen(alone, LAWS)
    assert "inline" not in str(refused.value)


@pytest.mark.parametrize("kept", ["|2^31", " KDR=0", " WSH=64", " -X=1"])
def test_rfc4568_6_what_changes_no_packet_is_no_reason_to_decline(kept: str) -> None:
    taken = sdp.chosen(secured(LINE + kept), LAWS).crypto
    assert taken is not None
    assert (taken.keys[0].key, taken.keys[0].salt) == (KEY.key, KEY.salt)


@pytest.mark.parametrize("suite", Suite)
def test_rfc4568_5_1_2_answer_echoes_tag_and_suite_with_a_key_of_its_own(suite: Suite) -> None:
    theirs = MasterKey.new(suite)
    taken = sdp.chosen(secured(build(Crypto(42, (theirs,)))), LAWS).crypto
    assert taken is not None
    first, second = (crypto.answer(taken, None) for _ in range(2))
    assert first.receive == theirs
    assert first.send.suite is suite
    assert len({first.send.key, second.send.key, theirs.key}) == 3, "fresh for every answer"


def test_rfc4568_5_1_1_offer_has_a_fresh_key_a_suite_and_rtp_savp() -> None:
    first, second = crypto.offered(None), crypto.offered(None)
    assert [line.tag for line in first] == [1, 2, 3]
    assert [line.keys[0].suite for line in first] == [SHA1_80, Suite.AEAD_AES_128_GCM, SHA1_32]
    assert len({line.keys[0].key for line in (*first, *second)}) == 6
    text = sdp.at_engine(offer(PLAIN), ENGINE, LAWS, Transport(SECURE, first))
    assert "m=audio 20004 RTP/SAVP 8 0 13 101\r\n" in text
    read = [crypto.taken([line.removeprefix("a=crypto:")]) for line in text.split("\r\n") if "a=crypto" in line]
    assert read == list(first)


def test_rfc4568_5_1_3_answer_must_be_one_line_of_ours() -> None:
    ours = crypto.offered(None)
    theirs = MasterKey.new(Suite.AEAD_AES_128_GCM)
    answer = sdp.answered(secured(build(Crypto(2, (theirs,)))), LAWS)
    assert answer is not None
    assert answer.crypto is not None
    assert crypto.agreed(ours, answer.crypto) == Keys(ours[1].keys[0], theirs)
    for tag in (1, 4):
        assert crypto.agreed(ours, Crypto(tag, (theirs,))) is None
    two = sdp.answered(secured(LINE, LINE), LAWS)
    assert two is not None
    assert two.crypto is None


def test_rfc4568_7_1_4_same_key_again_goes_on_and_a_new_one_has_a_new_one_from_us() -> None:
    held = crypto.answer(Crypto(1, (KEY,)), None)
    assert crypto.answer(Crypto(1, (KEY,)), held) == held
    moved = crypto.answer(Crypto(1, (MasterKey.new(SHA1_80),)), held)
    assert moved.send != held.send
    assert crypto.offered(held) == (Crypto(1, (held.send,)),), "what we offer in a talk is its key"


@pytest.mark.parametrize("order", [(PLAIN, f"{SECURE}\n{LINE}"), (f"{SECURE}\n{LINE}", PLAIN)])
def test_rfc3264_6_of_two_audio_sections_the_secure_one_is_taken_and_the_other_refused(order: tuple[str, str]) -> None:
    taken = sdp.chosen(offer(*order), LAWS)
    assert (taken.profile, taken.section) == (SECURE, order.index(f"{SECURE}\n{LINE}"))
    assert taken.crypto is not None
    ours = Crypto(taken.crypto.tag, (MasterKey.new(SHA1_80),))
    text = sdp.at_engine(offer(PLAIN, PLAIN), ENGINE, taken.codec, Transport(taken.profile, (ours,), taken.section))
    media = [line for line in text.split("\r\n") if line.startswith("m=")]
    assert media[taken.section or 0] == "m=audio 20004 RTP/SAVP 8"
    assert media[1 - (taken.section or 0)].startswith("m=audio 0 ")
    plain = sdp.chosen(offer(*order), LAWS, "off")
    assert (plain.profile, plain.crypto) == (PLAIN, None)


@pytest.mark.parametrize(
    ("srtp", "offered", "outcome"),
    [
        ("off", PLAIN, False),
        ("off", f"{PLAIN}\n{LINE}", False),
        ("off", f"{SECURE}\n{LINE}", "switches off"),
        ("accept", PLAIN, False),
        ("accept", f"{PLAIN}\n{LINE}", True),
        ("accept", f"{SECURE}\n{LINE}", True),
        ("accept", f"RTP/SAVPF\n{LINE}", True),
        ("accept", "RTP/AVPF", False),
        ("accept", SECURE, "none of its 0 crypto lines"),
        ("accept", f"UDP/TLS/RTP/SAVP\n{LINE}", "its transport is 'UDP/TLS/RTP/SAVP'"),
        ("require", PLAIN, "SRTP is required"),
        ("require", f"{PLAIN}\nbad", "SRTP is required"),
        ("require", f"{PLAIN}\n{LINE}", True),
    ],
)
def test_what_the_setting_takes_of_an_offer(srtp: SrtpUse, offered: str, outcome: bool | str) -> None:  # noqa: FBT001
    if isinstance(outcome, str):
        with pytest.raises(RefusedError, match=outcome):
            sdp.chosen(offer(offered), LAWS, srtp)
        return
    taken = sdp.chosen(offer(offered), LAWS, srtp)
    assert (taken.crypto is not None) is outcome
    assert taken.profile == offered.partition("\n")[0]


def test_no_key_is_in_what_a_log_would_show() -> None:
    pointed = Pointed("leg", ENGINE, held=False, codec=Codec(), keys=crypto.answer(Crypto(1, (KEY,)), None))
    assert pointed.keys is not None
    for shown in (repr(pointed), repr(sdp.chosen(secured(LINE), LAWS)), repr(crypto.offered(None))):
        assert "AES_CM_128_HMAC_SHA1_80" in shown
        assert "key=b" not in shown
        assert "\\x" not in shown
