# SPDX-License-Identifier: GPL-2.0-only
"""Our session description names the engine and nothing that it does not serve."""

from collections.abc import Sequence

import pytest

from appliance.config import Endpoint
from appliance.media.events import Codec as Coding
from appliance.signalling.sip import sdp
from appliance.signalling.sip.sdp import Codec, RefusedError, at_engine, packet_ms, supposed

pytestmark = pytest.mark.unit

LAWS = (Coding.PCMA, Coding.PCMU)
ALL = (*LAWS, Coding.G722, Coding.OPUS, Coding.G726_32)

ENGINE = Endpoint("127.0.0.1", 20004)

PJSUA = """\
v=0
o=- 3987 3988 IN IP4 10.0.0.9
s=pjmedia
b=AS:84
t=0 0
a=X-nat:0
m=audio 4000 RTP/AVP 8 120
c=IN IP4 10.0.0.9
b=TIAS:64000
a=rtcp:4001 IN IP4 10.0.0.9
a=sendrecv
a=rtpmap:8 PCMA/8000
a=rtpmap:120 telephone-event/8000
a=fmtp:120 0-16
a=ssrc:1 cname:x
""".replace("\n", "\r\n")


def chosen(offer: str, wanted: Sequence[Coding], settled: Codec | None = None, own_ms: int = 20) -> Codec | None:
    """The codec; None: refused."""
    try:
        return sdp.chosen(offer, wanted, settled=settled, own_ms=own_ms).codec
    except RefusedError:
        return None


def answered(answer: str, wanted: Sequence[Coding], own_ms: int = 20) -> Codec | None:
    """The codec; None: no answer."""
    taken = sdp.answered(answer, wanted, own_ms)
    return None if taken is None else taken.codec


def test_engine_stands_in_place_of_pjsuas_sockets() -> None:
    lines = at_engine(PJSUA, ENGINE, LAWS).split("\r\n")
    assert "c=IN IP4 127.0.0.1" in lines
    assert "m=audio 20004 RTP/AVP 8 0 13 101" in lines
    assert not [line for line in lines if "4000" in line.replace("20004", "") or "120" in line]
    assert lines[-9:-1] == [
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        "a=maxptime:60",
        "a=sendrecv",
    ]


def test_rfc8866_5_order_of_the_session_lines() -> None:
    lines = at_engine(PJSUA, ENGINE, LAWS).split("\r\n")
    assert [line[0] for line in lines[:6]] == ["v", "o", "s", "c", "t", "a"]


def test_rfc3264_8_origin_and_version_stay() -> None:
    assert "o=- 3987 3988 IN IP4 10.0.0.9\r\n" in at_engine(PJSUA, ENGINE, LAWS)


@pytest.mark.parametrize("direction", ["sendonly", "recvonly", "inactive"])
def test_rfc3264_8_4_hold_keeps_its_direction(direction: str) -> None:
    assert f"a={direction}\r\n" in at_engine(PJSUA.replace("sendrecv", direction), ENGINE, LAWS)


def test_rfc3264_6_refused_video_stays_refused_in_its_place() -> None:
    refused = PJSUA.replace("m=audio", "m=video 0 RTP/AVP 31\r\nm=audio")
    lines = at_engine(refused, ENGINE, LAWS).split("\r\n")
    media = [line for line in lines if line.startswith("m=")]
    assert media == ["m=video 0 RTP/AVP 31", "m=audio 20004 RTP/AVP 8 0 13 101"]


def test_rfc3264_6_second_audio_is_refused_with_port_0() -> None:
    """As pjsua made it, with a port of its own and numbers without names, it spoiled the whole answer."""
    two = f"{PJSUA}m=audio 4002 RTP/AVP 8 120\r\na=rtpmap:120 telephone-event/8000\r\na=sendrecv\r\n"
    media = [line for line in at_engine(two, ENGINE, Codec()).split("\r\n") if line.startswith("m=")]
    assert media == ["m=audio 20004 RTP/AVP 8 101", "m=audio 0 RTP/AVP 8 120"]


def test_what_was_written_is_written_again_the_same() -> None:
    once = at_engine(PJSUA, ENGINE, LAWS)
    assert at_engine(once, ENGINE, LAWS) == once


