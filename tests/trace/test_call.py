# SPDX-License-Identifier: GPL-2.0-only
"""What of the trace is one call's, by logs and an engine in virtual time; bits as tshark shows them."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from appliance.media.events import Client
from appliance.media.trace import EngineTrace, TracedBits, TracedFrame
from appliance.trace import capture
from appliance.trace.call import packets
from appliance.trace.legs import LegLog, of_call
from appliance.wire import legs as wire
from appliance.wire.envelope import Body, Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction, Leg, LegState, ReleasedBy
from drivers.model import Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import engine_thread, until
from tests.media.rtp_peer import RtpPacket, RtpPeer
from tests.media.virtual import VirtualEngine, virtual_engine

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

RTP = 256
CAS_PORT = Timeslot(0, 5).port
MARGIN_S = 0.13  # more than a leg's end is given


class Worker:
    """What one says of its legs, and is told."""

    def __init__(self, state: Path, process: str = "line1") -> None:
        self._sealer = Sealer(Identity.take("BR-0001", process))
        self.log = LegLog(state, process)

    def says(self, body: Body) -> None:
        self.log.take(self._sealer.seal(body))

    def offers(self, leg: str, port: int, contact: str | None = None, interface: int | None = None) -> None:
        self.says(wire.LegOffered(leg=_leg(leg, port, interface)))
        if contact:
            self.says(wire.ProceedLeg(leg=leg, contact=contact))

    def releases(self, leg: str) -> None:
        self.says(wire.LegReleased(leg=leg, cause=16, by=ReleasedBy.PEER, sample=0))

    def dies(self) -> None:
        self.log._log.close()


def _leg(leg: str, port: int, interface: int | None = None) -> Leg:
    return Leg(
        leg=leg,
        direction=Direction.INCOMING,
        state=LegState.OFFERED,
        channel=f"port {port}",
        port=port,
        interface=interface,
    )


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    with virtual_engine() as host:
        yield host


def test_a_contact_has_its_legs_whatever_worker_they_are_of(tmp_path: Path) -> None:
    line, sip = Worker(tmp_path), Worker(tmp_path, "sip")
    line.offers("L1", 1, "C1")
    line.offers("L2", 2, "C2")
    sip.says(wire.LegPlaced(leg=Leg(leg="S1", direction=Direction.OUTGOING, state=LegState.PLACED, channel="sip 8001",
                                    port=RTP, contact="C1", call_id="x")))  # fmt: skip
    line.offers("L3", 3)
    for worker in (line, sip):
        worker.dies()
    for asked, legs in (("C1", ["L1", "S1"]), ("S1", ["L1", "S1"]), ("L2", ["L2"]), ("L3", ["L3"])):
        assert [leg.leg.leg for leg in of_call(tmp_path, asked)] == legs
    with pytest.raises(KeyError) as unknown:
        of_call(tmp_path, "L4")
    assert unknown.value.args[0] == ["L1", "C1", "L2", "C2", "S1", "C1", "L3"]


def test_a_port_s_packets_are_the_leg_s_that_had_it(tmp_path: Path) -> None:
    sip = Worker(tmp_path, "sip")
    with engine_thread() as host, RtpPeer(host.rtp_base) as phone:
        engine = host.engine(Client.SIP)
        engine.open_rtp(RTP, phone.address)
        until(lambda: engine.port_status(RTP).kind == "rtp")
        for number, leg in enumerate(("S1", "S2")):
            sip.offers(leg, RTP)
            time.sleep(MARGIN_S)
            phone.send(RtpPacket(number, 0, b"\x55" * 160).encode())
            time.sleep(MARGIN_S)
        sip.releases("S2")  # of S1 a death took the word
        sip.dies()
        trace = EngineTrace(host.segment_fd)
    for number, leg in enumerate(("S1", "S2")):
        rtp = [packet for packet in packets(tmp_path, leg, trace) if packet.interface == "RTP"]
        to_us = [packet.octets[28:] for packet in rtp if packet.octets[20:22] == phone.address[1].to_bytes(2, "big")]
        assert to_us == [RtpPacket(number, 0, b"").encode()]
        assert {packet.missing for packet in rtp} == {160}


def test_bits_are_lines_that_tshark_shows_at_their_time(host: VirtualEngine, tmp_path: Path) -> None:
    line, engine = Worker(tmp_path), host.engine(Client.LINE1)
    driver = VpairDriver(engine)
    driver.configure(0, VpairSettings(partner=1), None, Cas(0b1101))
    driver.configure(1, VpairSettings(partner=0), None, Cas(0b1001))
    host.tick(3)
    line.offers("L1", CAS_PORT, "C1")
    engine.set_bits(CAS_PORT, 0b0101)
    host.tick(3)
    line.releases("L1")
    line.dies()
    file = tmp_path / "call.pcapng"
    capture.write(file, packets(tmp_path, "C1", EngineTrace(host.segment_fd)))
    wanted = ("-e", "frame.interface_name", "-e", "syslog.msg", "-e", "_ws.malformed")
    read = subprocess.run(
        ["tshark", "-n", "-r", str(file), "-T", "fields", *wanted], check=True, capture_output=True, text=True
    )
    rows = [row.split("\t") for row in read.stdout.splitlines()]
    assert {malformed for *_, malformed in rows} == {""}
    assert [text for name, text, _ in rows if name == "span 1 bits"] == [
        "span 1 timeslot 5 received ABCD 1001",
        "span 1 timeslot 5 sent ABCD 0101",
    ]
    assert [text for name, text, _ in rows if name == "legs"] == [
        f"L1 LegOffered on port {CAS_PORT}",
        "L1 ProceedLeg as contact C1",
        "L1 LegReleased by peer, cause 16",
    ]


def test_without_a_running_box_the_workers_word_is_left(tmp_path: Path) -> None:
    line = Worker(tmp_path)
    line.offers("L1", 1)
    line.dies()
    assert {packet.interface for packet in packets(tmp_path, "L1", None)} == {"legs"}


class DChannels:
    """An engine that has two D-channels, on each of which calls came now."""

    def frames(self, span: int, from_ns: int, until_ns: int) -> list[TracedFrame]:
        now = time.monotonic_ns()
        assert from_ns < now < until_ns
        channels = {0: ["e9 80 83 85", "e9 82 83 85"], 3: ["e9 82 83 85"]}.get(span, [])  # timeslot 5 each
        return [
            TracedFrame(now - span * 10**9, sent=False, octets=bytes.fromhex(f"000100000802000{n}05 1804 {channel}"))
            for n, channel in enumerate(channels, 1)
        ]

    def bits(self, port: int, from_ns: int, until_ns: int) -> list[TracedBits]:
        del port, from_ns, until_ns
        return []


@pytest.mark.parametrize(("span", "interface", "reference"), [(0, 0, 1), (1, 2, 2), (2, 1, None)])
def test_a_span_without_a_d_channel_has_its_calls_on_the_group_s(
    tmp_path: Path, span: int, interface: int, reference: int | None
) -> None:
    line = Worker(tmp_path)
    line.offers("L1", Timeslot(span, 5).port, interface=interface)
    line.dies()
    found = packets(tmp_path, "L1", cast("EngineTrace", DChannels()))
    frames = [packet for packet in found if packet.interface != "legs"]
    assert [(packet.interface, packet.octets[-8]) for packet in frames] == (
        [] if reference is None else [("span 1 D-channel", reference)]
    )
