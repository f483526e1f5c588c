# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters changes a branch's configuration while a caller talks: it lands, and the talk hears nothing of it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from appliance.cli import headquarters
from appliance.config.history import History
from appliance.headquarters.fleet.authority import Authority
from appliance.headquarters.fleet.enrolment import fingerprint
from appliance.headquarters.fleet.identities import Given, Identities, path_of
from appliance.simulator.phone import Phone, PhoneError
from appliance.uplink.enrolling.credentials import Credentials, utc_now
from appliance.wire.fleet import AuditAsked, DiffAsked, PushAsked, PushNow, StartPush
from tests.accept.sheet import Sheet
from tests.accept.site import Site
from tests.accept.talk import Rig, exchange_of, in_service
from tests.ports import free_port

BOX = "BR-0001"
FLEET = """\
fleet: {{secrets: for-boxes, groups: [{{name: branches, template: template.yaml, boxes: boxes.csv}}]}}
enrolment: {{listen: 127.0.0.1:{door}, credentials: identity}}
"""
PASSWORD = "the-new-one-of-8001"  # noqa: S105 - of a test
CONFIRMED_S = 30.0


class Floor:
    """A branch with its exchange and a phone, and the files that headquarters would give it."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.site = rig, rig.site
        self.history = History(self.site.branch.configuration)
        self.folder = self.site.headquarters.configuration.parent

    def change(self, old: str, new: str) -> None:
        """In the template."""
        file = self.folder / "template.yaml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    async def asked(self, asked: Any) -> Any:
        """As the CLI does."""
        return await asyncio.to_thread(headquarters.fleet, self.site.headquarters.state, asked)

    async def known(self) -> None:
        """Until the box has told what it runs."""
        async with asyncio.timeout(30):
            while (await self.asked(DiffAsked(target=BOX))).unknown:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.2)

    async def start(self, comment: str) -> None:
        """A push to all there are."""
        told = await self.asked(
            StartPush(target="all", healthy_s=2, drain_s=20, comment=comment, by="li", origin="console")
        )
        assert told.now is not None, told

    async def push(self, so: Callable[[PushNow], bool], within_s: float = 40) -> PushNow:
        """The newest, as soon as it is so."""
        async with asyncio.timeout(within_s):
            while True:
                told = await self.asked(PushAsked())
                now: PushNow | None = told.now
                if now is not None and so(now):
                    return now
                await asyncio.sleep(0.2)

    def versions(self, comment: str) -> list[tuple[str, int]]:
        """Author and number of those with that comment."""
        return [(one.author, one.number) for one in self.history.versions() if one.comment == comment]


@contextlib.asynccontextmanager
async def floor_in(folder: Path) -> AsyncIterator[Floor]:
    """In service, with one phone."""
    site = Site(folder, ("8001",))
    file = site.headquarters.configuration
    _certified(site)
    template = site.branch.configuration.read_text().replace(f"box: {BOX}", "box: ${box}")
    (file.parent / "template.yaml").write_text(template)
    (file.parent / "boxes.csv").write_text(f"box\n{BOX}\n")
    (file.parent / "for-boxes" / BOX).mkdir(0o700, parents=True)
    (file.parent / "for-boxes").chmod(0o700)
    file.write_text(file.read_text() + FLEET.format(door=free_port()))
    async with site:
        exchange = exchange_of(site)
        await exchange.start()
        try:
            await in_service(exchange, site)
            with Phone("8001@branch.test", site.secret("8001"), site.proxy, folder / "phone") as phone:
                yield Floor(Rig(site, exchange, (phone,)))
        finally:
            await exchange.close()


def _certified(site: Site) -> None:
    """The branch has enrolled already: its connection is mutual TLS, and secrets can be for it alone."""
    file, branch = site.headquarters.configuration, site.branch.configuration
    authority = Authority(file.parent / "identity")
    own = Credentials(branch.parent / "credentials")
    own.pin(authority.credentials.ca.read_text())
    key, ends = own.key().public_key(), utc_now() + timedelta(days=1)
    own.keep(certificate := authority.certify(key, "SN-1", BOX, ends))
    identities = Identities(path_of(site.headquarters.state))
    identities.claim("SN-1", b"used", "accept", BOX)
    pem = certificate.public_bytes(Encoding.PEM)
    identities.enrolled(
        Given(f"{certificate.serial_number:x}", BOX, fingerprint(key), pem, int(ends.timestamp())), "accept"
    )
    identities.close()
    branch.write_text(branch.read_text().replace("secret: secrets/nats", "credentials: credentials"))


async def run(sheet: Sheet, folder: Path) -> None:
    """One box in one wave."""
    sheet.stage("headquarters changes a branch's configuration")
    with sheet.guarded("P4", "a change is pushed"):
        async with floor_in(folder) as floor:
            await floor.known()
            await _pushed(floor, sheet)
            await _password(floor, sheet, folder)


async def _pushed(floor: Floor, sheet: Sheet) -> None:
    call, _ = await floor.rig.talking("02512380001")
    before = _workers(floor)
    floor.change("timeout_ms: 500", "timeout_ms: 600")
    (changed,) = (await floor.asked(DiffAsked(target="all"))).changed
    lines = ("- set route timeout_ms 500", "+ set route timeout_ms 600")
    sheet.holds("P4", "push: the difference is told before", changed.lines == lines)
    began = time.monotonic()
    await floor.start("longer waits")
    done = await floor.push(lambda now: now.course in ("done", "stopped"))
    sheet.equal("P4", "push: how it ended", f"{done.course} {done.waves[0].stages}", "done {'confirmed': 1}")
    sheet.at_most("P4", "push: start to confirmed, 2 s of health among it", time.monotonic() - began, CONFIRMED_S, "s")
    runs = floor.site.branch.configuration.read_text()
    sheet.holds("P4", "push: the branch runs it", "timeout_ms: 600" in runs and floor.history.trial() is None)
    versions = floor.versions("longer waits")
    sheet.equal("P4", "push: versions at the branch, by its author", [author for author, _ in versions], ["li"])
    sheet.holds("P4", "push: the call's processes are the same", _workers(floor) == before)
    call.hang_up(16)
    await call.result()
    await floor.rig.quiet()
    (entry, *_) = (await floor.asked(AuditAsked(box=BOX))).entries
    told = (entry.what, entry.by, entry.lines) == ("confirmed", "li", lines)
    sheet.holds("P4", "push: the audit tells who, what and which lines", told)


async def _password(floor: Floor, sheet: Sheet, folder: Path) -> None:
    """A phone's, which nobody reads but the branch."""
    secret = floor.folder / "for-boxes" / BOX / "8001"
    secret.touch(0o600)
    secret.write_text(f"{PASSWORD}\n")
    (changed,) = (await floor.asked(DiffAsked(target="all"))).changed
    old, new = changed.lines
    words = old == "- set extensions 8001 secret secrets/8001" and new.startswith(f"+{old[1:]}.pushed-")
    sheet.holds("P4", "push of a secret: the difference is a digest", words and PASSWORD not in str(changed))
    await floor.start("another password")
    done = await floor.push(lambda now: now.course in ("done", "stopped"))
    sheet.equal(
        "P4", "push of a secret: how it ended", f"{done.course} {done.waves[0].stages}", "done {'confirmed': 1}"
    )
    (file,) = (floor.site.branch.configuration.parent / "secrets").glob("8001.pushed-*")
    sheet.equal("P4", "push of a secret: the file's mode at the branch", f"{file.stat().st_mode & 0o777:04o}", "0600")
    registered = await asyncio.to_thread(_registers, floor, folder / "phone-again")
    sheet.holds("P4", "push of a secret: the phone registers with it", registered)


def _registers(floor: Floor, folder: Path) -> bool:
    try:
        with Phone("8001@branch.test", PASSWORD, floor.site.proxy, folder):
            return True
    except PhoneError:
        return False


def _workers(floor: Floor) -> tuple[int, ...]:
    return tuple(floor.site.branch.pid(name) for name in ("line1", "sip", "engine"))
