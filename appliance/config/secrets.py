# SPDX-License-Identifier: GPL-2.0-only
"""Secrets are files that their owner alone can read (mode 0600); never arguments, never values in the configuration."""

import stat
from pathlib import Path

OCTETS_LIMIT = 4096


def trouble(path: Path) -> str | None:
    """What is wrong with the file, as a sentence; None if it can be used."""
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
    if not text or "\n" in text:
        return f"secret file {path} must hold one line"
    return None


def read_secret(path: Path) -> str:
    """The secret, without the line's end. Raises OSError."""
    return path.read_text("utf-8").strip()
