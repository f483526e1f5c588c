# SPDX-License-Identifier: GPL-2.0-only
"""The demo's stream of callers, and the exchange as a process of its own."""

import asyncio
import itertools
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from appliance.signalling.pri import events
from appliance.simulator.caller import HangUp, Key, Talk
from appliance.simulator.robots import Traffic, sounds_in, stream
from tests.ports import HOST, free_port
from tests.simulator.subscriber import Subscriber
from tests.sound.alaw import encode
from tests.sound.speech import FOLDER, speech

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.unit
def test_the_same_seed_gives_the_same_calls() -> None:
    traffic = Traffic(("a.wav", "b.wav", "c.wav", "d.wav"), seed=4)
    calls = list(itertools.islice(stream(traffic), 50))
    assert calls == list(itertools.islice(stream(traffic), 50))
    assert calls != list(itertools.islice(stream(Traffic(traffic.sounds, seed=5)), 50))


@pytest.mark.unit
def test_customers_differ_and_the_mean_rate_is_the_one_asked_for() -> None:
    calls = list(itertools.islice(stream(Traffic(("a.wav", "b.wav"), calls_per_minute=30, digits=("1", "2"))), 500))
    assert len({call.clid for call in calls}) == 500
    assert all(re.fullmatch(r"0\d{10,12}", call.clid) for call in calls)
    assert sum(call.gap_s for call in calls) / 500 == pytest.approx(2.0, rel=0.15)
    keyed = {step.digits for call in calls for step in call.script.steps if isinstance(step, Key)}
    said = {step.sounds for call in calls for step in call.script.steps if isinstance(step, Talk)}
    assert keyed == {"1", "2"}
    assert len(said) == 4  # one or both of two sounds, in either order
    assert all(call.script.steps[-1] == HangUp() for call in calls)


@pytest.mark.unit
def test_traffic_that_cannot_be_is_refused(tmp_path: Path) -> None:
    for wrong in ({"sounds": ()}, {"sounds": ("a",), "at_most": 31}, {"sounds": ("a",), "calls_per_minute": 0.0}):
        with pytest.raises(ValueError, match="traffic"):
            Traffic(**wrong)
    with pytest.raises(FileNotFoundError, match="asterisk-core-sounds"):
        sounds_in(tmp_path, ("no-such-prompt",))
    assert sounds_in(FOLDER, ("demo-nogo",)) == (str(FOLDER / "demo-nogo.wav"),)


@pytest.mark.system
def test_the_process_calls_the_branch_and_clears_when_told_to_stop() -> None:
    asyncio.run(_process_calls())


async def _process_calls() -> None:
    near, far = (HOST, free_port()), (HOST, free_port())
    words = ("--rate", "600", "--at-most", "3", "--seed", "9")
    subscriber = Subscriber(far, near)
    subscriber.says = encode(speech(2, "agent"))  # the robots wait for a prompt before they key
    process = await _start(*words, "--local", f"{near[0]}:{near[1]}", "--remote", f"{far[0]}:{far[1]}")
    try:
        async with asyncio.timeout(20):
            while sum(map(len, subscriber.digits.values())) < 3:  # noqa: ASYNC110 - told by another process
                await asyncio.sleep(0.05)
        setups = [event for event in subscriber.log if isinstance(event, events.SetupReceived)]
        assert {setup.dnis for setup in setups} == {"95588"}
        assert subscriber.active() == 3
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        log, status = await process.stderr.read(), await process.wait()
        assert status == 0
        assert subscriber.active() == 0
        assert subscriber.causes(events.DisconnectReceived) == [16, 16, 16]
        assert not any(str(setup.clid) in log.decode() for setup in setups), "a caller's number stands in the log"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await subscriber.close()


@pytest.mark.system
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--local", "127.0.0.1:9001"), "BRANCHLINE_CONFIG"),
        (("--local", "nowhere"), "invalid"),
        (("--local", "127.0.0.1:9001", "--remote", "127.0.0.1:9101", "--at-most", "99"), "1 to 30"),
    ],
)
def test_a_wrong_command_line_is_told_and_ends_with_status_2(words: tuple[str, ...], sentence: str) -> None:
    async def run() -> None:
        process = await _start(*words)
        _, told = await process.communicate()
        assert process.returncode == 2
        assert sentence in told.decode()

    asyncio.run(run())


async def _start(*words: str) -> asyncio.subprocess.Process:
    environment = {name: value for name, value in os.environ.items() if name != "BRANCHLINE_CONFIG"}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "appliance.processes.simulator",
        *words,
        cwd=ROOT,
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
