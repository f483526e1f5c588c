# SPDX-License-Identifier: GPL-2.0-only
"""A technician's change by which only the box's test call fails goes back by itself, and headquarters hears why.

That a push does is a stage of `make accept` (pushed).
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from appliance.config.candidate import Candidate
from appliance.config.history import Trying
from appliance.processes.update import PROCESSES, Machine
from appliance.simulator.caller import BUSY, Answerer, AwaitAnswer, AwaitRelease, Script
from appliance.supervisor.judge import known
from appliance.wire.alarms import AlarmRaised
from appliance.wire.call_control import MakeTestCalls, TestCallNow, TestCallsNow
from appliance.wire.configuration import Configured, Progress
from appliance.wire.envelope import Body
from appliance.wire.line_tests import Result
from appliance.wire.service_messages import Accepted
from appliance.wire.talk import UnreachableError, snapshot, talk
from tests.accept.pushed import AWAY, BACK_S, TESTED, Floor, floor_in
from tests.accept.site import NUMBER, until
from tests.cli.test_box import typed

pytestmark = [pytest.mark.system, pytest.mark.timeout(200)]

PSTN = "test call pstn"
WAITS = Script((AwaitAnswer(within_s=20), AwaitRelease(within_s=120)))


@pytest.fixture(scope="module")
def floor(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    opened = floor_in(tmp_path_factory.mktemp("tested"))
    yield loop.run(opened.__aenter__())
    loop.run(opened.__aexit__(None, None, None))


def commit(floor: Floor, *changes: str) -> None:
    """As `commit confirmed` does."""
    candidate = Candidate.of(floor.site.branch.configuration)
    for change in changes:
        candidate = candidate.put(change.split())
    assert candidate.faults() == []
    floor.history.commit(candidate.text, "wu", " ".join(changes), Trying(confirm_s=600, now_s=time.time()))


async def said(floor: Floor, socket: str) -> list[Body]:
    with contextlib.suppress(UnreachableError):
        return await snapshot(floor.site.branch.state / "run" / socket)
    return []


async def configured(floor: Floor, so: Callable[[Configured], bool], within_s: float) -> Configured:
    async with asyncio.timeout(within_s):
        while True:
            for body in await said(floor, "supervisor.sock"):
                if isinstance(body, Configured) and so(body):
                    return body
            await asyncio.sleep(0.05)


async def made(floor: Floor) -> TestCallNow:
    """One that is made now, as it went."""
    socket = floor.site.branch.state / "run/health.call.sock"
    async with contextlib.aclosing(talk(socket, MakeTestCalls(named=("pstn",)))) as answers:
        async for body in answers:
            if isinstance(body, Accepted):
                break
    async with asyncio.timeout(60):
        while True:
            for body in await said(floor, "health.call.sock"):
                if isinstance(body, TestCallsNow) and not body.calls[0].due:
                    return body.calls[0]
            await asyncio.sleep(0.05)


def test_it_passes_beside_a_call_and_stands_in_no_record(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        call, _ = await floor.rig.talking("02512390001")
        one = await made(floor)
        assert (one.result, one.sentence[:20]) == (Result.PASS, "the far end is heard"), one
        status, shown = await typed(floor.site, "show", "test-calls")
        assert (status, shown.splitlines()[1].split()[:2]) == (0, ["pstn", TESTED])
        assert "pass" in shown
        trunks = (await typed(floor.site, "show", "trunks"))[1]
        assert next(line.split()[-2] for line in trunks.splitlines() if line.startswith("telco")) == "0", trunks
        call.hang_up(16)
        await call.result()
        await floor.rig.quiet()
        await floor.site.record_of("02512390001")
        assert [row["clid"] for row in floor.site.record().calls_before()] == ["02512390001"]

    loop.run(story())


@pytest.mark.soak  # 50 s; `make accept` shows it of a push
def test_p4_a_change_by_which_only_the_test_call_fails_goes_back_and_headquarters_hears_why(
    loop: asyncio.Runner, floor: Floor
) -> None:
    async def story() -> None:
        before = Candidate.of(floor.site.branch.configuration).data
        call, _ = await floor.rig.talking("02512390002")
        workers = [floor.site.branch.pid(name) for name in ("line1", "sip", "engine")]
        commit(floor, f"outbound 1 to {AWAY}")
        await configured(floor, lambda one: one.until_s is not None and one.progress is Progress.APPLIED, 60)
        applied_s = time.monotonic()
        await configured(floor, lambda one: one.until_s is None and one.progress is Progress.APPLIED, BACK_S)
        assert time.monotonic() - applied_s <= BACK_S
        assert Candidate.of(floor.site.branch.configuration).data == before
        stand = [body for body in await said(floor, "supervisor.sock") if isinstance(body, AlarmRaised)]
        alarms = {one.code: one.sentence for one in stand}
        why = f"was worse than what was before ({PSTN}: the far end let go after"
        assert why in alarms["configuration.returned"]
        await until(lambda: bool(floor.site.alarms("configuration.returned")), 15, "headquarters hears it")
        assert why in floor.site.alarms("configuration.returned")[0]
        assert [floor.site.branch.pid(name) for name in ("line1", "sip", "engine")] == workers
        call.hang_up(16)
        assert (await call.result()).cause == 16
        await floor.rig.quiet()
        assert (await made(floor)).result is Result.PASS

    loop.run(story())


def test_p4_what_costs_nothing_is_confirmed_when_its_own_test_call_has_passed(
    loop: asyncio.Runner, floor: Floor
) -> None:
    async def story() -> None:
        candidate = Candidate.of(floor.site.branch.configuration).put(["route", "timeout_ms", "550"])
        how = Trying(confirm_s=100, now_s=time.time(), healthy_s=1)
        number = floor.history.commit(candidate.text, "wu", "", how).number
        await configured(floor, lambda one: one.version == number and one.until_s is None, 60)
        (told,) = [body for body in await said(floor, "health.call.sock") if isinstance(body, TestCallsNow)]
        assert told.calls[0].result is Result.PASS, "call control was started again, and has made its own"
        assert floor.history.trial() is None
        running = floor.history.running()
        assert running is not None
        assert running.number == number

    loop.run(story())


def test_p5_the_system_s_trial_is_judged_by_the_same_call(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        box = Machine(floor.site.branch.state, floor.site.branch.configuration)
        since_s = time.monotonic()
        assert (await box.service(since_s)).good[PSTN] is None, "it has asked for one"
        service = await known(lambda: box.service(since_s))
        assert service is not None
        assert {PSTN, PROCESSES, "headquarters", "the signal of telco"} <= set(service.of(good=True))
        floor.rig.exchange.answer(TESTED, Answerer(refuse=1))
        refused_s = time.monotonic()
        service = await known(lambda: box.service(refused_s))
        assert service is not None
        assert service.told(PSTN).startswith(f"{PSTN}: the far end let go after")
        status, shown = await typed(floor.site, "show", "alarms")
        assert (status, "call.test-failed" in shown) == (1, True)
        await until(lambda: bool(floor.site.alarms("call.test-failed")), 15, "headquarters hears it")

    loop.run(story())


def test_an_engaged_machine_reverts_nothing(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        floor.rig.exchange.answer(TESTED, BUSY)
        one = await made(floor)
        assert one.result is Result.OPEN
        assert "user busy" in one.sentence
        assert (await typed(floor.site, "show", "test-calls"))[0] == 0
        assert not [body for body in await said(floor, "health.call.sock") if isinstance(body, AlarmRaised)]

    loop.run(story())


def test_the_last_channel_is_the_callers(loop: asyncio.Runner, floor: Floor) -> None:
    async def story() -> None:
        calls = [floor.rig.exchange.place(NUMBER, f"0251239{place:04}", WAITS) for place in range(1000, 1029)]
        await until(lambda: len(floor.rig.exchange.busy_channels()) == 29, 20, "29 channels are taken")
        await asyncio.sleep(1.5)  # the span is told each second at least
        one = await made(floor)
        assert (one.result, one.sentence) == (Result.OPEN, "not made: telco has one free channel left")
        for call in calls:
            call.hang_up(16)
        await floor.rig.quiet()

    loop.run(story())
