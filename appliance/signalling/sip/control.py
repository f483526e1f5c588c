# SPDX-License-Identifier: GPL-2.0-only
"""Kamailio's control socket: JSON-RPC 2.0, one request and one answer, each a datagram.

Our end has an address that Linux makes up (unix(7), abstract), so nothing is left on disk.
"""

import asyncio
import contextlib
import itertools
import socket
from pathlib import Path
from typing import Any, TypeVar

import msgspec

OCTETS_LIMIT = 262_144

R = TypeVar("R")

_numbers = itertools.count(1)


class ControlError(Exception):
    """Kamailio is not there, is silent, or refused the request."""


class _Error(msgspec.Struct, frozen=True):
    message: str


class _Answer(msgspec.Struct, frozen=True):
    result: Any = None
    error: _Error | None = None


async def control(path: Path, kind: type[R], method: str, *parameters: str | int, timeout_s: float = 2.0) -> R:
    """The result of `method`, which must be of this kind. Raises ControlError."""
    number = next(_numbers)
    request = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": number}
    loop = asyncio.get_running_loop()
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ours:
        ours.settimeout(0)
        ours.bind("")
        try:
            ours.connect(str(path))
            ours.send(msgspec.json.encode(request))
            answer = await asyncio.wait_for(loop.sock_recv(ours, OCTETS_LIMIT), timeout_s)
        except (OSError, TimeoutError) as error:
            raise ControlError(f"kamailio at {path.name}: {method}: {type(error).__name__} {error}") from error
    return _result(method, kind, answer)


def _result(method: str, kind: type[R], answer: bytes) -> R:
    try:
        body = msgspec.json.decode(answer, type=_Answer)
        if body.error is not None:
            raise ControlError(f"kamailio: {method}: {body.error.message}")
        return msgspec.convert(body.result, kind)
    except msgspec.DecodeError as error:
        raise ControlError(f"kamailio: {method}: {error}") from error
