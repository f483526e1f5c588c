# SPDX-License-Identifier: GPL-2.0-only
"""Branches that lend their agents hear of other rules without holding up each other's heartbeats."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from appliance.headquarters.leases import Leases
from appliance.router.apply import apply
from appliance.router.domain import Lease, rules_of
from appliance.router.events import LifeBegan, RulesChanged
from appliance.router.journal import Journal
from appliance.router.rules import Seat, skill_group
from appliance.router.state import EMPTY
from tests.headquarters.test_desk import running
from tests.router.test_router_apply import BOX, RULES, S

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

AGENTS, QUEUES, BRANCHES = 4_000, 200, 100
SEATS = {f"a{n}": Seat(f"a{n}", f"Agent {n}", f"BR-{n % BRANCHES:04}", f"8{n}") for n in range(AGENTS)}
LARGE = msgspec.structs.replace(
    RULES,
    seats=SEATS,
    queues={**RULES.queues, **{f"q{n}": skill_group(*[*SEATS][n :: QUEUES // 10]) for n in range(QUEUES)}},
)


def test_after_a_change_of_large_rules_a_hundred_heartbeats_are_answered_at_once() -> None:
    """Each was answered with a version of its branch's rules, made on the spot: 0.2 s here, 5 s with 10,000 agents."""
    state, _ = apply(EMPTY, LifeBegan(S, "one", LARGE))
    leases = Leases("one")
    boxes = [f"BR-{n:04}" for n in range(BRANCHES)]
    for box in boxes:
        leases.granted(box, Lease())
    first = leases.terms(boxes[0], Lease(), state, S).rules
    state, _ = apply(state, RulesChanged(2 * S, msgspec.structs.replace(LARGE, no_answer_not_ready=True)))
    leases.rules_changed()
    began_s = time.process_time()
    told = {leases.terms(box, Lease(), state, 2 * S).rules for box in boxes}
    assert time.process_time() - began_s < 0.1
    assert len(told) == 1
    assert told != {first}


def test_a_branch_is_given_its_own_agents_and_the_version_that_it_was_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(Journal(tmp_path / "router.db")) as desk:
            terms = await desk.leased(BOX, Lease())
            told = await desk.domain_rules(BOX)
            assert told.version == terms.rules
            assert told == rules_of(RULES, BOX, terms.rules)
            assert {seat.box for seat in told.rules.seats.values()} == {BOX}

    asyncio.run(scene())
