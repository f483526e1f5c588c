# SPDX-License-Identifier: GPL-2.0-only
"""A box from the factory is plugged in: real processes on two machines, dnsmasq between them, and nobody types.

Two whole boxes do the same in `make accept` (zero-touch).
"""

from pathlib import Path

import pytest

from tests.lacking import needs
from tests.uplink.enrolling import netns
from tests.uplink.enrolling.machines import between, plugged_in

pytestmark = pytest.mark.system


@pytest.fixture(scope="module", autouse=True)
def two_machines() -> None:
    needs(netns.possible(), "a box from the factory needs root, ip netns and dnsmasq")


@pytest.mark.timeout(120)
def test_a_box_from_the_factory_finds_headquarters_enrols_and_is_its_branch(tmp_path: Path) -> None:
    with between(tmp_path) as machines:
        machines.serve_messages()
        for module in ("enrolment", "record", "headquarters"):
            machines.supervise(machines.cable.headquarters, machines.hq / "headquarters.yaml", module)
        plugged_in(machines, whole=False)
