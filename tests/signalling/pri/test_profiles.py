# SPDX-License-Identifier: GPL-2.0-only
"""Every profile, both ways, every flow, on a wire that loses, doubles and reorders; tshark reads what was said.

Each case leaves `build/pri/CASE.pcap`.
"""

import functools
import itertools
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from appliance.config.branch import Span
from appliance.signalling.pri import events as pri
from appliance.signalling.pri.link import Profile, Side
from tests.signalling.pri import capture
from tests.signalling.pri.back_to_back import BackToBack
from tests.signalling.pri.flows import FLOWS, Call
from tests.signalling.pri.wire import TROUBLES

pytestmark = pytest.mark.unit

CAPTURES = Path("build/pri")
CASES = tuple(itertools.product(Profile, Side, FLOWS, TROUBLES))
DMS100_FACILITY = bytes.fromhex("1c0a11be")
FINISHED_S = 130.0  # longer than any timer that a forgotten call could hide behind


@functools.cache
def play(profile: Profile, caller: Side, flow: str, trouble: str) -> Path:
    """Play a case to its end, whatever became of it; its capture."""
    name = f"{profile}-{caller.name.lower()}-calls-{flow}-{trouble}"
    wire = BackToBack(profile=profile, trouble=TROUBLES[trouble], seed=name)
    try:
        FLOWS[flow](Call(wire, caller))
        wire.pass_s(FINISHED_S)
        for side in Side:
            assert wire.count(side, pri.CallCleared) == 1, f"{side} tells the end once: {wire.heard[side]}"
            assert wire.link(side).established
    finally:
        CAPTURES.mkdir(parents=True, exist_ok=True)
        path = capture.write(CAPTURES / f"{name}.pcap", wire.wire.sent)
    return path


@pytest.mark.parametrize(("profile", "caller", "flow", "trouble"), CASES)
def test_flow(profile: Profile, caller: Side, flow: str, trouble: str) -> None:
    play(profile, caller, flow, trouble)


def test_tshark_reads_every_message_of_every_case() -> None:
    joined = capture.join(CAPTURES / "all.pcap", [play(*case) for case in CASES])
    sent = [frame for case in CASES for frame in _frames(play(*case))]
    rows = capture.read(joined, "q931.message_type", "_ws.malformed", "_ws.expert.severity", "_ws.expert.message")
    assert len(rows) == len(sent)
    for frame, (kind, malformed, severity, message) in zip(sent, rows, strict=True):
        said = frame[8] if not frame[2] & 1 else None
        assert (int(kind, 0) if kind else None) == said, frame.hex()
        if DMS100_FACILITY in frame:  # its service indicator before the component is nothing to Q.932
            continue
        assert not malformed, frame.hex()
        assert not severity, f"{message}: {frame.hex()}"


def _frames(path: Path) -> list[bytes]:
    octets, at, frames = path.read_bytes(), len(capture.HEAD), []
    while at < len(octets):
        length = int.from_bytes(octets[at + 8 : at + 12], "little")
        frames.append(octets[at + 32 : at + 16 + length])
        at += 16 + length
    return frames


def test_configuration_knows_the_profiles_that_the_link_does() -> None:
    assert set(get_args(get_type_hints(Span)["profile"])) == {profile.value for profile in Profile}
