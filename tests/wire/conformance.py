# SPDX-License-Identifier: GPL-2.0-only
"""The leg protocol's conformance kit: every rule of docs/wire.md that a worker can be seen to keep or break.

A worker's own test starts the worker and supplies its far end (`FarEnd`: a telephone exchange, a SIP phone); the rules
attach to the socket as call control does and look at both sides.

    @pytest.mark.parametrize("rule", conformance.RULES, ids=conformance.name)
    def test_line_worker(rule): conformance.check(rule, started)     # started() -> async context manager of a FarEnd

Each rule leaves no leg behind, so one worker may serve all of them.
"""

import asyncio
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from appliance.wire import legs
from appliance.wire.envelope import Body, Envelope, Sealer, decode, encode
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import Direction, LegState, ReleasedBy
from appliance.wire.service_messages import Accepted, Attach, Refused

PATIENCE_S = 10.0
QUIET_S = 0.3
DNIS, CLID = "95588", "02512345678"


class FarCall(Protocol):
    """One call, seen from the far end."""

    async def proceed(self) -> None:
        """Tell the box that its call is under way."""

    async def alert(self) -> None:
        """Tell the box that somebody is rung."""

    async def answer(self) -> None:
        """Answer the box's call."""

    async def release(self, cause: int) -> None:
        """Let go, in whatever state."""

    async def hears(self, what: str) -> int | None:
        """Wait for `alerting`, `answered` or `released`; of a release the Q.850 cause, None where none is carried."""


class Started(Protocol):
    """A worker that serves."""

    @property
    def socket(self) -> Path:
        """Its socket."""


class Socket(NamedTuple):
    """A worker's, to be attached to."""

    socket: Path


class FarEnd(Started, Protocol):
    """A started worker's socket and what stands behind its line."""

    @property
    def number(self) -> str:
        """What PlaceLeg must call to reach `called`."""

    @property
    def rings_in_band(self) -> bool:
        """Its ringing tone is sound, as where signalling has no other word for it."""

    @property
    def orphans_s(self) -> float:
        """The worker's patience without a controller; 30 s in the product, short here."""

    async def call(self, dnis: str, clid: str) -> FarCall:
        """Call the box."""

    async def called(self) -> FarCall:
        """Wait until the box calls."""


B = TypeVar("B", bound=Body)


class Attachment:
    """One client of the socket, by hand: it sees every line and may break every rule."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard: list[Envelope] = []
        self.ids = IdSource(Identity.take("BR-0001", "call"))
        self._sealer = Sealer(Identity.take("BR-0001", "call"))
        self._reader = reader
        self._writer = writer
        self._taken = 0

    def send(self, body: Body, command: str | None = None) -> str:
        """Send a command; returns its id."""
        command = command or self.ids.command()
        self.send_line(encode(self._sealer.seal(body, command)))
        return command

    def send_line(self, line: bytes) -> None:
        """Send what may be no envelope at all."""
        self._writer.write(line + b"\n")

    async def expect(self, kind: type[B], leg: str | None = None, seconds: float = PATIENCE_S) -> B:
        """The next message of this kind (about this leg); others are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                body = (await self.next()).body
                if isinstance(body, kind) and leg in (None, leg_of(body)):
                    return body

    async def answer_to(self, command: str) -> Body:
        """What a command was answered with; events that came before stay to be expected."""
        async with asyncio.timeout(PATIENCE_S):
            at = self._taken
            while True:
                while at >= len(self.heard):
                    self.heard.append(await self._line())
                envelope = self.heard[at]
                if envelope.cause == command and isinstance(envelope.body, Accepted | Refused):
                    del self.heard[at]
                    return envelope.body
                at += 1

    async def next(self) -> Envelope:
        """The next line."""
        while self._taken >= len(self.heard):
            self.heard.append(await self._line())
        self._taken += 1
        return self.heard[self._taken - 1]

    async def command(self, body: Body) -> Body:
        """Send, and return the answer."""
        return await self.answer_to(self.send(body))

    async def done(self, body: Body) -> None:
        """Send, and demand acceptance."""
        answer = await self.command(body)
        assert isinstance(answer, Accepted), answer

    async def refused(self, body: Body, code: str) -> None:
        """Send, and demand refusal with this code and a sentence."""
        answer = await self.command(body)
        assert isinstance(answer, Refused), answer
        assert answer.code == code
        assert answer.sentence

    async def snapshot(self) -> dict[str, legs.Leg]:
        """All legs now, by id."""
        await self.done(legs.TakeSnapshot())
        return {leg.leg: leg for leg in (await self.expect(legs.LegSnapshot)).legs}

    async def quiet(self, kind: type[Body]) -> None:
        """Demand that no message of this kind comes for a while."""
        try:
            async with asyncio.timeout(QUIET_S):
                while True:
                    body = (await self.next()).body
                    assert not isinstance(body, kind), body
        except TimeoutError:
            return

    async def ended(self) -> None:
        """Wait until the service has closed this attachment."""
        async with asyncio.timeout(PATIENCE_S):
            while await self._reader.readline():
                pass

    async def close(self) -> None:
        """Be gone."""
        self._writer.close()
        await self._writer.wait_closed()

    async def _line(self) -> Envelope:
        line = await self._reader.readline()
        assert line, "the service closed the attachment"
        return decode(line)


