# SPDX-License-Identifier: GPL-2.0-only
"""How a box is watched from outside: metrics, SNMP, its log sent on. Every role has the same keys; none is needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.ports import Listener, listen
from appliance.config.reader import Fault
from appliance.config.scalars import Endpoint, HostName, Prefix
from appliance.config.secrets import read_secret, trouble

UserName = Annotated[str, Meta(pattern="[A-Za-z][A-Za-z0-9_-]{0,31}")]
PASSPHRASE_LEAST = 8  # RFC 3414 §11.2
LOOPBACK = "127."


class Snmp(msgspec.Struct, frozen=True):
    """Read-only SNMPv3 with authPriv: HMAC-SHA-256 (RFC 7860) and AES-128 (RFC 3826). Earlier versions get no answer.

    `authentication` and `privacy` are files with a passphrase each, mode 0600.
    """

    listen: Endpoint
    user: UserName
    authentication: Path
    privacy: Path


class Syslog(msgspec.Struct, frozen=True):
    """A collector by TLS (RFC 5425): `authority` signs its certificate, in which `name` stands. Nobody else is told.

    What it cannot take now waits in the logs on the disk; of more than 8 MiB of one process the oldest lines are passed
    over, and counted.
    """

    server: Endpoint
    name: HostName
    authority: Path


class Diagnostics(msgspec.Struct, frozen=True):
    """`metrics`: where they are read by HTTP; by this machine alone, or by `metrics_sources` too."""

    metrics: Endpoint | None = None
    metrics_sources: tuple[Prefix, ...] = ()
    snmp: Snmp | None = None
    syslog: Syslog | None = None


NONE = Diagnostics()


def listeners(told: Diagnostics) -> Iterator[Listener]:
    """The ports that are bound for it."""
    if told.metrics is not None:
        guarded = not told.metrics.address.startswith(LOOPBACK)
        yield Listener("tcp", told.metrics, "metrics", ("diagnostics", "metrics"), guarded=guarded)
    if told.snmp is not None:
        yield from listen(told.snmp.listen, ("udp",), "SNMP", ("diagnostics", "snmp", "listen"))


def faults(told: Diagnostics) -> Iterator[Fault]:
    """Mistakes of meaning."""
    yield from _metrics_faults(told)
    if told.snmp is not None:
        for key in ("authentication", "privacy"):
            if sentence := _passphrase(getattr(told.snmp, key)):
                yield Fault(("diagnostics", "snmp", key), sentence, here=True)
    if told.syslog is not None and (sentence := _authority(told.syslog.authority)):
        yield Fault(("diagnostics", "syslog", "authority"), sentence, here=True)


def _metrics_faults(told: Diagnostics) -> Iterator[Fault]:
    inside = told.metrics is None or told.metrics.address.startswith(LOOPBACK)
    if not inside and not told.metrics_sources:
        sentence = f"{told.metrics} is no loopback address, and whoever reads metrics is not asked who they are"
        yield Fault(("diagnostics", "metrics"), f"{sentence}; use 127.0.0.1, or name who may in metrics_sources")
    if inside and told.metrics_sources:
        where = "0.0.0.0:9464" if told.metrics is None else f"0.0.0.0:{told.metrics.port}"
        sentence = (
            f"nobody of them comes to {told.metrics or 'metrics, which are not set'}; set diagnostics metrics {where}"
        )
        yield Fault(("diagnostics", "metrics_sources"), sentence)


def _passphrase(path: Path) -> str:
    if (wrong := trouble(path)) is not None:
        return wrong
    phrase = read_secret(path)
    if len(phrase) < PASSPHRASE_LEAST:
        return f"the passphrase in {path} has {len(phrase)} characters; SNMP takes {PASSPHRASE_LEAST} or more"
    if not (phrase.isascii() and phrase.isprintable()) or set(phrase) & set('"\\#'):
        return f"the passphrase in {path} has a quotation mark, a backslash, a hash or what is not ASCII; take another"
    return ""


def _authority(path: Path) -> str:
    try:
        text = path.read_text("ascii", errors="replace")
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return "" if "-----BEGIN CERTIFICATE-----" in text else f"{path} is no certificate in PEM"
