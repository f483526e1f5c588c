# SPDX-License-Identifier: GPL-2.0-only
"""A stream of robot callers: who calls when, what each keys and says, all drawn from one seed.

Calls arrive at random (exponential gaps around the mean), at most `at_most` at once; one that would be too many is put
off until a call ends. A dead line is waited out. The stream goes on for ever; cancel it to end.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from appliance.simulator.caller import Script, card_caller
from appliance.simulator.channels import NoChannelError
from appliance.simulator.exchange import Exchange, NotInServiceError
from appliance.simulator.result import CallResult

_NATIONAL = ("025", "010", "021", "020", "0512", "028")
_RETRY_S = 0.5

log = structlog.get_logger()


class Traffic(msgspec.Struct, frozen=True):
    """What kind of stream. Raises ValueError."""

    sounds: tuple[str, ...]
    """WAV files that customers say, 8 kHz 16-bit mono."""
    dialled: str = "95588"
    calls_per_minute: float = 6.0
    at_most: int = 4
    digits: tuple[str, ...] = ("1", "2")
    pauses_s: tuple[float, float] = (4.0, 20.0)
    """Shortest and longest time a customer spends listening, before and after what it says together."""
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.sounds or not self.digits:
            raise ValueError("traffic needs at least one sound and one digit string")
        if self.calls_per_minute <= 0 or not 1 <= self.at_most <= 30:
            raise ValueError("traffic: more than 0 calls a minute, 1 to 30 at once")


class RobotCall(msgspec.Struct, frozen=True):
    """One call of the stream, `gap_s` after the one before."""

    gap_s: float
    clid: str
    script: Script


class Tally(msgspec.Struct):
    """What came of it."""

    placed: int = 0
    fulfilled: int = 0
    unmet: int = 0
    put_off: int = 0


def stream(traffic: Traffic) -> Iterator[RobotCall]:
    """The calls, without end; the same for the same traffic."""
    draw = random.Random(traffic.seed)  # noqa: S311 - repeatable, no secret
    while True:
        area = draw.choice(_NATIONAL)
        clid = area + "".join(draw.choice("0123456789") for _ in range(8))
        sounds = tuple(draw.sample(traffic.sounds, draw.randint(1, min(3, len(traffic.sounds)))))
        script = card_caller(draw.choice(traffic.digits), sounds, draw.uniform(*traffic.pauses_s))
        yield RobotCall(draw.expovariate(traffic.calls_per_minute / 60), clid, script)


class Robots:
    """Callers on one exchange."""

    def __init__(self, exchange: Exchange, traffic: Traffic) -> None:
        self.tally = Tally()
        self._exchange = exchange
        self._traffic = traffic
        self._places = asyncio.Semaphore(traffic.at_most)

    async def run(self) -> None:
        """Call until cancelled; the calls under way are cancelled with it and hang up at the exchange's end."""
        async with asyncio.TaskGroup() as group:
            for robot in stream(self._traffic):
                await asyncio.sleep(robot.gap_s)
                await self._places.acquire()
                task = group.create_task(self._call(robot))
                task.add_done_callback(lambda _: self._places.release())

    async def _call(self, robot: RobotCall) -> None:
        while True:
            try:
                call = self._exchange.place(self._traffic.dialled, robot.clid, robot.script)
            except (NotInServiceError, NoChannelError):
                self.tally.put_off += 1
                await asyncio.sleep(_RETRY_S)
                continue
            self.tally.placed += 1
            try:
                self._note(await call.result())
            except asyncio.CancelledError:
                call.hang_up()
                raise
            return

    def _note(self, result: CallResult) -> None:
        if result.unmet is None:
            self.tally.fulfilled += 1
        else:
            self.tally.unmet += 1
        log.info(
            "exchange.call.ended",
            clid=result.clid,
            dnis=result.dialled,
            timeslot=result.timeslot,
            cause=result.cause,
            by=result.by.value,
            unmet=result.unmet,
            talk_s=_talk_s(result),
        )


def _talk_s(result: CallResult) -> float:
    if result.answered is None:
        return 0.0
    return round((result.released.sample - result.answered.sample) / 8000, 3)


def sounds_in(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """Paths of the named prompts in a folder. Raises FileNotFoundError, naming what is missing."""
    paths = tuple(folder / f"{name}.wav" for name in names)
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such sound; is asterisk-core-sounds-en-wav installed?")
    return tuple(str(path) for path in paths)
