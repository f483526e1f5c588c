# SPDX-License-Identifier: GPL-2.0-only
"""One of two headquarters: on standby while the other is active, active when it is silent, and so in turn.

Silence alone makes nobody active: the stream does, which takes the first batch of a new life only where the silent
one's next would have stood. Whoever is deposed drops what was not acknowledged and reads the stream again.
"""

import asyncio
import sqlite3
import time
from pathlib import Path

import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.beginning import known
from appliance.headquarters.desk import Desk
from appliance.headquarters.duplex.calls import Calls
from appliance.headquarters.duplex.follower import Follower
from appliance.headquarters.duplex.quorum import DeposedError, Quorum, Succession
from appliance.headquarters.duplex.standbys import CODES, STANDBY, Standby, Standbys, unwritten
from appliance.headquarters.duplex.stream import NoQuorumError, Stream
from appliance.headquarters.fleet import agreed
from appliance.headquarters.intake import Intake
from appliance.headquarters.live import Live
from appliance.headquarters.lookups.sources import Sources
from appliance.headquarters.moves import Moves
from appliance.headquarters.opening import Opening
from appliance.headquarters.recordings.vault import Vault
from appliance.headquarters.reports.writer import Keeper
from appliance.router.journal import path_of
from appliance.router.rules import Rules
from appliance.uplink.connection import connect, own_access
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity

POLL_S = 0.05
SILENT_S = 2.0
RETRY_S = 0.5
TELL_S = 0.5
LEADER_S = 2.0
JOURNAL_OCTETS = 536_870_912
CALLS_KEPT_S = 7 * 86_400.0
NO_QUORUM = "no two of the three message servers work together: nobody routes, branches decide by themselves"

log = structlog.get_logger()


