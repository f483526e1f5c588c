# SPDX-License-Identifier: GPL-2.0-only
"""A recording as an answer to GET, whole or in part (RFC 9110 §14), so that a player can jump."""

import re
from collections.abc import Iterator
from pathlib import Path

from litestar import Response
from litestar.response import Stream

READ_OCTETS = 65_536
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


def wanted(header: str, octets: int) -> tuple[int, int] | None:
    """First and last octet (inclusive) that a Range header asks for; None where it asks for nothing of the file.

    Raises ValueError for a header that is not one plain range; then the whole is to be sent (RFC 9110 §14.2).
    """
    found = _RANGE.fullmatch(header)
    if found is None or not (found[1] or found[2]):
        raise ValueError(f"{header!r} is not one range of octets")
    if not found[1]:
        return (max(0, octets - int(found[2])), octets - 1) if int(found[2]) else None
    first = int(found[1])
    last = min(int(found[2]), octets - 1) if found[2] else octets - 1
    return (first, last) if first <= last else None


def answer(path: Path, range_header: str) -> Response[None] | Stream:
    """200, 206 or 416. Raises OSError."""
    octets = path.stat().st_size
    try:
        part = wanted(range_header, octets)
    except ValueError:
        return _sound(path, 0, octets - 1, {}, status=200)
    if part is None:
        return Response(None, status_code=416, headers={"Content-Range": f"bytes */{octets}"})
    return _sound(path, *part, {"Content-Range": f"bytes {part[0]}-{part[1]}/{octets}"}, status=206)


def _sound(path: Path, first: int, last: int, headers: dict[str, str], status: int) -> Stream:
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(last - first + 1), **headers}
    return Stream(_read(path, first, last), status_code=status, media_type="audio/wav", headers=headers)


def _read(path: Path, first: int, last: int) -> Iterator[bytes]:
    with path.open("rb") as sound:
        sound.seek(first)
        left = last - first + 1
        while left > 0 and (octets := sound.read(min(READ_OCTETS, left))):
            left -= len(octets)
            yield octets
