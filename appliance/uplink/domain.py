# SPDX-License-Identifier: GPL-2.0-only
"""The branch as a domain: who assigns its agents, headquarters by lease, or its own router once the lease has run out.

Each heartbeat carries a grant, its answer the next question (`router/lease.py`). What its own router needs is kept on
disk: headquarters' rules for this branch, and its agents' states as they were last. From the moment that the lease has
run out until it is granted again questions are decided here; then the branch says what is so, and that wins.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from appliance.call.contact import Contact
from appliance.router.branch_now import BranchNow, Leg, Reserved
from appliance.router.domain import DomainRules, Lease, Terms
from appliance.router.lease import Ask, Hands, begun, passed, renewed
from appliance.router.rules import Rules
from appliance.uplink.kept import Kept, KeptFile
from appliance.uplink.link import Link, LinkDownError, LinkSilentError
from appliance.wire.agents import WhoDecides
from appliance.wire.envelope import Envelope, UnknownMessageError, decode
from appliance.wire.outbox import OutboxReader
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest

LOOK_S = 0.025
FETCH_S = 0.25
ANSWER_S = 2.0
LABEL_NS = 5_000_000_000  # by then a label has become a leg, or never will
WRITTEN_NS = 1_000_000_000  # by then a contact to which a label was given is in the outbox, unless it is over
KNOWN_OCTETS = 524_288
"""Of what is known of contacts: headquarters takes 1 MiB a message."""
WRITER = "call"

_replace = msgspec.structs.replace
log = structlog.get_logger()


class Router(Protocol):
    """The branch's own, as headquarters' desk is one."""

    async def ask(self, box: str, request: RouteRequest) -> RouteAnswer:
        """Decide."""

    def told(self, events: Iterable[Envelope]) -> None:
        """Call events of the branch."""

    def change(self, rules: Rules) -> None:
        """Other rules."""

    def take(self, box: str, now: BranchNow) -> None:
        """Assign its agents from now on."""

    def leave(self, box: str) -> BranchNow:
        """Assign nobody from now on."""

    def follow_clock(self, now_ns: int) -> None:
        """It is so late at headquarters."""


class Domain:
    """`changed` is told when the branch's own router begins, and when headquarters has the agents again."""

    def __init__(self, box: str, folder: Path, router: Router, reader: OutboxReader) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.known: Callable[[], None] = lambda: None
        """Told with each heartbeat while headquarters has the lease and knows what is so here."""
        self.leased = False
        """Whether headquarters, as it was heard last, speaks of leases."""
        self.settled = False
        """Whether it has the lease, by its own word."""
        self.wanted_rules = ""
        """A version that it has, and we have not."""
        self._box = box
        self._router = router
        self._reader = reader
        self._file = KeptFile(folder)
        self._kept = self._file.lease()
        self._rules = self._file.rules()
        self._lessor = begun(max(self._kept.epoch + 1, time.time_ns() // 1_000_000), time.monotonic_ns())
        self._ask: Ask | None = None
        self._left = router.leave(box) if self._kept.owed else BranchNow()
        self._labels: deque[tuple[int, Reserved]] = deque()
        self._place = 0
        self._version = -1
        self._keep()

    @property
    def capable(self) -> bool:
        """Whether the branch could decide by itself."""
        return self._rules is not None

    @property
    def alone(self) -> bool:
        """Whether it does."""
        self._pass()
        return self._lessor.hands is Hands.BRANCH and self.capable

    @property
    def decides(self) -> WhoDecides:
        """By whom the branch's agents are commanded."""
        if self.alone:
            return WhoDecides(by="branch", since_ns=self._kept.since_ns)
        return WhoDecides(by="nobody" if self._lessor.hands is Hands.BRANCH else "headquarters")

    @property
    def epoch(self) -> int:
        """Of the lease that headquarters has."""
        return self._lessor.epoch

    @property
    def left_s(self) -> float:
        """Until the lease has run out, unless it is renewed."""
        return max(0.0, (self._lessor.until_ns - time.monotonic_ns()) / 1e9)

    async def ask(self, request: RouteRequest) -> RouteAnswer:
        """By the branch's own router."""
        return _replace(await self._router.ask(self._box, request), by="branch")

    def refusal(self, answer: RouteAnswer, contact: str) -> str:
        """Why headquarters' word does not count now; empty where it does, and then its agent is on the way."""
        if not self.leased:
            return ""
        if self.alone or self._lessor.hands is Hands.BRANCH:
            return "its lease of the branch's agents has run out"
        if answer.lease != self._lessor.epoch:
            return f"it was said in lease {answer.lease}, this one is {self._lessor.epoch}"
        if isinstance(answer.action, RingAgent) and not answer.action.box:
            label = Reserved(answer.action.agent, contact, answer.action.queue)
            self._labels.append((time.monotonic_ns(), label))
        return ""

    # Heartbeats.

    def beat(self) -> Lease:
        """What goes with the next one, which leaves now."""
        self._pass()
        ask, self._ask = self._ask, None
        if ask is None:
            return Lease(agents=self._kept.version)
        before = self._lessor
        self._lessor, grant = renewed(before, ask, time.monotonic_ns())
        if self._lessor.hands is not before.hands:
            self._hand_over()
        owed = grant is not None and grant.length_ns and self._kept.owed
        return Lease(grant, self._kept.version, self._now(self._left) if owed else None)

    def heard(self, terms: Terms | None) -> bool:
        """The answer; whether there is more to be said at once."""
        self.leased = terms is not None
        if terms is None:
            return False
        self._ask = terms.ask
        if self._lessor.hands is Hands.HEADQUARTERS:
            self._router.follow_clock(terms.now_ns)
        was, self.settled = self.settled, self._lessor.hands is Hands.HEADQUARTERS and self._lessor.heard(terms.ask)
        if self.settled:
            self._agreed(terms, was=was)
            self.known()
        self.wanted_rules = "" if self._rules is not None and self._rules.version == terms.rules else terms.rules
        return not self.settled

    def _agreed(self, terms: Terms, *, was: bool) -> None:
        """What is so here is known there; from now on its agents' states are headquarters' to tell."""
        if terms.agents != self._kept.version:
            self._kept = Kept(self._lessor.epoch, owed=False, version=terms.agents, agents=terms.states)
            self._keep()
        if not was:
            log.info("domain.lease.granted", epoch=self._lessor.epoch)
            self.changed()

    def take_rules(self, payload: bytes) -> None:
        """Headquarters' answer to who asked for them. Raises UnknownMessageError."""
        try:
            told = msgspec.json.decode(payload, type=DomainRules)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnknownMessageError(f"not the rules of a branch: {error}") from error
        self._rules, self.wanted_rules = told, ""
        self._file.keep_rules(told)
        self._router.change(told.rules)
        log.info("domain.rules.changed", version=told.version)

    # Hands.

    async def run(self) -> None:
        """See the lease run out, and follow the branch's calls while it has; for ever, cancel to end."""
        while True:
            if self.alone:
                self.follow()
            await asyncio.sleep(LOOK_S)

    def follow(self) -> None:
        """Call events since: to the branch's own router, before they are gone."""
        if self._lessor.hands is Hands.HEADQUARTERS or (version := self._reader.version()) == self._version:
            return
        while events := self._reader.pending(self._place):
            self._place = events[-1][0]
            self._router.told(_of_calls(encoded for _, encoded in events))
        self._version = version

    def _pass(self) -> None:
        before = self._lessor
        self._lessor = passed(before, time.monotonic_ns())
        if self._lessor.hands is not before.hands and self.capable:
            self._take()

    def _take(self) -> None:
        now_ns = time.monotonic_ns()
        labels = tuple(label for at_ns, label in self._labels if at_ns > now_ns - LABEL_NS)
        new = {label.contact for at_ns, label in self._labels if at_ns > now_ns - WRITTEN_NS}
        self._labels.clear()
        log.warning("domain.lease.over", epoch=self._lessor.epoch)
        promises = self._left.promises if self._kept.owed else ()
        now = BranchNow(reserved=labels, agents=self._kept.agents, promises=promises)
        self._router.take(self._box, self._now(now, new))
        self._version = -1
        self.settled = False
        since_ns = self._kept.since_ns if self._kept.owed else time.time_ns()
        self._kept = Kept(self._lessor.epoch, owed=True, since_ns=since_ns)
        self._keep()
        self.changed()

    def _hand_over(self) -> None:
        self.follow()
        self._left = self._router.leave(self._box)
        self._kept = _replace(self._kept, epoch=self._lessor.epoch)
        self._keep()

    def _now(self, agents: BranchNow, new: AbstractSet[str] = frozenset()) -> BranchNow:
        """With contacts and legs as call control has them; a label of a contact that is over holds nobody.

        One that is `new` may be on its way to the outbox.
        """
        kept, told, place = self._reader.now(WRITER)
        self._place = place
        contacts = [msgspec.json.decode(value, type=Contact) for value in kept.values()]
        legs = tuple(leg for contact in contacts if (leg := _leg(contact)) is not None)
        names, rung = tuple(sorted(contact.contact for contact in contacts)), {leg.agent for leg in legs}
        there = new | set(names)
        waiting = tuple(one for one in agents.reserved if one.contact in there and one.agent not in rung)
        known = {**{one.contact: one.known for one in contacts if one.known}, **agents.known}
        return BranchNow(names, legs, waiting, agents.agents, told, _within_a_message(known), agents.promises)

    def _keep(self) -> None:
        self._kept = _replace(self._kept, epoch=self._lessor.epoch)
        self._file.keep_lease(self._kept)


async def fetch_rules(domain: Domain, link: Link) -> None:
    """What headquarters has changed, for ever; cancel to end."""
    while True:
        await asyncio.sleep(FETCH_S)
        if not domain.wanted_rules or not link.up:
            continue
        try:
            domain.take_rules(await link.ask(f"router.{link.identity.box}.rules", b"", ANSWER_S))
        except (LinkDownError, LinkSilentError, UnknownMessageError) as error:
            log.info("domain.rules.delayed", error=str(error))


def _within_a_message(known: Mapping[str, str]) -> dict[str, str]:
    """The shortest first; of those that a heartbeat cannot carry the router knows nothing beside their place."""
    told: dict[str, str] = {}
    octets = 0
    for contact, text in sorted(known.items(), key=lambda one: (len(one[1]), one[0])):
        octets += len(text.encode())
        if octets > KNOWN_OCTETS:
            log.warning("domain.contacts.cut", told=len(told), of=len(known))
            break
        told[contact] = text
    return told


def _leg(contact: Contact) -> Leg | None:
    agent, ring = contact.agent, contact.ring
    if agent is None or ring is None or agent.released or not ring.agent:
        return None
    return Leg(ring.agent, agent.leg, contact.contact, agent.answered_sample is not None)


def _of_calls(encoded: Iterable[bytes]) -> list[Envelope]:
    found = []
    for one in encoded:
        try:
            envelope = decode(one)
        except UnknownMessageError as error:
            log.error("domain.event.unknown", error=str(error))
            continue
        if envelope.process == WRITER:
            found.append(envelope)
    return found
