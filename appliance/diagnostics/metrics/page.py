# SPDX-License-Identifier: GPL-2.0-only
"""docs/metrics.md, made of the table: `python -m appliance.diagnostics.metrics.page`."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from appliance.diagnostics.metrics.series import PREFIX, TABLE

PATH = Path(__file__).parents[3] / "docs" / "metrics.md"
HEAD = f"""\
# Metrics

Made by `python -m appliance.diagnostics.metrics.page` from `appliance/diagnostics/metrics/series.py`.

A box with `diagnostics: {{metrics: 127.0.0.1:9464}}` answers `GET /metrics` there in Prometheus' text format. All names
begin with `{PREFIX}`. What ends in `_total` only grows, and begins anew with the process that counts it. What a box has
nothing of (a branch without a card, headquarters without a branch) is not said.

Off the box they are read by `metrics: 0.0.0.0:9464` with `metrics_sources: [10.1.0.7]`: the firewall lets in, and the
box answers, nobody else. It is plain HTTP, to be kept on the management network.
"""


def page() -> str:
    """The whole page."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    yield HEAD.rstrip("\n")
    for part, rows in itertools.groupby(TABLE, lambda one: one.part):
        yield from ("", f"## {part.capitalize()}", "", "| name | labels | |", "|---|---|---|")
        for one in rows:
            yield f"| `{one.name}` | {' '.join(one.labels)} | {one.said} |"


if __name__ == "__main__":
    PATH.write_text(page())