def leg_of(body: Body) -> str | None:
    """The leg that a message is about."""
    named = getattr(body, "leg", None)
    return named.leg if isinstance(named, legs.Leg) else named


@asynccontextmanager
async def attached(far: Started, role: str = "controller") -> AsyncIterator[Attachment]:
    """An attachment, through its Hello; the snapshot is the next thing to be heard."""
    client = Attachment(*await asyncio.open_unix_connection(far.socket))
    client.send_line(encode(Sealer(Identity.take("BR-0001", "call")).seal(Attach(role=role))))
    first = await client.next()
    assert isinstance(first.body, legs.Hello), "Hello comes first"
    assert first.body.process == first.process
    try:
        yield client
    finally:
        await client.close()


Rule = Callable[[FarEnd], Awaitable[None]]
RULES: list[Rule] = []


def rule(checked: Rule) -> Rule:
    """Add to the kit."""
    RULES.append(checked)
    return checked


def name(checked: Rule) -> str:
    """A test id."""
    return getattr(checked, "__name__", str(checked))


def check(checked: Rule, started: Callable[[], AbstractAsyncContextManager[FarEnd]]) -> None:
    """Run one rule against a worker."""

    async def run() -> None:
        async with started() as far:
            await checked(far)

    asyncio.run(run())


async def offered(client: Attachment, far: FarEnd) -> tuple[legs.Leg, FarCall]:
    """A call comes in."""
    call = await far.call(DNIS, CLID)
    return (await client.expect(legs.LegOffered)).leg, call


async def placed(client: Attachment, far: FarEnd) -> tuple[legs.Leg, FarCall]:
    """A call goes out."""
    leg = client.ids.leg()
    await client.done(legs.PlaceLeg(leg=leg, to=far.number, contact="contact-1", clid="8001"))
    told = (await client.expect(legs.LegPlaced, leg)).leg
    return told, await far.called()


async def over(client: Attachment, leg: str, cause: int, by: ReleasedBy) -> legs.LegReleased:
    """The leg ends so, once, and leaves the snapshot."""
    released = await client.expect(legs.LegReleased, leg)
    assert (released.cause, released.by) == (cause, by)
    assert leg not in await client.snapshot()
    return released


def only(found: Iterable[str], leg: str) -> None:
    """Exactly this leg."""
    assert list(found) == [leg]


# In-box sockets.


@rule
async def hello_then_snapshot(far: FarEnd) -> None:
    """Rule 2: Hello, then the snapshot, to controllers and observers."""
    for role in ("controller", "observer"):
        async with attached(far, role) as client:
            assert isinstance((await client.next()).body, legs.LegSnapshot)


@rule
async def socket_is_private(far: FarEnd) -> None:
    """Mode 0600."""
    assert stat.S_IMODE(far.socket.stat().st_mode) == 0o600


