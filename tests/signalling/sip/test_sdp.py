# SPDX-License-Identifier: GPL-2.0-only
"""Our session description names the engine and nothing that it does not serve."""

import pytest

from appliance.signalling.sip.sdp import at_engine

pytestmark = pytest.mark.unit

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


def test_engine_stands_in_place_of_pjsuas_sockets() -> None:
    lines = at_engine(PJSUA, "127.0.0.1", 20004).split("\r\n")
    assert "c=IN IP4 127.0.0.1" in lines
    assert "m=audio 20004 RTP/AVP 8" in lines
    assert not [line for line in lines if "4000" in line.replace("20004", "") or "telephone-event" in line]
    assert "a=rtpmap:8 PCMA/8000" in lines
    assert "a=sendrecv" in lines


def test_rfc8866_5_order_of_the_session_lines() -> None:
    lines = at_engine(PJSUA, "127.0.0.1", 20004).split("\r\n")
    assert [line[0] for line in lines[:6]] == ["v", "o", "s", "c", "t", "a"]


def test_rfc3264_8_origin_and_version_stay() -> None:
    assert "o=- 3987 3988 IN IP4 10.0.0.9\r\n" in at_engine(PJSUA, "127.0.0.1", 20004)


@pytest.mark.parametrize("direction", ["sendonly", "recvonly", "inactive"])
def test_rfc3264_8_4_hold_keeps_its_direction(direction: str) -> None:
    assert f"a={direction}\r\n" in at_engine(PJSUA.replace("sendrecv", direction), "127.0.0.1", 20004)


def test_rfc3264_6_refused_video_stays_refused_in_its_place() -> None:
    refused = PJSUA.replace("m=audio", "m=video 0 RTP/AVP 31\r\nm=audio")
    lines = at_engine(refused, "127.0.0.1", 20004).split("\r\n")
    media = [line for line in lines if line.startswith("m=")]
    assert media == ["m=video 0 RTP/AVP 31", "m=audio 20004 RTP/AVP 8"]


def test_what_was_written_is_written_again_the_same() -> None:
    once = at_engine(PJSUA, "127.0.0.1", 20004)
    assert at_engine(once, "127.0.0.1", 20004) == once
