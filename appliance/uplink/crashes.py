# SPDX-License-Identifier: GPL-2.0-only
"""Brings reports of crashes to headquarters, which knows each by its name: told twice it is there once."""

import asyncio
from pathlib import Path

import msgspec
import structlog

from appliance.supervisor.crashes import sent
from appliance.uplink.link import Link, LinkDownError, LinkSilentError

POLL_S = 2.0
ANSWER_S = 5.0

log = structlog.get_logger()


class Taken(msgspec.Struct, frozen=True, omit_defaults=True):
    """Headquarters' answer: it has the report, or why it will not."""

    kept: bool = False
    error: str | None = None


class CrashSender:
    """Of one box's folder."""

    def __init__(self, folder: Path, link: Link) -> None:
        self._folder, self._link = folder, link
        self._refused: set[Path] = set()

    async def run(self) -> None:
        """For ever; cancel to end."""
        while True:
            if self._link.up:
                for path in await asyncio.to_thread(self._unsent):
                    await self._attempt(path)
            await asyncio.sleep(POLL_S)

    def _unsent(self) -> list[Path]:
        """Of our own box; the oldest first."""
        ours = self._folder.glob(f"*-{self._link.identity.box}-*.json")
        return [path for path in sorted(ours) if path not in self._refused and not sent(path).exists()]

    async def _attempt(self, path: Path) -> None:
        try:
            report = await asyncio.to_thread(path.read_bytes)
            answer = await self._link.ask(f"crash.{self._link.identity.box}.report", report, ANSWER_S)
            taken = msgspec.json.decode(answer, type=Taken)
        except (LinkDownError, LinkSilentError, OSError, msgspec.DecodeError) as error:
            log.info("crash.report.delayed", report=path.stem, why=str(error))
            return
        if taken.kept:
            sent(path).touch(0o600)
            log.info("crash.report.acknowledged", report=path.stem)
        else:
            self._refused.add(path)  # until our next start: headquarters may know it then
            log.error("crash.report.refused", report=path.stem, error=taken.error)
