# SPDX-License-Identifier: GPL-2.0-only
"""The branch's floor: its agents are commanded here as they are at headquarters, whoever decides.

`run/floor.sock`: an envelope with a command, a line; answered by WhoDecides and by what has become of it, a line each.
While the branch is alone its own router obeys, else headquarters is told. Between the two nobody does, for as long as
the lease runs on: a command waits, but one that may not be done twice only if it cannot have been heard.
"""

import asyncio
import os
from pathlib import Path

import structlog

from appliance.router.floor import Command, Floor, Told, at_branch
from appliance.uplink.domain import Domain
from appliance.uplink.link import Link, LinkDownError, LinkSilentError
from appliance.wire.agents import AgentAsked, ContactAsked, FloorAsked, WhoDecides
from appliance.wire.envelope import Body, Sealer, UnknownMessageError, decode, encode
from appliance.wire.service_messages import Refused

ANSWER_S = 2.0
HELD_S = 6.0
"""Longer than a lease."""
AGAIN_S = 0.1
AGAIN = (AgentAsked, ContactAsked, FloorAsked)
"""Told twice it is as if it was told once."""

log = structlog.get_logger()


class FloorDoor:
    """`floor` is the branch's own router."""

    def __init__(self, path: Path, floor: Floor, domain: Domain, link: Link, sealer: Sealer) -> None:
        self._path = path
        self._floor = floor
        self._domain = domain
        self._link = link
        self._sealer = sealer

    async def run(self) -> None:
        """Listen for ever; cancel to end. Mode 0600."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._serve, self._path)
        finally:
            os.umask(mask)
        async with server:
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                for body in await self._answer(line):
                    writer.write(encode(self._sealer.seal(body)) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as error:  # ValueError: a line that does not end
            log.info("floor.client.gone", error=str(error))
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> tuple[Body, Body]:
        try:
            asked = decode(line).body
        except UnknownMessageError as error:
            return self._domain.decides, Refused(code="message.unknown", sentence=f"no command: {error}")
        if not isinstance(asked, Command | FloorAsked):
            sentence = f"{type(asked).__name__} is no command of an agent; AgentAsked is"
            return self._domain.decides, Refused(code="message.unknown", sentence=sentence)
        return await self._commanded(asked)

    async def _commanded(self, asked: Command | FloorAsked) -> tuple[WhoDecides, Told]:
        until = asyncio.get_running_loop().time() + HELD_S
        while True:
            if self._domain.alone:
                who = self._domain.decides
                return who, await at_branch(self._floor, self._link.identity.box, asked)
            told, why = await self._headquarters(asked)
            if told is None and self._domain.capable and asyncio.get_running_loop().time() < until:
                await asyncio.sleep(AGAIN_S)
                continue
            return self._domain.decides, told or Refused(code="floor.silent", sentence=f"nobody decides now: {why}")

    async def _headquarters(self, asked: Command | FloorAsked) -> tuple[Told | None, str]:
        """Its answer; None: it has not heard the command, or may be told it again."""
        subject = f"agent.command.{self._link.identity.box}"
        try:
            told = decode(await self._link.ask(subject, encode(self._sealer.seal(asked)), ANSWER_S)).body
        except LinkDownError as error:
            return None, str(error)
        except LinkSilentError as error:
            if isinstance(asked, AGAIN):
                return None, str(error)
            sentence = f"{error}; whether it has done so nobody knows here"
            return Refused(code="floor.silent", sentence=sentence), ""
        except UnknownMessageError as error:
            log.error("floor.answer.unknown", error=str(error))
            return None, "headquarters' answer was not understood"
        return (told, "") if isinstance(told, Told) else (None, f"headquarters answers {type(told).__name__}")
