# SPDX-License-Identifier: GPL-2.0-only
"""Where libpri calls Python: it reads the one frame that waits, writes frames, and talks.

Each link gives itself as userdata. An exception here would be lost in C, so every callback names its fault in the log
and libpri sees a failed read or write.
"""

import structlog

from appliance.signalling.pri._pri import ffi, lib

log = structlog.get_logger()

FCS_OCTETS = 2  # libpri counts them in and never looks at them


class Wire:
    """What the callbacks see of a link: the frame to be read next, and the frames written."""

    def __init__(self) -> None:
        self.waiting: bytes | None = None
        self.written: list[bytes] = []


def _failed(kind: object, error: object, _trace: object) -> None:
    log.error("pri.callback.failed", kind=str(kind), error=str(error))


@ffi.def_extern(error=0, onerror=_failed)  # type: ignore[untyped-decorator]
def branchline_read(pri: "ffi.CData", buffer: "ffi.CData", size: int) -> int:
    """Give libpri the frame that waits; 0 octets: none."""
    wire: Wire = ffi.from_handle(lib.pri_get_userdata(pri))
    frame, wire.waiting = wire.waiting, None
    if frame is None or len(frame) + FCS_OCTETS > size:
        return 0
    ffi.memmove(buffer, frame + bytes(FCS_OCTETS), len(frame) + FCS_OCTETS)
    return len(frame) + FCS_OCTETS


@ffi.def_extern(error=-1, onerror=_failed)  # type: ignore[untyped-decorator]
def branchline_write(pri: "ffi.CData", buffer: "ffi.CData", size: int) -> int:
    """Take a frame that libpri sends."""
    wire: Wire = ffi.from_handle(lib.pri_get_userdata(pri))
    wire.written.append(bytes(ffi.buffer(buffer, size - FCS_OCTETS)))
    return size


@ffi.def_extern(onerror=_failed)  # type: ignore[untyped-decorator]
def branchline_message(_pri: "ffi.CData", text: "ffi.CData") -> None:
    """Take libpri's own debugging lines."""
    log.debug("pri.library.said", text=ffi.string(text).decode("latin-1").rstrip())


@ffi.def_extern(onerror=_failed)  # type: ignore[untyped-decorator]
def branchline_error(_pri: "ffi.CData", text: "ffi.CData") -> None:
    """What libpri calls errors: mostly a peer's odd message, never ours to raise."""
    log.debug("pri.library.complained", text=ffi.string(text).decode("latin-1").rstrip())


lib.pri_set_message(lib.branchline_message)
lib.pri_set_error(lib.branchline_error)
