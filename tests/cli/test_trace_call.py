# SPDX-License-Identifier: GPL-2.0-only
"""`trace call`: a branch as it is started, a caller at the exchange, a stranger's phone, and tshark as the reader.

Engine and workers are killed before anybody asks. Another call is under way while the first one is made.
"""

import asyncio
import functools
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.cli.__main__ import main
from appliance.config import Endpoint
from appliance.simulator.caller import AwaitAnswer, AwaitCue, AwaitRelease, Rest, Script
from appliance.simulator.exchange import Exchange, ExchangeSettings
from appliance.simulator.phone import Phone
from appliance.simulator.states import State
from appliance.wire.calls import ContactBegan, LegBegan
from appliance.wire.envelope import decode
from appliance.wire.outbox import OutboxReader
from tests.accept.site import Box, until
from tests.ports import HOST
from tests.processes.site import write_site

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

CLID, OTHER, DNIS, TALK_S = "13912345678", "18888888888", "95588", 1.0
PASSWORD = "correct-horse"  # noqa: S105  # the site's
MESSAGES = {
    0x05: "SETUP", 0x02: "CALL PROCEEDING", 0x01: "ALERTING", 0x07: "CONNECT", 0x0F: "CONNECT ACKNOWLEDGE",
    0x45: "DISCONNECT", 0x4D: "RELEASE", 0x5A: "RELEASE COMPLETE",
}  # fmt: skip
FROM_THEM, FROM_US = 1, 0
FLOW = [
    ("SETUP", FROM_THEM), ("CALL PROCEEDING", FROM_US), ("ALERTING", FROM_US), ("CONNECT", FROM_US),
    ("CONNECT ACKNOWLEDGE", FROM_THEM), ("DISCONNECT", FROM_THEM), ("RELEASE", FROM_US),
    ("RELEASE COMPLETE", FROM_THEM),
]  # fmt: skip


class Traced(msgspec.Struct, frozen=True):
    """What was written, and what of."""

    state: Path
    proxy: int
    rtp_base: int
    file: Path
    contact: str
    caller: str
    agent: str

    def read(self, only: str, *fields: str) -> list[tuple[str, ...]]:
        """Values of these fields, of the packets that have a value of `only`."""
        return [tuple(row[field] for field in fields) for row in _rows(self.file) if row[only]]


FIELDS = (
    "frame.number", "frame.cap_len", "frame.len", "_ws.malformed", "_ws.unreassembled", "lapd.control.ftype",
    "lapd.direction", "q931.message_type", "q931.call_ref", "q931.calling_party_number.digits", "sip.CSeq.method",
    "sip.Status-Code", "udp.srcport", "udp.dstport", "rtp.seq", "rtp.p_type", "syslog.msg",
)  # fmt: skip


def tshark(file: Path, *options: str) -> str:
    """What it says of a file."""
    return subprocess.run(
        ["tshark", "-n", "-r", str(file), *options], check=True, capture_output=True, text=True
    ).stdout


@functools.cache
def _rows(file: Path) -> list[dict[str, str]]:
    wanted = [word for field in FIELDS for word in ("-e", field)]
    told = tshark(file, "-T", "fields", "-E", "occurrence=f", *wanted)
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in told.splitlines()]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    folder = tmp_path_factory.mktemp("traced")
    ports = write_site(folder / "etc")
    branch = Box("branch", folder / "etc" / "branch.yaml", folder / "state")
    branch.start()
    try:
        with Phone("8001@branch.test", PASSWORD, Endpoint(HOST, ports["5060"]), folder / "phone"):
            contact, caller, agent = asyncio.run(_calls(branch, ports))
        for child in ("engine", "sip", "line1"):
            branch.kill(child)
        file = folder / "call.pcapng"
        assert main(["trace", "call", contact, str(file), "--state", str(branch.state)]) == 0
        yield Traced(branch.state, ports["5060"], ports["20000"], file, contact, caller, agent)
    finally:
        branch.stop()


async def _calls(branch: Box, ports: dict[str, int]) -> tuple[str, str, str]:
    exchange = Exchange(ExchangeSettings(local=(HOST, ports["9001"]), remote=(HOST, ports["9101"])))
    await exchange.start()
    try:
        await exchange.in_service(20)
        call = exchange.place(DNIS, CLID, Script((AwaitAnswer(within_s=20), AwaitCue(), Rest(TALK_S))))
        await until(lambda: call.state is State.WAITING, 15, "nobody answered")
        other = exchange.place(DNIS, OTHER, Script((AwaitRelease(within_s=30),)))
        call.cue()
        await call.result()
        other.hang_up()
        await exchange.all_cleared()
        await until(lambda: _contact(branch.state) is not None, 5, "no record")
        found = _contact(branch.state)
        assert found is not None
        return found
    finally:
        await exchange.close()


