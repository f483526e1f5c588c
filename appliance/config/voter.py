# SPDX-License-Identifier: GPL-2.0-only
"""The voter: a box that runs a message server and nothing else, so that of two headquarters one can be in the majority.

Its file has what all three boxes say of their message servers. Field names are the keys of the file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec

from appliance.config import diagnostics, management
from appliance.config.credentials import voter_faults
from appliance.config.diagnostics import Diagnostics
from appliance.config.management import Management
from appliance.config.ports import Listener, clashes, listen
from appliance.config.reader import Fault
from appliance.config.scalars import Endpoint, Serial
from appliance.config.secrets import trouble


class Server(msgspec.Struct, frozen=True):
    """The message server that branches reach. `secret` is the file with its token, made at the first start."""

    listen: Endpoint
    secret: Path


class Duplex(msgspec.Struct, frozen=True):
    """One of three: two headquarters and a voter. Their message servers meet at `listen` and at the `others`'."""

    listen: Endpoint
    others: tuple[Endpoint, ...]


class Voter(msgspec.Struct, frozen=True, tag="voter", tag_field="role", kw_only=True):
    """The whole file."""

    role: ClassVar[str] = "voter"

    box: Serial
    server: Server
    duplex: Duplex
    credentials: Path | None = None
    """Where the two headquarters have an enrolment door: the folder with what boxes are shown."""
    diagnostics: Diagnostics = diagnostics.NONE
    management: Management = management.NONE


def server_listeners(server: Server, duplex: Duplex | None) -> Iterator[Listener]:
    """The message server's ports."""
    yield from listen(server.listen, ("tcp",), "the message server", ("server", "listen"))
    if duplex is not None:
        yield from listen(duplex.listen, ("tcp",), "the other message servers", ("duplex", "listen"))


def duplex_faults(server: Server, duplex: Duplex | None) -> Iterator[Fault]:
    """Three boxes, no more and no fewer, that show each other one token."""
    if duplex is None:
        return
    others = ("duplex", "others")
    if len(set(duplex.others) - {duplex.listen}) != 2 or len(duplex.others) != 2:
        sentence = "the two other boxes' addresses are needed, such as [10.0.0.2:6222, 10.0.0.3:6222]"
        yield Fault(others, f"{sentence}: two headquarters and a voter outvote one that is cut off")
    if (wrong := trouble(server.secret)) is not None:
        yield Fault(("server", "secret"), f"{wrong}; all three boxes have the same one, copy it from one of them")


def listeners(voter: Voter) -> Iterator[Listener]:
    """Every port that the voter's process will bind."""
    yield from server_listeners(voter.server, voter.duplex)
    yield from diagnostics.listeners(voter.diagnostics)


def check(voter: Voter) -> Iterator[Fault]:
    """Mistakes of meaning."""
    yield from clashes((*listeners(voter), *management.listeners(voter.management)))
    yield from duplex_faults(voter.server, voter.duplex)
    yield from voter_faults(voter.credentials)
    yield from diagnostics.faults(voter.diagnostics)
    yield from management.faults(voter.management)
