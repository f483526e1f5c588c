# SPDX-License-Identifier: GPL-2.0-only
"""A stream of JetStream on three servers: what is acknowledged is on the disks of a majority of them.

Read by position and kept by no server for a reader, so that the death of a server takes nobody's place in it. A read
may come from a server that is behind or cut off: what it gives is the beginning of the truth, never something else.
"""

import contextlib
import time
from collections.abc import Awaitable
from typing import TypeVar

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import Header, PeerInfo, StorageType, StoreCompression, StreamConfig
from nats.js.errors import APIError, NotFoundError

REPLICAS = 3
ANSWER_S = 1.0
READ_S = 0.4
READS = 3
HEARD_NS = 1_500_000_000  # its heartbeat is a second's
CHUNK = 200
CHUNK_OCTETS = 4_194_304
WRONG_LAST_SEQUENCE, OTHER_SETTINGS = 10071, 10058  # JetStream's codes

T = TypeVar("T")


class NoQuorumError(ConnectionError):
    """No majority of the message servers has answered; it may have been done or not."""


class UnseenError(NoQuorumError):
    """Ours was refused, and what stands in its place cannot be seen: it is not on a majority's disks yet, or lost."""


class OvertakenError(Exception):
    """Somebody else's message stands where ours was to stand."""


class Stored(msgspec.Struct, frozen=True):
    """A message and its position."""

    position: int
    subject: str
    payload: bytes


class Extent(msgspec.Struct, frozen=True):
    """`made` names the stream: one that is made anew has another. `last` 0: it never had a message.

    `followers` are up to date and alive.
    """

    made: str
    last: int
    leader: str
    followers: tuple[str, ...]


class Stream:
    """One stream, of all subjects below `name`.

    Beyond `octets`, `age_s`, or `newest` of a subject the oldest messages go.
    """

    def __init__(self, client: Client, name: str, octets: int = -1, age_s: float = 0, newest: int = -1) -> None:
        self.name = name
        self._client = client
        self._js = client.jetstream(timeout=ANSWER_S)
        self._settings = StreamConfig(
            name=name,
            subjects=[f"{name}.>"],
            num_replicas=REPLICAS,
            storage=StorageType.FILE,
            compression=StoreCompression.S2,
            allow_direct=True,
            max_bytes=octets,
            max_age=age_s,
            max_msgs_per_subject=newest,
        )

    async def make(self) -> None:
        """Make it where it is missing; one of an older version's settings gets ours. Raises NoQuorumError."""
        try:
            await _answered(self._js.add_stream(self._settings))
        except _RefusedError as error:
            if error.code != OTHER_SETTINGS:
                raise
            await _answered(self._js.update_stream(self._settings))

    async def extent(self) -> Extent:
        """As its leader knows it. Raises NoQuorumError."""
        told = await _answered(self._js.stream_info(self.name))
        cluster = told.cluster
        if cluster is None or not cluster.leader:
            raise NoQuorumError(f"stream {self.name} has no leader")
        followers = tuple(one.name or "" for one in cluster.replicas or () if one.current and _heard(one))
        return Extent(str(told.created), told.state.last_seq, cluster.leader, followers)

    async def append(self, subject: str, payload: bytes) -> int:
        """Its position. Raises NoQuorumError."""
        return (await _answered(self._js.publish(f"{self.name}.{subject}", payload))).seq

    async def append_after(self, position: int, subject: str, payload: bytes) -> int:
        """Right after that position, or not at all. Raises NoQuorumError, OvertakenError."""
        headers = {str(Header.EXPECTED_LAST_SEQUENCE.value): str(position)}
        try:
            return (await _answered(self._js.publish(f"{self.name}.{subject}", payload, headers=headers))).seq
        except _RefusedError as error:
            if error.code != WRONG_LAST_SEQUENCE:
                raise NoQuorumError(str(error)) from error
        stands = await self._at(position + 1)
        if stands is None:
            raise UnseenError(f"stream {self.name} has lost messages, or has no leader yet")
        if stands != payload:
            raise OvertakenError(f"another message stands at {position + 1} of stream {self.name}")
        return position + 1

    async def last(self, subject: str) -> Stored | None:
        """The last message of a subject. Raises NoQuorumError."""
        try:
            found = await _answered(self._js.get_last_msg(self.name, f"{self.name}.{subject}"))
        except _MissingError:
            return None
        return Stored(found.seq or 0, found.subject or "", found.data or b"")

    async def read(self, after: int) -> list[Stored]:
        """The next ones, at most CHUNK; none where there is none. Raises NoQuorumError."""
        for _ in range(READS - 1):
            with contextlib.suppress(NoQuorumError):  # a server that hangs was asked; the next time it is another
                return await self._read(after)
        return await self._read(after)

    async def _read(self, after: int) -> list[Stored]:
        inbox = self._client.new_inbox()
        wanted = msgspec.json.encode({"seq": after + 1, "batch": CHUNK, "max_bytes": CHUNK_OCTETS})
        until = time.monotonic() + READ_S
        messages: list[Stored] = []
        try:
            answers = await self._client.subscribe(inbox)
            try:
                await self._client.publish(f"$JS.API.DIRECT.GET.{self.name}", wanted, reply=inbox)
                while (stored := _stored(await answers.next_msg(max(0.01, until - time.monotonic())))) is not None:
                    messages.append(stored)
            finally:
                await answers.unsubscribe()
        except (nats.errors.Error, OSError) as error:
            if not messages:
                raise NoQuorumError(f"stream {self.name} cannot be read: {_words(error)}") from error
        return messages

    async def lead_elsewhere(self, server: str) -> None:
        """Let that server lead, so that the death of this one stops no writing. Raises NoQuorumError."""
        request = msgspec.json.encode({"placement": {"preferred": server}})
        subject = f"$JS.API.STREAM.LEADER.STEPDOWN.{self.name}"
        await _answered(self._client.request(subject, request, timeout=ANSWER_S))

    async def _at(self, position: int) -> bytes | None:
        try:
            return (await _answered(self._js.get_msg(self.name, position))).data
        except _MissingError:
            return None


class _RefusedError(NoQuorumError):
    def __init__(self, error: APIError) -> None:
        super().__init__(f"JetStream: {error.description}")
        self.code = error.err_code


class _MissingError(_RefusedError):
    pass


async def _answered(work: Awaitable[T]) -> T:
    """Every way in which JetStream may not do it is NoQuorumError."""
    try:
        return await work
    except NotFoundError as error:
        raise _MissingError(error) from error
    except APIError as error:
        raise _RefusedError(error) from error
    except (nats.errors.Error, OSError) as error:
        raise NoQuorumError(f"no majority of the message servers answers: {_words(error)}") from error


def _heard(peer: PeerInfo) -> bool:
    """Of its leader, just now: a server that has died is called current for a while."""
    return not peer.offline and (peer.active or 0) < HEARD_NS


def _stored(message: Msg) -> Stored | None:
    """None: it was the end."""
    headers = message.headers or {}
    if "Status" in headers:
        return None
    return Stored(int(headers["Nats-Sequence"]), headers["Nats-Subject"], message.data)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
