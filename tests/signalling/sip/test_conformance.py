# SPDX-License-Identifier: GPL-2.0-only
"""The leg protocol's kit on the SIP worker; its far end are two phones behind the real Kamailio."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.peers.hand import HandCall, HandPhone
from tests.signalling.sip.impatient import ORPHANS_S
from tests.signalling.sip.site import DOMAIN, PASSWORD, Site, site
from tests.wire import conformance

pytestmark = pytest.mark.system

CALLED = "8001"


class Phones:
    """conformance.FarEnd: one phone that calls, one that is called."""

    orphans_s = ORPHANS_S
    rings_in_band = False
    number = CALLED

    def __init__(self, socket: Path, caller: HandPhone, called: HandPhone) -> None:
        self.socket = socket
        self._caller = caller
        self._called = called

    async def call(self, dnis: str, clid: str) -> HandCall:
        """From the phone whose number is the CLID."""
        assert clid == self._caller.number
        return await self._caller.call(dnis)

    async def called(self) -> HandCall:
        """At the other one."""
        return await self._called.called()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(
        tmp_path_factory.mktemp("site"), (CALLED, conformance.CLID), ("-m", "tests.signalling.sip.impatient")
    ) as started:
        yield started


@pytest.mark.parametrize("rule", conformance.RULES, ids=conformance.name)
def test_sip_worker_keeps_the_leg_protocol(rule: conformance.Rule, running: Site) -> None:
    @asynccontextmanager
    async def started() -> AsyncIterator[Phones]:
        numbers = (conformance.CLID, CALLED)
        caller, called = (HandPhone(n, PASSWORD.format(number=n), running.proxy, DOMAIN) for n in numbers)
        async with caller, called:
            assert (await called.register()).status == 200
            yield Phones(running.socket, caller, called)

    conformance.check(rule, started)
