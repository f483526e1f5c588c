# SPDX-License-Identifier: GPL-2.0-only
"""A mistake in a file costs a duplex no box: killed and started again it leads by the journal's rules."""

import asyncio
import signal

import pytest

from tests.headquarters.duplex.site import BOXES, VOTER, A, B, DuplexSite
from tests.headquarters.site import until
from tests.headquarters.test_last_good_rules import FIRST, MENDED, RULES, SCRIPT, asked, misspelt

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


@pytest.mark.slow
def test_a_box_whose_files_are_spoilt_leads_by_the_rules_of_the_last_life(duplex: DuplexSite) -> None:
    script = duplex.folder / "scripts/card.yaml"
    script.write_text(SCRIPT.format(cause=FIRST))

    def told() -> tuple[int, str]:
        cause, alarms = asyncio.run(asked(duplex.listens[VOTER], duplex.secret))
        return cause, alarms.get(RULES, "")

    duplex.start_all()
    assert told() == (FIRST, "")
    misspelt(script, script)
    duplex.signal(signal.SIGKILL, f"{A}/headquarters", f"{B}/headquarters")
    duplex.start(f"{B}/headquarters")
    until(lambda: duplex.lives(B), 30, "B leads")
    cause, sentence = told()
    assert cause == FIRST
    assert "did you mean 'gone'?; calls are routed by what was good before" in sentence
    script.write_text(SCRIPT.format(cause=MENDED))
    until(lambda: told() == (MENDED, ""), 10, "the mended script is taken over")


def test_a_box_that_knows_no_rules_at_all_ends_with_the_sentence_when_it_would_lead(duplex: DuplexSite) -> None:
    script = duplex.folder / "scripts/card.yaml"
    misspelt(script, script)
    duplex.start(*(f"{box}/nats-server" for box in BOXES), f"{A}/headquarters")
    assert duplex.ended(f"{A}/headquarters") == 2
    assert "did you mean 'gone'?" in duplex.log_of(A)
