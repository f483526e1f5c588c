# SPDX-License-Identifier: GPL-2.0-only
"""By which configuration and rules a life begins: those of the files, or what was good last where they have a mistake.

A mistake in a running headquarters is an alarm and changes nothing. So it is where the process is started with it: the
configuration is the one that was kept when it was read last (`headquarters.good.yaml`), the rules are the journal's.
"""

from pathlib import Path
from typing import NamedTuple

import structlog

from appliance.config import ConfigurationError, Headquarters
from appliance.config.files import load_again, load_role
from appliance.headquarters import rulebook
from appliance.headquarters.rulebook import UNSEEN, Book, Stamp
from appliance.router.rules import Rules
from appliance.router.state import EMPTY, State
from appliance.uplink.enrolling.private import write_private

log = structlog.get_logger()


class Opening(NamedTuple):
    """`stamp` is of the files that were read; `rules` None: they have mistakes, which `wrong` tells."""

    config: Headquarters
    stamp: Stamp
    rules: Rules | None
    wrong: ConfigurationError | None = None

    def rules_after(self, state: State) -> Rules:
        """By the files, else as the last life left them. Raises ConfigurationError where there was none."""
        if self.rules is not None:
            return self.rules
        if self.wrong is not None and state.rules == EMPTY.rules:
            raise self.wrong
        return state.rules


def kept_in(state: Path) -> Path:
    """The file's text as it was read last without mistakes."""
    return state / "headquarters.good.yaml"


def opened(path: Path, kept: Path) -> Opening:
    """As a life begins. Raises ConfigurationError where no good configuration is known."""
    try:
        book = rulebook.read(path)
    except ConfigurationError as error:
        log.error("headquarters.rules.refused", error=str(error))
        return Opening(_good(path, kept), UNSEEN, None, error)
    keep(kept, book)
    return Opening(book.config, book.stamp, book.rules)


def keep(kept: Path, book: Book) -> None:
    """For a life that finds a mistake; where a full disk refuses, the one before stays."""
    try:
        write_private(kept, book.text.encode())
    except OSError as error:
        log.error("headquarters.configuration.unkept", error=str(error))


def _good(path: Path, kept: Path) -> Headquarters:
    """What was kept; where there is nothing, the file itself if the mistake is elsewhere. Raises ConfigurationError."""
    try:
        return load_again(path, Headquarters, kept.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ConfigurationError) as error:
        log.warning("headquarters.configuration.unknown", error=str(error))
        return load_role(path, Headquarters)
