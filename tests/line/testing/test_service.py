# SPDX-License-Identifier: GPL-2.0-only
"""The line test's socket of a worker: orders, refusals, an end with whoever asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.wire.legs import Hello, LegPlaced, PlaceLeg
from appliance.wire.line_tests import CheckLine, LineChecked, LineStep, LoopLine, Result
from appliance.wire.service_messages import Accepted, Attach, Refused
from appliance.wire.spans import ChannelState, SpanChanged
from drivers.model import Defect, LineErrors, Loop
from drivers.protocol import Framer, FramerRefusedError
from tests.line.bench import Bench, started
from tests.wire.conformance import Attachment, attached

pytestmark = pytest.mark.system

Scene = Callable[[Bench, Attachment], Awaitable[None]]


def played(folder: Path, scene: Scene, framer: Framer | None = None) -> None:
    folder.mkdir(exist_ok=True)

    async def play() -> None:
        async with started(folder, framer) as bench, technician(bench) as client:
            await scene(bench, client)

    asyncio.run(play())


@asynccontextmanager
async def technician(bench: Bench) -> AsyncIterator[Attachment]:
    client = Attachment(*await asyncio.open_unix_connection(bench.socket.with_name("test.line1.sock")))
    client.send(Attach(role="controller"))
    assert (await client.expect(Hello)).kind == "line tests"
    try:
        yield client
    finally:
        await client.close()


def test_a_test_is_told_step_by_step_and_ends_with_its_result(tmp_path: Path) -> None:
    async def scene(bench: Bench, client: Attachment) -> None:
        assert isinstance(await client.command(CheckLine(span=1, seconds=2, timeslots=(5, 6))), Accepted)
        assert isinstance(await client.command(CheckLine(span=1, seconds=2)), Refused), "one at a time"
        steps = [await client.expect(LineStep)]
        assert sorted(bench.engine.open) == [5, 6]
        while steps[-1].step != "verdict":
            steps.append(await client.expect(LineStep))
        assert [step.step for step in steps[:3]] == ["signal", "loop", "d-channel"]
        assert [step.result for step in steps[:3]] == [Result.PASS, Result.OPEN, Result.PASS]
        assert (await client.expect(LineChecked)).result is Result.PASS
        assert bench.engine.open == []
        bench.engine.busy = True
        await client.done(CheckLine(span=1, seconds=2))
        while (step := await client.expect(LineStep)).step != "engine":
            pass
        assert (step.result, (await client.expect(LineChecked)).result) == (Result.FAIL, Result.FAIL), "it is dead"
        bench.engine.busy = False

    played(tmp_path, scene)


def test_a_second_technician_ends_nobody_s_test(tmp_path: Path) -> None:
    async def scene(bench: Bench, client: Attachment) -> None:
        await client.done(CheckLine(span=1, seconds=2, timeslots=(5,)))
        async with technician(bench) as another:
            answer = await another.command(CheckLine(span=1, seconds=2))
            assert isinstance(answer, Refused)
            assert answer.code == "service.not-controller"
        assert (await client.expect(LineChecked)).result is Result.PASS
        async with technician(bench) as another:
            await another.done(LoopLine(span=1))

    played(tmp_path, scene)


@dataclass
class CardFramer:
    """Where it was told to loop, and why it does not."""

    refuses: str = ""
    blocks: int = 1000
    told: list[Loop | None] = field(default_factory=list)

    def errors(self) -> LineErrors | None:
        return LineErrors()

    def loop(self, where: Loop | None) -> None:
        if self.refuses and where:
            raise FramerRefusedError(self.refuses)
        self.told.append(where)

    def insert(self, defect: Defect) -> None:
        raise FramerRefusedError(f"no {defect} errors")


async def shown(client: Attachment, *, idle: bool) -> SpanChanged:
    """The span as it is told next with its channels idle, or none of them."""
    while True:
        told = await client.expect(SpanChanged)
        states = set(told.span.channels.values())
        if (states == {ChannelState.IDLE}) if idle else (ChannelState.IDLE not in states):
            return told


def test_a_loop_in_the_card_takes_the_span_from_its_calls_until_whoever_asked_is_gone(tmp_path: Path) -> None:
    framer = CardFramer()

    async def scene(bench: Bench, client: Attachment) -> None:
        assert framer.told == [None], "what a dead worker left is looped no more"
        async with attached(bench) as controller:
            await client.done(LoopLine(span=1, seconds=240, at="payload"))
            assert (await client.expect(LineStep)).result is Result.PASS
            assert framer.told == [None, Loop.PAYLOAD]
            await shown(controller, idle=False)
            await client.close()
            await shown(controller, idle=True)
            assert framer.told == [None, Loop.PAYLOAD, None]

    played(tmp_path, scene, framer)


def test_a_card_that_cannot_loop_and_a_span_without_one_say_so(tmp_path: Path) -> None:
    async def refused(bench: Bench, client: Attachment) -> None:
        answer = await client.command(CheckLine(span=1, card=True))
        assert isinstance(answer, Refused)
        assert answer.sentence == "span 1 has no framer that can be looped: test its timeslots"
        assert bench.engine.open == []

    async def fails(_: Bench, client: Attachment) -> None:
        await client.done(CheckLine(span=1, seconds=2, card=True))
        step = await client.expect(LineStep)
        assert (step.step, step.result, step.sentence) == ("card", Result.FAIL, "span 1: the card cannot do that")
        assert (await client.expect(LineChecked)).result is Result.FAIL

    played(tmp_path / "without", refused)
    played(tmp_path / "with", fails, CardFramer(refuses="span 1: the card cannot do that"))


def test_a_loop_in_the_card_waits_for_the_end_of_calls(tmp_path: Path) -> None:
    framer = CardFramer()

    async def scene(bench: Bench, client: Attachment) -> None:
        async with attached(bench) as controller:
            leg = controller.ids.leg()
            await controller.done(PlaceLeg(leg=leg, to="95588", contact="contact-1"))
            await controller.expect(LegPlaced, leg)
            answer = await client.command(CheckLine(span=1, card=True))
            assert isinstance(answer, Refused)
            assert answer.sentence.startswith("a loop in the card would cut the calls of timeslots ")
            assert framer.told == [None]

    played(tmp_path, scene, framer)


def test_what_makes_no_sense_opens_nothing_and_a_test_ends_with_whoever_asked_for_it(tmp_path: Path) -> None:
    async def scene(bench: Bench, client: Attachment) -> None:
        for order, sentence in (
            (CheckLine(span=2), "there is no span 2; there is 1"),
            (CheckLine(span=1, timeslots=(16,)), "timeslot 16 of span 1 is no bearer"),
            (LoopLine(span=1, timeslots=(5, 16)), "timeslot 16 of span 1 is no bearer"),
            (LineChecked(span=1, result=Result.PASS), "LineChecked is no command"),
        ):
            answer = await client.command(order)
            assert isinstance(answer, Refused)
            assert sentence in answer.sentence
        assert bench.engine.open == []
        await client.done(LoopLine(span=1, seconds=240))
        assert (await client.expect(LineStep)).result is Result.PASS
        assert len(bench.engine.open) == 30
        await client.close()
        async with technician(bench) as another:
            await another.done(LoopLine(span=1, seconds=240, timeslots=(5,)))
            await another.expect(LineStep)
            assert bench.engine.open == [5]

    played(tmp_path, scene)
