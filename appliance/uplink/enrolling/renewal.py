# SPDX-License-Identifier: GPL-2.0-only
"""A branch keeps its certificate good: a new one at two thirds of its life, at once where it has run out in a store.

The connection to the message server stays: its next one shows the new certificate. Where headquarters does not let the
box in, the door is asked why, since the message server gives no reasons.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog
from cryptography import x509

from appliance.config import Endpoint
from appliance.uplink.enrolling.claim import Url
from appliance.uplink.enrolling.clock import SYSTEM, Clock
from appliance.uplink.enrolling.credentials import Credentials, CredentialsError, due
from appliance.uplink.enrolling.door import Door, DoorError, DoorRefusedError
from appliance.uplink.enrolling.enrolling import known_door

LOOK_S = 60.0
DOWN_S = 4.0
"""Half of it a lost connection is nobody's refusal."""

log = structlog.get_logger()


class Renewal:
    """`trouble` has the sentence of what stands in the way, None when it is over."""

    def __init__(
        self,
        credentials: Credentials,
        servers: Sequence[Endpoint],
        trouble: Callable[[str | None], None],
        clock: Clock = SYSTEM,
    ) -> None:
        self._credentials, self._trouble, self._clock = credentials, trouble, clock
        known = known_door(credentials.key_file.parent)
        others = [Url(server.address, known.port) if known else Url(server.address) for server in servers]
        self._doors = list(dict.fromkeys([known, *others] if known else others))
        self._door = Door(credentials, clock)
        self._up = False
        self._lost = asyncio.Event()

    def link_changed(self, *, up: bool) -> None:
        """A link that is down may be a refusal."""
        self._up = up
        if not up:
            self._lost.set()

    async def run(self) -> None:
        """For ever; cancel to end. Boxes that have lost headquarters together do not ask all at once."""
        while True:
            await self.look()
            spread = random.uniform(0.5, 1.0)  # noqa: S311  # no secret
            try:
                await asyncio.wait_for(self._lost.wait(), LOOK_S * spread)
            except TimeoutError:
                continue
            self._lost.clear()
            await asyncio.sleep(DOWN_S * spread)

    async def look(self) -> None:
        """Once: renew if it is due, ask why if the link is down."""
        try:
            own = self._own()
            now = self._clock.now()
            if now >= due(own) or now < self._credentials.floor():
                await self._at_a_door(self._door.renew)
                log.info("renewal.certificate.renewed")
            elif not self._up:
                await self._at_a_door(self._door.standing)
            self._trouble(None)
        except (DoorError, OSError) as error:
            self._trouble(f"the certificate for headquarters: {error}")
            log.warning("renewal.certificate.troubled", error=str(error))

    def _own(self) -> x509.Certificate:
        own = self._credentials.certificate()
        if own is None:
            raise CredentialsError("this box has no certificate; it has to be enrolled")
        return own

    async def _at_a_door(self, ask: Callable[[Url], Awaitable[None]]) -> None:
        """The first that answers, be it with a refusal. Raises DoorError, CredentialsError."""
        last: DoorError | None = None
        for url in self._doors:
            try:
                await ask(url)
            except DoorRefusedError:
                raise
            except DoorError as error:
                last = last or error
            else:
                return
        if last is not None:
            raise last