@rule
async def an_observer_hears_and_does_not_command(far: FarEnd) -> None:
    """Rule 3: commands come from the controller only."""
    async with attached(far) as controller, attached(far, "observer") as observer:
        leg, call = await offered(controller, far)
        assert (await observer.expect(legs.LegOffered)).leg == leg
        await observer.refused(legs.AnswerLeg(leg=leg.leg), "service.not-controller")
        assert (await controller.snapshot())[leg.leg].state is LegState.OFFERED
        await controller.done(legs.ReleaseLeg(leg=leg.leg, cause=17))
        assert (await observer.expect(legs.LegReleased, leg.leg)).cause == 17
        await call.hears("released")


@rule
async def the_newest_controller_wins(far: FarEnd) -> None:
    """Rule 3: it displaces the older one, and finds the legs."""
    async with attached(far) as older:
        leg, call = await offered(older, far)
        async with attached(far) as newer:
            await older.ended()
            only([known.leg for known in (await newer.expect(legs.LegSnapshot)).legs], leg.leg)
            await newer.done(legs.ReleaseLeg(leg=leg.leg))
            await newer.expect(legs.LegReleased, leg.leg)
            await call.hears("released")


@rule
async def a_line_that_does_not_decode_is_refused(far: FarEnd) -> None:
    """`message.unknown`, and the attachment lives on."""
    async with attached(far) as client:
        for line in (b"no JSON", b'{"v":1}', b'{"v":1,"body":{"type":"MakeCoffee"}}', b"\xff\xfe{"):
            client.send_line(line)
            assert (await client.expect(Refused)).code == "message.unknown"
        assert await client.snapshot() == {}


@rule
async def a_repeated_command_has_one_effect(far: FarEnd) -> None:
    """Rule 4: the first answer comes again, nothing happens again."""
    async with attached(far) as client:
        place = legs.PlaceLeg(leg=client.ids.leg(), to=far.number, contact="contact-1")
        command = client.send(place)
        first = await client.answer_to(command)
        await client.expect(legs.LegPlaced, place.leg)
        call = await far.called()
        client.send(place, command)
        assert await client.answer_to(command) == first
        await client.quiet(legs.LegPlaced)
        only(await client.snapshot(), place.leg)
        client.send(legs.ReleaseLeg(leg=place.leg), release := client.ids.command())
        client.send(legs.ReleaseLeg(leg=place.leg), release)
        await client.expect(legs.LegReleased, place.leg)
        await client.quiet(legs.LegReleased)
        await call.hears("released")


@rule
async def a_refused_command_id_keeps_its_answer(far: FarEnd) -> None:
    """Rule 4 holds for refusals too."""
    async with attached(far) as client:
        command = client.send(legs.AlertLeg(leg="BR-0001.line1.none.1"))
        first = await client.answer_to(command)
        client.send(legs.AlertLeg(leg="BR-0001.line1.none.1"), command)
        assert await client.answer_to(command) == first


# The life of a leg.


@rule
async def an_incoming_leg_lives_and_we_release_it(far: FarEnd) -> None:
    """Offered, proceeding, alerting, answered, released by us."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
        assert (leg.direction, leg.state) == (Direction.INCOMING, LegState.OFFERED)
        assert (leg.dnis, leg.clid) == (DNIS, CLID)
        assert leg.port is not None
        assert leg.channel
        await client.done(legs.ProceedLeg(leg=leg.leg, contact="contact-7"))
        assert (await client.snapshot())[leg.leg].state is LegState.PROCEEDING
        await client.done(legs.AlertLeg(leg=leg.leg))
        await call.hears("alerting")
        assert (await client.snapshot())[leg.leg].state is LegState.ALERTING
        await client.done(legs.AnswerLeg(leg=leg.leg))
        answered = await client.expect(legs.LegAnswered, leg.leg)
        await call.hears("answered")
        assert (await client.snapshot())[leg.leg].answered_sample == answered.sample
        client.send(legs.ReleaseLeg(leg=leg.leg, cause=16))
        released = await over(client, leg.leg, 16, ReleasedBy.US)
        assert released.sample >= answered.sample
        assert await call.hears("released") in (16, None)
        await client.quiet(legs.LegReleased)


@rule
async def an_offered_leg_is_answered_at_once(far: FarEnd) -> None:
    """The table lets a leg go from offered to answered."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
        await client.done(legs.AnswerLeg(leg=leg.leg))
        await client.expect(legs.LegAnswered, leg.leg)
        await call.hears("answered")
        await call.release(16)
        await over(client, leg.leg, 16, ReleasedBy.PEER)


