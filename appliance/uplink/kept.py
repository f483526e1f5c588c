# SPDX-License-Identifier: GPL-2.0-only
"""What a branch keeps on disk to decide alone: headquarters' rules for it, and how the lease stands. Mode 0600."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from appliance.router.domain import DomainRules
from appliance.wire.agents import AgentRest

T = TypeVar("T")
log = structlog.get_logger()


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """`owed`: the branch has been alone, and headquarters does not know yet what is so there.

    `agents`: their states as headquarters told them last, of that `version`; none since the branch has been alone.
    `since_ns`: since when it is, UTC.
    """

    epoch: int = 0
    owed: bool = False
    version: str = ""
    agents: Mapping[str, AgentRest] = {}
    since_ns: int = 0


class KeptFile:
    """Two files in a folder, each complete or as it was. A disk that refuses is logged: the memory has it."""

    def __init__(self, folder: Path) -> None:
        self._lease, self._rules = folder / "lease.json", folder / "rules.json"

    def lease(self) -> Kept:
        """As it was kept last."""
        return _read(self._lease, Kept) or Kept()

    def rules(self) -> DomainRules | None:
        """None: headquarters has never told any."""
        return _read(self._rules, DomainRules)

    def keep_lease(self, kept: Kept) -> None:
        """Before it counts."""
        _write(self._lease, kept)

    def keep_rules(self, rules: DomainRules) -> None:
        """Instead of those before."""
        _write(self._rules, rules)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.error("domain.file.unreadable", file=path.name, error=str(error))
        return None


def _write(path: Path, told: object) -> None:
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(told))
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except OSError as error:
        log.error("domain.file.refused", file=path.name, error=str(error))
