# SPDX-License-Identifier: GPL-2.0-only
"""Files of secrets that headquarters gave, beside a box's configuration: written before a version names them.

None is ever changed, as another secret has another name (`appliance.config.pushed`). So there is nothing to put back
when a version goes back or the box dies in between; what no version names any more goes.
"""

import contextlib
import fcntl
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from appliance.config.pushed import FOLDER, is_pushed, names, names_in
from appliance.config.secrets import OCTETS_LIMIT, coming
from appliance.uplink.enrolling.private import sync, write_private

Secrets = Mapping[str, str]
_HALF = re.compile(r"\..*\.pushed-[0-9a-f]{16}\.new")
"""How `write_private` calls a file until it is whole."""


class SecretFiles:
    """Of the box whose file is `file`."""

    def __init__(self, file: Path) -> None:
        self._file, self._folder = file, file.parent

    def refusal(self, text: str, given: Secrets) -> str:
        """Why a configuration cannot have the secrets that it names of headquarters; empty where it can."""
        if odd := sorted(name for name in given if not is_pushed(name)):
            return f"{odd[0]!r} was sent, which is no name of a secret from headquarters"
        lacks = sorted(name for name in names_in(text) - given.keys() if not (self._folder / name).exists())
        if lacks:
            return f"headquarters did not send {', '.join(lacks)}, and the box has no such file; push once more"
        return ""

    @contextlib.contextmanager
    def reading(self, given: Secrets) -> Iterator[None]:
        """Within this a configuration is read as if they were there."""
        with coming({self._folder / name: value for name, value in given.items()}):
            yield

    @contextlib.contextmanager
    def kept(self, text: str, given: Secrets) -> Iterator[None]:
        """Those that it names are on the disk; a version of it is to be made within this. Raises OSError."""
        with self._locked():
            for name in sorted(names_in(text) & given.keys()):
                path, octets = self._folder / name, f"{given[name]}\n".encode()
                if not _holds(path, octets):
                    write_private(path, octets)
            yield

    def tidy(self) -> None:
        """What neither the file nor a version of it names goes, and what a death left half written. Raises OSError."""
        if not (self._folder / FOLDER).is_dir():
            return
        with self._locked():
            versions = self._file.with_suffix(".versions").glob("*.yaml")
            texts = [one.read_text("utf-8") for one in (self._file, *versions)]
            for path in sorted((self._folder / FOLDER).rglob("*.pushed-*")):
                name = path.relative_to(self._folder).as_posix()
                if _HALF.fullmatch(path.name) or (is_pushed(name) and not any(names(text, name) for text in texts)):
                    path.unlink()
                    sync(path.parent)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Whoever makes a version, and who clears up, one after the other: they may be two processes."""
        folder = self._folder / FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / ".lock").open("ab") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield


def _holds(path: Path, octets: bytes) -> bool:
    """Whether it is there as it is to be; somebody may have changed it by hand."""
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        return not status.st_mode & 0o077 and status.st_size <= OCTETS_LIMIT + 1 and path.read_bytes() == octets
    return False
