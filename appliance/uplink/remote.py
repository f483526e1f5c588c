# SPDX-License-Identifier: GPL-2.0-only
"""The box's command line for headquarters: one line, in the role that came with it, bounded in time and size.

The command line is a process of its own, as at a login, so that nothing it does can hold up the link; it refuses what
the role may not do, and what takes a terminal, and notes who it was.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import structlog

from appliance.uplink.link import Link
from appliance.wire.envelope import Sealer, UnknownMessageError, decode, encode
from appliance.wire.remote import TEXT_MOST, LineAnswered, LineTyped
from appliance.wire.service_messages import Refused

EXPORTS = "exports"
TIMED_OUT = 124
"""Exit status, as timeout(1)'s."""

log = structlog.get_logger()


class Remote:
    """Answers `cli.<box>`; to be made before the link runs."""

    def __init__(self, link: Link, sealer: Sealer, state: Path) -> None:
        self._sealer, self._state, self._box = sealer, state, link.identity.box
        link.answers[f"cli.{self._box}"] = self._typed

    async def _typed(self, payload: bytes) -> bytes:
        try:
            asked = decode(payload)
        except UnknownMessageError as error:
            return encode(self._sealer.seal(Refused(code="message.unknown", sentence=f"no command line: {error}")))
        if not isinstance(asked.body, LineTyped):
            refused = Refused(code="message.unknown", sentence=f"{type(asked.body).__name__} is no command line")
            return encode(self._sealer.seal(refused, cause=asked.id))
        return encode(self._sealer.seal(await self._run(asked.body), cause=asked.id))

    async def _run(self, typed: LineTyped) -> LineAnswered:
        exports = self._state / EXPORTS
        exports.mkdir(mode=0o700, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "appliance.cli", "-c", typed.line),
            env=os.environ | _environment(typed),
            cwd=exports,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        log.info("uplink.line.typed", by=typed.by, role=typed.role, pid=process.pid)
        text, status = b"", TIMED_OUT
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(typed.within_s):
                text = await _read(process)
                status = await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
        shown = text[:TEXT_MOST].decode(errors="replace")
        return LineAnswered(status=status, text=shown, cut=status == TIMED_OUT or len(text) > TEXT_MOST)


async def _read(process: asyncio.subprocess.Process) -> bytes:
    """All that it says, or a little more than may be told."""
    text = bytearray()
    while process.stdout is not None and (more := await process.stdout.read(65_536)):
        text += more
        if len(text) > TEXT_MOST:
            process.kill()
            break
    return bytes(text)


def _environment(typed: LineTyped) -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "BRANCHLINE_ROLE": typed.role,
        "BRANCHLINE_AUTHOR": f"{typed.by}@headquarters",
        "BRANCHLINE_FROM": "headquarters",
        "BRANCHLINE_PEER": "headquarters",
        "LC_ALL": "zh_CN.UTF-8" if typed.chinese else "C.UTF-8",
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": str(typed.columns),
    }
