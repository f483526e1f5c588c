# SPDX-License-Identifier: GPL-2.0-only
"""In-box sockets by the rules of docs/wire.md, over real Unix sockets."""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.wire import legs
from appliance.wire.client import Client
from appliance.wire.envelope import Body, Envelope, Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.service import CommandRefusedError, Service
from appliance.wire.service_messages import Accepted, Attach, Refused

pytestmark = pytest.mark.system


class Worker:
    """A service that keeps what it was told."""

    def __init__(self, path: Path) -> None:
        self.done: list[Body] = []
        self.legs: tuple[legs.Leg, ...] = ()
        self.controlled: list[bool] = []
        sealer = Sealer(Identity.take("BR-1", "line1"))
        self.service = Service(path, sealer, "legs", self.handle, self.snapshot, self.controlled.append)

    def handle(self, envelope: Envelope) -> None:
        if isinstance(envelope.body, legs.AlertLeg):
            raise CommandRefusedError("leg.unknown", "no such leg")
        self.done.append(envelope.body)

    def snapshot(self) -> list[Body]:
        return [legs.LegSnapshot(legs=self.legs)]


class Raw:
    """A client by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.sealer = Sealer(Identity.take("BR-1", "call"))

    @classmethod
    async def attach(cls, path: Path, role: str = "controller") -> "Raw":
        raw = cls(*await asyncio.open_unix_connection(path))
        raw.send(Attach(role=role))
        assert isinstance((await raw.next()).body, legs.Hello)
        assert isinstance((await raw.next()).body, legs.LegSnapshot)
        return raw

    def send(self, body: Body, message_id: str | None = None) -> None:
        self.writer.write(encode(self.sealer.seal(body, message_id)) + b"\n")

    async def next(self) -> Envelope:
        return decode(await asyncio.wait_for(self.reader.readline(), 5))

    async def ended(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), 5) == b""


def story(tmp_path: Path, tell: Callable[[Path, Worker], Awaitable[None]]) -> None:
    async def run() -> None:
        path = tmp_path / "leg.sock"
        worker = Worker(path)
        await worker.service.start()
        try:
            await tell(path, worker)
        finally:
            await worker.service.close()

    asyncio.run(run())


def test_socket_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    async def tell(path: Path, worker: Worker) -> None:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600  # noqa: PTH116  a glance at a socket
        assert not worker.service.controlled

    story(tmp_path, tell)


def test_command_repeated_with_its_id_has_one_effect_and_one_answer(tmp_path: Path) -> None:
    async def tell(path: Path, worker: Worker) -> None:
        raw = await Raw.attach(path)
        for _ in range(3):
            raw.send(legs.AnswerLeg(leg="a"), "c1")
            answer = await raw.next()
            assert (answer.body, answer.cause) == (Accepted(), "c1")
        assert worker.done == [legs.AnswerLeg(leg="a")]

    story(tmp_path, tell)


def test_refusal_names_the_code_and_changes_nothing(tmp_path: Path) -> None:
    async def tell(path: Path, worker: Worker) -> None:
        raw = await Raw.attach(path)
        raw.send(legs.AlertLeg(leg="a"))
        assert (await raw.next()).body == Refused(code="leg.unknown", sentence="no such leg")
        assert worker.done == []

    story(tmp_path, tell)


def test_observer_hears_everything_and_commands_nothing(tmp_path: Path) -> None:
    async def tell(path: Path, worker: Worker) -> None:
        raw = await Raw.attach(path, role="observer")
        raw.send(legs.AnswerLeg(leg="a"))
        refused = (await raw.next()).body
        assert isinstance(refused, Refused)
        assert refused.code == "service.not-controller"
        worker.service.publish(legs.LegAlerting(leg="b"))
        assert (await raw.next()).body == legs.LegAlerting(leg="b")

    story(tmp_path, tell)


def test_newest_controller_displaces_the_older(tmp_path: Path) -> None:
    async def tell(path: Path, worker: Worker) -> None:
        first = await Raw.attach(path)
        second = await Raw.attach(path)
        assert await first.ended()
        second.send(legs.AnswerLeg(leg="a"))
        assert (await second.next()).body == Accepted()
        assert worker.service.controlled
        second.writer.close()
        await asyncio.sleep(0.05)
        assert worker.controlled[-1] is False

    story(tmp_path, tell)


@pytest.mark.parametrize("line", [b"{}\n", b"\xff\n", b"GET / HTTP/1.0\r\n"])
def test_damaged_line_is_refused_and_the_next_one_heard(tmp_path: Path, line: bytes) -> None:
    async def tell(path: Path, worker: Worker) -> None:
        raw = await Raw.attach(path)
        raw.writer.write(line)
        refused = (await raw.next()).body
        assert isinstance(refused, Refused)
        assert refused.code == "message.unknown"
        raw.send(legs.AnswerLeg(leg="a"))
        assert (await raw.next()).body == Accepted()
        assert len(worker.done) == 1

    story(tmp_path, tell)


def test_line_without_end_costs_its_client_only(tmp_path: Path) -> None:
    async def tell(path: Path, worker: Worker) -> None:
        flood, raw = await Raw.attach(path, "observer"), await Raw.attach(path)
        flood.writer.write(b"x" * 200_000)
        assert await flood.ended()
        raw.send(legs.AnswerLeg(leg="a"))
        assert (await raw.next()).body == Accepted()
        assert len(worker.done) == 1

    story(tmp_path, tell)


def test_the_snapshot_of_a_full_box_reaches_call_control(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "leg.sock"
        heard: list[Body] = []
        worker = Worker(path)
        worker.legs = tuple(
            legs.Leg(
                leg=f"BR-0001.line1.0123456789abcdef.{n}",
                direction=legs.Direction.INCOMING,
                state=legs.LegState.ANSWERED,
                channel=f"span {n // 30 + 1} timeslot {n % 30 + 1}",
                contact=f"BR-0001.0123456789abcdef.{n}",
            )
            for n in range(480)
        )
        client = Client(path, Sealer(Identity.take("BR-1", "call")), lambda envelope: heard.append(envelope.body))
        running = asyncio.create_task(client.run())
        await worker.service.start()
        await _until(lambda: legs.LegSnapshot(legs=worker.legs) in heard)
        running.cancel()
        await worker.service.close()

    asyncio.run(run())


def test_client_that_does_not_read_is_cut_off(tmp_path: Path) -> None:
    async def tell(path: Path, worker: Worker) -> None:
        deaf = await Raw.attach(path, "observer")
        big = legs.LegSnapshot(
            legs=tuple(
                legs.Leg(
                    leg=f"{n:06d}" * 10, direction=legs.Direction.INCOMING, state=legs.LegState.OFFERED, channel="c"
                )
                for n in range(400)
            )
        )
        for _ in range(300):
            worker.service.publish(big)
        await asyncio.sleep(0.05)
        assert not worker.service._clients
        deaf.writer.close()

    story(tmp_path, tell)


def test_client_repeats_unacknowledged_commands_to_the_same_life_and_only_to_it(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "leg.sock"
        heard: list[Body] = []
        client = Client(path, Sealer(Identity.take("BR-1", "call")), lambda envelope: heard.append(envelope.body))
        running = asyncio.create_task(client.run())
        client.send(legs.AnswerLeg(leg="before"))  # nobody listens yet
        first = Worker(path)
        await first.service.start()
        await _until(lambda: first.done == [legs.AnswerLeg(leg="before")])
        await first.service.close()
        await _until(lambda: not client.connected)
        client.send(legs.AnswerLeg(leg="lost"))
        await first.service.start()  # the same incarnation: a cut, not a death
        await _until(lambda: legs.AnswerLeg(leg="lost") in first.done)
        assert len(first.done) == 2, "the first one was acknowledged and is not repeated"
        await first.service.close()
        await _until(lambda: not client.connected)
        client.send(legs.AnswerLeg(leg="given up"))
        second = Worker(path)
        await second.service.start()
        await _until(lambda: client.connected)
        client.send(legs.AnswerLeg(leg="new"))
        await _until(lambda: bool(second.done))
        assert second.done == [legs.AnswerLeg(leg="new")]
        assert heard.count(legs.LegSnapshot()) == 3
        running.cancel()
        await second.service.close()

    asyncio.run(run())


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  the state of another task is what is waited for
            await asyncio.sleep(0.01)
