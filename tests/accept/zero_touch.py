# SPDX-License-Identifier: GPL-2.0-only
"""A box from the factory is plugged in at a branch: two whole boxes on two machines, and nobody types."""

from pathlib import Path

from tests.accept.sheet import Sheet
from tests.uplink.enrolling.machines import between, plugged_in

MOST_S = 300.0


def run(sheet: Sheet, folder: Path) -> None:
    """Found by DHCP, enrolled with its code, configured, connected by mutual TLS."""
    sheet.stage("a box from the factory is plugged in")
    with sheet.guarded("P2", "a box registers itself"), between(folder) as machines:
        machines.supervise(machines.cable.headquarters, machines.hq / "headquarters.yaml")
        machines.supervise(machines.cable.box, machines.box / "branch.yaml")
        passed = plugged_in(machines, whole=True)
        sheet.at_most("P2", "plug to certificate and configuration, nobody types", passed.configured_s, MOST_S, "s")
        sheet.at_most("P2", "plug to connected by mutual TLS", passed.connected_s, MOST_S, "s")
