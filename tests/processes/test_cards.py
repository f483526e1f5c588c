# SPDX-License-Identifier: GPL-2.0-only
"""A branch's cards: what the supervisor opens and holds, and a branch whose card is not there. With cards: tests/vm."""

import asyncio
import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.config import Branch
from appliance.config.branch import DahdiSpan
from appliance.config.files import load_role
from appliance.processes import cards
from appliance.processes.supervisor import branch_children
from appliance.supervisor.supervisor import Supervisor
from appliance.wire.alarms import AlarmRaised
from appliance.wire.client import Client
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import Alarm, SpanChanged
from drivers.dahdi import DahdiSettings
from tests.drivers.dahdi.fake_kernel import FakeKernel
from tests.processes.site import write_site

LINES = struct.Struct("=i20s3i")
USES = struct.Struct("=i40s4i16s")


def span(card_span: int, **keys: Any) -> DahdiSpan:
    return DahdiSpan(name=f"carrier {card_span}", card_span=card_span, **keys)


@pytest.mark.unit
def test_channels_are_held_and_known_by_span_and_timeslot() -> None:
    kernel = FakeKernel()
    held, alarms = cards.hold([span(2), span(1)], kernel)
    assert alarms == []
    assert set(held.values()) == kernel.open_fds, "all are open, the control device is not"
    asked = {fd: struct.unpack("=i", argument)[0] for fd, request, argument in kernel.asked if request & 0xFF == 38}
    assert {name: asked[fd] for name, fd in held.items()} == {
        **{f"span1.{timeslot}": 31 + timeslot for timeslot in range(1, 32)},
        **{f"span2.{timeslot}": timeslot for timeslot in range(1, 32)},
    }


@pytest.mark.unit
@pytest.mark.parametrize(
    ("keys", "bits", "timing", "use"),
    [
        ({}, 0x700, 1, 0x80),
        ({"clock_priority": 3, "crc4": False}, 0x300, 3, 0x80),
        ({"clock": "local"}, 0x700, 0, 0x80),
        ({"signalling": "r2", "variant": "cn", "code": "ami", "crc4": False}, 0x040, 1, 0x8000),
        ({"line": "t1"}, 0x0A0, 1, 0x80),
        ({"line": "t1", "framing": "d4", "code": "ami", "build_out": 7}, 0x050, 1, 0x80),
        ({"line": "t1", "signalling": "cas", "variant": "em_wink_t1", "clock": "local"}, 0x0A0, 0, 0x8000),
    ],
)
def test_the_span_s_keys_reach_the_card(keys: dict[str, Any], bits: int, timing: int, use: int) -> None:
    kernel = FakeKernel(timeslots=24 if "line" in keys else 31)
    assert cards.hold([span(1, **keys)], kernel)[1] == []
    assert [LINES.unpack(told)[2:] for told in kernel.told(18)] == [(keys.get("build_out", 0), bits, timing)]
    assert USES.unpack(kernel.told(19)[0])[2] == use


@pytest.mark.unit
def test_a_card_that_cannot_be_had_costs_its_span_alone() -> None:
    kernel = FakeKernel()
    held, alarms = cards.hold([span(3), span(2)], kernel)
    assert sorted(held) == sorted(f"span2.{timeslot}" for timeslot in range(1, 32))
    sentence = (
        "carrier 3 is out of service, its card cannot be had: span 3: no such span; there are: 1, 2. "
        "Mend it and restart the box"
    )
    assert alarms == [AlarmRaised(code="card.missing", address="span 1", sentence=sentence)]


class LateKernel(FakeKernel):
    """Its driver is loaded when it has been asked for three times."""

    def __init__(self) -> None:
        super().__init__()
        self.missing = 3

    def open(self, path: str) -> int:
        if self.missing:
            self.missing -= 1
            raise OSError(errno.ENOENT, "refused")
        return super().open(path)


@pytest.mark.unit
def test_a_card_whose_driver_is_still_being_loaded_is_waited_for() -> None:
    held, alarms = cards.hold([span(1)], LateKernel(), patience_s=5)
    assert (len(held), alarms) == (31, [])
    assert [alarm.code for alarm in cards.hold([span(1)], LateKernel())[1]] == ["card.missing"]


@pytest.mark.unit
def test_what_was_inherited_is_the_engine_s() -> None:
    inherited = {"segment": 3, "line1": 4, "span1.1": 5, "span2.2": 7, "span2.31": 8, "span12.1": 9}
    one = span(1, jitter_ms=20, clock_domain=2, clock_priority=3)
    told = cards.settings(1, one, inherited)
    assert told == DahdiSettings({2: 7, 31: 8}, 2, jitter_ms=20, clock_domain=2, clock_priority=3)
    assert cards.settings(0, span(1, line="t1"), inherited) == DahdiSettings({1: 5}, 1, line="t1")
    assert cards.settings(2, one, inherited).reference == 0


async def _say(folder: Path, socket: str, heard: Callable[[Body], None]) -> None:
    def take(envelope: Envelope) -> None:
        heard(envelope.body)

    sealer = Sealer(Identity.take("BR-0001", "uplink"))
    await Client(folder / "run" / socket, sealer, take, role="observer").run()


SPEAKING = ("supervisor", "leg.line1", "leg.line2")


@pytest.mark.system
@pytest.mark.timeout(30)
def test_a_branch_without_its_card_serves_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        file, state = tmp_path / "etc/branch.yaml", tmp_path / "state"
        write_site(file.parent)
        card = "  - {name: carrier, driver: dahdi, card_span: 128}\nsip:"
        file.write_text(file.read_text().replace("sip:", card, 1))
        monkeypatch.setenv("BRANCHLINE_CONFIG", str(file))
        monkeypatch.setenv("BRANCHLINE_STATE", str(state))
        branch = load_role(file, Branch)
        channels, alarms = cards.hold(branch.spans)
        specs = [one for one in branch_children(branch, state, channels) if one.name in ("engine", "line1", "line2")]
        supervisor = Supervisor(specs, state, Sealer(Identity.take(branch.box, "supervisor")), alarms)
        said: dict[str, Body] = {}
        all_said = asyncio.Event()

        def heard(body: Body) -> None:
            if isinstance(body, AlarmRaised):
                said[body.code] = body
            elif isinstance(body, SpanChanged):
                said[body.span.name] = body
            if said.keys() >= {"card.missing", "span.fault", "carrier", "telco"}:
                all_said.set()

        ready = asyncio.Event()
        task = asyncio.create_task(supervisor.run(ready.set))
        await ready.wait()
        listening = [asyncio.create_task(_say(state, f"{name}.sock", heard)) for name in SPEAKING]
        await all_said.wait()
        for listener in listening:
            listener.cancel()
        supervisor.stop()
        assert await task == 0
        for fd in specs[0].fds.values():
            os.close(fd)
        missing, fault, carrier, telco = (said[key] for key in ("card.missing", "span.fault", "carrier", "telco"))
        assert isinstance(missing, AlarmRaised)
        assert missing.sentence.startswith("carrier is out of service, its card cannot be had: ")
        assert isinstance(fault, AlarmRaised)
        assert (missing.address, fault.address) == ("span 2", "span 2")
        assert isinstance(carrier, SpanChanged)
        assert isinstance(telco, SpanChanged)
        assert Alarm.FAULT in carrier.span.alarms
        assert Alarm.FAULT not in telco.span.alarms
        assert telco.span.counters["sent"] > 0

    asyncio.run(scene())
