# SPDX-License-Identifier: GPL-2.0-only
"""How much of the machine each unit of ours can reach, by systemd's own figure: 10 is everything."""

import re
from collections.abc import Iterator

BARS = {
    "": 2.5,
    "-access": 2.0,
    "-clock": 2.0,
    "-data": 2.5,
    "-door": 3.0,
    "-enrolling": 3.0,
    "-firewall": 2.5,
    "-identity": 2.0,
    "-network": 2.5,
    "-reset": 2.2,
    "-restart": 2.0,
    "-trial": 2.0,
    "-update": 3.4,
}
"""What follows `branchline` in a unit's name, and the most that is taken; the updater may start the machine anew."""
LEAST = ("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "RestrictNamespaces=yes")
EARLY = ("-data", "-reset")
"""They run before /tmp is there to be private: it is shut to them instead."""


def too_open(said: str) -> Iterator[str]:
    """Of what `systemd-analyze security` prints of units, what is above its bar or has none, as sentences."""
    found = {name: float(figure) for name, figure in re.findall(r"branchline([\w-]*)\.service:? +([\d.]+) ", said)}
    for name in sorted({*BARS, *found}):
        figure, bar = found.get(name), BARS.get(name)
        if figure is None or bar is None or figure > bar:
            yield f"branchline{name}.service: {'not told' if figure is None else figure}, bar {bar}"
