# SPDX-License-Identifier: GPL-2.0-only
"""SRTP's packet index, replay window, sources and the ends of keys: RFC 3711 §3.2.3, §3.3 and §9.2."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.srtp import SOURCES, WINDOW, Suite
from tests.dsp.srtp_packets import SSRC, SUITES, pair, refusal, rtcp, rtp

pytestmark = pytest.mark.unit

# RFC 3711 §3.3.1, §3.3.2: index and replay


@SUITES
def test_rfc3711_3_3_2_replay_is_refused(suite: Suite) -> None:
    sender, receiver = pair(suite)
    sent, sent_rtcp = [sender.protect(rtp(n)) for n in range(5)], [sender.protect_rtcp(rtcp()) for _ in range(5)]
    for packet, control in zip(sent, sent_rtcp, strict=True):
        receiver.unprotect(packet)
        receiver.unprotect_rtcp(control)
    for packet, control in zip(sent, sent_rtcp, strict=True):
        assert refusal(receiver.unprotect, packet) == "EALREADY"
        assert refusal(receiver.unprotect_rtcp, control) == "EALREADY"
    assert receiver.counters.replayed == 10


def test_rfc3711_3_3_2_window_ends_where_it_ends() -> None:
    sender, receiver = pair(Suite.AEAD_AES_128_GCM)
    sent = [sender.protect(rtp(n)) for n in range(WINDOW + 2)]
    receiver.unprotect(sent[WINDOW + 1])
    assert refusal(receiver.unprotect, sent[0]) == "ESTALE"
    assert refusal(receiver.unprotect, sent[1]) == "ESTALE"
    assert receiver.unprotect(sent[2]) == rtp(2)
    assert refusal(receiver.unprotect, sent[2]) == "EALREADY"


@pytest.mark.parametrize("step", [1, 63, 64, 65, WINDOW - 1])
def test_rfc3711_3_3_2_a_step_of_any_size_keeps_what_was_seen(step: int) -> None:
    sender, receiver = pair(Suite.AEAD_AES_128_GCM)
    sent = [sender.protect(rtp(n)) for n in range(step + 1)]
    receiver.unprotect(sent[0])
    receiver.unprotect(sent[step])
    assert refusal(receiver.unprotect, sent[0]) == "EALREADY"
    for number in range(1, step):
        assert receiver.unprotect(sent[number]) == rtp(number)


@SUITES
def test_rfc3711_3_3_1_rollover_counter_goes_up_with_the_wrap(suite: Suite) -> None:
    sender, receiver = pair(suite)
    for number in range(65500, 4 * 65536, 97):
        assert receiver.unprotect(sender.protect(rtp(number))) == rtp(number)


def test_rfc3711_3_3_1_packets_change_places_around_the_wrap() -> None:
    sender, receiver = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    sent = {number: sender.protect(rtp(number)) for number in range(65500, 65600)}
    order = [65500, 65535, 65536, 65534, 65599, 65533, 65537, 65501, 65540]
    for number in order:
        assert receiver.unprotect(sent[number]) == rtp(number)
    for number in order:
        assert refusal(receiver.unprotect, sent[number]) == "EALREADY"


@given(st.lists(st.integers(-90, 90), min_size=1, max_size=60), st.sampled_from(Suite), st.integers(0, 0xFFFF))
@settings(max_examples=60, deadline=None)
def test_any_order_within_the_window_is_heard_once(steps: list[int], suite: Suite, start: int) -> None:
    sender, receiver = pair(suite)
    at, highest, numbers = start + 200, 0, [start + 200]
    for step in steps:
        at = max(start, highest - WINDOW + 1, at + step) if highest else at + max(step, 0)
        highest = max(highest, at)
        numbers.append(at)
    sent = {n: sender.protect(rtp(n)) for n in range(start, max(numbers) + 1)}  # in order: 2^15 is not crossed unseen
    receiver.expect(SSRC, 0)
    seen: set[int] = set()
    if start + 200 > 0xFFFF:
        receiver.unprotect(sent[start])  # else the first packet lies behind a wrap that nobody saw
        seen.add(start)
    for number in numbers:
        if number in seen:
            assert refusal(receiver.unprotect, sent[number]) in {"EALREADY", "ESTALE"}
        elif number > max(seen, default=0) - WINDOW:
            assert receiver.unprotect(sent[number]) == rtp(number)
            seen.add(number)


def test_rfc3711_3_3_1_a_gap_below_half_the_numbers_is_bridged_a_greater_one_is_not() -> None:
    sender, receiver = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    for number in (50000, 65000, 82768 - 1):  # 32767 after 50000: heard
        sent = sender.protect(rtp(number))
        if number != 65000:
            assert receiver.unprotect(sent) == rtp(number)
    sender.protect(rtp(99000))
    assert refusal(receiver.unprotect, sender.protect(rtp(82767 + 40000))) in {"EKEYREJECTED", "ESTALE"}


@SUITES
def test_the_wrap_may_have_been_before_we_had_the_key(suite: Suite) -> None:
    sender, receiver = pair(suite)
    sent = {number: sender.protect(rtp(number)) for number in range(65530, 65560)}
    _, stranger = pair(suite)
    assert receiver.unprotect(sent[65540]) == rtp(65540)
    assert receiver.unprotect(sent[65535]) == rtp(65535)
    assert refusal(receiver.unprotect, sent[65540]) == "EALREADY"
    assert receiver.unprotect(sent[65541]) == rtp(65541)
    for number in range(90_000, 2 * 65536 + 5, 9000):
        sender.protect(rtp(number))
    twice = sender.protect(rtp(2 * 65536 + 5))
    assert refusal(stranger.unprotect, twice) == "EKEYREJECTED"


def test_a_wrap_that_would_end_the_key_is_not_tried() -> None:
    _, receiver = pair(Suite.AEAD_AES_128_GCM)
    receiver.expect(SSRC, 0xFFFFFFFF)
    assert refusal(receiver.unprotect, rtp(5, bytes(60))) == "EKEYREJECTED"


def at(roc: int, sequence: int) -> bytes:
    """The packet of a sender that is so far."""
    sender, _ = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    sender.expect(SSRC, roc)
    return sender.protect(rtp(sequence))


def test_rfc3711_3_3_1_exactly_half_the_numbers_keep_the_rollover_counter() -> None:
    _, receiver = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    receiver.expect(SSRC, 5)
    receiver.unprotect(at(5, 100))
    assert receiver.unprotect(at(5, 100 + 0x8000)) == rtp(100 + 0x8000)
    assert refusal(receiver.unprotect, at(6, 100)) == "ESTALE"
    assert receiver.unprotect(at(6, 99)) == rtp(99)


def test_late_joiner_is_told_the_rollover_counter() -> None:
    sender, receiver = pair(Suite.AEAD_AES_256_GCM)
    sender.expect(SSRC, 77)
    receiver.expect(SSRC, 77)
    assert receiver.unprotect(sender.protect(rtp(5))) == rtp(5)
    with pytest.raises(ValueError, match="begun"):
        receiver.expect(SSRC, 78)


@SUITES
def test_sender_never_uses_an_index_twice(suite: Suite) -> None:
    sender, _ = pair(suite)
    sender.protect(rtp(10))
    sender.protect(rtp(12))
    assert refusal(sender.protect, rtp(10, b"other")) == "EALREADY"
    assert refusal(sender.protect, rtp(12)) == "EALREADY"
    sender.protect(rtp(11))
    assert refusal(sender.protect, rtp(11)) == "EALREADY"


# RFC 3711 §9.2: keys end


@SUITES
def test_rfc3711_9_2_no_packet_after_2_to_the_48(suite: Suite) -> None:
    sender, receiver = pair(suite)
    sender.expect(SSRC, 0xFFFFFFFF)
    receiver.expect(SSRC, 0xFFFFFFFF)
    assert receiver.unprotect(sender.protect(rtp(65535))) == rtp(65535)
    assert refusal(sender.protect, rtp(0)) == "EKEYEXPIRED"
    assert refusal(receiver.unprotect, rtp(0, bytes(50))) == "EKEYEXPIRED"
    assert sender.counters.refused == 1


@SUITES
def test_rfc3711_9_2_no_rtcp_packet_after_2_to_the_31(suite: Suite) -> None:
    sender, receiver = pair(suite)
    sender.expect(SSRC, 0, rtcp_index=2**31 - 1)
    sent = sender.protect_rtcp(rtcp())
    assert receiver.unprotect_rtcp(sent) == rtcp()
    assert refusal(sender.protect_rtcp, rtcp()) == "EKEYEXPIRED"
    with pytest.raises(ValueError, match="RTCP index"):
        receiver.expect(1, 0, rtcp_index=2**31)


def test_lifetime_of_the_offer_ends_the_sender() -> None:
    sender, _ = pair(Suite.AES_CM_128_HMAC_SHA1_80, lifetime=4)
    for number in range(4):
        sender.protect(rtp(number))
    assert refusal(sender.protect, rtp(4)) == "EKEYEXPIRED"
    with pytest.raises(ValueError, match="lifetime"):
        pair(Suite.AES_CM_128_HMAC_SHA1_80, lifetime=2**48 + 1)


# RFC 3711 §3.2.3: sources


@SUITES
def test_each_source_has_its_own_index_and_window(suite: Suite) -> None:
    sender, receiver = pair(suite)
    for number in range(65530, 65550):
        for ssrc in range(SOURCES):
            packet = rtp(number + 1000 * ssrc, ssrc=ssrc)
            sent = sender.protect(packet)
            assert receiver.unprotect(sent) == packet
            assert refusal(receiver.unprotect, sent) == "EALREADY"


def test_sender_has_no_room_for_a_ninth_source_and_keeps_the_others() -> None:
    sender, _ = pair(Suite.AEAD_AES_128_GCM)
    for ssrc in range(SOURCES):
        sender.protect(rtp(1, ssrc=ssrc))
    assert refusal(sender.protect, rtp(1, ssrc=SOURCES)) == "ENOSPC"
    assert refusal(sender.protect_rtcp, rtcp(ssrc=SOURCES)) == "ENOSPC"
    assert refusal(sender.protect, rtp(1, ssrc=0)) == "EALREADY"
    sender.protect(rtp(2, ssrc=0))


def test_receiver_forgets_the_source_not_used_for_longest() -> None:
    _, receiver = pair(Suite.AES_CM_128_HMAC_SHA1_80)
    sent = []
    for ssrc in range(SOURCES + 1):  # a far end may have had more SSRCs than one of ours can
        sender, _ = pair(Suite.AES_CM_128_HMAC_SHA1_80)
        sent.append(sender.protect(rtp(1, ssrc=ssrc)))
        receiver.unprotect(sent[-1])
    for ssrc in range(1, SOURCES + 1):
        assert refusal(receiver.unprotect, sent[ssrc]) == "EALREADY"
    receiver.unprotect(sent[0])
