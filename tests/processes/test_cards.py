# SPDX-License-Identifier: GPL-2.0-only
"""A branch's cards: what the supervisor opens and holds, and a branch whose card is not there. With cards: tests/vm."""

import asyncio
import contextlib
import errno
import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.config import Branch
from appliance.config.branch import DahdiSpan, Span
from appliance.config.files import load_role
from appliance.config.lines import DahdiCard, Line, LineCard
from appliance.processes import cards
from appliance.processes.cards import Cards
from appliance.processes.supervisor import Held, branch_children
from appliance.supervisor.supervisor import Supervisor
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.client import Client
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import Alarm, SpanChanged
from drivers.dahdi import DahdiSettings, abi
from tests.drivers.dahdi.fake_kernel import FakeKernel
from tests.processes.site import write_site

LINES = struct.Struct("=i20s3i")
USES = struct.Struct("=i40s4i16s")


def span(card_span: int, **keys: Any) -> DahdiSpan:
    return DahdiSpan(name=f"carrier {card_span}", card_span=card_span, **keys)


@contextmanager
def held(spans: Iterable[Span | LineCard], kernel: FakeKernel, patience_s: float = 0.0) -> Iterator[Cards]:
    """A branch's cards; its socket to the engine is closed."""
    branch = Cards(spans, kernel, patience_s)
    yield branch
    with contextlib.suppress(OSError):  # an engine had it
        os.close(branch.fds["cards"])


def channels(branch: Cards) -> dict[str, int]:
    """Without the engine's socket."""
    return {name: fd for name, fd in branch.fds.items() if name != "cards"}


