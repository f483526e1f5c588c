# SPDX-License-Identifier: GPL-2.0-only
"""Which code may be shown to whom: each goes with the CA that came with it, else with the image's.

A disk that somebody has left in the box may name a CA of its own. It gets no code but the one that it brought: neither
the factory's nor one that is typed is ever shown to a headquarters that the disk alone vouches for, where the image has
pinned a CA.
"""

from collections.abc import Iterator, Sequence

import msgspec

from appliance.uplink.enrolling.claim import Claim


class Offer(msgspec.Struct, frozen=True):
    """A code, and the CA (PEM) of the headquarters that it is for."""

    source: str
    code: str
    ca: str


class Sources(msgspec.Struct, frozen=True):
    """What there is, each for this box."""

    disks: Sequence[Claim] = ()
    factory: Claim = Claim()
    typed: Claim = Claim()

    def offers(self) -> Iterator[Offer]:
        """In the order of discovery."""
        for disk in self.disks:
            if disk.code and (ca := disk.ca or self.factory.ca):
                yield Offer("claim file", disk.code, ca)
        if self.factory.code and self.factory.ca:
            yield Offer("factory", self.factory.code, self.factory.ca)
        ca = self.factory.ca or next((disk.ca for disk in self.disks if disk.ca), "")
        if self.typed.code and ca:
            yield Offer("console", self.typed.code, ca)

    def lacks(self) -> str:
        """Why there is no offer, as a sentence."""
        if not (self.factory.ca or any(disk.ca for disk in self.disks)):
            return "no CA is pinned here; plug in a disk with a claim file that names it"
        return "no claim code is here; plug in a disk with a claim file, or type: enrol CODE"
