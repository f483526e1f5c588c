# SPDX-License-Identifier: GPL-2.0-only
"""Secrets are files that their owner alone can read (mode 0600); never arguments, never values in the configuration."""

import contextlib
import stat
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType

OCTETS_LIMIT = 4096
_COMING: ContextVar[Mapping[Path, str]] = ContextVar("secrets_coming", default=MappingProxyType({}))


@contextlib.contextmanager
def coming(files: Mapping[Path, str]) -> Iterator[None]:
    """Within this a configuration is read as if these files had these secrets: they are written once it is right."""
    token = _COMING.set(files)
    try:
        yield
    finally:
        _COMING.reset(token)


def trouble(path: Path) -> str | None:
    """What is wrong with the file, as a sentence; None if it can be used."""
    if path in _COMING.get():
        return text_trouble(path, _COMING.get()[path])
    try:
        status = path.stat()
        text = path.read_text("utf-8").strip() if status.st_size <= OCTETS_LIMIT else ""
    except OSError as error:
        return f"secret file {path} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return f"secret file {path} is not text"
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        return f"secret file {path} has mode {mode:04o}, others can read it; chmod 0600 {path}"
    return text_trouble(path, text)


def text_trouble(path: Path, text: str) -> str | None:
    """What is wrong with what is in it."""
    if not text or "\n" in text or len(text.encode()) > OCTETS_LIMIT:
        return f"secret file {path} must hold one line"
    return None


def read_secret(path: Path) -> str:
    """The secret, without the line's end. Raises OSError."""
    return _COMING.get().get(path) or path.read_text("utf-8").strip()