@pytest.mark.unit
def test_channels_are_held_and_known_by_span_and_timeslot() -> None:
    kernel = FakeKernel()
    with held([span(2), span(1)], kernel) as branch:
        assert branch.alarms == ()
        assert set(channels(branch).values()) == kernel.open_fds, "all are open, the control device is not"
    assert {name: kernel.behind[fd] for name, fd in channels(branch).items()} == {
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
    with held([span(1, **keys)], kernel) as branch:
        assert branch.alarms == ()
    assert [LINES.unpack(told)[2:] for told in kernel.told(18)] == [(keys.get("build_out", 0), bits, timing)]
    assert USES.unpack(kernel.told(19)[0])[2] == use


@pytest.mark.unit
def test_a_card_that_cannot_be_had_costs_its_span_alone() -> None:
    kernel = FakeKernel()
    with held([span(3), span(2)], kernel) as branch:
        behind = {name: kernel.behind[fd] for name, fd in channels(branch).items()}
    assert {name for name, what in behind.items() if what == "/dev/null"} == {f"span1.{n}" for n in range(1, 32)}
    assert [behind[f"span2.{timeslot}"] for timeslot in range(1, 32)] == list(range(32, 63))
    sentence = (
        "carrier 3 is out of service, its card cannot be had: span 3: no such span; there are: 1, 2. "
        "It is tried again by itself"
    )
    assert branch.alarms == (AlarmRaised(code="card.missing", address="span 1", sentence=sentence),)


@pytest.mark.unit
def test_with_cas_timeslot_16_of_an_e1_is_the_card_s() -> None:
    with held([span(1, signalling="r2", variant="cn")], FakeKernel()) as branch:
        assert sorted(channels(branch)) == sorted(f"span1.{n}" for n in range(1, 32) if n != 16)


@pytest.mark.unit
def test_the_ports_of_a_card_of_lines_are_held_and_no_others() -> None:
    kernel = FakeKernel()
    kernel.use = 0x2004
    lines = (Line(timeslot=2), Line(timeslot=3))
    with held([DahdiCard(name="lines", card_span=2, lines=lines)], kernel) as branch:
        assert (sorted(channels(branch)), branch.alarms) == (["span1.2", "span1.3"], ())
    assert [struct.unpack("=i", told)[0] for told in kernel.told(38)] == [33, 34]
    assert {USES.unpack(told)[2] for told in kernel.told(19)} == {0x2004}
    assert not kernel.told(18), "an analogue card has no framing"


class LateKernel(FakeKernel):
    """Its driver is loaded when it has been asked for three times."""

    def __init__(self) -> None:
        super().__init__()
        self.missing = 3

    def open(self, path: str) -> int:
        if path == abi.CONTROL and self.missing:
            self.missing -= 1
            raise OSError(errno.ENOENT, "refused")
        return super().open(path)


@pytest.mark.unit
def test_a_card_whose_driver_is_still_being_loaded_is_waited_for() -> None:
    with held([span(1)], LateKernel(), patience_s=5) as branch:
        assert branch.alarms == ()
    with held([span(1)], LateKernel()) as branch:
        assert [alarm.code for alarm in branch.alarms] == ["card.missing"]


class NumberedKernel(FakeKernel):
    """Its descriptors are the process's, so that they can be handed over: memory files named by what they are."""

    def number(self) -> int:
        return os.memfd_create(f"{len(self.opened)}")

    def close(self, fd: int) -> None:
        super().close(fd)
        os.close(fd)

    def replace(self, fd: int, by: int) -> None:
        super().replace(fd, by)
        os.dup2(by, fd, inheritable=False)
        os.close(by)


@pytest.mark.unit
@pytest.mark.timeout(20)
def test_a_card_that_was_taken_out_comes_back_by_itself() -> None:
    async def scene() -> None:
        kernel = NumberedKernel()
        told: asyncio.Queue[AlarmRaised | AlarmCleared] = asyncio.Queue()
        with held([span(1), span(2, line="e1")], kernel) as branch, socket.socket(fileno=branch.fds["cards"]) as engine:
            watch = asyncio.create_task(branch.watch(told.put_nowait, 0.01))
            numbers = channels(branch)
            kernel.refused[-1] = errno.ENOENT
            kernel.take_out()
            assert {(await told.get()).address, (await told.get()).address} == {"span 1", "span 2"}
            assert [alarm.code for alarm in branch.alarms] == ["card.missing"] * 2
            del kernel.refused[-1]
            assert [await told.get(), await told.get()] == [
                AlarmCleared(code="card.missing", address=f"span {number}") for number in (1, 2)
            ]
            watch.cancel()
            assert branch.alarms == ()
            assert channels(branch) == numbers, "children know them by number"
            assert {name: kernel.behind[fd] for name, fd in numbers.items()} == {
                f"span{number + 1}.{timeslot}": 31 * number + timeslot for number in (0, 1) for timeslot in range(1, 32)
            }
            for number in (1, 2):
                message, opened, _, _ = socket.recv_fds(engine, 128, 32)
                handed = [one for (one,) in struct.iter_unpack("=i", message)]
                assert handed == [numbers[f"span{number}.{timeslot}"] for timeslot in range(31, 0, -1)]
                assert [_file(fd) for fd in opened] == [_file(fd) for fd in handed]
                for fd in opened:
                    os.close(fd)
            engine.detach()

    asyncio.run(scene())


def _file(fd: int, pid: int | None = None) -> Path:
    return Path(f"/proc/{pid or os.getpid()}/fd/{fd}").readlink()


@pytest.mark.system
@pytest.mark.timeout(30)
def test_a_living_engine_takes_the_channels_of_a_card_that_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        file, state = tmp_path / "etc/branch.yaml", tmp_path / "state"
        write_site(file.parent)
        file.write_text(file.read_text().replace("sip:", "  - {name: carrier, driver: dahdi, card_span: 1}\nsip:", 1))
        monkeypatch.setenv("BRANCHLINE_STATE", str(state))
        kernel = NumberedKernel()
        branch = load_role(file, Branch)
        with held(branch.spans, kernel) as hold:
            engine_spec = branch_children(branch, state, Held(branch, state), hold.fds)[0]
            supervisor = Supervisor([engine_spec], state, Sealer(Identity.take(branch.box, "supervisor")))
            ready = asyncio.Event()
            task = asyncio.create_task(supervisor.run(ready.set))
            await ready.wait()
            (engine,) = supervisor.children
            watch = asyncio.create_task(hold.watch(supervisor.tell, 0.01))
            pid, numbers = engine.pid, list(channels(hold).values())
            before = [_file(fd) for fd in numbers]
            kernel.take_out()

            def taken() -> bool:
                now = [_file(fd, pid) for fd in numbers]
                return now[0] != before[0] and now == [_file(fd) for fd in numbers]

            while not taken():  # noqa: ASYNC110  # another process's descriptors set no Event
                await asyncio.sleep(0.01)
            watch.cancel()
            assert (engine.pid, engine.starts) == (pid, 1), "no other span has had a gap"
            supervisor.stop()
            assert await task == 0

    asyncio.run(scene())


@pytest.mark.unit
def test_what_was_inherited_is_the_engine_s() -> None:
    inherited = {"segment": 3, "line1": 4, "span1.1": 5, "span2.2": 7, "span2.31": 8, "span12.1": 9}
    one = span(1, jitter_ms=20, clock_domain=2, clock_priority=3)
    told = cards.settings(1, one, inherited)
    assert told == DahdiSettings({2: 7, 31: 8}, 2, jitter_ms=20, clock_domain=2, clock_priority=3)
    assert cards.settings(0, span(1, line="t1"), inherited) == DahdiSettings({1: 5}, 1, line="t1")


async def _say(folder: Path, socket: str, heard: Callable[[Body], None]) -> None:
    def take(envelope: Envelope) -> None:
        heard(envelope.body)

    sealer = Sealer(Identity.take("BR-0001", "uplink"))
    await Client(folder / "run" / socket, sealer, take, role="observer").run()


PROCESSES = ("engine", "line1", "line2", "line3")
SPEAKING = ("supervisor", "leg.line1", "leg.line2", "leg.line3")


@pytest.mark.system
@pytest.mark.timeout(30)
def test_a_branch_without_its_card_serves_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        file, state = tmp_path / "etc/branch.yaml", tmp_path / "state"
        write_site(file.parent)
        card = (
            "  - {name: carrier, driver: dahdi, card_span: 128}\n"
            "  - {name: board, driver: ds26521, spi: /dev/spidev99.0, sound_card: 31}\nsip:"
        )
        file.write_text(file.read_text().replace("sip:", card, 1))
        monkeypatch.setenv("BRANCHLINE_CONFIG", str(file))
        monkeypatch.setenv("BRANCHLINE_STATE", str(state))
        branch = load_role(file, Branch)
        hold = Cards(branch.spans)
        specs = [one for one in branch_children(branch, state, Held(branch, state), hold.fds) if one.name in PROCESSES]
        supervisor = Supervisor(specs, state, Sealer(Identity.take(branch.box, "supervisor")), hold.alarms)
        said: dict[str, Body] = {}
        all_said = asyncio.Event()

        def heard(body: Body) -> None:
            if isinstance(body, AlarmRaised):
                said[body.code] = body
            elif isinstance(body, SpanChanged) and (body.span.name != "board" or Alarm.FAULT in body.span.alarms):
                said[body.span.name] = body
            if said.keys() >= {"card.missing", "span.fault", "carrier", "telco", "board"}:
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
        assert (missing.address, fault.address in ("span 2", "span 3")) == ("span 2", True)
        assert isinstance(carrier, SpanChanged)
        assert isinstance(telco, SpanChanged)
        assert Alarm.FAULT in carrier.span.alarms
        assert Alarm.FAULT not in telco.span.alarms
        assert telco.span.counters["sent"] > 0

    asyncio.run(scene())
