# SPDX-License-Identifier: GPL-2.0-only
"""A box from the factory becomes a branch: it finds headquarters, enrols, and gets its first configuration.

Round after round until it is done, nothing kept in memory alone: a power cut at any moment goes on where the disk is.
What stands in the way is a sentence, for the console (`show enrolment`) and the log. Who configures the box by hand
meanwhile ends it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import structlog
from cryptography.x509.oid import NameOID

from appliance.config import Branch, ConfigurationError, load
from appliance.config.history import History
from appliance.config.pushed import names_in
from appliance.uplink.enrolling import claim, discovery
from appliance.uplink.enrolling.claim import Claim, ClaimError, Url
from appliance.uplink.enrolling.clock import SYSTEM, Clock
from appliance.uplink.enrolling.credentials import Credentials, named
from appliance.uplink.enrolling.discovery import Found, Places
from appliance.uplink.enrolling.door import Door, DoorError
from appliance.uplink.enrolling.offers import Offer, Sources
from appliance.uplink.enrolling.private import write_private
from appliance.uplink.secret_files import SecretFiles

ROUND_S = 2.0
DOOR = "door"
"""The file beside the credentials that has the URL where the box was enrolled."""
FOLDER = "credentials"
"""Beside the configuration, which names it."""

log = structlog.get_logger()


class Enrolling:
    """Of one box. `tell` has what goes on, sentence by sentence."""

    def __init__(
        self,
        serial: str,
        configuration: Path,
        places: Places,
        tell: Callable[[str], None],
        clock: Clock = SYSTEM,
    ) -> None:
        self.serial, self._configuration, self._places, self._tell = serial, configuration, places, tell
        self._folder, self._secret_files = configuration.parent / FOLDER, SecretFiles(configuration)
        self.credentials = Credentials(self._folder, in_tpm=True)
        self._door = Door(self.credentials, clock)

    async def run(self) -> None:
        """Until the box is configured, by headquarters or by hand."""
        while self._wanted():
            try:
                done = await self._round()
            except OSError as error:
                done = False
                self._tell(str(error))
            if not done:
                await asyncio.sleep(ROUND_S)

    def _wanted(self) -> bool:
        try:
            box = load(self._configuration)
        except ConfigurationError as error:
            self._tell(str(error))
            return True
        return isinstance(box, Branch) and box.headquarters.discover

    async def _round(self) -> bool:
        sources = self._sources()
        if self.credentials.certificate() is None and not await self._enrolled(sources):
            return False
        async for found in self._doors(sources):
            if await self._configured(found):
                return True
        return False

    def _sources(self) -> Sources:
        factory, typed = (
            next(claim.for_box([path], self.serial), Claim()) for path in (self._places.factory, self._places.typed)
        )
        return Sources(tuple(claim.for_box(discovery.claim_files(self._places), self.serial)), factory, typed)

    async def _enrolled(self, sources: Sources) -> bool:
        offers = list(sources.offers())
        if not offers:
            self._tell(f"serial number {self.serial} waits to be enrolled: {sources.lacks()}")
            return False
        tried = False
        async for found in self._doors(sources):
            tried = True
            for offer in offers:
                if await self._offered(found, offer):
                    claim.forget(self._places.typed)
                    return True
        if not tried:
            self._tell("headquarters was not found: no claim file, DHCP option, DNS record or factory names it")
        return False

    async def _offered(self, found: Found, offer: Offer) -> bool:
        self.credentials.pin(offer.ca)
        try:
            box = await self._door.enrol(found.url, self.serial, offer.code)
        except (DoorError, OSError) as error:
            self._tell(f"{found.url} (by {found.source}), code by {offer.source}: {error}")
            return False
        write_private(self._folder / DOOR, f"{found.url}\n".encode())
        where = "in the TPM" if self.credentials.is_in_tpm() else "a file"
        self._tell(f"enrolled as {box} at {found.url}, found by {found.source}, code by {offer.source}, key {where}")
        return True

    async def _configured(self, found: Found) -> bool:
        try:
            text = (await self._door.configuration(found.url)).decode()
            secrets = await self._door.secrets(found.url) if names_in(text) else {}
            self._check(text, secrets)
        except (DoorError, ConfigurationError, ClaimError, UnicodeDecodeError) as error:
            self._tell(f"no configuration from {found.url}: {error}")
            return False
        with self._secret_files.kept(text, secrets):
            History(self._configuration).commit(text, "headquarters", "the first, by enrolment")
        self._tell(f"configured by {found.url}")
        return True

    def _check(self, text: str, secrets: Mapping[str, str]) -> None:
        """Whether it is a branch's, and this one's. Raises ConfigurationError, ClaimError."""
        if wrong := self._secret_files.refusal(text, secrets):
            raise ClaimError(wrong)
        with self._secret_files.reading(secrets):
            box = load(self._configuration, text=text)
        own = self.credentials.certificate()
        name = named(own, NameOID.COMMON_NAME) if own else ""
        if not isinstance(box, Branch) or box.box != name:
            raise ClaimError(f"it is that of {box.role} {box.box}, this is branch {name}")

    async def _doors(self, sources: Sources) -> AsyncIterator[Found]:
        """The one that has enrolled us comes first."""
        known = known_door(self._folder)
        if known is not None:
            yield Found("enrolment", known)
        async for found in discovery.doors(self._places, sources.disks):
            if found.url != known:
                yield found


def known_door(folder: Path) -> Url | None:
    """Where the box was enrolled."""
    try:
        return Url.parse((folder / DOOR).read_text().strip())
    except (OSError, ClaimError):
        return None
