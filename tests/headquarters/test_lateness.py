# SPDX-License-Identifier: GPL-2.0-only
"""A burst that the router cannot keep up with: whose branch has gone on by its default is decided by nobody."""

import asyncio

import msgspec
import pytest
from nats.errors import TimeoutError as NoAnswerError

from appliance.headquarters.lateness import WINDOW_NS, Lateness
from appliance.uplink.connection import connect, own_access
from appliance.wire.envelope import Envelope, Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.routes import RouteAnswer, RouteRequest
from tests.headquarters.site import BOX, Site, until

MS = 1_000_000
AHEAD_NS = 7 * 86_400 * 1_000 * MS
"""The branch's machine runs for so much longer than ours."""


class Branch:
    """What it says, at its own time, and how late our clock finds it."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * MS
        self._lateness = Lateness(lambda: self.now_ns)

    def late_ms(self, under_way_ms: float, clock_ns: int = AHEAD_NS, life: str = "a") -> float:
        sent_ns = self.now_ns - round(under_way_ms * MS) + clock_ns
        asked = RouteRequest(request="r", contact="c", dnis="1")
        said = Envelope(id="x", box=BOX, process="call", incarnation=life, seq=1, mono_ns=sent_ns, at_ns=0, body=asked)
        return self._lateness.ms(said)


@pytest.mark.unit
def test_late_is_what_takes_longer_than_the_quickest_whatever_clock_the_branch_has() -> None:
    branch = Branch()
    assert branch.late_ms(3) == 0
    assert branch.late_ms(600) == pytest.approx(597)
    assert branch.late_ms(2) == 0
    assert branch.late_ms(600) == pytest.approx(598)
    assert branch.late_ms(900, life="b", clock_ns=0) == 0, "of a machine that has started anew nothing is known"
    assert branch.late_ms(1_000, life="b", clock_ns=0) == pytest.approx(100)


@pytest.mark.unit
def test_clocks_that_drift_apart_make_nobody_late() -> None:
    branch = Branch()
    for minute in range(24 * 60):
        branch.now_ns += WINDOW_NS + 1
        drift_ns = minute * 50_000 * 60  # 50 µs a second
        assert branch.late_ms(3, AHEAD_NS - drift_ns) < 10
        assert branch.late_ms(603, AHEAD_NS - drift_ns) > 599


@pytest.mark.system
@pytest.mark.timeout(60)
def test_what_nobody_waits_for_is_not_decided_and_what_somebody_waits_for_is(site: Site) -> None:
    """The router stands still for a second; its branch rings by itself, then asks for the next caller."""
    site.start("nats-server", "headquarters")
    until(lambda: "headquarters.intake.opened" in site.log_of("headquarters"), 20, "headquarters listens")
    sealer = Sealer(Identity.take(BOX, "call"))

    async def story() -> None:
        client = await connect((site.config.server.listen,), own_access(site.config), "branch")

        async def ask(contact: str, timeout_s: float, within_ms: int = 400) -> str:
            asked = RouteRequest(request=f"r-{contact}", contact=contact, dnis="95588", within_ms=within_ms)
            told = await client.request(f"route.request.{BOX}", encode(sealer.seal(asked)), timeout=timeout_s)
            answer = decode(told.data).body
            assert isinstance(answer, RouteAnswer)
            return answer.request

        for contact in ("one", "two", "three"):
            assert await ask(contact, 5, within_ms=0) == f"r-{contact}"
        site.freeze("headquarters")
        with pytest.raises(NoAnswerError):
            await ask("late", 0.4)
        patient = asyncio.create_task(ask("patient", 5, within_ms=5_000))
        await asyncio.sleep(0.6)
        site.thaw("headquarters")
        assert await patient == "r-patient"
        assert await ask("next", 5) == "r-next"
        await client.close()

    asyncio.run(story())
    lines = [msgspec.json.decode(line) for line in site.log_of("headquarters").splitlines()]
    late = [line["contact"] for line in lines if line["event"] == "route.request.late"]
    answered = [line["contact"] for line in lines if line["event"] == "route.request.answered"]
    assert (late, answered) == (["late"], ["one", "two", "three", "patient", "next"])