def offer(types: str, *lines: str) -> str:
    """Of a phone."""
    return "\r\n".join(["v=0", "o=x 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"m=audio 4000 RTP/AVP {types}", *lines])


EVENTS = "a=rtpmap:96 telephone-event/8000"


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (offer("8"), Codec(Coding.PCMA, 8, None)),
        (offer("0"), Codec(Coding.PCMU, 0, None)),
        (offer("18 0 8 96", EVENTS), Codec(Coding.PCMA, 8, 96)),
        (offer("9 8 0 96", "a=rtpmap:96 Telephone-Event/8000"), Codec(Coding.PCMA, 8, 96)),
        (offer("8 96 97", "a=rtpmap:97 telephone-event/48000", EVENTS), Codec(Coding.PCMA, 8, 96)),
        (offer("8", EVENTS), Codec(Coding.PCMA, 8, None)),
        (offer("8 97", "a=rtpmap:97 telephone-event/16000"), Codec(Coding.PCMA, 8, None)),
        (offer("8", "a=ptime:10"), Codec(Coding.PCMA, 8, None, 10)),
        (offer("8", "a=ptime:30"), Codec(Coding.PCMA, 8, None, 20)),
        (offer("8", "a=ptime:30", "a=maxptime:10"), Codec(Coding.PCMA, 8, None, 10)),
        (offer("0 13 96", EVENTS), Codec(Coding.PCMU, 0, 96, noise_type=13)),
        (offer("111 13", "a=rtpmap:111 opus/48000/2"), Codec(Coding.OPUS, 111, None)),
        (offer("9 96", EVENTS), Codec(Coding.G722, 9, 96)),
        (offer("9", "a=rtpmap:9 g722/8000/1"), Codec(Coding.G722, 9, None)),
        (offer("9", "a=rtpmap:9 G729/8000"), None),
        (offer("111 96", "a=rtpmap:111 OPUS/48000/2", EVENTS), Codec(Coding.OPUS, 111, None)),
        (
            offer("111 96 97", "a=rtpmap:111 opus/48000/2", EVENTS, "a=rtpmap:97 telephone-event/48000", "a=ptime:5"),
            Codec(Coding.OPUS, 111, 97, 10),
        ),
        (offer("111", "a=rtpmap:111 opus/48000"), None),
        (offer("2 98", "a=rtpmap:2 G726-32/8000", "a=rtpmap:98 G726-32/8000"), Codec(Coding.G726_32, 98, None)),
        (offer("98", "a=rtpmap:98 AAL2-G726-32/8000"), None),
        (offer("97 9", "a=rtpmap:97 PCMA/8000"), Codec(Coding.PCMA, 97, None)),
        (offer("18 4"), None),
        (offer("8").replace("audio 4000", "audio 0"), None),
        ("", None),
        (
            offer(f"8 {'9' * 5000}", f"a=rtpmap:{'9' * 5000} telephone-event/8000", "a=ptime:99999"),
            Codec(Coding.PCMA, 8, None),
        ),
        ("m=audio\r\nm=\r\nm=audio x RTP/AVP é 8 ²\r\na=ptime:", Codec(Coding.PCMA, 8, None)),
    ],
)
def test_rfc3264_6_1_our_choice_of_what_is_offered_and_its_number_of_events(offered: str, taken: Codec | None) -> None:
    assert chosen(offered, ALL) == taken


def test_choice_is_in_the_order_of_the_configuration() -> None:
    offered = offer("8 0 9 111", "a=rtpmap:111 opus/48000/2")
    for first in ALL[:-1]:
        codec = chosen(offered, (first, *ALL))
        assert codec is not None
        assert codec.coding is first
    assert chosen(offered, (Coding.G726_32,)) is None


def test_rfc3264_7_answer_is_taken_in_the_phones_order() -> None:
    """All that it names it can; the first is what it sends. Events it sends under our number, or under its own."""
    answer = offer("9 8 96", EVENTS)
    assert answered(answer, ALL) == Codec(Coding.G722, 9, 101, sent_event_type=96)
    assert answered(f"SIP/2.0 200 OK\r\n\r\n{answer}", LAWS) == Codec(Coding.PCMA, 8, 101, sent_event_type=96)
    assert answered("SIP/2.0 180 Ringing\r\n\r\n", ALL) is None


def test_rfc7587_7_offer_names_every_codec_and_events_of_each_clock() -> None:
    lines = at_engine(PJSUA, ENGINE, ALL).split("\r\n")
    assert lines[lines.index("m=audio 20004 RTP/AVP 8 0 9 107 103 13 101 102") + 1 : -1] == [
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:107 opus/48000/2",
        "a=fmtp:107 maxplaybackrate=8000;sprop-maxcapturerate=8000;useinbandfec=1",
        "a=rtpmap:103 G726-32/8000",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=rtpmap:102 telephone-event/48000",
        "a=fmtp:102 0-16",
        "a=ptime:20",
        "a=maxptime:60",
        "a=sendrecv",
    ]


