# SPDX-License-Identifier: GPL-2.0-only
"""Labels on their way when a lease runs out: they hold their agents for contacts that are there, and no others."""

import time
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from appliance.call.contact import CallState, Contact, Party
from appliance.router.branch_now import BranchNow, Reserved
from appliance.router.domain import rules_of
from appliance.router.rules import Rules, Seat, skill_group
from appliance.uplink import domain
from appliance.uplink.domain import WRITTEN_NS, Domain
from appliance.wire.envelope import Envelope
from appliance.wire.outbox import OutboxReader
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest

pytestmark = pytest.mark.unit

S = 1_000_000_000
BOX = "BR-0001"
THERE, OVER = f"{BOX}.x.1", f"{BOX}.x.2"
AGENTS = ("1001", "1002")
RULES = Rules({}, {"card": skill_group(*AGENTS)}, {one: Seat(one, one, BOX, one) for one in AGENTS}, {})


class Router:
    """The branch's own: what it was told is so when it began."""

    def __init__(self) -> None:
        self.taken: list[BranchNow] = []

    async def ask(self, box: str, request: RouteRequest) -> RouteAnswer:
        raise AssertionError(f"{box} asks {request}")

    def told(self, events: Iterable[Envelope]) -> None:
        assert not list(events)

    def change(self, rules: Rules) -> None:
        assert rules.alone

    def take(self, box: str, now: BranchNow) -> None:
        assert box == BOX
        self.taken.append(now)

    def leave(self, box: str) -> BranchNow:
        raise AssertionError(f"{box} is left")

    def follow_clock(self, now_ns: int) -> None:
        raise AssertionError(f"it is {now_ns}")


class Reader:
    """What call control has written by now."""

    def __init__(self, *contacts: str) -> None:
        caller = Party(leg="l", worker="line1")
        known = (Contact(contact=one, state=CallState.CALLING, caller=caller, dnis="95588") for one in contacts)
        self._kept = {one.contact: msgspec.json.encode(one) for one in known}

    def now(self, process: str) -> tuple[dict[str, bytes], tuple[str, int], int]:
        assert process == "call"
        return self._kept, ("life", 9), 9


def reserved(folder: Path, monkeypatch: pytest.MonkeyPatch, before_ns: int) -> tuple[Reserved, ...]:
    """Whom the branch's own router holds, where both contacts were given an agent so long before the lease is over."""
    clock, router = SimpleNamespace(monotonic_ns=lambda: 10 * S, time_ns=time.time_ns), Router()
    monkeypatch.setattr(domain, "time", clock)
    branch = Domain(BOX, folder, router, cast("OutboxReader", Reader(THERE)))
    branch.take_rules(msgspec.json.encode(rules_of(RULES, BOX, "1")))
    branch.leased = True
    over_ns = 10 * S + round(branch.left_s * S)
    clock.monotonic_ns = lambda: over_ns - before_ns
    for contact, agent in ((THERE, "1001"), (OVER, "1002")):
        ring = RingAgent(agent=agent, extension=agent, queue="card", token=f"t{agent}")
        answer = RouteAnswer(request="r", action=ring, reason="", lease=branch.epoch)
        assert branch.refusal(answer, contact) == ""
    clock.monotonic_ns = lambda: over_ns
    assert branch.alone
    (now,) = router.taken
    assert now.contacts == (THERE,)
    return now.reserved


def test_a_label_of_a_contact_that_is_over_holds_no_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its agent would be nobody's for 8 s: no end of that contact is told any more."""
    assert reserved(tmp_path, monkeypatch, 2 * S) == (Reserved("1001", THERE, "card"),)


def test_a_label_of_a_contact_that_is_not_written_yet_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outbox writes in groups, and an answer may be there before."""
    held = reserved(tmp_path, monkeypatch, WRITTEN_NS // 2)
    assert held == (Reserved("1001", THERE, "card"), Reserved("1002", OVER, "card"))