@rule
async def a_caller_gives_up_before_the_answer(far: FarEnd) -> None:
    """Released by the peer while offered, and while alerting."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
        await call.release(16)
        await over(client, leg.leg, 16, ReleasedBy.PEER)
        leg, call = await offered(client, far)
        await client.done(legs.AlertLeg(leg=leg.leg))
        await call.hears("alerting")
        await call.release(16)
        await over(client, leg.leg, 16, ReleasedBy.PEER)


@rule
async def a_caller_is_refused_with_a_cause(far: FarEnd) -> None:
    """Causes are Q.850 everywhere: 17 is heard as busy."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
        await client.done(legs.ReleaseLeg(leg=leg.leg, cause=17))
        assert await call.hears("released") == 17
        await over(client, leg.leg, 17, ReleasedBy.US)


@rule
async def an_outgoing_leg_lives_and_the_peer_releases_it(far: FarEnd) -> None:
    """Placed, proceeding, alerting, answered, released by the peer; the port is told with LegPlaced."""
    async with attached(far) as client:
        leg, call = await placed(client, far)
        assert (leg.direction, leg.state) == (Direction.OUTGOING, LegState.PLACED)
        assert (leg.to, leg.contact) == (far.number, "contact-1")
        assert leg.port is not None
        await call.proceed()
        await call.alert()
        assert (await client.expect(legs.LegAlerting, leg.leg)).inband is far.rings_in_band
        assert (await client.snapshot())[leg.leg].state is LegState.ALERTING
        await call.answer()
        answered = await client.expect(legs.LegAnswered, leg.leg)
        known = (await client.snapshot())[leg.leg]
        assert (known.state, known.answered_sample, known.port) == (LegState.ANSWERED, answered.sample, leg.port)
        await call.release(16)
        await over(client, leg.leg, 16, ReleasedBy.PEER)
        await client.quiet(legs.LegReleased)


@rule
async def an_outgoing_leg_is_busy(far: FarEnd) -> None:
    """The called party's cause comes back."""
    async with attached(far) as client:
        leg, call = await placed(client, far)
        await call.release(17)
        await over(client, leg.leg, 17, ReleasedBy.PEER)


@rule
async def an_outgoing_leg_is_given_up_while_it_rings(far: FarEnd) -> None:
    """Released by us before the answer."""
    async with attached(far) as client:
        leg, call = await placed(client, far)
        await call.alert()
        await client.expect(legs.LegAlerting, leg.leg)
        await client.done(legs.ReleaseLeg(leg=leg.leg, cause=16))
        await call.hears("released")
        await over(client, leg.leg, 16, ReleasedBy.US)


@rule
async def both_sides_release_at_once(far: FarEnd) -> None:
    """LegReleased is said once, whoever was first."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
        await client.done(legs.AnswerLeg(leg=leg.leg))
        await client.expect(legs.LegAnswered, leg.leg)
        await call.hears("answered")
        client.send(legs.ReleaseLeg(leg=leg.leg))
        await call.release(16)
        released = await client.expect(legs.LegReleased, leg.leg)
        assert released.cause == 16
        await client.quiet(legs.LegReleased)
        assert await client.snapshot() == {}


# Refusals.


@rule
async def steps_outside_the_table_are_refused(far: FarEnd) -> None:
    """`leg.state`, and nothing has changed."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
        await client.done(legs.AnswerLeg(leg=leg.leg))
        await client.expect(legs.LegAnswered, leg.leg)
        for impossible in (
            legs.AlertLeg(leg=leg.leg),
            legs.AnswerLeg(leg=leg.leg),
            legs.ProceedLeg(leg=leg.leg, contact="contact-1"),
            legs.PlaceLeg(leg=leg.leg, to=far.number, contact="contact-1"),
        ):
            await client.refused(impossible, "leg.state")
        assert (await client.snapshot())[leg.leg].state is LegState.ANSWERED
        await call.hears("answered")
        await call.release(16)
        await over(client, leg.leg, 16, ReleasedBy.PEER)


