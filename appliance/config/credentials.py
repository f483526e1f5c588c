# SPDX-License-Identifier: GPL-2.0-only
"""The folder with what a box proves itself with: its key, its certificate, the CA it trusts (docs/enrolment.md)."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.config.ports import Listener, listen
from appliance.config.reader import Fault
from appliance.config.scalars import Endpoint

KEY, CERTIFICATE, CA = "key.pem", "certificate.pem", "ca.pem"
CA_KEY, CALLOUT_KEY, CALLOUT = "ca.key.pem", "callout.key.pem", "callout.pub"
"""Headquarters' alone: what signs certificates, what signs who is let in, and by what message servers know that."""


def trouble(folder: Path) -> str | None:
    """Why a box cannot prove itself with it, as a sentence; None if it can."""
    for name in (CA, CERTIFICATE, KEY):
        path = folder / name
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            return f"{path} cannot be read: {error.strerror}; the box is not enrolled, see docs/enrolment.md"
        if name == KEY and mode & 0o077:
            return f"{path} has mode {mode:04o}, others can read it; chmod 0600 {path}"
    return None


class Enrolment(msgspec.Struct, frozen=True):
    """Headquarters' door for boxes that enrol, over TLS; with it the message server speaks mutual TLS alone.

    `credentials`: the folder with the CA and headquarters' own key, made at the first start. A certificate lasts
    `certificate_days`, and is renewed at two thirds of them.
    """

    listen: Endpoint
    credentials: Path
    certificate_days: Annotated[int, Meta(ge=1, le=398)] = 30


def enrolment_listeners(enrolment: Enrolment | None) -> Iterator[Listener]:
    """The door's port."""
    if enrolment is not None:
        yield from listen(enrolment.listen, ("tcp",), "the enrolment door", ("enrolment", "listen"))


def enrolment_faults(enrolment: Enrolment | None, *, duplex: bool) -> Iterator[Fault]:
    """Two headquarters are one CA to boxes: neither may make one of its own."""
    if enrolment is None or not duplex:
        return
    for name in (CA, CA_KEY, CALLOUT_KEY):
        path = enrolment.credentials / name
        if not path.exists():
            sentence = f"{path} is not there; both headquarters have the same one, copy it from the other"
            yield Fault(("enrolment", "credentials"), f"{sentence} (docs/enrolment.md)", here=True)
            return


def voter_faults(folder: Path | None) -> Iterator[Fault]:
    """What a message server shows to boxes, and by what it knows headquarters' word."""
    if folder is None:
        return
    wrong = trouble(folder)
    if wrong is None and not (folder / CALLOUT).exists():
        wrong = f"{folder / CALLOUT} is not there"
    if wrong is not None:
        sentence = f"{wrong.partition(';')[0]}; {CA}, {CERTIFICATE}, {KEY} and {CALLOUT} come from a headquarters"
        yield Fault(("credentials",), f"{sentence} (docs/enrolment.md)", here=True)


def link_faults(secret: Path | None, credentials: Path | None) -> Iterator[Fault]:
    """A branch proves itself in one way."""
    if (secret is None) == (credentials is None):
        sentence = "either secret, a file with the token, or credentials, the folder that enrolment has made"
        yield Fault(("headquarters",), sentence)
    elif credentials is not None and (wrong := trouble(credentials)) is not None:
        yield Fault(("headquarters", "credentials"), wrong, here=True)
