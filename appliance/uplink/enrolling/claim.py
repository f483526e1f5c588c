# SPDX-License-Identifier: GPL-2.0-only
"""What a box is given to enrol with: a claim file on a removable disk, the image's own, or what was typed at the box.

All three are one format (TOML, docs/enrolment.md): `code`, `url`, `ca` (a certificate in PEM), `serial`; none of them
has to be there. A file for another serial number is nobody's; one that cannot be read is told and left.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import structlog

from appliance.uplink.enrolling.private import sync, write_private

FILE = "branchline-claim.toml"
TYPED = "claim.toml"
TOLD = "enrolling"
"""In the box's state: what was typed at the console, and what goes on."""
OCTETS_LIMIT = 65_536
PORT = 8443
_URL = re.compile(r"https://([A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?)(:([0-9]{1,5}))?/?")

log = structlog.get_logger()


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Empty is what was not said."""

    code: str = ""
    url: str = ""
    ca: str = ""
    serial: str = ""


class ClaimError(Exception):
    """What cannot be used; the text is the sentence."""


class Url(msgspec.Struct, frozen=True):
    """Where headquarters' enrolment door may be."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"https://{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Url":
        """`https://host`, with a port if it is another than 8443, and nothing else. Raises ClaimError."""
        found = _URL.fullmatch(text)
        if found is None or not 1 <= int(found[4] or PORT) <= 65535:
            raise ClaimError(f"{text!r} is no address of an enrolment door, such as https://hq.example:{PORT}")
        return cls(found[1], int(found[4] or PORT))


def read_claim(path: Path) -> Claim:
    """Raises ClaimError, FileNotFoundError."""
    try:
        with path.open("rb") as opened:
            octets = opened.read(OCTETS_LIMIT + 1)
        if len(octets) > OCTETS_LIMIT:
            raise ClaimError(f"{path} is longer than {OCTETS_LIMIT} octets")
        claim = msgspec.convert(tomllib.loads(octets.decode()), Claim)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ClaimError(f"{path} is no claim file: {error}") from error
    if claim.url:
        Url.parse(claim.url)
    return claim


def for_box(files: Iterable[Path], serial: str) -> Iterator[Claim]:
    """Those that this box may use, in order."""
    for path in files:
        try:
            claim = read_claim(path)
        except FileNotFoundError:
            continue
        except ClaimError as error:
            log.error("enrolling.claim.unread", error=str(error))
            continue
        if claim.serial and claim.serial != serial:
            log.warning("enrolling.claim.foreign", file=str(path), of=claim.serial, own=serial)
            continue
        yield claim


def keep_typed(path: Path, code: str, url: str) -> None:
    """What was typed at the console, for the process that enrols. Raises ClaimError, OSError."""
    if url:
        Url.parse(url)
    if not re.fullmatch(r"[0-9A-Za-z -]{1,64}", code):
        raise ClaimError("a claim code has letters, digits and dashes, such as 7Q2MX-0ZK4D-9F3TB-HW6NA")
    write_private(path, f'code = "{code}"\nurl = "{url}"\n'.encode())


def forget(path: Path) -> None:
    """A typed code that has been used is good for nothing any more. Raises OSError."""
    if path.exists():
        path.unlink()
        sync(path.parent)
