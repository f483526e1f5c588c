# SPDX-License-Identifier: GPL-2.0-only
"""The lease: who may assign a branch's agents, headquarters or the branch, though neither knows the other's clock.

Headquarters asks, the branch grants for LENGTH_NS. The branch counts from when it sent the grant, headquarters from
before, when it sent the question, and a little less for the rate of the clocks; so it always stops first. The branch
grants only while it hears that its grants arrive (`have`), so a cut of one direction ends the lease too; and it hands
over what it has taken back only to who has heard an offer. The epoch rises with each change of hands.

    lessee, ask = asked(lessee, nonce, now_ns)       # headquarters, for each branch; every nonce is new for ever
    lessor, grant = renewed(lessor, ask, now_ns)     # the branch
    lessee = granted(lessee, grant)                  # headquarters

Times are of one's own steady clock. What is lost, late, doubled or out of order does no harm.
"""

import enum

import msgspec

LENGTH_NS = 3_500_000_000
MARGIN = 100
"""Headquarters counts less by one part in so many: clocks whose rates differ by less than 1 % are borne."""
PATIENCE_NS = 2_500_000_000
"""How long the branch goes on granting though it does not hear that its grants arrive: two heartbeats."""
REMEMBERED = 16

_replace = msgspec.structs.replace


class Ask(msgspec.Struct, frozen=True):
    """May we have the lease, or have it longer? `have` is the nonce of the newest grant that came."""

    nonce: str
    have: str = ""


class Grant(msgspec.Struct, frozen=True):
    """Yes, for so long; 0: it is offered, to whoever hears so."""

    nonce: str
    epoch: int
    length_ns: int = 0


# Headquarters.


class Lessee(msgspec.Struct, frozen=True):
    """What headquarters knows of a branch's lease; `asked`: its last questions and when they were sent."""

    asked: tuple[tuple[str, int], ...] = ()
    epoch: int = 0
    until_ns: int = 0
    have: str = ""
    have_ns: int = 0

    def holds(self, now_ns: int) -> bool:
        """Whether the branch's agents are ours to assign."""
        return now_ns < self.until_ns


def asked(lessee: Lessee, nonce: str, now_ns: int) -> tuple[Lessee, Ask]:
    """A question that leaves now, or later."""
    questions = (*lessee.asked[1 - REMEMBERED :], (nonce, now_ns))
    return _replace(lessee, asked=questions), Ask(nonce, lessee.have)


def granted(lessee: Lessee, grant: Grant) -> Lessee:
    """What the branch has said, whenever it comes; to a question that we do not know, or of an older epoch, nothing."""
    sent_ns = dict(lessee.asked).get(grant.nonce)
    if sent_ns is None or grant.epoch < lessee.epoch:
        return lessee
    until_ns = sent_ns + grant.length_ns - grant.length_ns // MARGIN
    if grant.epoch == lessee.epoch:
        until_ns = max(until_ns, lessee.until_ns)
    have, have_ns = max((sent_ns, grant.nonce), (lessee.have_ns, lessee.have))[::-1]
    return _replace(lessee, epoch=grant.epoch, until_ns=until_ns, have=have, have_ns=have_ns)


# The branch.


class Hands(enum.StrEnum):
    """Whose the right is, by the branch's word."""

    HEADQUARTERS = "headquarters"
    BRANCH = "branch"


class Lessor(msgspec.Struct, frozen=True):
    """What the branch has said. `until_ns`: by then all that it has granted has run out.

    `sent`: the last grants and offers of this epoch, when, and for how long; `arrived_ns`: when the newest was sent of
    those that are known to have come.
    """

    hands: Hands
    epoch: int
    until_ns: int
    arrived_ns: int
    sent: tuple[tuple[str, int, int], ...] = ()

    def heard(self, ask: Ask) -> bool:
        """Whether who asks has a grant of this epoch."""
        return any(nonce == ask.have and length_ns for nonce, _, length_ns in self.sent)


def begun(epoch: int, now_ns: int) -> Lessor:
    """A life of the branch; its last one, of an older epoch, may have granted a moment ago."""
    return Lessor(Hands.HEADQUARTERS, epoch, now_ns + LENGTH_NS, now_ns)


def passed(lessor: Lessor, now_ns: int) -> Lessor:
    """It is now so late: what has run out is the branch's own."""
    if lessor.hands is Hands.BRANCH or now_ns < lessor.until_ns:
        return lessor
    return Lessor(Hands.BRANCH, lessor.epoch + 1, now_ns, now_ns)


def renewed(lessor: Lessor, ask: Ask, now_ns: int) -> tuple[Lessor, Grant | None]:
    """Headquarters asks; the grant, or the offer, leaves now or never. None: to this question it has left."""
    lessor = passed(lessor, now_ns)
    if any(nonce == ask.nonce for nonce, _, _ in lessor.sent):
        return lessor, None
    came_ns = max((at_ns for nonce, at_ns, _ in lessor.sent if nonce == ask.have), default=-PATIENCE_NS)
    lessor = _replace(lessor, arrived_ns=max(came_ns, lessor.arrived_ns))
    before = lessor.sent[1 - REMEMBERED :]
    alone = lessor.hands is Hands.BRANCH
    if now_ns - (came_ns if alone else lessor.arrived_ns) > PATIENCE_NS:
        return _replace(lessor, sent=(*before, (ask.nonce, now_ns, 0))), Grant(ask.nonce, lessor.epoch)
    if alone:
        lessor, before = _replace(lessor, hands=Hands.HEADQUARTERS, epoch=lessor.epoch + 1, arrived_ns=now_ns), ()
    sent = (*before, (ask.nonce, now_ns, LENGTH_NS))
    return _replace(lessor, until_ns=now_ns + LENGTH_NS, sent=sent), Grant(ask.nonce, lessor.epoch, LENGTH_NS)
