# SPDX-License-Identifier: GPL-2.0-only
"""What branches say to headquarters, subject by subject, and what they are answered.

Call events are answered after their commit, which runs in a thread of its own so that no route answer waits for a disk.
What cannot be read is counted, logged, answered with an error, and stored nowhere. Where the disk refuses there is no
answer, so the branch keeps what it has and sends it again.
"""

import asyncio
import contextlib
import functools
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters import crashes
from appliance.headquarters.desk import Desk
from appliance.headquarters.duplex.calls import Calls
from appliance.headquarters.gateway import Gateway
from appliance.headquarters.groups import Groups
from appliance.headquarters.lateness import Lateness
from appliance.headquarters.leases import NotLeasedError
from appliance.headquarters.live import Live, State
from appliance.headquarters.mailboxes import Mailboxes
from appliance.headquarters.recordings.vault import Have, Vault, read_chunk
from appliance.headquarters.refusals import Refusals
from appliance.headquarters.reports.lots import LONGEST_S
from appliance.headquarters.reports.writer import Keeper, read_batch
from appliance.router.branch_now import mistake
from appliance.router.floor import command
from appliance.wire.agents import CallAsked, ContactTold, OrderDone
from appliance.wire.callbacks import PlaceContact
from appliance.wire.envelope import Envelope, Sealer, UnknownMessageError, check_version, decode, encode
from appliance.wire.ids import is_box
from appliance.wire.routes import LegInterrupted, RouteAnswer, RouteRequest
from appliance.wire.service_messages import Accepted, Refused

MESSAGES_LIMIT = 4_096
OCTETS_LIMIT = 67_108_864
BATCHES_LIMIT = 64  # in one commit
ORDER_S = 1.5
SHOWN_S = LONGEST_S + 0.2
TOLD_TOGETHER = 50  # events, some 4 ms

T = TypeVar("T")
log = structlog.get_logger()