def _contact(state: Path) -> tuple[str, str, str] | None:
    """The contact of CLID, its caller's leg and its agent's."""
    outbox = OutboxReader(state / "outbox.db")
    said = [decode(envelope).body for _, envelope in outbox.pending(limit=1000)]
    outbox.close()
    for body in said:
        if isinstance(body, ContactBegan) and body.clid == CLID:
            agents = [b.leg for b in said if isinstance(b, LegBegan) and b.contact == body.contact]
            return (body.contact, body.leg, agents[-1]) if agents else None
    return None


def test_q931_from_setup_to_release_complete_and_of_nobody_else(traced: Traced) -> None:
    rows = traced.read(
        "q931.message_type", "q931.message_type", "lapd.direction", "q931.call_ref", "q931.calling_party_number.digits"
    )
    mine = [row for row in rows if int(row[2], 16)]  # the global reference is the line's: RESTART
    assert [(MESSAGES[int(kind, 16)], int(way)) for kind, way, *_ in mine] == FLOW
    assert mine[0][3] == CLID
    assert OTHER.encode() not in traced.file.read_bytes(), "another caller's"


def test_lapd_s_own_frames_stand_beside_the_messages(traced: Traced) -> None:
    messages = len(FLOW)
    kinds = [kind for (kind,) in traced.read("lapd.control.ftype", "lapd.control.ftype")]
    assert kinds.count("0x0000") >= messages
    assert "0x0001" in kinds, "RR"


def test_sip_from_invite_to_bye_as_the_phone_and_as_the_worker_have_it(traced: Traced) -> None:
    rows = traced.read(
        "sip.CSeq.method", "sip.CSeq.method", "sip.Status-Code", "udp.srcport", "udp.dstport", "_ws.malformed"
    )
    proxy = str(traced.proxy)
    for method in ("INVITE", "ACK", "BYE"):
        told = [(source, target) for asked, status, source, target, _ in rows if asked == method and not status]
        assert any(source == proxy for source, _ in told), f"{method} to the phone"
        assert any(target == proxy for _, target in told), f"{method} from the worker"
    statuses = [status for method, status, *_ in rows if method == "INVITE" and status]
    assert statuses[-1] == "200"
    assert not any(malformed for *_, malformed in rows)
    assert {asked for asked, *_ in rows} == {"INVITE", "ACK", "BYE"}, "no registration"


def test_rtp_both_ways_by_the_descriptions_codec_and_without_a_gap(traced: Traced) -> None:
    lines = [line.split() for line in tshark(traced.file, "-q", "-z", "rtp,streams").splitlines()]
    streams = [line for line in lines if "g711A" in line]
    assert len(streams) == 2
    ends = {(line[3], line[5]) for line in streams}
    assert ends == {(target, source) for source, target in ends}, "one there, one back"
    assert str(traced.rtp_base) in {port for pair in ends for port in pair}
    for line in streams:
        packets, lost = int(line[line.index("g711A") + 1]), line[line.index("g711A") + 2]
        assert packets > TALK_S * 50 * 0.8
        assert lost == "0"
    rows = traced.read("rtp.seq", "frame.cap_len", "frame.len", "rtp.p_type")
    assert {(captured, length) for captured, length, _ in rows} == {("40", "200")}, "the header alone"
    assert {kind for *_, kind in rows} == {"8"}


def test_steps_of_the_legs_are_lines_between_the_packets(traced: Traced) -> None:
    told = [line for (line,) in traced.read("syslog.msg", "syslog.msg")]
    assert f"{traced.caller} LegOffered on span 1 timeslot 1" in told
    assert f"{traced.caller} ProceedLeg as contact {traced.contact}" in told
    assert f"{traced.agent} LegPlaced on sip 8001" in told
    assert f"{traced.caller} LegReleased by peer, cause 16" in told
    assert told.index(f"{traced.agent} LegAnswered") < told.index(f"{traced.caller} LegAnswered")


def test_wireshark_finds_no_fault_in_it(traced: Traced) -> None:
    assert traced.read("_ws.malformed", "frame.number") == traced.read("_ws.unreassembled", "frame.number") == []
    assert stat.S_IMODE(traced.file.stat().st_mode) == 0o600


def test_a_leg_s_name_leads_to_the_same_call(traced: Traced, tmp_path: Path) -> None:
    for leg in (traced.caller, traced.agent):
        assert main(["trace", "call", leg, str(tmp_path / leg), "--state", str(traced.state)]) == 0
        assert (tmp_path / leg).read_bytes() == traced.file.read_bytes()


def test_an_unknown_name_is_told_with_the_nearest_and_writes_nothing(
    traced: Traced, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "none.pcapng"
    asked = traced.contact[:-1]
    assert main(["trace", "call", asked, str(file), "--state", str(traced.state)]) == 1
    assert capsys.readouterr().err == (
        f"{asked}: no contact or leg of this name in the trace; did you mean {traced.contact}?\n"
    )
    assert not file.exists()


def test_of_a_box_of_another_version_the_rest_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "segment").write_bytes(bytes(4096))
    assert main(["trace", "call", "nobody", "--state", str(tmp_path)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "the box that runs is of another version: its D-channel, bits and RTP cannot be read",
        "nobody: no contact or leg of this name in the trace; it is empty",
    ]