@pytest.mark.parametrize("first", ALL)
@pytest.mark.parametrize("own_ms", sdp.PACKETS_MS)
def test_what_is_supposed_of_a_phone_is_what_it_would_answer_to_our_offer(first: Coding, own_ms: int) -> None:
    wanted = (first, *(coding for coding in ALL if coding is not first))
    assert answered(at_engine(PJSUA, ENGINE, wanted, own_ms=own_ms), wanted) == supposed(wanted, own_ms)


def test_rfc4733_7_1_1_answer_has_the_offerers_number() -> None:
    lines = at_engine(PJSUA, ENGINE, Codec(Coding.PCMU, 0, 96, 10)).split("\r\n")
    assert "m=audio 20004 RTP/AVP 0 96" in lines
    assert lines[-7:-1] == [
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:96 telephone-event/8000",
        "a=fmtp:96 0-16",
        "a=ptime:10",
        "a=maxptime:60",
        "a=sendrecv",
    ]


def test_answer_to_a_phone_without_events_has_none() -> None:
    assert "telephone-event" not in at_engine(PJSUA, ENGINE, Codec(Coding.PCMA, 8, None))


@pytest.mark.parametrize(
    ("offered", "event_type"),
    [(offer("0 8 101", EVENTS.replace("96", "101")), 101), (offer("0 8 96", EVENTS), None), (offer("8"), None)],
)
def test_codec_and_numbers_stay_within_a_talk(offered: str, event_type: int | None) -> None:
    assert chosen(offered, ALL, Codec()) == Codec(event_type=event_type)
    assert chosen(offer("0 101", EVENTS), ALL, Codec()) is None


@pytest.mark.parametrize(("offered", "taken"), [("96", 96), ("101", None)])
def test_rfc3264_8_3_2_number_that_the_peer_named_in_its_answer_is_its_own_for_the_talk(
    offered: str, taken: int | None
) -> None:
    again = offer(f"8 {offered}", EVENTS.replace("96", offered))
    assert chosen(again, LAWS, Codec(event_type=101, sent_event_type=96)) == Codec(event_type=taken)


@pytest.mark.parametrize(("wishes", "length"), [((20,), 20), ((60, 30), 20), ((15,), 10), ((20, 5), 5), ((3,), 5)])
def test_packets_are_as_long_as_the_peer_wishes_and_the_engine_can(wishes: tuple[int, ...], length: int) -> None:
    assert packet_ms(Coding.PCMA, *wishes) == length
    assert packet_ms(Coding.OPUS, *wishes) == max(length, 10)


@pytest.mark.parametrize(
    ("lines", "lengths"),
    [
        ((), (20, 10, 5)),
        (("a=ptime:0",), (20, 10, 5)),
        (("a=maxptime:150",), (20, 10, 5)),
        (("a=maxptime:10",), (10, 10, 5)),
        (("a=ptime:20",), (20, 20, 20)),
        (("a=ptime:20", "a=maxptime:10"), (10, 10, 10)),
        (("a=ptime:40",), (20, 20, 20)),
        (("a=ptime:5",), (5, 5, 5)),
    ],
)
def test_rfc8866_6_4_a_peer_has_the_packets_that_it_wishes_and_ours_where_it_wishes_none(
    lines: tuple[str, ...], lengths: tuple[int, ...]
) -> None:
    """With 20, 10 and 5 ms of our own; in its offer, in its answer, and in an offer within a talk."""
    described = offer("8", *lines)
    expected = [Codec(event_type=None, packet_ms=length) for length in lengths]
    assert [chosen(described, LAWS, own_ms=own_ms) for own_ms in sdp.PACKETS_MS] == expected
    assert [answered(described, LAWS, own_ms) for own_ms in sdp.PACKETS_MS] == expected
    talks = [Codec(event_type=None, packet_ms=own_ms) for own_ms in sdp.PACKETS_MS]
    assert [chosen(described, LAWS, talk, 20) for talk in talks] == expected


@pytest.mark.parametrize("own_ms", sdp.PACKETS_MS)
def test_offer_says_our_own_packets_and_the_longest_that_is_heard(own_ms: int) -> None:
    lines = at_engine(PJSUA, ENGINE, LAWS, own_ms=own_ms).split("\r\n")
    assert [line for line in lines if "ptime" in line] == [f"a=ptime:{own_ms}", "a=maxptime:60"]
