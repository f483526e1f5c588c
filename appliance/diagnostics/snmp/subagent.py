# SPDX-License-Identifier: GPL-2.0-only
"""The subagent: opens a session with the master agent, registers our subtrees, and answers what it asks. Never sets.

The master dies and comes back as it likes; we come back to it.
"""

import asyncio
import bisect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import structlog

from appliance.diagnostics.snmp.agentx import (
    HEADER_OCTETS,
    NETWORK_BYTE_ORDER,
    Asked,
    Error,
    Header,
    Kind,
    Oid,
    Pdu,
    Range,
    RemoteProtocolError,
    Value,
    answer,
    asked,
    header,
    opening,
    pdu,
    registering,
    response,
)

AGAIN_S = 1.0
ANSWER_S = 5.0
SAID = "Branchline"
END = Value(Kind.END_OF_VIEW)

log = structlog.get_logger()


class Objects:
    """What there is at one moment, in the order of the names."""

    def __init__(self, told: Mapping[Oid, Value]) -> None:
        self._told = told
        self._names = sorted(told)

    def get(self, name: Oid) -> Value:
        """The value of that very name; of a column that has others, or of nothing that we know."""
        if name in self._told:
            return self._told[name]
        column = self._names[bisect.bisect_left(self._names, name[:-1]) :][:1] if name else []
        return Value(
            Kind.NO_SUCH_INSTANCE if column and column[0][: len(name) - 1] == name[:-1] else Kind.NO_SUCH_OBJECT
        )

    def following(self, wanted: Range) -> tuple[Oid, Value]:
        """The first in the range; its start with END where there is none."""
        place = (bisect.bisect_left if wanted.include else bisect.bisect_right)(self._names, wanted.start)
        if place < len(self._names) and (not wanted.end or self._names[place] < wanted.end):
            return self._names[place], self._told[self._names[place]]
        return wanted.start, END

    def answers(self, kind: int, wanted: Asked) -> Iterator[tuple[Oid, Value]]:
        """To a Get, GetNext or GetBulk (RFC 2741 §7.2.3)."""
        if kind == Pdu.GET:
            yield from ((one.start, self.get(one.start)) for one in wanted.ranges)
            return
        singles = len(wanted.ranges) if kind == Pdu.GET_NEXT else wanted.singles
        yield from map(self.following, wanted.ranges[:singles])
        repeated = list(wanted.ranges[singles:])
        for _ in range(wanted.repetitions if repeated else 0):
            found = list(map(self.following, repeated))
            yield from found
            repeated = [Range(name, False, one.end) for (name, _), one in zip(found, repeated, strict=True)]  # noqa: FBT003
            if all(value is END for _, value in found):
                return


class Subagent:
    """`subtrees` are ours; `objects` tells what is in them now."""

    def __init__(self, socket: Path, subtrees: Sequence[Oid], objects: Callable[[], Objects]) -> None:
        self._socket, self._subtrees, self._objects = socket, subtrees, objects

    async def run(self) -> None:
        """For ever; cancel to end."""
        while True:
            try:
                await self._session()
            except (OSError, asyncio.IncompleteReadError, TimeoutError, RemoteProtocolError) as error:
                log.info("snmp.master.away", error=str(error))
            await asyncio.sleep(AGAIN_S)

    async def _session(self) -> None:
        reader, writer = await asyncio.open_unix_connection(self._socket)
        try:
            packets = itertools.count(1)
            nobody = Header(0, NETWORK_BYTE_ORDER, 0, 0, next(packets), 0)
            told = await _done(reader, writer, nobody, Pdu.OPEN, opening(SAID, int(ANSWER_S)))
            for subtree in self._subtrees:
                payload = registering(subtree, int(ANSWER_S))
                await _done(reader, writer, told._replace(packet=next(packets)), Pdu.REGISTER, payload)
            log.info("snmp.session.opened", subtrees=len(self._subtrees))
            while True:
                told, payload = await _read(reader)
                writer.write(self._answer(told, payload))
                await writer.drain()
        finally:
            writer.close()

    def _answer(self, told: Header, payload: bytes) -> bytes:
        match told.kind:
            case Pdu.GET | Pdu.GET_NEXT | Pdu.GET_BULK:
                return answer(told, self._objects().answers(told.kind, asked(told, payload)))
            case Pdu.TEST_SET:
                return answer(told, (), Error.NOT_WRITABLE, 1)
            case Pdu.COMMIT_SET | Pdu.UNDO_SET | Pdu.PING:
                return answer(told, ())
            case Pdu.CLEANUP_SET:
                return b""  # §7.2.4.4: no answer
            case Pdu.CLOSE:
                raise RemoteProtocolError("the master has closed the session")
            case Pdu.RESPONSE:
                return b""
        return answer(told, (), Error.PARSE)


async def _done(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, told: Header, kind: Pdu, payload: bytes
) -> Header:
    """Send it, and wait for the answer, whose header is returned. Raises RemoteProtocolError where it is refused."""
    writer.write(pdu(told, kind, payload))
    back, said = await asyncio.wait_for(_read(reader), ANSWER_S)
    if back.kind != Pdu.RESPONSE:
        raise RemoteProtocolError(f"the master answers a {kind.name} with a PDU of kind {back.kind}")
    if error := response(said).error:
        raise RemoteProtocolError(f"the master refuses a {kind.name}: error {error} of RFC 2741 §6.2.16")
    return back


async def _read(reader: asyncio.StreamReader) -> tuple[Header, bytes]:
    told = header(await reader.readexactly(HEADER_OCTETS))
    return told, await reader.readexactly(told.length)