class Intake:
    """Subscribes, and hands each message to whom it concerns."""

    def __init__(
        self,
        client: Client,
        sealer: Sealer,
        desk: Desk,
        writer: Keeper,
        vault: Vault,
        live: Live,
        calls: Calls | None = None,
    ) -> None:
        self.refusals = Refusals()
        self._client = client
        self._sealer = sealer
        self._desk = desk
        self._writer = writer
        self._vault = vault
        self._live = live
        self._calls = calls
        self._disk = calls.disk if calls else ThreadPoolExecutor(1, "record")
        self._files = ThreadPoolExecutor(1, "recordings")
        self._tasks: set[asyncio.Task[None]] = set()
        self._groups = Groups(self._commit)
        self.gateway = Gateway(desk)
        self._lateness = Lateness()
        self._mailboxes = Mailboxes(self, writer, vault, sealer.identity.box)
        self._changes = False
        self._room = asyncio.Semaphore(BATCHES_LIMIT)
        desk.on_assigned = self._assigned
        desk.floor.on_order = self._order
        desk.on_interrupted = self._interrupted
        desk.floor.on_commanded = self._commanded

    async def start(self) -> None:
        """Listen; a reconnected client listens again by itself."""
        takers: dict[str, Callable[[str, Msg], Awaitable[None]]] = {
            "router.*.rules": self._rules,
            "recording.*.chunk": self._chunk,
            "crash.*.report": self._crash,
            "line.*.status": self._status,
            "line.*.performance": self._performance,
            "alarm.*": self._alarm,
            "peripheral.*.*": self._foreign,
            "live.performance.*": self._live_performance,
        }
        for subject, take in takers.items():
            place = subject.split(".").index("*")  # the first, where the box is
            await self._subscribe(subject, functools.partial(self._take, take, place))
        await self._subscribe("heartbeat.*", self._heartbeats)
        await self._subscribe("call.*.record", self._batches)
        await self._subscribe("live.state", self._live_state)
        await self._subscribe("live.contact", self._live_contact)
        await self._subscribe("agent.command", self._commands)
        await self._subscribe("voicemail.command", self._marks)
        await self._subscribe("route.request.*", self._questions)
        await self._subscribe("agent.command.*", self._commands)
        with contextlib.suppress(nats.errors.Error):  # where the server is away it learns of them when it is back
            await self._client.flush()

    def close(self) -> None:
        """Finish what is being written."""
        if self._calls is None:
            self._disk.shutdown()
        self._files.shutdown()

    async def _subscribe(self, subject: str, take: Callable[[Msg], Awaitable[None]]) -> None:
        await self._client.subscribe(
            subject, cb=take, pending_msgs_limit=MESSAGES_LIMIT, pending_bytes_limit=OCTETS_LIMIT
        )

    async def _take(self, take: Callable[[str, Msg], Awaitable[None]], place: int, message: Msg) -> None:
        box = message.subject.split(".")[place]
        try:
            self.gateway.admit(_checked(box), message.subject, len(message.data), message.reply)
            await take(box, message)
        except UnknownMessageError as error:
            self.refusals.unread(box, message.subject, error)
            await self._refuse(message, error)
        except (SQLAlchemyError, OSError) as error:
            log.error("intake.storing.refused", subject=message.subject, error=str(error))
        except Exception as error:  # noqa: BLE001 - it can be read, and yet makes no sense; the next one may
            self.refusals.failed(box, message.subject, error)
            await self._refuse(message, error)

    async def _refuse(self, message: Msg, why: Exception) -> None:
        code = getattr(why, "code", "message.unknown")
        if not message.reply or code == "peripheral.reply":
            return
        if message.subject.startswith(("route.", "peripheral.")):
            await message.respond(encode(self._sealer.seal(Refused(code=code, sentence=str(why)))))
        else:
            await message.respond(msgspec.json.encode({"error": str(why), "have": 0}))

    async def _heartbeats(self, message: Msg) -> None:
        """In the order in which they come; what one of them says goes to the disk, and no other waits for that."""
        self._later(self._take(self._heartbeat, 1, message))

    async def _heartbeat(self, box: str, message: Msg) -> None:
        beat = self._live.beat(box, message.data, time.time_ns())
        answer: dict[str, object] = {"at_ns": time.time_ns(), "epoch": self._desk.epoch}
        if beat.lease is not None and self._desk.peripheral(box) is None:
            if beat.lease.snapshot is not None and (wrong := mistake(beat.lease.snapshot)):
                raise UnknownMessageError(wrong)
            answer["terms"] = await self._desk.leased(box, beat.lease)
        self.gateway.beats(box, beat.incarnation)
        self._desk.heard(box, beat.contacts)
        answer["snapshot"] = self._desk.peripheral(box) is not None and not self._desk.is_there(box)
        await _answer(message, answer)

    async def _foreign(self, box: str, message: Msg) -> None:
        """In the order in which they come; the answer waits for the journal, the next message does not."""
        self._later(self._accepted(message, self._desk.foreign(box, self.gateway.read(box, message.data))))

    async def _accepted(self, message: Msg, done: Awaitable[object]) -> None:
        await done
        if message.reply:
            await message.respond(encode(self._sealer.seal(Accepted())))

    async def _rules(self, box: str, message: Msg) -> None:
        await _answer(message, await self._desk.domain_rules(box))

    async def _questions(self, message: Msg) -> None:
        """Many at once: those that come while a commit runs share the next."""
        self._later(self._take(self._route, 2, message))

    def _assigned(self, box: str, answer: RouteAnswer | PlaceContact) -> None:
        """A branch that does not hear it is not waited for: the reservation lapses, another one is told."""
        self._later(self._publish(f"route.assign.{box}", encode(self._sealer.seal(answer))))

    async def _order(self, box: str, asked: CallAsked) -> OrderDone | Refused:
        """To the branch that has the contact."""
        try:
            told = await self._client.request(f"agent.order.{box}", encode(self._sealer.seal(asked)), timeout=ORDER_S)
            answer = decode(told.data).body
        except (nats.errors.Error, UnknownMessageError) as error:
            return Refused(code="call.silent", sentence=f"branch {box} does not answer: {error}")
        if isinstance(answer, OrderDone | Refused):
            return answer
        return Refused(code="message.unknown", sentence=f"branch {box} answers {type(answer).__name__}")

    def _interrupted(self, box: str, told: LegInterrupted) -> None:
        """For the agent's desktop; what the router decides depends on nobody's hearing it."""
        self._later(self._publish(f"route.interrupt.{box}", encode(self._sealer.seal(told))))

    def _commanded(self, box: str) -> None:
        """A branch that is cut off in this second shall know it, if it can."""
        if box in self._desk.leases:
            self._later(self._publish(f"agent.commanded.{box}", b""))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _route(self, box: str, message: Msg) -> None:
        envelope = decode(message.data)
        if not isinstance(envelope.body, RouteRequest):
            raise UnknownMessageError(f"{type(envelope.body).__name__} is no route request")
        if envelope.box != box:
            raise UnknownMessageError(f"box {box} cannot ask for box {envelope.box}")
        request = self.gateway.asked(box, envelope, envelope.body)
        check_version(envelope)
        late_ms = self._lateness.ms(envelope)
        if 0 < request.within_ms < late_ms:
            log.warning("route.request.late", contact=request.contact, late_ms=round(late_ms))
            return
        try:
            answer: RouteAnswer | Refused = await self._desk.ask(box, request)
        except NotLeasedError as error:
            answer = Refused(code="lease.over", sentence=str(error))
        if message.reply:
            await message.respond(encode(self._sealer.seal(answer, cause=envelope.id)))

    async def _batches(self, message: Msg) -> None:
        """Several at once: those that come while a commit runs share the next. More wait at the subscription."""
        await self._room.acquire()
        self._later(self._batch(message))

    async def _batch(self, message: Msg) -> None:
        try:
            await self._take(self._record, 1, message)
        finally:
            self._room.release()

    async def _record(self, box: str, message: Msg) -> None:
        batch = read_batch(message.data, box)
        self.gateway.recorded(box, batch)
        for envelope in batch:
            check_version(envelope)
        if self._calls is None:
            self._desk.hear(batch)
            await self._groups.store(batch)
        else:
            await self._calls.put(box, message.data)
            self._desk.hear(batch)
        await _answer(message, {"stored": len(batch)})

    async def _commit(self, events: list[Envelope]) -> None:
        await self.stored(await self.write(functools.partial(self._writer.store, events)))

    async def stored(self, new: list[Envelope], position: int = 0) -> None:
        """Events that the record has for the first time; up to there in its stream, all at once then.

        Without one a few at a time: thousands may come of a record that lagged, and questions are not to wait for all.
        """
        some = TOLD_TOGETHER if not position else max(1, len(new))
        for first in range(0, len(new) or 1, some):
            self._desk.told(new[first : first + some], position)
            await asyncio.sleep(0)
        if new:
            await self._changed()

    async def _chunk(self, box: str, message: Msg) -> None:
        header, sound = read_chunk(message.data)
        have: Have = await self._in(self._files, functools.partial(self._vault.take, header, sound))
        if have.have == header.octets:
            here = functools.partial(self._writer.recording_here, header.recording, header.contact)
            await self.write(here)
            log.info("recording.file.kept", box=box, recording=header.recording, octets=header.octets)
            await self._changed()
        elif have.error is not None:
            log.error("recording.file.refused", box=box, recording=header.recording, error=have.error)
        await _answer(message, have)

    async def _crash(self, box: str, message: Msg) -> None:
        report = crashes.read_report(box, message.data)
        folder = self._vault.folder.with_name("crashes")
        taken = await self._in(self._files, functools.partial(crashes.take, folder, report))
        log.warning("crash.report.kept", box=box, report=report.name)
        await _answer(message, taken)

    async def _status(self, box: str, message: Msg) -> None:
        self._live.status(box, message.data, time.time_ns())

    async def _performance(self, box: str, message: Msg) -> None:
        self._live.performance(box, message.data)

    async def _live_performance(self, box: str, message: Msg) -> None:
        await _answer(message, self._live.performance_of(box, message.data))

    async def _alarm(self, box: str, message: Msg) -> None:
        self._live.alarm(box, message.data, time.time_ns())

    async def _live_state(self, message: Msg) -> None:
        await _answer(message, self._now())

    def _now(self) -> State:
        floor = self._desk.floor
        now = self._live.state(time.time_ns(), floor.queues_now(), floor.agents_now(), floor.callbacks_now())
        return msgspec.structs.replace(now, commit_s=self._desk.commit_s)

    async def _live_contact(self, message: Msg) -> None:
        told = self._desk.floor.contact_of(message.data.decode(errors="replace"))
        await _answer(message, told.now if isinstance(told, ContactTold) else None)

    async def _commands(self, message: Msg) -> None:
        """Many at once, as questions are."""
        self._later(self._command(message))

    async def _command(self, message: Msg) -> None:
        branch = message.subject.removeprefix("agent.command").lstrip(".")
        if branch and self.gateway.mutual:
            try:
                self.gateway.replies(branch, message.reply)
            except UnknownMessageError as error:
                self.refusals.unread(branch, message.subject, error)
                return
        answer, cause = await command(self._desk.floor, self._sealer.identity.box, message.data, branch)
        if message.reply:
            await message.respond(encode(self._sealer.seal(answer, cause=cause)))

    async def _marks(self, message: Msg) -> None:
        self._later(self._mark(message))

    async def _mark(self, message: Msg) -> None:
        answer, cause = await self._mailboxes.command(message.data)
        await self._changed()
        if message.reply:
            await message.respond(encode(self._sealer.seal(answer, cause=cause)))

    async def _changed(self) -> None:
        """Tell the page that the record has changed; once more when what is answered is there for sure."""
        await self._publish("report.stored", b"")
        if not self._changes:
            self._changes = True
            self._later(self._changed_again())

    async def _changed_again(self) -> None:
        await asyncio.sleep(SHOWN_S)
        self._changes = False
        await self._publish("report.stored", b"")

    async def _publish(self, subject: str, payload: bytes) -> None:
        if self._client.is_connected:
            await self._client.publish(subject, payload)

    async def write(self, work: Callable[[], T]) -> T:
        """In the one thread that writes the record."""
        return await self._in(self._disk, work)

    async def _in(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, work)


def _checked(box: str) -> str:
    if not is_box(box):
        raise UnknownMessageError(f"{box!r} is no box")
    return box


async def _answer(message: Msg, answer: object) -> None:
    if message.reply:
        await message.respond(msgspec.json.encode(answer))
