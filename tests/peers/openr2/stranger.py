# SPDX-License-Identifier: GPL-2.0-only
"""libopenr2 as a stranger on one channel: A-law octets and bits in, octets and bits out, 20 ms a tick, virtual time.

The library is Debian's, unmodified; `stranger.c` stands between it and the kernel. What it cannot do, found by trying,
stands in tests/signalling/r2/test_openr2.py.
"""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cffi import FFI

from rootfs.setup.paths import BUILD, digest_of

BLOCK = 160
SOURCE = Path(__file__).with_name("stranger.c")
HEADER = SOURCE.with_suffix(".h")
FOLDER = BUILD / "peers"
STRICT = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-O2", "-fPIC", "-shared"]
RTLD_DEEPBIND = 8  # its own symbols first: without it libopenr2 would ask the kernel

# Its enumerations.
ORDINARY, PRIORITY, INTERNATIONAL, INTERNATIONAL_PRIORITY, COLLECT, UNKNOWN, TEST = range(7)
CHARGE, NO_CHARGE, SPECIAL = range(3)
BUSY, CONGESTION, UNALLOCATED, OUT_OF_ORDER = range(4)
NORMAL_CLEARING, COLLECT_REFUSED, FORCED_RELEASE, NUMBER_CHANGED = range(6, 10)

ffi = FFI()
ffi.cdef(HEADER.read_text())


class Told(NamedTuple):
    """A callback of the library: seized, offered, accepted, answered, disconnected, ended, error, blocked, idle, pulse.

    `value` is its enumeration: category, mode, cause, error.
    """

    what: str
    ani: str = ""
    dnis: str = ""
    value: int = 0


@cache
def library() -> Any:
    """Compiled when its source is new. Raises: subprocess.CalledProcessError when the compiler refuses."""
    includes = [f"-I{path}" for path in sorted(Path("/usr/src").glob("dahdi-*/include"))]
    made = FOLDER / f"openr2-{digest_of([SOURCE, HEADER], *includes)[:16]}.so"
    if not made.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        draft = made.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", *STRICT, str(SOURCE), "-o", str(draft), *includes, "-lopenr2"], check=True)
        draft.replace(made)
    return ffi.dlopen(str(made), os.RTLD_NOW | RTLD_DEEPBIND)


class Stranger:
    """One end. Keep it; it is freed with the object."""

    def __init__(
        self,
        variant: str,
        *,
        dnis_digits: int,
        ani_digits: int = 20,
        ani_first: bool = True,
        immediate_accept: bool = False,
        double_answer: bool = False,
    ) -> None:
        name = ffi.new("char[]", variant.encode())
        settings = ffi.new(
            "struct settings *",
            [name, ani_first, ani_digits, dnis_digits, immediate_accept, double_answer],
        )
        made = library().stranger_new(settings)
        if made == ffi.NULL:
            raise ValueError(f"libopenr2 makes no channel of variant {variant!r}")
        self._one = ffi.gc(made, library().stranger_free)
        self._said = ffi.new("uint8_t[]", BLOCK)
        self.told: list[Told] = []
        self.bits = 0

    def tick(self, heard: bytes, bits: int) -> bytes:
        """20 ms: what it hears, as octets and ABCD; returns what it says, its own bits stand in `bits`."""
        if len(heard) != BLOCK:
            raise ValueError(f"openr2: {len(heard)} octets, a tick has {BLOCK}")
        self.bits = library().stranger_tick(self._one, heard, self._said, bits)
        self._collect()
        return bytes(self._said)

    def call(self, dnis: str, ani: str | None, category: int = ORDINARY) -> None:
        """Call out; `ani` None: restricted."""
        number = ffi.NULL if ani is None else ffi.new("char[]", ani.encode())
        self._do(library().stranger_call(self._one, number, dnis.encode(), category))

    def accept(self, mode: int = CHARGE) -> None:
        """Group B: free."""
        self._do(library().stranger_accept(self._one, mode))

    def answer(self) -> None:
        """Answer an accepted call."""
        self._do(library().stranger_answer(self._one))

    def disconnect(self, cause: int = NORMAL_CLEARING) -> None:
        """Refuse or clear."""
        self._do(library().stranger_disconnect(self._one, cause))

    def block(self) -> None:
        """Take the channel out of service."""
        self._do(library().stranger_block(self._one))

    def unblock(self) -> None:
        """Back into service."""
        self._do(library().stranger_unblock(self._one))

    def _do(self, code: int) -> None:
        self._collect()
        if code:
            raise RuntimeError("libopenr2 refuses this in the channel's state")

    def _collect(self) -> None:
        told: Any = ffi.new("struct told *")
        while library().stranger_take(self._one, told):
            self.told.append(Told(_text(told.what), _text(told.ani), _text(told.dnis), told.value))


def _text(field: Any) -> str:
    text = ffi.string(field)
    return text.decode() if isinstance(text, bytes) else text
