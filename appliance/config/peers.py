# SPDX-License-Identifier: GPL-2.0-only
"""Peers: other branches, whose phones this one rings in one hop, and whose calls ring its own phones."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from appliance.config.reader import Fault
from appliance.config.scalars import Endpoint, PacketMs, Realm, Serial
from appliance.config.secrets import trouble


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Another branch: `proxy` is its Kamailio, `domain` its `sip: domain`.

    `secret` is the file, mode 0600, with the password that both boxes have for each other. `packet_ms`: what its phones
    are offered, and sent where they wish no other.
    """

    box: Serial
    proxy: Endpoint
    domain: Realm
    secret: Path
    packet_ms: PacketMs = 20


def faults(peers: Sequence[Peer], box: str, own: Collection[Endpoint], extensions: Collection[str]) -> Iterator[Fault]:
    """Mistakes of meaning. `own`: where this branch's Kamailio and SIP worker listen."""
    for place, peer in enumerate(peers):
        if peer.box == box:
            yield Fault(("peers", place, "box"), f"{box} is this box itself; a peer is another branch")
        if peer.box in extensions:
            yield Fault(("peers", place, "box"), f"{peer.box!r} is an extension too, and each is a SIP account")
        if peer.proxy in own:
            yield Fault(("peers", place, "proxy"), f"{peer.proxy} is this branch's own; name the peer's Kamailio")
        sentence = trouble(peer.secret)
        if sentence is not None:
            yield Fault(("peers", place, "secret"), sentence, here=True)
