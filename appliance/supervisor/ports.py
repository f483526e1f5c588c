# SPDX-License-Identifier: GPL-2.0-only
"""Before anything starts: is every port free, and if not, who has it. Told from /proc, so only on Linux."""

import contextlib
import errno
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from appliance.config import Listener

_KINDS = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}
_TCP_LISTEN = "0A"
_TOLD_AT_MOST = 3


def troubles(listeners: Iterable[Listener]) -> list[str]:
    """A sentence for every purpose whose ports cannot be bound; empty if all can. Binds and lets go at once."""
    return [sentence for listener in listeners for sentence in _troubles_of(listener)]


def _troubles_of(listener: Listener) -> Iterator[str]:
    told: set[str] = set()
    first = listener.endpoint.port
    for port in range(first, first + listener.count):
        error = _bind_error(listener.protocol, listener.endpoint.address, port)
        if error is None:
            continue
        reason = _reason(error, listener, port)
        if reason not in told and len(told) < _TOLD_AT_MOST:
            told.add(reason)
            key = ".".join(str(part) for part in listener.keys)
            yield f"{listener.protocol.upper()} port {port} ({listener.purpose}) {reason} or change {key}"


def _reason(error: OSError, listener: Listener, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"is in use by {holder(listener.protocol, port)}; end it"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"cannot be opened: this machine has no address {listener.endpoint.address}; give it one"
    if error.errno == errno.EACCES:
        return "needs more rights than this user has; run as root"
    return f"cannot be opened: {error.strerror}; mend that"


def _bind_error(protocol: str, address: str, port: int) -> OSError | None:
    with socket.socket(socket.AF_INET, _KINDS[protocol]) as probe:
        if protocol == "tcp":  # a closed connection's TIME-WAIT is no holder
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            if protocol == "tcp":
                probe.listen(1)
        except OSError as error:
            return error
    return None


def holder(protocol: str, port: int) -> str:
    """The process that has the port, as `pid 4711 (kamailio -DD)`; "another user's process" where we may not look."""
    inodes = set(_inodes(protocol, port))
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _has_socket(process, inodes):
            return f"pid {process.name} ({_command(process)})"
    return "another user's process"


def _inodes(protocol: str, port: int) -> Iterator[str]:
    for table in (f"/proc/net/{protocol}", f"/proc/net/{protocol}6"):
        with contextlib.suppress(FileNotFoundError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                listening = protocol == "udp" or fields[3] == _TCP_LISTEN
                if listening and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _has_socket(process: Path, inodes: set[str]) -> bool:
    try:
        links = [str(fd.readlink()) for fd in (process / "fd").iterdir()]
    except OSError:  # it has ended, or it is not ours to look into
        return False
    return any(link.removeprefix("socket:[").removesuffix("]") in inodes for link in links)


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        name = (process / "comm").read_text().strip()
    except OSError:
        return "ended meanwhile"
    text = " ".join(words).strip() or name
    return text if len(text) <= 80 else text[:79] + "…"
