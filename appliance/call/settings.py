# SPDX-License-Identifier: GPL-2.0-only
"""What a step is given beside the contact and the event."""

from collections.abc import Mapping

import msgspec

from appliance.config.outbound import Way
from appliance.config.tandem import Tandem


class Fresh(msgspec.Struct, frozen=True):
    """Ids for whatever this step makes, the monotonic time it is made at, and the engine's clock then."""

    leg: str
    request: str
    treatment: str
    recording: int
    now_ns: int
    sample: int = 0


class Default(msgspec.Struct, frozen=True):
    """The branch's own label for when headquarters is silent: ring these extensions in turn, then release.

    `hold`: prompts for a caller whom an agent holds.
    """

    ring: tuple[str, ...]
    ring_s: int
    cause: int
    hold: tuple[str, ...] = ()


class Trunks(msgspec.Struct, frozen=True):
    """The worker of each trunk, by its name; which calls pass the box by, and over which trunk customers are called."""

    workers: Mapping[str, str] = {}
    rules: tuple[Tandem, ...] = ()
    ways: tuple[Way, ...] = ()


NO_TRUNKS = Trunks()
