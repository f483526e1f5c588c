# SPDX-License-Identifier: GPL-2.0-only
"""Where headquarters may be: claim file, DHCP, DNS, factory, console, in that order. Each is asked anew at every round.

None of them is believed: they say where to knock, and the pinned CA says who may open.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path

import dns.asyncresolver
import dns.exception
import dns.resolver
import msgspec
import structlog

from appliance.uplink.enrolling import dhcp, inform
from appliance.uplink.enrolling.claim import FILE, Claim, ClaimError, Url, read_claim

SERVICE = "_branchline._tcp"
LEASES = Path("/run/systemd/netif/leases")
FACTORY = Path("/usr/share/branchline/factory.toml")
DNS_S = 2.0
DISKS = (Path("/run/branchline/claim"), Path("/media"), Path("/mnt"))
"""Where the image mounts removable disks, read-only, and where others may have."""

log = structlog.get_logger()


class Found(msgspec.Struct, frozen=True):
    """A door to knock at, and who named it."""

    source: str
    url: Url


class Places(msgspec.Struct, frozen=True):
    """Where it is looked; a test has others. `disks`: a claim file in one of these folders, or in a folder in it."""

    disks: tuple[Path, ...] = DISKS
    leases: Path = LEASES
    factory: Path = FACTORY
    typed: Path = Path()
    interfaces: Callable[[], Iterable[inform.Interface]] = inform.interfaces


def claim_files(places: Places) -> list[Path]:
    """On removable disks, in order of their names."""
    return sorted(path for disk in places.disks for path in (disk / FILE, *disk.glob(f"*/{FILE}")) if path.is_file())


async def doors(places: Places, claims: Iterable[Claim]) -> AsyncIterator[Found]:
    """One after another, each once. `claims`: those of the disks that this box may use."""
    seen: set[Url] = set()
    async for found in _all(places, claims):
        if found.url not in seen:
            seen.add(found.url)
            yield found


async def _all(places: Places, claims: Iterable[Claim]) -> AsyncIterator[Found]:
    for claim in claims:
        if claim.url:
            yield Found("claim file", Url.parse(claim.url))
    domains: list[str] = []
    for told in await asyncio.to_thread(_leases, places):
        domains += [told[dhcp.DOMAIN].rstrip(b"\0").decode("ascii", "replace")] if dhcp.DOMAIN in told else []
        for source, url in dhcp.doors(told):
            yield Found(source, url)
    for domain in dict.fromkeys((*domains, *_search())):
        async for url in _srv(domain):
            yield Found(f"DNS {SERVICE}.{domain}", url)
    for source, path in (("factory", places.factory), ("console", places.typed)):
        with contextlib.suppress(ClaimError, FileNotFoundError):
            claim = read_claim(path)
            if claim.url:
                yield Found(source, Url.parse(claim.url))


def _leases(places: Places) -> list[Mapping[int, bytes]]:
    """Of all interfaces: what the client has left, then what the servers tell who are asked again."""
    found: list[Mapping[int, bytes]] = []
    with contextlib.suppress(OSError):
        found = [dhcp.lease(path.read_text("utf-8", "replace")) for path in sorted(places.leases.iterdir())]
    return found + [told for interface in places.interfaces() if (told := inform.ask(interface))]


def _search() -> list[str]:
    """The domains of resolv.conf."""
    try:
        return [name.to_text(omit_final_dot=True) for name in dns.resolver.Resolver().search]
    except (dns.exception.DNSException, OSError):
        return []


async def _srv(domain: str) -> AsyncIterator[Url]:
    """By priority and weight (RFC 2782); the target's name is looked up when it is knocked at."""
    try:
        resolver = dns.asyncresolver.Resolver()
        answer = await resolver.resolve(f"{SERVICE}.{domain}.", "SRV", lifetime=DNS_S)
    except (dns.exception.DNSException, OSError, UnicodeError) as error:
        log.info("enrolling.dns.silent", domain=domain, why=str(error))
        return
    for one in sorted(answer, key=lambda one: (one.priority, -one.weight)):
        host = one.target.to_text(omit_final_dot=True)
        with contextlib.suppress(ClaimError):
            yield Url.parse(f"https://{host}:{one.port}")
