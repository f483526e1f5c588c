# SPDX-License-Identifier: GPL-2.0-only
"""A bundle from wherever it is to the slot: fetched whole, then written by RAUC, progress told."""

import asyncio
import re
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx

from appliance.update.bundle import BundleError

RESERVE = 64 * 1024 * 1024
"""Octets of the data disk that a download leaves: recordings go on meanwhile."""
FETCHED = "incoming.raucb"
PATIENCE_S = 60.0
"""Without an octet."""
_PERCENT = re.compile(r"\s*(\d{1,3})% (.*)")

Tell = Callable[[str, int | None], None]
"""What is being done, and how much of it, in percent."""


def is_address(source: str) -> bool:
    """Whether it is to be fetched, and is no file of the box."""
    return source.startswith(("http://", "https://"))


async def fetched(source: str, folder: Path, tell: Tell, authority: Path | None = None) -> Path:
    """The bundle as a file. `authority`: headquarters' CA, trusted beside the system's. Raises: BundleError."""
    if not is_address(source):
        return Path(source)
    file = folder / FETCHED
    forget(folder)
    try:
        await _fetch(source, file, tell, _trusting(authority))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BundleError(f"{source} cannot be fetched: {_why(error, file)}") from error
    except OSError as error:
        raise BundleError(f"{file} cannot be written: {error.strerror}") from error
    return file


def forget(folder: Path) -> None:
    """What was fetched."""
    (folder / FETCHED).unlink(missing_ok=True)


def _trusting(authority: Path | None) -> ssl.SSLContext:
    """Httpx by itself trusts a list of its own, which no administrator has a hand in."""
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except OSError as error:
            raise BundleError(f"{authority} is no CA's certificate: {error.strerror or error}") from error
    return context


def _why(error: Exception, file: Path) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"its server answers {error.response.status_code} {error.response.reason_phrase}"
    have = file.stat().st_size if file.exists() else 0
    begun = f"it broke off after {have:,} octets: " if have else ""
    return begun + (str(error) or type(error).__name__)


async def _fetch(source: str, file: Path, tell: Tell, tls: ssl.SSLContext) -> None:
    client = httpx.AsyncClient(verify=tls, follow_redirects=True, timeout=PATIENCE_S)
    async with client, client.stream("GET", source) as answer:
        answer.raise_for_status()
        expected = int(answer.headers.get("content-length", 0))
        have = 0
        with file.open("wb") as opened:
            async for piece in answer.aiter_bytes(1 << 20):
                room = shutil.disk_usage(file.parent).free - RESERVE
                if room < max(expected - have, len(piece)):
                    raise BundleError(_no_room(expected or have + len(piece), have + room, file.parent))
                await asyncio.to_thread(opened.write, piece)
                have += len(piece)
                tell("fetches it", 100 * have // expected if expected else None)


def _no_room(octets: int, room: int, folder: Path) -> str:
    return f"too little space: the bundle has {octets:,} octets, {folder} has room for {max(room, 0):,}"


async def install(file: Path, tell: Tell) -> None:
    """Write it to the slot that does not run; it is on the disk when this returns. Raises: BundleError."""
    try:
        rauc = await asyncio.create_subprocess_exec(
            *("rauc", "install", "--progress", str(file)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise BundleError(f"rauc cannot be started: {error.strerror}") from error
    said: list[str] = []
    try:
        assert rauc.stdout is not None  # noqa: S101 - asked for above
        async for octets in rauc.stdout:
            line = octets.decode("utf-8", "replace").strip()
            if found := _PERCENT.fullmatch(line):
                tell(found[2], int(found[1]))
            elif line:
                said.append(line)
        status = await rauc.wait()
    finally:
        if rauc.returncode is None:
            rauc.kill()
    if status != 0:
        raise BundleError(_reason(said))


def _reason(said: list[str]) -> str:
    """RAUC's `LastError: …`, else its last line."""
    told = [line.removeprefix("LastError: ") for line in said if line.startswith("LastError: ")] or said[-1:]
    return f"it could not be written: {' '.join(told) or 'rauc gave no reason'}"