class Duty:
    """`client` is this process's own; each life has another, so that with it ends all that it listens to."""

    def __init__(
        self,
        begun: Opening,
        client: Client,
        writer: Keeper,
        calls: Calls,
        live: Live,
        sources: Sources,
        state: Path,
    ) -> None:
        self._begun = begun
        self._config = begun.config
        self._client = client
        self._writer = writer
        self._calls = calls
        self._live = live
        self._sources = sources
        self._state = state
        self._stream = Stream(client, "router", octets=JOURNAL_OCTETS)
        self._desk: Desk | None = None
        self._follower: Follower | None = None
        self._stuck: str | None = None  # for want of a quorum
        self._standing: dict[str, str | None] = {}

    def change(self, rules: Rules) -> None:
        """The administrator has decided otherwise: for the life that runs, and for the next."""
        self._begun = self._begun._replace(rules=rules)
        if self._desk is not None:
            self._desk.change(rules)

    async def run(self) -> None:
        """Stand by and lead in turn, for ever; cancel to end."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._tell())
            await self._begin()
            parts.create_task(self._calls.run())
            parts.create_task(self._turns())

    async def _begin(self) -> None:
        """Until a majority of the message servers has the streams."""
        while True:
            try:
                await self._stream.make()
                await self._calls.begin()
            except (NoQuorumError, SQLAlchemyError) as error:
                log.info("duplex.stream.missing", error=str(error))
                self._stuck = str(error)
                await asyncio.sleep(RETRY_S)
                continue
            self._stuck = None
            return

    async def _turns(self) -> None:
        while True:
            follower = await self._stand_by()
            try:
                await self._lead(follower)
            except* (DeposedError, NoQuorumError) as ended:
                error = first(ended)
                self._stuck = str(error) if isinstance(error.__cause__ or error, NoQuorumError) else None
                log.warning("duplex.life.ended", why=str(error))

    async def _stand_by(self) -> Follower:
        """What is followed until the active is silent; it is the caller's to close.

        Where a majority was missed nobody was active, and nobody is waited for.
        """
        follower = await self._opened()
        log.info("duplex.standby.began", position=follower.mark.position)
        self._follower = follower
        silent_since = time.monotonic()
        try:
            while time.monotonic() - silent_since < (RETRY_S if self._stuck else SILENT_S):
                if await self._followed(follower):
                    silent_since = time.monotonic()
        except BaseException:
            follower.close()
            raise
        finally:
            self._follower = None
        return follower

    async def _opened(self) -> Follower:
        while True:
            try:
                return await Follower.opened(path_of(self._state), self._stream)
            except NoQuorumError as error:
                self._stuck = str(error)
            except sqlite3.OperationalError as error:
                log.error("duplex.journal.unopened", error=str(error))
                self._trouble("router.journal", unwritten(str(error)))
            await asyncio.sleep(RETRY_S)

    async def _followed(self, follower: Follower) -> bool:
        """Whether anything new was heard. Where the stream cannot be read the attempt to write will tell."""
        heard = False
        try:
            heard = await follower.follow()
        except NoQuorumError as error:
            log.info("duplex.stream.unread", error=str(error))
        if heard:
            self._stuck = None
        self._trouble("router.journal", unwritten(follower.refused) if follower.refused else None)
        await asyncio.sleep(POLL_S)
        return heard

    async def _lead(self, follower: Follower) -> None:
        """Until deposed. Raises a group with DeposedError or NoQuorumError; ConfigurationError: it knows no rules."""
        identity = Identity.take(self._config.box, "headquarters")
        try:
            await self._calls.drain()
        except NoQuorumError as error:
            follower.close()
            raise ExceptionGroup("before it began", [error]) from error
        except SQLAlchemyError as error:  # a full disk stops no call: the stream has them until there is room
            log.error("duplex.record.behind", error=str(error))
        listen = self._config.server.listen
        client = await connect((listen,), own_access(self._config), f"{identity.box} headquarters active")
        async with self._calls.turn:  # between what was missed and what comes nothing is left out
            missed = tuple(await asyncio.to_thread(self._calls.missed, follower.mark.told))
            legs = (await asyncio.to_thread(known, self._writer, follower.state)).legs
            follower.journal.go_on(follower.seq)
            epoch = max(follower.mark.epoch + 1, time.time_ns() // 1_000_000)
            self._desk = desk = Desk(  # from here on a change of rules is told to it
                self._begun.rules_after(follower.state),
                identity.incarnation,
                follower.journal,
                (follower.state, follower.at_ns),
                legs,
                lambda sentence: self._trouble("router.journal", sentence),
                self._sources,
                Succession(
                    Quorum(self._stream, identity.box, epoch, follower.mark, follower.seq),
                    follower.ahead_ns,
                    missed,
                    tuple(follower.unwritten),
                    follower.gap,
                ),
            )
            vault = Vault(self._state / "recordings")
            intake = Intake(client, Sealer(identity), desk, self._writer, vault, self._live, self._calls)
            intake.gateway.mutual = self._config.enrolment is not None
            moves = Moves(intake, self._writer, path_of(self._state))
            self._calls.on_stored, desk.on_moved = intake.stored, moves.told
        try:
            async with asyncio.TaskGroup() as parts:
                parts.create_task(desk.run())
                parts.create_task(desk.beat())
                parts.create_task(moves.run())
                parts.create_task(self._serve(client, desk, intake))
        finally:
            self._desk = None
            self._calls.on_stored = None
            for code in CODES:
                self._trouble(code, None)
            await client.close()  # first: who is asked no more has nothing to answer
            intake.close()
            await desk.close()

    async def _serve(self, client: Client, desk: Desk, intake: Intake) -> None:
        await desk.began
        self._stuck = None
        await intake.start()
        log.info("headquarters.intake.opened", epoch=desk.epoch)
        standbys = Standbys(time.monotonic())

        async def heard(message: Msg) -> None:
            try:
                standbys.heard(message.data, time.monotonic())
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                log.warning("duplex.standby.unknown", error=str(error))

        await client.subscribe(STANDBY, cb=heard)
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._watch(standbys, desk))
            parts.create_task(self._lead_elsewhere(standbys))

    async def _watch(self, standbys: Standbys, desk: Desk) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            for code, sentence in standbys.troubles(time.monotonic(), desk.now_ns()):
                self._trouble(code, sentence)

    async def _lead_elsewhere(self, standbys: Standbys) -> None:
        """The voter's server leads the streams: so the death of either headquarters' box stops no writing."""
        streams = [self._stream, self._calls.stream]
        if self._config.enrolment is not None:
            streams.append(agreed.stream(self._client))
        while True:
            for stream in streams:
                try:
                    extent = await stream.extent()
                    either = {self._config.box, standbys.told.box if standbys.told else ""}
                    voters = [name for name in extent.followers if name not in either]
                    if extent.leader in either and voters:
                        await stream.lead_elsewhere(voters[0])
                except NoQuorumError as error:
                    log.info("duplex.leader.unmoved", stream=stream.name, error=str(error))
            await asyncio.sleep(LEADER_S)

    async def _tell(self) -> None:
        """Of ourselves while we stand by; the page of a box without a quorum has nobody else to ask."""
        page: Subscription | None = None
        while True:
            await asyncio.sleep(TELL_S)
            if self._client.is_connected and (follower := self._follower) is not None:
                told = Standby(self._config.box, follower.heard_ns, follower.differs, follower.refused)
                await self._client.publish(STANDBY, msgspec.json.encode(told))
            stuck = self._stuck if self._desk is None else None
            self._trouble("duplex.no-quorum", f"{NO_QUORUM} ({stuck})" if stuck else None)
            if stuck and page is None:
                page = await self._client.subscribe("live.state", cb=self._live_state)
            elif not stuck and page is not None:
                await page.unsubscribe()
                page = None

    async def _live_state(self, message: Msg) -> None:
        await message.respond(msgspec.json.encode(self._live.state(time.time_ns(), (), ())))

    def _trouble(self, code: str, sentence: str | None) -> None:
        """An alarm of ours; said again it stays as old as it is."""
        if self._standing.get(code) != sentence:
            self._standing[code] = sentence
            self._live.trouble(self._config.box, code, sentence, time.time_ns())


def first(group: BaseExceptionGroup[Exception]) -> Exception:
    """Of what ended a life."""
    found = group.exceptions[0]
    return first(found) if isinstance(found, BaseExceptionGroup) else found