@rule
async def an_outgoing_leg_takes_no_steps_from_us(far: FarEnd) -> None:
    """Its steps are the peer's."""
    async with attached(far) as client:
        leg, call = await placed(client, far)
        await client.refused(legs.AnswerLeg(leg=leg.leg), "leg.state")
        await client.refused(legs.AlertLeg(leg=leg.leg), "leg.state")
        await call.release(17)
        await over(client, leg.leg, 17, ReleasedBy.PEER)


@rule
async def an_unknown_leg_is_refused_but_for_its_release(far: FarEnd) -> None:
    """`leg.unknown`; ReleaseLeg on a leg already gone is Accepted."""
    async with attached(far) as client:
        gone = "BR-0001.line1.none.1"
        for command in (legs.AlertLeg(leg=gone), legs.AnswerLeg(leg=gone), legs.ProceedLeg(leg=gone, contact="c")):
            await client.refused(command, "leg.unknown")
        await client.done(legs.ReleaseLeg(leg=gone))
        await client.quiet(legs.LegReleased)


# Controllers come and go.


@rule
async def a_restarted_controller_finds_its_legs_by_contact(far: FarEnd) -> None:
    """The snapshot carries the contact that ProceedLeg noted, the last one."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
        await client.done(legs.ProceedLeg(leg=leg.leg, contact="contact-1"))
        await client.done(legs.ProceedLeg(leg=leg.leg, contact="contact-2"))
        await client.done(legs.AnswerLeg(leg=leg.leg))
        await client.expect(legs.LegAnswered, leg.leg)
        await call.hears("answered")
    async with attached(far) as successor:
        (known,) = (await successor.expect(legs.LegSnapshot)).legs
        assert (known.leg, known.contact, known.state) == (leg.leg, "contact-2", LegState.ANSWERED)
        assert (known.port, known.dnis, known.clid) == (leg.port, DNIS, CLID)
        await successor.done(legs.ReleaseLeg(leg=leg.leg))
        await over(successor, leg.leg, 16, ReleasedBy.US)
        await call.hears("released")


@rule
async def a_release_that_no_controller_heard_is_kept(far: FarEnd) -> None:
    """It stands in the snapshot until a controller has attached; an observer does not count."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
        await client.done(legs.AnswerLeg(leg=leg.leg))
        await client.expect(legs.LegAnswered, leg.leg)
        await call.hears("answered")
    async with attached(far, "observer") as observer:
        await call.release(16)
        await observer.expect(legs.LegReleased, leg.leg)
    async with attached(far, "observer") as observer:
        only([known.leg for known in (await observer.expect(legs.LegSnapshot)).legs], leg.leg)
    async with attached(far) as successor:
        (known,) = (await successor.expect(legs.LegSnapshot)).legs
        assert (known.leg, known.state) == (leg.leg, LegState.RELEASED)
        assert (known.cause, known.by) == (16, ReleasedBy.PEER)
        assert known.released_sample is not None
        assert await successor.snapshot() == {}


@rule
async def an_orphan_is_released(far: FarEnd) -> None:
    """Without a controller for so long: cause 41 by fault, and the far end hears it."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
        await client.done(legs.AnswerLeg(leg=leg.leg))
        await client.expect(legs.LegAnswered, leg.leg)
        await call.hears("answered")
    async with attached(far, "observer") as observer:
        async with asyncio.timeout(far.orphans_s + PATIENCE_S):
            released = await observer.expect(legs.LegReleased, leg.leg)
        assert (released.cause, released.by) == (41, ReleasedBy.FAULT)
        assert await call.hears("released") in (41, None)
    async with attached(far) as successor:
        (known,) = (await successor.expect(legs.LegSnapshot)).legs
        assert (known.cause, known.by) == (41, ReleasedBy.FAULT)


@rule
async def a_controller_that_comes_back_in_time_keeps_its_legs(far: FarEnd) -> None:
    """The clock of orphans begins anew with every controller."""
    async with attached(far) as client:
        leg, call = await offered(client, far)
    async with attached(far) as successor:
        await asyncio.sleep(far.orphans_s * 1.5)
        assert (await successor.snapshot())[leg.leg].state is LegState.OFFERED
        await successor.done(legs.ReleaseLeg(leg=leg.leg, cause=17))
        await over(successor, leg.leg, 17, ReleasedBy.US)
        await call.hears("released")
